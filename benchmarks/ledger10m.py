"""A ledger with ten million datums, made by this script: what looking at it costs.

``python -m benchmarks.ledger10m [--datums N] [--folder DIR]``: fills a ledger (two transforms,
one fed by the other), then times pages, filters, counts and lineage; prints JSON and a table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_datum.ledger import db, queries
from jupyter_datum.lineage.ask import lineage
from jupyter_datum.lineage.history import history
from jupyter_datum.lineage.overview import overview
from jupyter_datum.lineage.questions import ask, count
from jupyter_datum.project import Project, create
from jupyter_datum.states import DatumState

_BLOCK = 100_000


def fill(conn: sqlite3.Connection, project: Project, datums: int) -> float:
    """Fill the ledger with half the datums in each of two transforms; return seconds."""
    begun = time.perf_counter()
    half = datums // 2
    conn.execute("pragma synchronous = off")
    with db.transaction(conn):
        for number, name in ((1, "tiles"), (2, "segment")):
            out = f"/data/out/{name}".encode()
            _transform(conn, project, number, name, out, half)
            root = b"/data/in" if number == 1 else b"/data/out/tiles"
            conn.execute("insert into root values (?, 'in', ?)", (number, root))
    for number in (1, 2):
        for start in range(0, half, _BLOCK):
            with db.transaction(conn):
                _datums(conn, number, start, min(half, start + _BLOCK), half)
    conn.execute("pragma wal_checkpoint(truncate)")
    return time.perf_counter() - begun


def _transform(
    conn: sqlite3.Connection, project: Project, number: int, name: str, out: bytes, half: int
) -> None:
    conn.execute("insert into transform values (?, ?, null, null, ?, 0)", (number, name, out))
    for version in (1, 2):
        conn.execute(
            "insert into version (id, transform, fingerprint, parts, source, python, packages,"
            " created) values (?, ?, ?, '{}', 'x', '3', '{}', 0)",
            (number * 10 + version, number, bytes([number, version])),
        )
        failed = half // 1000
        conn.execute(
            "insert into run (id, uuid, transform, version, recipe, interpreter, engine, options,"
            " origin, status, requested, started, ended, planned, total, success, failed)"
            " values (?, ?, ?, ?, '', '', 'joblib', '{}', 'cli', 'failed', 1, 1, 2, 1, ?, ?, ?)",
            (number * 10 + version, f"{number}{version}" * 16, number, number * 10 + version, half,
             half - failed, failed),
        )  # fmt: skip
    folder = project.run(f"{number}2" * 16)
    folder.mkdir(parents=True)
    ids = array("I", range((number - 1) * half + 1, number * half + 1))
    (folder / "plan").write_bytes(ids.tobytes())


def _datums(conn: sqlite3.Connection, number: int, start: int, stop: int, half: int) -> None:
    """One in a thousand failed; one in a hundred was made by the old code."""
    base = (number - 1) * half + 1
    stat, content = (1000, 1, 1, 1), b"x" * 32
    rows, keys, outputs = [], [], []
    for i in range(start, stop):
        key = b"%04d/%08d.tif" % (i // 1000, i)
        state = DatumState.FAILED if i % 1000 == 7 else DatumState.SUCCESS
        version = number * 10 + (1 if i % 100 == 3 else 2)
        rows.append((base + i, number, key, int(state), version, version, i, *stat, content))
        keys.append((number, key, base + i))
        path = b"/data/out/%s/%s" % (b"tiles" if number == 1 else b"segment", key)
        outputs.append((path, path, number, base + i, 1000, 1, content))
    conn.executemany(
        "insert into datum (id, transform, key, state, version, run, position, attempt, began,"
        " seconds, size, mtime_ns, ctime_ns, inode, content, outputs)"
        " values (?, ?, ?, ?, ?, ?, ?, 1, 5.0, 0.1, ?, ?, ?, ?, ?, 1)",
        rows,
    )
    conn.executemany("insert into datum_key values (?, ?, ?)", keys)
    made = sorted((row[6], row[0]) for row in rows)
    conn.executemany("insert into made values (?, ?)", made)
    conn.executemany("insert into output values (?, ?, ?, ?, ?, ?, ?, null)", outputs)
    if number == 2:
        edges = [(base + i, i + 1) for i in range(start, stop)]
        conn.executemany("insert into edge values (?, ?)", edges)


def looks(conn: sqlite3.Connection, project: Project, datums: int) -> dict[str, Callable[[], Any]]:
    """What is timed, by name."""
    half = datums // 2
    middle = b"%04d/%08d.tif" % (half // 2 // 1000, half // 2)
    run = f"{2}{2}" * 16
    found = queries.run_by_uuid(conn, run)
    assert found is not None
    state = DatumState.FAILED
    return {
        "page half way": lambda: queries.datums_page(conn, 2, after=middle, limit=100),
        "page of failed": lambda: queries.datums_page(
            conn, 2, after=middle, limit=100, state=state
        ),
        "failed by id": lambda: queries.failed_datums(conn, 2, after=half + half // 2, limit=100),
        "counts of a run": lambda: queries.counts(conn, found.id),
        "count of old": lambda: count(conn, 2, "old"),
        "page of old": lambda: ask(conn, 2, "old", after=half + half // 2, limit=100),
        "page of failed runs": lambda: ask(conn, 2, "failed-run", after=half, limit=100),
        "lineage of a datum": lambda: lineage(conn, half + half // 2, up=5, down=5),
        "lineage of an output": lambda: lineage(conn, f"/data/out/segment/{middle.decode()}"),
        "what became of a file": lambda: lineage(conn, f"/data/in/{middle.decode()}", down=5),
        "history of a datum": lambda: history(conn, half + half // 2),
        "overview": lambda: overview(conn, project, "segment"),
    }


def main() -> None:
    """Fill, time, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--datums", type=int, default=10_000_000)
    parser.add_argument("--folder", help="made by the script, and removed")
    args = parser.parse_args()
    folder = Path(args.folder or tempfile.mkdtemp(prefix="ledger10m-"))
    folder.mkdir(exist_ok=True)
    try:
        project = create(folder)
        with contextlib.closing(db.connect(project)) as conn:
            filled = fill(conn, project, args.datums)
        with contextlib.closing(db.connect(project, readonly=True)) as conn:
            report = measure(conn, project, args.datums)
        size = os.path.getsize(project.ledger)
        print(json.dumps({"datums": args.datums, "fill_s": filled, "bytes": size, "ms": report}))
        print(f"{args.datums:,} datums, {size / 1e9:.2f} GB, filled in {filled:.0f} s")
        for name, (first, median) in report.items():
            print(f"{name:24} first {first:8.2f} ms   then {median:8.2f} ms")
    finally:
        shutil.rmtree(folder)


def measure(
    conn: sqlite3.Connection, project: Project, datums: int
) -> dict[str, tuple[float, float]]:
    """Return milliseconds of each look: the first, and the median of the next nine."""
    report = {}
    for name, look in looks(conn, project, datums).items():
        times = []
        for _ in range(10):
            begun = time.perf_counter()
            look()
            times.append((time.perf_counter() - begun) * 1000)
        report[name] = (round(times[0], 2), round(statistics.median(times[1:]), 2))
    return report


if __name__ == "__main__":
    main()
