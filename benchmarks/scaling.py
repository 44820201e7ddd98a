"""What more workers bring: datums that sleep 50 ms on 1 to 16 workers, datums that compute on as
many as there are cores, and weak scaling (twice the datums on twice the workers). At the end a
curve: how long a hundred hours of such datums take on so many workers.

Beside joblib's, Dask's and ipyparallel's own maps, one task a datum. Efficiency is N * unit /
(workers * wall), on warm workers; the unit is what the cell's body itself takes.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from common import Bench, arguments, bench, show

from jupyter_datum.ledger import db

ENGINES = ("joblib", "dask", "ipyparallel")
WORKERS = (1, 2, 3, 4, 8, 16)
#: Of work, one datum after the other: what the curve in hours is drawn for.
HOURS = 100
SECONDS = 0.05
DATUMS = 200
BODIES = {
    "sleep": f"import time\ntime.sleep({SECONDS})\ndatum.value",
    # A function, as the libraries get: Python's own names are quicker there than in a module.
    "compute": (
        "def work(rounds):\n    total = 0\n    for i in range(rounds):\n        total += i * i\n"
        "    return total\nwork(ROUNDS)"
    ),
}


def sleep(value: int) -> int:
    """The datum that waits; all in it, since ipyparallel sends its code alone."""
    import time

    time.sleep(0.05)
    return value


def compute(rounds: int) -> int:
    """The datum that keeps a core busy."""
    total = 0
    for i in range(rounds):
        total += i * i
    return total


def rounds() -> int:
    """How many rounds of `compute` take as long as one sleep, on an otherwise idle core."""
    some = 200_000
    best = 1e9
    for _ in range(5):
        start = time.perf_counter()
        compute(some)
        best = min(best, time.perf_counter() - start)
    return int(some * SECONDS / best)


def ours(made: Bench, engine: str, workers: int, n: int, body: str) -> float:
    """Wall seconds of a run's own span, on workers that are all up: they come one by one, and
    the first ones would have done a short run before the last is there."""
    made.namespace["values"] = range(8 * workers)
    line = f"job -i $values --engine {engine} --workers {workers} --no-probe --force"
    for _ in range(30):
        row, _, _ = made.run(line, BODIES["sleep"])
        if _at_work(made, row.id) == workers:
            break
    made.namespace["values"] = range(n)
    row, _, _ = made.run(line, body)
    assert row.success == n, row
    return (row.ended or 0.0) - (row.started or 0.0)


def _at_work(made: Bench, run: int) -> int:
    """How many workers have done datums of a run."""
    with contextlib.closing(db.connect(made.project, readonly=True)) as conn:
        sql = "select count(*) from worker where run = ? and done > 0"
        return int(conn.execute(sql, (run,)).fetchone()[0])


@contextlib.contextmanager
def peers(engine: str, workers: int) -> Iterator[Callable[[Callable[[int], int], list[int]], Any]]:
    """The library's own map on so many warm workers."""
    if engine == "joblib":
        from joblib import Parallel, delayed

        with Parallel(n_jobs=workers, batch_size=1) as parallel:

            def joblib(work: Callable[[int], int], values: list[int]) -> Any:
                return parallel(delayed(work)(value) for value in values)

            yield joblib
    elif engine == "dask":
        from distributed import Client, LocalCluster

        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,
        ):
            yield lambda work, values: client.gather(client.map(work, values, pure=False))
    else:
        import ipyparallel

        with ipyparallel.Cluster(n=workers, log_level=40) as client:
            view = client.load_balanced_view()
            view.block = True
            yield lambda work, values: view.map(work, values, chunksize=1)


def _peer(engine: str, workers: int, n: int, work: Callable[[int], int], value: int) -> float:
    with peers(engine, workers) as run:
        run(work, [min(value, 1000)] * 4 * workers)
        start = time.perf_counter()
        run(work, [value] * n)
        return time.perf_counter() - start


def measure(engine: str) -> list[dict[str, Any]]:
    """All figures of one engine."""
    rows: list[dict[str, Any]] = []

    def add(what: str, workers: int, n: int, mine: float, theirs: float) -> None:
        ideal = n * SECONDS / workers
        rows.append(
            {
                "engine": engine, "datums": what, "workers": workers, "n": n, "ours s": mine,
                "efficiency": ideal / mine, "library s": theirs,
                "library efficiency": ideal / theirs,
                "hours": HOURS / workers * mine / ideal,
            }
        )  # fmt: skip

    with bench() as made:
        made.namespace["ROUNDS"] = turns = rounds()
        for workers in WORKERS:
            mine = ours(made, engine, workers, DATUMS, BODIES["sleep"])
            add("50 ms sleep", workers, DATUMS, mine, _peer(engine, workers, DATUMS, sleep, 0))
        for workers in range(1, len(os.sched_getaffinity(0)) + 1):
            n = DATUMS // 4 * workers
            mine = ours(made, engine, workers, n, BODIES["compute"])
            add("50 ms compute", workers, n, mine, _peer(engine, workers, n, compute, turns))
        for workers in (1, 2, 4, 8):
            n = DATUMS // 4 * workers
            mine = ours(made, engine, workers, n, BODIES["sleep"])
            add("sleep, weak", workers, n, mine, _peer(engine, workers, n, sleep, 0))
    return rows


def curve(rows: list[dict[str, Any]]) -> str:
    """Say, and draw, how long a hundred hours of such datums take by what was measured."""
    lines = [f"{HOURS} h of 50 ms datums, by what was measured above"]
    for row in rows:
        if row["datums"] == "50 ms sleep":
            bar = "#" * round(row["hours"] * 0.6)
            lines.append(
                f"{row['engine']:<12} {row['workers']:>2} workers {row['hours']:>6.1f} h  {bar}"
            )
    return "\n".join(lines)


def main() -> None:
    args = arguments(str(__doc__), "200")
    global DATUMS
    DATUMS = args.sizes[0]
    rows = [row for engine in ENGINES for row in measure(engine)]
    show("scaling", rows, args.json)
    print(f"\n{curve(rows)}")


if __name__ == "__main__":
    main()
