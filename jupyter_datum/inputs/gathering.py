"""Which keys are whole while those who make them go on: a machine without clocks.

A key (of a group, of a join) is whole when every run that is followed has listed its own
input to the end, and each datum of that key has become good. A datum that failed keeps its
key open: a retry may mend it. What is open when all have ended is the caller's to take as
it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

#: KiB of the page cache; beyond it pages go to disk.
_CACHE: Final = 4_096


class Gathering:
    """Counts, for each key, the datums that are still to come.

    Parameters
    ----------
    followed : iterable of int
        Inputs (by their places) of which more is to come. All others are whole.
    """

    def __init__(self, followed: Iterable[int]) -> None:
        self._unlisted = set(followed)
        self._fresh: list[bytes] = []
        self._swept = False
        self._conn = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = off", "synchronous = off", f"cache_size = -{_CACHE}"):
            self._conn.execute(f"pragma {pragma}")
        self._conn.execute(
            "create table key (key blob primary key, due int not null, out int not null default 0)"
            " without rowid"
        )

    def due(self, slot: int, to_come: Iterable[bytes], *, last: bool) -> None:
        """Datums of these keys are to come; `last` if all of that input are there, or due."""
        self._conn.executemany(
            "insert into key (key, due) values (?, 1) on conflict do update set due = due + 1",
            ((key,) for key in to_come),
        )
        if last:
            self._unlisted.discard(slot)

    def arrived(self, key: bytes, *, awaited: bool) -> bool:
        """A datum is there, `awaited` if it was due; False if its key was taken for whole: it
        comes too late for it."""
        row = self._conn.execute(
            "insert into key (key, due) values (?, 0)"
            " on conflict do update set due = max(0, due - ?) returning due, out",
            (key, int(awaited)),
        ).fetchone()
        if row[1]:
            return False
        if row[0] == 0 and self._swept:
            self._fresh.append(key)
        return True

    def whole(self) -> Iterator[bytes]:
        """Yield the keys that have become whole since last asked, each once ever."""
        if self._unlisted:
            return
        if not self._swept:
            self._swept = True
            yield from self._take("select key from key where due = 0 and out = 0 order by key")
        while self._fresh:
            fresh, self._fresh = self._fresh, []
            for key in fresh:
                yield from self._take(
                    "select key from key where key = ? and due = 0 and out = 0", key
                )

    def _take(self, query: str, *values: bytes) -> Iterator[bytes]:
        while rows := self._conn.execute(f"{query} limit 1000", values).fetchall():
            self._conn.executemany("update key set out = 1 where key = ?", rows)
            for (key,) in rows:
                yield bytes(key)

    def close(self) -> None:
        """Let go of the file."""
        self._conn.close()
