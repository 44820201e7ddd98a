"""Whether outputs stand as they were made, also those behind a URL: one listing for all."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import NamedTuple

from ..remote import is_url
from .names import is_below
from .porter import Porter


class Status(NamedTuple):
    """What is compared of an output; for an object the token stands in the time's place."""

    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int | None = None
    st_ino: int = 0


class Standing:
    """Looks at outputs.

    Parameters
    ----------
    out : bytes
        URL of the output folder. It is listed once, when the first output is asked for; what
        was listed lies in a file of SQLite's, not in memory.
    porter : Porter
    """

    def __init__(self, out: bytes, porter: Porter) -> None:
        self._out = out.rstrip(b"/")
        self._porter = porter
        self._conn: sqlite3.Connection | None = None

    def lstat(self, path: bytes) -> Status:
        """As :func:`os.lstat`, of what matters.

        Raises
        ------
        OSError
            If there is no such output, or the store does not answer.
        """
        if not is_url(path):
            status = os.lstat(path)
            return Status(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if not is_below(path, self._out):
            raise FileNotFoundError(os.fsdecode(path))
        row = (
            self._listed()
            .execute("select size, token from there where rel = ?", (path[len(self._out) + 1 :],))
            .fetchone()
        )
        if row is None:
            raise FileNotFoundError(os.fsdecode(path))
        return Status(*row)

    def holds(self, path: bytes) -> bool:
        """Return whether `path` stands below the URL."""
        return is_below(path, self._out)

    def remove(self, path: bytes) -> None:
        """Remove an object.

        Raises
        ------
        OSError
        """
        self._porter.remove([path[len(self._out) + 1 :]])

    def close(self) -> None:
        """Let go of the listing and of the process that made it."""
        self._porter.close()
        if self._conn is not None:
            self._conn.close()

    def _listed(self) -> sqlite3.Connection:
        if self._conn is None:
            conn = sqlite3.connect("", isolation_level=None)  # a file that goes with it
            conn.execute(
                "create table there (rel blob primary key, size int, token int) without rowid"
            )
            conn.execute("begin")
            with contextlib.suppress(FileNotFoundError):  # nothing was ever written
                for page in self._porter.listing():
                    conn.executemany("insert or replace into there values (?, ?, ?)", page)
            self._conn = conn
        return self._conn
