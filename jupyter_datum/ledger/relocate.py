"""A project that was moved or copied: its ledger learns where everything lies now.

Paths of outputs are absolute in the ledger, since an output folder may lie anywhere; those
below the project's folder move with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from typing import Any, Final

from ..errors import LedgerError
from ..outputs.names import file_system_folds, fold
from ..project import Project
from .db import connect, is_foreign, transaction

#: Datums in one transaction.
_BATCH: Final = 5_000
#: Tables with few rows, and their columns of paths.
_FEW: Final = (
    ("transform", "out"),
    ("transform", "notebook"),
    ("publishing", "staged"),
    ("publishing", "final"),
    ("root", "path"),
)


def relocate(conn: sqlite3.Connection, project: Project) -> None:
    """Bring the paths of the ledger up to date, if the project lies elsewhere than it did.

    It can be broken off: what is left is done the next time.
    """
    here = os.fsencode(project.root)
    known = _meta(conn, "root")
    if known is None:
        _put_meta(conn, "root", here)
        return
    if known == here and _meta(conn, "relocating") is None:
        return
    _begin(conn, known, here)
    while not _step(conn):
        pass


def follow_project(project: Project) -> None:
    """Have the ledger know where its project lies now, for one who only reads it. Nothing happens
    where it does, where it is another user's, or cannot be written."""
    with contextlib.closing(connect(project, readonly=True)) as conn:
        known = _meta(conn, "root")
        same = known in (None, os.fsencode(project.root)) and _meta(conn, "relocating") is None
    if same or is_foreign(project):
        return
    with (
        contextlib.suppress(LedgerError, sqlite3.OperationalError),
        contextlib.closing(connect(project)) as conn,
    ):
        relocate(conn, project)


def _begin(conn: sqlite3.Connection, old: bytes, new: bytes) -> None:
    with transaction(conn):
        if _meta(conn, "relocating") is not None or _meta(conn, "root") == new:
            return  # somebody else has begun, or was quicker
        for table, column in _FEW:
            conn.execute(
                f"update {table} set {column} = cast(?2 || substr({column}, ?3) as blob)"
                f" where substr({column}, 1, ?3 - 1) = ?1",
                (old + b"/", new + b"/", len(old) + 2),
            )
        state = [os.fsdecode(old), os.fsdecode(new), 0]
        _put_meta(conn, "relocating", json.dumps(state))
        _put_meta(conn, "root", new)


def _step(conn: sqlite3.Connection) -> bool:
    """Move the outputs of the next datums; return whether there are no more."""
    with transaction(conn):
        text = _meta(conn, "relocating")
        if text is None:
            return True
        before, after, first = json.loads(str(text))
        old, new = os.fsencode(before) + b"/", os.fsencode(after) + b"/"
        rows = conn.execute(
            "select folded, path, datum from output where datum >= ? order by datum limit ?",
            (first, _BATCH),
        ).fetchall()
        last = rows[-1][2] if len(rows) == _BATCH else None
        if last is not None and last != first:  # all files of one datum at once
            rows = [row for row in rows if row[2] != last]
        elif last is not None:
            sql = "select folded, path, datum from output where datum = ?"
            rows, last = conn.execute(sql, (first,)).fetchall(), first + 1
        folds = file_system_folds(os.path.dirname(new))
        places = [
            (new + path[len(old) :], folded) for folded, path, _ in rows if path[: len(old)] == old
        ]
        conn.executemany(
            "update or replace output set path = ?, folded = ? where folded = ?",
            [(path, fold(path, folds), folded) for path, folded in places],
        )
        if last is None:
            conn.execute("delete from meta where name = 'relocating'")
            return True
        _put_meta(conn, "relocating", json.dumps([before, after, last]))
    return False


def _meta(conn: sqlite3.Connection, name: str) -> Any:
    row = conn.execute("select value from meta where name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def _put_meta(conn: sqlite3.Connection, name: str, value: object) -> None:
    conn.execute("insert or replace into meta values (?, ?)", (name, value))
