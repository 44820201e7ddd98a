"""Which transforms are watched, and how that goes. Clients ask, only a runner writes."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final, NamedTuple

from .db import transaction


class WatchRow(NamedTuple):
    """A transform whose input is watched: ``state`` is ``active | stopped | failed``.

    ``how`` says how changes are noticed; ``message`` what it waits for, or what is wrong.
    """

    transform: str
    interpreter: str
    request: str
    recipe: str
    settle: float
    every: float | None
    state: str
    how: str
    message: str | None
    since: float
    looked: float | None
    runs: int


_COLUMNS: Final = ", ".join(WatchRow._fields)
_SET: Final = frozenset({"recipe", "state", "how", "message", "looked", "runs"})


def watches(
    conn: sqlite3.Connection, *, interpreter: str | None = None, limit: int = 1_000
) -> list[WatchRow]:
    """Return the watches of a project, by name; with `interpreter` the active ones of it."""
    which = "where interpreter = ? and state = 'active'" if interpreter else ""
    rows = conn.execute(
        f"select {_COLUMNS} from watch {which} order by transform limit ?",
        (*([interpreter] if interpreter else []), limit),
    )
    return [WatchRow._make(row) for row in rows]


def watch(conn: sqlite3.Connection, transform: str) -> WatchRow | None:
    """Return the watch of a transform, or None."""
    row = conn.execute(f"select {_COLUMNS} from watch where transform = ?", (transform,)).fetchone()
    return WatchRow._make(row) if row else None


def begin_watch(
    conn: sqlite3.Connection,
    *,
    transform: str,
    interpreter: str,
    request: str,
    recipe: str,
    settle: float,
    every: float | None,
) -> WatchRow:
    """Record that a transform is watched from now on, in whatever way it was before."""
    row = (transform, interpreter, request, recipe, settle, every, "active", "", None, time.time())
    with transaction(conn):
        conn.execute(
            f"insert or replace into watch ({_COLUMNS})"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, 0)",
            row,
        )
    return WatchRow(*row, looked=None, runs=0)


def set_watch(conn: sqlite3.Connection, transform: str, **fields: Any) -> None:
    """Record how a watch goes."""
    if unknown := fields.keys() - _SET:
        raise ValueError(f"a watch has no column {sorted(unknown)} to be set")
    changes = ", ".join(f"{name} = ?" for name in fields)
    with transaction(conn):
        conn.execute(
            f"update watch set {changes} where transform = ?", (*fields.values(), transform)
        )
