"""What it costs to follow a run: by a second transform that is planned while the first one goes
on, and by ``NAME.stream()``. Datums do nothing, so that only the following is measured.

The runner's memory is its peak; of a process that takes a stream, what came on top. Processor
seconds are those of the runner, or of this process, without the workers'.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import sys
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from common import Bench, arguments, bench, show

from jupyter_datum.flow import Stream
from jupyter_datum.ledger import db, queries, requests
from jupyter_datum.notebook.context import Context
from jupyter_datum.notebook.submit import prepare, request_run
from jupyter_datum.states import ENDED
from jupyter_datum.transform.cell import Cell

_TICKS = os.sysconf("SC_CLK_TCK")


def alone(n: int) -> dict[str, Any]:
    """The first transform by itself."""
    with bench() as made:
        made.namespace["values"] = range(n)
        seconds = _run(made, ["one -i $values"])
        return {"form": "one transform", **_figures(made, n, seconds)}


def followed(n: int, after: int) -> dict[str, Any]:
    """Transforms that follow one another, each planned from what the one before makes."""
    with bench() as made:
        made.namespace["values"] = range(n)
        lines = ["t0 -i $values", *(f"t{i + 1} -i t{i}" for i in range(after))]
        seconds = _run(made, lines)
        return {"form": f"followed by {after}", **_figures(made, n * (1 + after), seconds)}


def streamed(n: int, *, live: bool, order: str = "completion") -> dict[str, Any]:
    """``NAME.stream()`` of a run that goes on, or of one that has ended."""
    with bench() as made:
        made.namespace["values"] = range(n)
        run = _ask(made, "one -i $values")
        with contextlib.closing(db.connect(made.project)) as conn:
            while (row := queries.run_by_uuid(conn, run)) is None or (
                row.status not in ENDED and not live
            ):
                time.sleep(0.02)
        before, cpu, began = _peak(), time.process_time(), time.perf_counter()
        with Stream(made.project, "one", order=order, ahead=None) as stream:
            count = sum(1 for _ in stream)
        assert count == n, count
        used = time.process_time() - cpu
        return {
            "form": f"stream() of a run that {'goes on' if live else 'has ended'}, {order}",
            "datums": n, "s": time.perf_counter() - began, "cpu us a datum": 1e6 * used / n,
            "MB": _peak() - before,
        }  # fmt: skip


def _ask(made: Bench, line: str, pipeline: str = "") -> str:
    with contextlib.closing(db.connect(made.project)) as conn:
        cell, where = Cell("datum.value", "<cell>", 1), Context(made.folder, None)
        found = prepare(f"{line} --workers 2 --no-probe", cell, made.namespace, where)
        return request_run(conn, found, pipeline=pipeline or uuid.uuid4().hex)


def _run(made: Bench, lines: list[str]) -> float:
    """Run transforms as one pipeline; the seconds to the end of the last one."""
    together, began = uuid.uuid4().hex, time.perf_counter()
    last = [_ask(made, line, together) for line in lines][-1]
    with contextlib.closing(db.connect(made.project)) as conn:
        while (row := queries.run_by_uuid(conn, last)) is None or row.status not in ENDED:
            time.sleep(0.02)
    assert row.status == "success", row
    return time.perf_counter() - began


def _figures(made: Bench, n: int, seconds: float) -> dict[str, Any]:
    with contextlib.closing(db.connect(made.project)) as conn:
        runner = requests.runner(conn, sys.executable)
    assert runner is not None
    # Behind the name, which may hold anything: the 12th and 13th are its own, in ticks.
    times = Path(f"/proc/{runner.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    cpu = sum(map(int, times)) / _TICKS
    return {"datums": n, "s": seconds, "cpu us a datum": 1e6 * cpu / n, "MB": made.peak_mb()}


def _by_itself(function: Any, *args: Any, **options: Any) -> Any:
    """In a process of its own, since a peak of memory never goes down."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *args, **options).result()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    args = arguments(str(__doc__), "100000,1000000")
    rows = []
    for n in args.sizes:
        rows += [alone(n), followed(n, 1), followed(n, 3)]
        for live, order in ((True, "completion"), (False, "completion"), (False, "index")):
            rows.append(_by_itself(streamed, n, live=live, order=order))
    show("following a run of datums that do nothing", rows, args.json)


if __name__ == "__main__":
    main()
