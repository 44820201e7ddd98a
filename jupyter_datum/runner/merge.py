"""A listing beside what the ledger knows: each datum with its row, and what is gone.

Where the listing comes in key order a cursor walks beside it, else keys are looked up some
thousands at a time. Measured: 1.2 us a datum and 4, a look-up by itself 7.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ..inputs.base import Listed
from ..ledger import queries
from .selection import Bitmap

#: Keys looked up, and datums planned, in one step: some tens of milliseconds.
BATCH: Final = 2_000
_FIRST: Final = itemgetter(0)


class Known(NamedTuple):
    """What the ledger holds of a datum (the columns of `queries.known`, in their order)."""

    key: bytes
    id: int
    state: int
    version: int
    size: int | None
    mtime_ns: int | None
    ctime_ns: int | None
    inode: int | None
    content: bytes | None
    seconds: float
    outputs: int
    dirty: int
    run: int
    seen: bytes | None
    gone: int | None
    sure: int | None
    began: float


#: What `datum.dirty` says beside 1, an input changed while it was processed.
PRUNED: Final = 2
#: A row as SQLite gives it: a million of them are not made into anything.
Row = tuple[Any, ...]
Pair = tuple[Listed, Row | None]


class Merge:
    """Pairs of what is listed and what is known.

    Parameters
    ----------
    conn : sqlite3.Connection
    transform : int
    listing : iterator of Listed
    ordered : bool
        Whether keys come sorted by their bytes.
    gone : callable
        Told each known datum that the listing lacks.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        transform: int,
        listing: Iterator[Listed],
        ordered: bool,
        gone: Callable[[Known], None],
    ) -> None:
        self._conn = conn
        self._transform = transform
        self._listing = listing
        self._ordered = ordered
        self._gone = gone
        self._rows: list[Row] = []
        self._after: bytes | None = None
        self._exhausted = False
        self._there = Bitmap()
        self.empty = not queries.known(conn, transform, None, 1)

    def take(self, n: int) -> list[Pair]:
        """Return the next `n` pairs, fewer at the end; none when the listing has ended."""
        block = list(islice(self._listing, n))
        if self.empty:
            return [(listed, None) for listed in block]
        if not block:
            self._end()
            return []
        return self._beside(block) if self._ordered else self._looked_up(block)

    # -- in key order --------------------------------------------------------------------

    def _beside(self, block: list[Listed]) -> list[Pair]:
        n = len(block)
        while len(self._rows) < n and self._more():
            pass
        rows = self._rows[:n]
        if list(map(_FIRST, rows)) == list(map(_FIRST, block)):  # nothing came, nothing went
            del self._rows[:n]
            return list(zip(block, rows, strict=True))
        self._rows.reverse()  # the next one last, where taking it costs nothing
        pairs: list[Pair] = [(listed, self._match(listed[0])) for listed in block]
        self._rows.reverse()
        return pairs

    def _match(self, key: bytes) -> Row | None:
        while True:
            if not self._rows:
                if not self._more():
                    return None
                self._rows.reverse()
            row = self._rows[-1]
            if row[0] > key:
                return None
            self._rows.pop()
            if row[0] == key:
                return row
            self._gone(Known._make(row))

    def _more(self) -> bool:
        """Read a page: no read of the ledger stays open between two steps."""
        if self._exhausted:
            return False
        rows = queries.known(self._conn, self._transform, self._after, BATCH)
        if not rows:
            self._exhausted = True
            return False
        self._after = rows[-1][0]
        if self._rows:
            self._rows += rows
        else:
            self._rows = rows
        return True

    # -- in any other order --------------------------------------------------------------

    def _looked_up(self, block: list[Listed]) -> list[Pair]:
        found = queries.lookup(self._conn, self._transform, [row.key for row in block])
        for row in found.values():
            self._there.add(row[1])
        return [(listed, found.get(listed.key)) for listed in block]

    def _end(self) -> None:
        """What is known and was not listed is gone."""
        while self._rows or self._more():
            rows, self._rows = self._rows, []
            for row in rows:
                if self._ordered or row[1] not in self._there:
                    self._gone(Known._make(row))
