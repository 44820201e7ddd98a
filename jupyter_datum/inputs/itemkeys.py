"""Where an item stands in its file, by key: for those who know nothing else of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import count


class ItemKeys:
    """Keys of items, in a private database on disk: a million are 40 bytes each there.

    Parameters
    ----------
    keys : iterable of bytes
        In the order of the file.
    """

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._conn = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = off", "synchronous = off"):
            self._conn.execute(f"pragma {pragma}")
        self._conn.execute("create table item (key blob, place int)")
        self._conn.execute("begin")
        self._conn.executemany("insert into item values (?, ?)", zip(keys, count()))
        self._conn.execute("create index by_key on item (key, place)")  # sorted, not one by one
        self._conn.execute("commit")

    def place(self, key: bytes) -> int | None:
        """Return the item's place; None if there is none of this key."""
        row = self._conn.execute("select place from item where key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])
