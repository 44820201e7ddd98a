"""Former successes that are kept (table `kept`), and the files that they need (`store`)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

from .db import transaction
from .fence import RunKey

#: The worker of a datum that was brought back.
STORE: Final = "store"
#: Rows let go in one transaction.
_BATCH: Final = 1_000


class KeptRow(NamedTuple):
    """A row of ``kept``; ``outputs`` is JSON: ``[[rel, size, digest in hex], ...]``."""

    datum: int
    hash: bytes
    version: int
    run: int
    seconds: float
    at: float
    outputs: str
    metrics: str | None
    result_kind: str | None
    result: bytes | None


def put_kept(conn: sqlite3.Connection, rows: Sequence[KeptRow], keep: int) -> None:
    """Record kept versions, and let go of all but the newest `keep` of each datum."""
    with transaction(conn):
        for row in rows:
            before = _take(conn, "datum = ? and hash = ?", (row.datum, row.hash))
            conn.execute("insert into kept values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            _count(conn, [row.outputs], 1)
            _count(conn, before, -1)
            old = _take(
                conn,
                "datum = ?1 and hash not in"
                " (select hash from kept where datum = ?1 order by at desc limit ?2)",
                (row.datum, keep),
            )
            _count(conn, old, -1)


def set_back(conn: sqlite3.Connection, run: RunKey, rows: Sequence[KeptRow]) -> None:
    """Record that these datums, which `run` has just brought back, are the work of the run,
    code and attempt that made them once: questions about either find them there."""
    conn.executemany(
        "update datum set version = ?1, run = ?2, attempt = coalesce((select attempt from past p"
        " where p.datum = ?3 and p.run = ?2), 1) where id = ?3",
        [(row.version, row.run, row.datum) for row in rows],
    )
    conn.executemany(
        "delete from made where run = ? and datum = ?", [(run.id, row.datum) for row in rows]
    )
    conn.executemany(
        "insert or ignore into made (run, datum) values (?, ?)",
        [(row.run, row.datum) for row in rows],
    )


def kept_of(conn: sqlite3.Connection, datums: Sequence[int]) -> dict[int, list[KeptRow]]:
    """Return the kept versions of each of these datums, newest first."""
    found: dict[int, list[KeptRow]] = {}
    rows = conn.execute(
        "select k.* from json_each(?) j cross join kept k on k.datum = j.value order by k.at desc",
        (json.dumps(list(datums)),),
    )
    for row in rows:
        found.setdefault(row[0], []).append(KeptRow(*row))
    return found


def sweep_kept(conn: sqlite3.Connection, now: float, seconds: float, size: int) -> None:
    """Let go of kept versions older than `seconds`, and of the oldest while all are more than
    `size` bytes."""
    while True:
        with transaction(conn):
            rows = conn.execute(
                "select datum, hash, at, outputs from kept order by at limit ?", (_BATCH,)
            ).fetchall()
            over = _bytes(conn) - size if rows else 0
            gone = 0
            for datum, hashed, at, outputs in rows:
                if at >= now - seconds and over <= 0:
                    break
                _count(conn, _take(conn, "datum = ? and hash = ?", (datum, hashed)), -1)
                over -= sum(entry[1] for entry in json.loads(outputs))
                gone += 1
        if gone < _BATCH:
            return


def stored(conn: sqlite3.Connection, digests: Sequence[bytes]) -> set[bytes]:
    """Return those of these digests that the store has a row for, needed or not."""
    marks = ",".join("?" * len(digests))
    rows = conn.execute(f"select digest from store where digest in ({marks})", list(digests))
    return {bytes(row[0]) for row in rows}


def unstored(conn: sqlite3.Connection, limit: int = _BATCH) -> list[bytes]:
    """Return digests of files in the store that no row needs."""
    rows = conn.execute("select digest from store where refs <= 0 limit ?", (limit,))
    return [row[0] for row in rows]


def _bytes(conn: sqlite3.Connection) -> int:
    return int(
        conn.execute("select coalesce(sum(size), 0) from store where refs > 0").fetchone()[0]
    )


def _take(conn: sqlite3.Connection, where: str, values: Sequence[object]) -> list[str]:
    """Delete rows, and return their outputs."""
    rows = conn.execute(f"delete from kept where {where} returning outputs", values)
    return [row[0] for row in rows]


def _count(conn: sqlite3.Connection, outputs: Sequence[str], by: int) -> None:
    conn.executemany(
        "insert into store values (?, ?, ?) on conflict (digest) do update"
        " set refs = refs + excluded.refs",
        [
            (bytes.fromhex(digest), size, by)
            for text in outputs
            for _, size, digest in json.loads(text)
        ],
    )
