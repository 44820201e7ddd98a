"""A listing beside what the ledger knows: each datum with its row, and what is gone.

Where the listing comes in key order a cursor walks beside it, else keys are looked up some
thousands at a time. Measured: 1.2 us a datum and 4, a look-up by itself 7.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice, repeat
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ..inputs.base import Listed
from ..ledger import queries
from ..ledger.bitmap import Bitmap

#: Keys looked up, and datums planned, in one step: some tens of milliseconds.
BATCH: Final = 2_000
#: So many known keys are held in memory (about 5 MB): what none of them is need not be looked up.
_HELD: Final = 50_000
_FIRST: Final = itemgetter(0)
_SECOND: Final = itemgetter(1)


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
        Told each known datum that the listing lacks. Those that this very run makes meanwhile
        are not asked about: the listing has named them.
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
        self._fresh = queries.next_datum(conn)
        #: Known datums that were listed.
        self.there = Bitmap()
        self.empty = not queries.known(conn, transform, None, 1)
        self._keys = None if ordered else _few_keys(conn, transform)

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
        rows = [row for row in rows if row[1] < self._fresh]
        if self._rows:
            self._rows += rows
        else:
            self._rows = rows
        return True

    # -- in any other order --------------------------------------------------------------

    def _looked_up(self, block: list[Listed]) -> list[Pair]:
        keys = map(_FIRST, block)
        asked = list(keys if self._keys is None else self._keys.intersection(keys))
        found = queries.lookup(self._conn, self._transform, asked) if asked else {}
        if not found:
            return list(zip(block, repeat(None)))
        self.there.update(map(_SECOND, found.values()))
        return [(listed, found.get(listed[0])) for listed in block]

    def _end(self) -> None:
        """What is known and was not listed is gone."""
        if not self._ordered:
            self._end_unordered()
            return
        while self._rows or self._more():
            rows, self._rows = self._rows, []
            for row in rows:
                self._gone(Known._make(row))

    def _end_unordered(self) -> None:
        """Where all that is known was listed, which a count tells, nothing more is looked at."""
        conn, transform, fresh = self._conn, self._transform, self._fresh
        if len(self.there) == queries.count_known(conn, transform, fresh):
            return
        for ids in queries.known_ids(conn, transform, fresh):
            missing = [identity for identity in ids if identity not in self.there]
            for row in queries.known_by_id(conn, missing):
                self._gone(Known._make(row))


def _few_keys(conn: sqlite3.Connection, transform: int) -> frozenset[bytes] | None:
    """All keys that are known, if they are few."""
    keys = queries.first_keys(conn, transform, _HELD + 1)
    return frozenset(keys) if len(keys) <= _HELD else None
