"""Rows gathered by key, more of them than fit in memory."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import Any, Final

from ..hashing import decode_value

_GROUP: Final = 5_000


class Grouped:
    """Encoded rows by key, on disk; given back in the order of the keys' bytes.

    What is in it is decoded again: only for the process that lists a foreign input.
    """

    def __init__(self) -> None:
        handle, self._path = tempfile.mkstemp(prefix="jupyter-datum-", suffix=".groups")
        os.close(handle)
        self._conn = sqlite3.connect(self._path, isolation_level=None)
        self._conn.execute("pragma journal_mode = off")
        self._conn.execute("pragma synchronous = off")
        self._conn.execute("create table part (key blob, row blob)")
        self._conn.execute("begin")
        self._waiting: list[tuple[bytes, bytes]] = []

    def __enter__(self) -> Grouped:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._conn.close()
        os.unlink(self._path)

    def add(self, key: bytes, row: bytes) -> None:
        """Put a row in."""
        self._waiting.append((key, row))
        if len(self._waiting) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        self._conn.executemany("insert into part values (?, ?)", self._waiting)
        self._waiting.clear()

    def __iter__(self) -> Iterator[tuple[bytes, list[Any]]]:
        """Yield each key with its rows, as they came."""
        self._flush()
        self._conn.execute("create index part_key on part (key)")
        rows = self._conn.execute("select key, row from part order by key, rowid")
        for key, group in groupby(rows, itemgetter(0)):
            yield bytes(key), [decode_value(row) for _, row in group]
