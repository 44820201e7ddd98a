"""Failures that are alike, over the runs of a transform: which are new, which are expected.

A mark changes no outcome. The datums stay failed, every run tries them again as before, and
whoever counts failures counts them; they are told apart, so that what nobody expects is seen.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Final, NamedTuple

from .db import transaction
from .rows import RunRow

#: Marks of one transform that are read.
_MOST: Final = 10_000


class Expected(NamedTuple):
    """A mark: when it was made, and by which user."""

    at: float
    by: str


def expected(conn: sqlite3.Connection, transform: int) -> dict[str, Expected]:
    """Return the failures that are expected of a transform, by signature."""
    rows = conn.execute(
        "select signature, at, by from expected where transform = ? order by signature limit ?",
        (transform, _MOST),
    )
    return {signature: Expected(at, by) for signature, at, by in rows}


def expect(conn: sqlite3.Connection, group: int, by: str) -> Expected:
    """Mark the failures that are like those of `group`, in all runs of its transform.

    Parameters
    ----------
    conn : sqlite3.Connection
    group : int
        A row of ``failure``.
    by : str
        User.
    """
    found = Expected(time.time(), by)
    with transaction(conn):
        conn.execute(
            "insert into expected (transform, signature, at, by, run)"
            " select r.transform, f.signature, ?, ?, f.run from failure f"
            " join run r on r.id = f.run where f.id = ?"
            " on conflict do update set at = excluded.at, by = excluded.by, run = excluded.run",
            (*found, group),
        )
    return found


def expect_no_more(conn: sqlite3.Connection, group: int) -> bool:
    """Take the mark of a group's failures back; return whether there was one."""
    with transaction(conn):
        gone = conn.execute(
            "delete from expected where (transform, signature) = (select r.transform, f.signature"
            " from failure f join run r on r.id = f.run where f.id = ?)",
            (group,),
        ).rowcount
    return gone > 0


def run_before(conn: sqlite3.Connection, run: RunRow) -> int | None:
    """Return the id of the run of the same transform before `run`."""
    row = conn.execute(
        "select id from run where transform = ? and id < ? order by id desc limit 1",
        (run.transform, run.id),
    ).fetchone()
    return int(row[0]) if row else None


def failed_like(conn: sqlite3.Connection, run: int, signature: str) -> bool:
    """Return whether an attempt of a run failed with this signature."""
    sql = "select 1 from failure where run = ? and signature = ?"
    return conn.execute(sql, (run, signature)).fetchone() is not None
