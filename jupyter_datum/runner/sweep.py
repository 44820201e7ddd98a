"""Removes files of results that no row names any more, when a run has ended."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import Final

from ..ledger.loose import forget_loose, loose_files, named_files, runs_go_on
from ..project import Project

#: Seconds for one sweep; what is left waits for the next one.
_WITHIN: Final = 1.0


def sweep_results(conn: sqlite3.Connection, project: Project, within: float = _WITHIN) -> int:
    """Remove result files that were let go; return how many.

    Nothing is removed while any run goes on: what it has just found to be there already
    it names only when it commits.
    """
    end = time.monotonic() + within
    removed = 0
    while time.monotonic() < end and not runs_go_on(conn):
        names = loose_files(conn)
        if not names:
            break
        named = named_files(conn, names)
        for name in names:
            removed += name not in named and _remove(project, name)
        forget_loose(conn, names)
    return removed


def _remove(project: Project, name: bytes) -> bool:
    text = name.decode("ascii", "replace")
    if not text.isalnum():  # a digest, and nothing that leads elsewhere
        return False
    path = project.result(text)
    try:
        path.unlink()
    except OSError:
        return False
    with contextlib.suppress(OSError):  # others lie there still
        os.rmdir(path.parent)
    return True
