"""What datums, their files and their outputs were called before: after a move, or a pruning."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Kind = Literal["key", "input", "output"]
#: Former names of one datum that are read.
_MOST: Final = 1_000
_COLUMNS: Final = "datum, kind, name, at, now, size, digest"


class Former(NamedTuple):
    """A row of ``former``.

    Parameters
    ----------
    datum : int
    kind : str
        ``key``, ``input`` or ``output``.
    name : bytes
        The key; the path under the input's root, or under the output folder.
    at : float
        Since when it is not called so any more.
    now : bytes or None
        What it is called since; None of an output that was pruned.
    size, digest : optional
        Of an output.
    """

    datum: int
    kind: Kind
    name: bytes
    at: float
    now: bytes | None
    size: int | None = None
    digest: bytes | None = None


def put_former(conn: sqlite3.Connection, transform: int, rows: Iterable[Former]) -> None:
    """Record names that are no more, in the transaction that takes them away."""
    conn.executemany(
        f"insert into former (transform, {_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)",
        [(transform, *row) for row in rows],
    )


def called(conn: sqlite3.Connection, transform: int, kind: Kind, name: bytes) -> Former | None:
    """Return who was called so once, the last of them."""
    row = conn.execute(
        f"select {_COLUMNS} from former where transform = ? and kind = ? and name = ?"
        " order by at desc limit 1",
        (transform, kind, name),
    ).fetchone()
    return Former(*row) if row else None


def former_names(conn: sqlite3.Connection, datum: int, kind: Kind) -> list[Former]:
    """Return what a datum, or its files, were called, the last first."""
    rows = conn.execute(
        f"select {_COLUMNS} from former where datum = ? and kind = ? order by at desc limit ?",
        (datum, kind, _MOST),
    )
    return [Former(*row) for row in rows]


def last(conn: sqlite3.Connection, was: Former) -> Former:
    """Return what became of it in the end: how it got the name that it has today (``now``), or
    was pruned."""
    later = {each.name: each for each in reversed(former_names(conn, was.datum, was.kind))}
    found = was
    while found.now is not None and (after := later.get(found.now)) and after.at > found.at:
        found = after
    return found


def name_at(conn: sqlite3.Connection, datum: int, kind: Kind, now: bytes, at: float) -> bytes:
    """Return what that which is called `now` was called at a time."""
    for each in former_names(conn, datum, kind):
        if each.at <= at:
            break
        now = each.name if each.now == now else now
    return now


def rel_of(path: bytes, out: bytes | None) -> bytes:
    """An output's path as it is recorded here, and in ``past``: under the output folder."""
    return os.path.relpath(path, out) if out else path
