"""What a no-op datum costs, everything on (plan, journal, ledger row, states, log capture),
beside what each library's own map costs, on the same work in one run.

Microseconds a datum are wall time from the run's start to its end in the ledger, on a warm
engine, divided by N. Two workers everywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from common import arguments, bench, identity, show

ENGINES = ("joblib", "dask", "ipyparallel")


def ours(engine: str, sizes: list[int]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with bench() as made:
        line = f"job -i numbers --engine {engine} --workers 2 --no-probe"
        made.namespace["numbers"] = range(20)
        _, _, start_up = made.run(line, "datum.value")
        for n in sizes:
            made.namespace["numbers"] = range(n)
            row, wall, first = made.run(f"{line} --force", f"datum.value  + 0 * {n}")
            assert row.success == n, row
            seconds = (row.ended or 0.0) - (row.started or 0.0)
            rows.append(
                {
                    "what": f"jupyter-datum on {engine}",
                    "n": n,
                    "us a datum": seconds / n * 1e6,
                    "cell us a datum": wall / n * 1e6,
                    "first s": first,
                    "start-up s": start_up,
                    "runner MB": made.peak_mb(),
                }
            )
    return rows


def peer(
    name: str, sizes: list[int], run: Callable[[int], Any], start_up: float
) -> list[dict[str, Any]]:
    rows = []
    run(20)
    for n in sizes:
        start = time.perf_counter()
        run(n)
        us = (time.perf_counter() - start) / n * 1e6
        rows.append({"what": name, "n": n, "us a datum": us, "start-up s": start_up})
    return rows


def joblib_peers(sizes: list[int]) -> list[dict[str, Any]]:
    start = time.perf_counter()
    from joblib import Parallel, delayed

    def plain(n: int) -> Any:
        return Parallel(n_jobs=2)(delayed(identity)(i) for i in range(n))

    def single(n: int) -> Any:
        return Parallel(n_jobs=2, batch_size=1)(delayed(identity)(i) for i in range(n))

    plain(2)
    up = time.perf_counter() - start
    rows = peer("joblib, default", sizes, plain, up)
    return rows + peer("joblib, a task a datum", [n for n in sizes if n <= 10_000], single, up)


def dask_peers(sizes: list[int]) -> list[dict[str, Any]]:
    start = time.perf_counter()
    import dask.bag
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.submit(identity, 1).result()
        up = time.perf_counter() - start

        def tasks(n: int) -> Any:
            return client.gather(client.map(identity, range(n), pure=False))

        def bag(n: int) -> Any:
            return dask.bag.from_sequence(range(n), npartitions=32).map(identity).compute()

        rows = peer("dask, a task a datum", [n for n in sizes if n <= 10_000], tasks, up)
        return rows + peer("dask bag, 32 parts", [n for n in sizes if n <= 100_000], bag, up)


def ipyparallel_peers(sizes: list[int]) -> list[dict[str, Any]]:
    start = time.perf_counter()
    import ipyparallel

    with ipyparallel.Cluster(n=2, log_level=40) as client:
        view = client.load_balanced_view()
        view.block = True
        view.map(identity, [1])
        up = time.perf_counter() - start

        def single(n: int) -> Any:
            return view.map(identity, range(n), chunksize=1)

        def chunks(n: int) -> Any:
            return view.map(identity, range(n), chunksize=max(1, n // 32))

        rows = peer("ipyparallel, a task a datum", [n for n in sizes if n <= 1_000], single, up)
        return rows + peer("ipyparallel, N/32", sizes, chunks, up)


def main() -> None:
    args = arguments(str(__doc__), "1000,10000,100000,1000000")
    rows = [*joblib_peers(args.sizes), *dask_peers(args.sizes), *ipyparallel_peers(args.sizes)]
    for engine in ENGINES:
        rows += ours(engine, args.sizes)
    base = {row["n"]: row["us a datum"] for row in rows if row["what"] == "joblib, default"}
    for row in rows:
        row["x joblib"] = row["us a datum"] / base[row["n"]]
    show("no-op datums, 2 workers", rows, args.json)


if __name__ == "__main__":
    main()
