"""Two stages, streamed and one after the other, beside a hand-written loop in two passes.

Each stage sleeps 20 ms for each datum, so that what is measured is who waits for whom. The
workers of both stages share the cores: streamed there are no more of them at work than staged.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from typing import Any

from common import Bench, arguments, bench, show
from joblib import Parallel, delayed

from jupyter_datum.ledger import db, queries
from jupyter_datum.notebook.context import Context
from jupyter_datum.notebook.submit import prepare, request_run
from jupyter_datum.states import ENDED
from jupyter_datum.transform.cell import Cell

WORKERS = 2
SECONDS = 0.02
BODY = f"import time\ntime.sleep({SECONDS})\ndatum.value"


def _work(value: int) -> int:
    time.sleep(SECONDS)
    return value


def by_hand(n: int) -> dict[str, Any]:
    """The loop that people write."""
    with Parallel(n_jobs=WORKERS) as parallel:
        parallel(delayed(_work)(value) for value in range(2 * WORKERS))  # its workers are up
        began = time.perf_counter()
        made = parallel(delayed(_work)(value) for value in range(n))
        first = time.perf_counter() - began
        parallel(delayed(_work)(value) for value in made)
        return {"form": "joblib, two passes", "first s": first, "s": time.perf_counter() - began}


def ours(n: int, *, streamed: bool) -> dict[str, Any]:
    """Two transforms; `first` is when the second one had its first result."""
    with bench() as made:
        made.namespace.update(few=range(4 * WORKERS), values=range(n))
        _pipeline(made, "warm", "few", streamed=False)
        first, seconds = _pipeline(made, "stage", "values", streamed=streamed)
        return {"form": "streamed" if streamed else "staged", "first s": first, "s": seconds}


def _pipeline(made: Bench, name: str, items: str, *, streamed: bool) -> tuple[float, float]:
    together, began, first = uuid.uuid4().hex, time.perf_counter(), 0.0
    with contextlib.closing(db.connect(made.project)) as conn:

        def start(line: str) -> str:
            cell, where = Cell(BODY, "<cell>", 1), Context(made.folder, None)
            line = f"{line} --workers {WORKERS} --no-probe"
            found = prepare(line, cell, made.namespace, where)
            return request_run(conn, found, pipeline=together)

        def wait(run: str) -> float:
            """For its end; when it had its first result."""
            first = 0.0
            while (row := queries.run_by_uuid(conn, run)) is None or row.status not in ENDED:
                if row is not None and row.success and not first:
                    first = time.perf_counter() - began
                time.sleep(0.01)
            assert row.status == "success", row
            return first

        up = start(f"{name}_one -i ${items}")
        if not streamed:
            wait(up)
        first = wait(start(f"{name}_two -i {name}_one"))
    return first, time.perf_counter() - began


def main() -> None:
    args = arguments(str(__doc__), "400")
    rows = []
    for n in args.sizes:
        ideal = {"form": "ideal", "s": 2 * n * SECONDS / WORKERS}
        found = [ideal, by_hand(n), ours(n, streamed=False), ours(n, streamed=True)]
        rows += [{"datums": n, **row} for row in found]
    show(f"two stages of {SECONDS:g} s a datum on {WORKERS} workers", rows, args.json)


if __name__ == "__main__":
    main()
