"""Ids and keys of datums, and the index from one to the other.

The index is filled in key order, some commits after the rows: see the table ``datum_key``.
As long as little comes in, that is at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from .db import transaction
from .fence import NOT_TOLD, RunKey
from .some import Some

#: So many new datums in one commit are few: their keys are put in their places at once.
FEW: Final = 100
#: So many waiting keys are put in their places, in a transaction of about 100 ms.
MANY: Final = 30_000


def allocate_datums(conn: sqlite3.Connection, n: int) -> int:
    """Take `n` new datum ids; return the first, the others follow it."""
    with transaction(conn):
        row = conn.execute("select value from meta where name = 'next_datum'").fetchone()
        first = int(row[0])
        conn.execute("update meta set value = ? where name = 'next_datum'", (first + n,))
    return first


def note_settled(conn: sqlite3.Connection, run: RunKey, ids: Sequence[int]) -> None:
    """Have these datums, which a run has settled and whose rows stand, in both indexes: now or
    a little later."""
    if run.fresh == NOT_TOLD:
        note_keys(conn, ids)
        return
    known = Some(identity for identity in ids if identity < run.fresh)
    if known:  # their keys stand in the index
        sql = f"insert or ignore into made (run, datum) select d.run, d.id from {known.rows}"
        conn.execute(sql, known.values)
    if len(known) < len(ids):
        note_keys(conn, [identity for identity in ids if identity >= run.fresh])


def note_keys(conn: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Have the keys of these datums, whose rows stand, in the index: now or a little later."""
    ids = sorted(ids)
    conn.executemany(
        "insert into unkeyed (lo, hi) values (?, ?)"
        " on conflict (lo) do update set hi = max(hi, excluded.hi)",
        _ranges(ids),
    )
    if len(ids) <= FEW or _waiting(conn) >= MANY:
        index_keys(conn)


def _waiting(conn: sqlite3.Connection) -> int:
    row = conn.execute("select coalesce(sum(hi - lo + 1), 0) from unkeyed").fetchone()
    return int(row[0])


def _ranges(ids: list[int]) -> Iterator[tuple[int, int]]:
    """Unbroken stretches of sorted ids, as (first, last)."""
    if not ids:
        return
    low = high = ids[0]
    for identity in ids:
        if identity > high + 1:
            yield low, high
            low = identity
        high = identity
    yield low, high


def index_keys(conn: sqlite3.Connection) -> None:
    """Put all new datums into ``datum_key``, in key order (1 us each), and into ``made``."""
    with transaction(conn):
        if conn.execute("select exists (select 1 from unkeyed)").fetchone()[0]:
            conn.execute(
                "insert or ignore into datum_key (transform, key, datum)"
                " select d.transform, d.key, d.id from unkeyed u"
                " cross join datum d on d.id between u.lo and u.hi order by d.transform, d.key"
            )
            conn.execute(
                "insert or ignore into made (run, datum) select d.run, d.id from unkeyed u"
                " cross join datum d on d.id between u.lo and u.hi order by d.run, d.id"
            )
            conn.execute("delete from unkeyed")
