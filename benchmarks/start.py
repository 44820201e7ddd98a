"""From a request to the first result where no worker is up: what an engine costs to start.

The plan compares it with the work there is (`jupyter_datum.runner.survey.START`).
"""

from __future__ import annotations

import time
from typing import Any

from common import arguments, bench, show


def measure(engine: str) -> dict[str, Any]:
    with bench() as made:
        made.namespace["numbers"] = [1]
        made.run("warm -i numbers --engine serial", "datum.value")  # the runner itself is up
        made.namespace["numbers"] = list(range(20))
        start = time.perf_counter()
        row, _, first = made.run(f"job -i numbers --workers 2 --engine {engine}", "datum.value")
        assert row.success == 20, row
        return {"engine": engine, "first result after s": first,
                "all after s": time.perf_counter() - start}  # fmt: skip


def main() -> None:
    args = arguments(str(__doc__), "1")
    engines = ("serial", "joblib", "dask", "ipyparallel")
    show("start", [measure(engine) for engine in engines], args.json)


if __name__ == "__main__":
    main()
