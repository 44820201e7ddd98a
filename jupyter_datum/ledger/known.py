"""What the ledger knows of datums that are named by key or id, thousands at a time.

For the planner, which merges a listing with it: each costs a microsecond or a few, since
nothing is asked datum by datum.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
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
#: Keys in one page that nothing is made of: some milliseconds.
_PAGE: Final = 20_000


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


def first_keys(conn: sqlite3.Connection, transform: int, limit: int) -> list[bytes]:
    """Return the first keys of a transform, in their order."""
    rows = conn.execute(
        "select key from datum_key where transform = ? order by key limit ?", (transform, limit)
    )
    return [row[0] for row in rows]


def next_datum(conn: sqlite3.Connection) -> int:
    """Return the id that the next new datum gets."""
    return int(conn.execute("select value from meta where name = 'next_datum'").fetchone()[0])


def count_known(conn: sqlite3.Connection, transform: int, fresh: int) -> int:
    """Return how many datums of a transform with ids below `fresh` have a row."""
    total, after = 0, b""
    sql = (
        "select count(*), sum(datum < ?), max(key) from"
        " (select key, datum from datum_key where transform = ? and key >= ? order by key limit ?)"
    )
    while True:
        n, below, last = conn.execute(sql, (fresh, transform, after, _PAGE)).fetchone()
        total += below or 0
        if n < _PAGE:
            return total
        after = last + b"\0"  # the very next key there can be


def known_ids(conn: sqlite3.Connection, transform: int, fresh: int) -> Iterator[list[int]]:
    """Yield the ids that :func:`count_known` counts, page by page."""
    after = b""
    sql = "select key, datum from datum_key where transform = ? and key >= ? order by key limit ?"
    while rows := conn.execute(sql, (transform, after, _PAGE)).fetchall():
        yield [row[1] for row in rows if row[1] < fresh]
        after = rows[-1][0] + b"\0"


def known_by_id(conn: sqlite3.Connection, datums: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Yield rows as :func:`known` does, of these datums."""
    sql = f"select d.key{_KNOWN.removeprefix('k.key')} from datum d where d.id in"
    for start in range(0, len(datums), _IN):
        part = datums[start : start + _IN]
        yield from conn.execute(f"{sql} ({_marks(part)})", part).fetchall()


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def outputs_of(
    conn: sqlite3.Connection, datums: Sequence[int]
) -> dict[int, list[tuple[bytes, int, int, bytes]]]:
    """Return ``(path, size, mtime_ns, digest)`` of the outputs of each datum."""
    return _outputs(conn, datums, "path, size, mtime_ns, digest")


def recorded_outputs(
    conn: sqlite3.Connection, datums: Sequence[int]
) -> dict[int, list[tuple[bytes, int, int, bytes, int | None]]]:
    """Return the same with ``ctime_ns`` at the end: None where it is not recorded."""
    return _outputs(conn, datums, "path, size, mtime_ns, digest, ctime_ns")


def _outputs(conn: sqlite3.Connection, datums: Sequence[int], columns: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for start in range(0, len(datums), _IN):
        part = datums[start : start + _IN]
        rows = conn.execute(
            f"select datum, {columns} from output where datum in ({_marks(part)})", part
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


def some_outputs(conn: sqlite3.Connection, transform: int, count: int) -> list[bytes]:
    """Return paths of outputs of up to so many datums of a transform."""
    rows = conn.execute(
        "select o.path from (select datum from datum_key where transform = ? limit ?) k"
        " join output o on o.datum = k.datum",
        (transform, count),
    )
    return [bytes(path) for (path,) in rows]
