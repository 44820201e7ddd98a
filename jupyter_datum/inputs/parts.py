"""What files were split into, so that an unchanged file is not split again.

A small SQLite file in ``.datum/``, which may be deleted at any time: content hashes of files by
path and stat, and parts by content hash and by how was split. Parts may hold pickles, which
workers load; so each entry is signed, as recipes are.
"""

from __future__ import annotations

import contextlib
import hmac
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

import msgpack

from ..events import Stat
from ..hashing import file_digest, is_racy
from ..transform.recipe import sign

#: Days after which parts that nobody asked for are forgotten.
_KEPT: Final = 90
_SCHEMA: Final = """
create table if not exists seen (
  path blob primary key, size int, mtime int, ctime int, inode int, content blob) without rowid;
create table if not exists parts (
  how text, content blob, day int, parts blob, signature text,
  primary key (how, content)) without rowid;
"""


class Parts:
    """The parts of files.

    Parameters
    ----------
    path : Path
        Of the SQLite file.
    how : str
        Digest of what splits, and how.
    """

    def __init__(self, path: Path, how: str) -> None:
        self._how = how
        self._today = int(time.time() // 86_400)
        self._conn = sqlite3.connect(path, timeout=30, isolation_level=None)
        with contextlib.suppress(OSError):
            path.chmod(0o600)
        self._conn.execute("pragma synchronous = off")
        self._conn.executescript(_SCHEMA)

    def __enter__(self) -> Parts:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._conn.execute("delete from parts where day < ?", (self._today - _KEPT,))
        self._conn.close()

    def content(self, path: bytes, stat: Stat) -> bytes:
        """Return the content hash of a file; it is read only if it may have changed.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        row = self._conn.execute(
            "select size, mtime, ctime, inode, content from seen where path = ?", (path,)
        ).fetchone()
        if row is not None and row[:4] == tuple(stat):
            return bytes(row[4])
        content = file_digest(path)
        if not is_racy(stat, time.time_ns()):
            self._conn.execute(
                "replace into seen values (?, ?, ?, ?, ?, ?)", (path, *stat, content)
            )
        return content

    def get(self, content: bytes) -> list[tuple[bytes, bytes]] | None:
        """Return the parts, each with its key, of what has this content; None if not known."""
        key = (self._how, content)
        row = self._conn.execute(
            "select parts, signature, day from parts where how = ? and content = ?", key
        ).fetchone()
        if row is None or not hmac.compare_digest(row[1], self._signature(content, row[0])):
            return None
        if row[2] != self._today:
            self._conn.execute(
                "update parts set day = ? where how = ? and content = ?", (self._today, *key)
            )
        return [(bytes(key), bytes(value)) for key, value in msgpack.unpackb(row[0])]

    def put(self, content: bytes, parts: list[tuple[bytes, bytes]]) -> None:
        """Keep the parts of what has this content."""
        data = bytes(msgpack.packb(parts))
        row = (self._how, content, self._today, data, self._signature(content, data))
        self._conn.execute("replace into parts values (?, ?, ?, ?, ?)", row)

    def _signature(self, content: bytes, data: bytes) -> str:
        return sign(b"parts\0" + self._how.encode() + b"\0" + content + data)


@contextlib.contextmanager
def parts_at(path: Path | None, how: str) -> Iterator[Parts]:
    """Open the parts of a project; without one they are kept in memory."""
    with Parts(path or Path(":memory:"), how) as parts:
        yield parts
