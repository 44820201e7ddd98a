"""Keeps the ledger of a nightly job small: what each day came to stays, the details of old
runs go.

The details are attempts, failure groups, workers and requests, and which datum stood where in
which state (files ``plan`` and ``states``: five bytes for each datum of each run). What a datum
that is failed still has to tell stays, whichever run it was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from .db import transaction

#: Seconds for which an answered request is kept: whoever asked is gone by then.
_ANSWERED: Final = 86_400.0
#: Rows looked at in one step.
_BATCH: Final = 2_000
#: Runs whose files are removed in one step.
_RUNS: Final = 50


def count_day(conn: sqlite3.Connection, run: int) -> None:
    """Add an ended run to the counts of its day; part of the transaction that ends it."""
    row = conn.execute(
        "select transform, cast(coalesce(ended, requested) / 86400 as int), note, executions,"
        " success, failed, seconds from run where id = ?",
        (run,),
    ).fetchone()
    transform, day, note, *sums = row
    new = int(json.loads(note or "{}").get("reasons", {}).get("new", 0))
    conn.execute(
        "insert into daily (transform, day, new, executions, success, failed, seconds)"
        " values (?, ?, ?, ?, ?, ?, ?) on conflict (transform, day) do update set"
        " new = new + excluded.new, executions = executions + excluded.executions,"
        " success = success + excluded.success, failed = failed + excluded.failed,"
        " seconds = seconds + excluded.seconds",
        (transform, day, new, *sums),
    )


def fold(conn: sqlite3.Connection, transform: int, now: float, *, after: int) -> Iterator[None]:
    """Let go of the details of all but the newest `after` runs; each step is a short
    transaction."""
    ids = conn.execute(
        "select id from run where transform = ? and ended is not null order by id desc limit ?",
        (transform, after + 1),
    ).fetchall()
    if len(ids) <= after:
        return
    oldest = ids[-1][0]
    yield from _attempts(conn, transform, oldest)
    yield from _groups(conn, transform, oldest)
    with transaction(conn):
        conn.execute(
            "delete from worker where run in (select id from run where transform = ?1 and"
            " id <= ?2)",
            (transform, oldest),
        )
        conn.execute(
            "delete from request where id in (select id from request where"
            " state in ('done', 'refused') and at < ? order by id limit ?)",
            (now - _ANSWERED, _BATCH),
        )
    yield


def old_runs(conn: sqlite3.Connection, transform: int, *, after: int) -> list[tuple[int, str]]:
    """Return (row id, uuid) of runs whose plan and states nobody needs any more, some of them.

    The newest run with a whole plan keeps it: the order of results is read from it.
    """
    return conn.execute(
        "select id, uuid from run where transform = ?1 and ended is not null and folded = 0"
        " and id not in (select id from run where transform = ?1 and ended is not null"
        " order by id desc limit ?2)"
        " and id is not (select max(id) from run where transform = ?1 and planned = 1)"
        " order by id limit ?3",
        (transform, after, _RUNS),
    ).fetchall()


def put_away(conn: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Note that the plans and states of these runs are gone."""
    with transaction(conn):
        conn.executemany("update run set folded = 1 where id = ?", [(i,) for i in ids])


def _attempts(conn: sqlite3.Connection, transform: int, oldest: int) -> Iterator[None]:
    """Attempts of old runs go, but for those of datums that are failed by them still."""
    after = (-1, -1, -1)
    while True:
        rows = conn.execute(
            "select a.datum, a.run, a.attempt, a.run <= ? and r.transform = ? and"
            " not coalesce(d.state = 3 and d.run = a.run, 0) from attempt a"
            " join run r on r.id = a.run left join datum d on d.id = a.datum"
            " where (a.datum, a.run, a.attempt) > (?, ?, ?)"
            " order by a.datum, a.run, a.attempt limit ?",
            (oldest, transform, *after, _BATCH),
        ).fetchall()
        if not rows:
            return
        after = rows[-1][:3]
        old = [row[:3] for row in rows if row[3]]
        if old:
            with transaction(conn):
                conn.executemany(
                    "delete from attempt where datum = ? and run = ? and attempt = ?", old
                )
        yield


def _groups(conn: sqlite3.Connection, transform: int, oldest: int) -> Iterator[None]:
    """Groups of old runs in which no datum stands any more."""
    while True:
        with transaction(conn):
            gone = conn.execute(
                "delete from failure where id in (select f.id from failure f"
                " where f.run in (select id from run where transform = ? and id <= ?)"
                " and not exists (select 1 from datum d where d.failure = f.id)"
                " and not exists (select 1 from attempt a where a.failure = f.id and"
                " a.datum = f.sample) limit ?)",
                (transform, oldest, _BATCH),
            ).rowcount
        yield
        if gone < _BATCH:
            return
