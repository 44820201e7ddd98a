"""Datums in the order of their keys, however many there are.

A private temporary database of SQLite holds them: its sorter spills to disk, and its file
has no name and goes with its connection. In memory is what the page cache holds.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgpack

from ..errors import InputError

_BLOCK: Final = 10_000
#: KiB of the page cache; beyond it pages go to disk.
_CACHE: Final = 16_384


class Sorted:
    """Rows by key, then by slot, then as they came.

    A row is a key, a slot, and what msgpack can pack. Each method raises InputError if the disk
    is full.
    """

    def __init__(self) -> None:
        self._pack = msgpack.Packer(unicode_errors="surrogateescape").pack
        self._waiting: list[tuple[bytes, int, bytes]] = []
        self._conn = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = off", "synchronous = off", f"cache_size = -{_CACHE}"):
            self._conn.execute(f"pragma {pragma}")
        self._conn.execute("create table row (key blob, slot int, body blob)")

    def add(self, key: bytes, slot: int, body: Any) -> None:
        """Put one more in."""
        self._waiting.append((key, slot, self._pack(body)))
        if len(self._waiting) >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        with _told():
            self._conn.execute("begin")
            self._conn.executemany("insert into row values (?, ?, ?)", self._waiting)
            self._conn.execute("commit")
        self._waiting.clear()

    def __iter__(self) -> Iterator[tuple[bytes, list[tuple[int, Any]]]]:
        """Yield each key with its ``(slot, body)``, in order."""
        self._flush()
        with _told():
            rows = self._conn.execute("select key, slot, body from row order by key, slot, rowid")
        for key, group in groupby(rows, itemgetter(0)):
            yield key, [(slot, _unpacked(body)) for _, slot, body in group]

    def take(self, key: bytes) -> list[tuple[int, Any]]:
        """Return the ``(slot, body)`` of a key, which is then in it no more."""
        self._flush()
        with _told():
            self._conn.execute("create index if not exists by_key on row (key, slot)")
            rows = self._conn.execute(
                "select slot, body from row where key = ? order by slot, rowid", (key,)
            ).fetchall()
            self._conn.execute("delete from row where key = ?", (key,))
        return [(slot, _unpacked(body)) for slot, body in rows]

    def first_keys(self, slot: int, n: int) -> list[bytes]:
        """Return up to `n` keys of a slot, the smallest ones."""
        self._flush()
        sql = "select distinct key from row where slot = ? order by key limit ?"
        return [row[0] for row in self._conn.execute(sql, (slot, n))]

    def close(self) -> None:
        """Let go of the file."""
        self._conn.close()


def _unpacked(body: bytes) -> Any:
    return msgpack.unpackb(body, raw=False, use_list=False, unicode_errors="surrogateescape")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as exc:
        raise InputError(
            f"the keys of the input cannot be sorted on disk ({exc}): is the folder for "
            "temporary files full? TMPDIR names another one"
        ) from exc
