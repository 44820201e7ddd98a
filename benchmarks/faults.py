"""One datum of 1,000 raises, is killed, hangs for ever; on each engine, two workers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from common import arguments, bench, show

DEEDS = {
    "raises": "raise ValueError('bad pixel')",
    "is killed": "import os\n    os.kill(os.getpid(), 9)",
    "hangs": "import time\n    time.sleep(10**6)",
}


def measure(engine: str, deed: str, n: int) -> dict[str, Any]:
    with bench() as made:
        log = made.folder / "executions"
        body = (
            f"with open({str(log)!r}, 'a') as file:\n    file.write(f'{{datum.value}}\\n')\n"
            f"if datum.value == {n // 2}:\n    {DEEDS[deed]}\n"
        )
        made.namespace["numbers"] = range(n)
        line = f"job -i numbers --engine {engine} --workers 2 --tries 1 --timeout 3s"
        row, wall, _ = made.run(line, body)
        executed = Counter(log.read_text().split())
        return {
            "engine": engine,
            "one datum": deed,
            "succeeded": row.success,
            "failed": row.failed,
            "executions": sum(executed.values()),
            "s": wall,
        }


def main() -> None:
    args = arguments(str(__doc__), "1000")
    engines = ("joblib", "dask", "ipyparallel")
    rows = [measure(e, deed, n) for n in args.sizes for e in engines for deed in DEEDS]
    show("one bad datum", rows, args.json)


if __name__ == "__main__":
    main()
