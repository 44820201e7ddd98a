"""What the ledger knows of datums that are named by key or id, thousands at a time.

For the planner, which merges a listing with it: each costs a microsecond or a few, since
nothing is asked datum by datum.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from ..events import Stat

#: Columns of :func:`known` and :func:`lookup`, in order.
_KNOWN: Final = (
    "k.key, d.id, d.state, d.version, d.size, d.mtime_ns, d.ctime_ns, d.inode, d.content,"
    " d.seconds, d.outputs, d.dirty, d.run, d.seen, d.gone,"
    # Times in whole nanoseconds lose the last 8 bits as doubles: nothing beside two seconds.
    " d.sure or max(d.mtime_ns, d.ctime_ns) < d.began * 1e9 - 2e9, d.began"
)
#: Datums by key, in key order. `cross join` holds SQLite to this order of the two.
BY_KEY: Final = (
    " from datum_key k cross join datum d on d.id = k.datum where k.transform = ? and k.key "
)
#: Values in one IN list: more are no faster, and each length is a statement of its own.
_IN: Final = 500


def after_key(key: bytes | None) -> str:
    """The comparison that starts after `key`, or at the very first key (it may be empty)."""
    return ">= ?" if key is None else "> ?"


def known(
    conn: sqlite3.Connection, transform: int, after: bytes | None, limit: int
) -> list[tuple[Any, ...]]:
    """Return what is known of datums by key, after key `after`: for merging with a listing.

    Each row: key, id, state, version, size, mtime_ns, ctime_ns, inode, content, seconds,
    outputs, dirty, run, seen, gone, sure, began (about 1 us a row; none is kept open between
    two calls).
    """
    return conn.execute(
        f"select {_KNOWN} {BY_KEY} {after_key(after)} order by k.key limit ?",
        (transform, after or b"", limit),
    ).fetchall()


def lookup(
    conn: sqlite3.Connection, transform: int, keys: Sequence[bytes]
) -> dict[bytes, tuple[Any, ...]]:
    """Return rows as :func:`known` does, of the datums with these keys (2 to 4 us a key)."""
    found: dict[bytes, tuple[Any, ...]] = {}
    for start in range(0, len(keys), _IN):
        part = keys[start : start + _IN]
        sql = f"select {_KNOWN} {BY_KEY} in ({_marks(part)})"
        found.update((row[0], row) for row in conn.execute(sql, (transform, *part)))
    return found


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def outputs_of(
    conn: sqlite3.Connection, datums: Sequence[int]
) -> dict[int, list[tuple[bytes, int, int, bytes]]]:
    """Return ``(path, size, mtime_ns, digest)`` of the outputs of each datum."""
    found: dict[int, list[tuple[bytes, int, int, bytes]]] = {}
    for start in range(0, len(datums), _IN):
        part = datums[start : start + _IN]
        rows = conn.execute(
            "select datum, path, size, mtime_ns, digest from output"
            f" where datum in ({_marks(part)})",
            part,
        ).fetchall()
        one = {row[0]: [row[1:]] for row in rows}
        if len(one) == len(rows):  # an output each: the common case
            found.update(one)
            continue
        for row in rows:
            found.setdefault(row[0], []).append(row[1:])
    return found


def inputs_of(
    conn: sqlite3.Connection, datums: Sequence[int]
) -> dict[int, list[tuple[str, bytes, Stat, bytes]]]:
    """Return ``(input name, rel, stat, content)`` of the files, in order, of each of these
    datums that has several."""
    found: dict[int, list[tuple[str, bytes, Stat, bytes]]] = {}
    for start in range(0, len(datums), _IN):
        part = datums[start : start + _IN]
        rows = conn.execute(
            "select datum, name, rel, size, mtime_ns, ctime_ns, inode, content from input"
            f" where datum in ({_marks(part)}) order by datum, ordinal",
            part,
        )
        for datum, name, rel, *stat, content in rows:
            found.setdefault(datum, []).append((name, rel, Stat._make(stat), content))
    return found


def settled_in(conn: sqlite3.Connection, run: int, datums: Sequence[int]) -> set[int]:
    """Return those of `datums` whose outcome in `run` is recorded already."""
    rows = conn.execute(
        "select d.id from json_each(?) j cross join datum d on d.id = j.value where d.run = ?",
        (json.dumps(list(datums)), run),
    )
    return {row[0] for row in rows}
