"""Which datums of a run a table shows, and in which order: row numbers that can be jumped to.

A view is one number a row, the datum's place in the run's input, so that the hundredth and the
900,000th row are found alike, whatever the order: no row is counted past, and nothing is kept
of a datum but its place. All of a run in input order is no list at all.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..ledger.db import data_version
from ..ledger.queries import RunRow
from .matches import Order

#: Views that are kept, and rows of all of them: 4 bytes each.
KEPT: Final = 12
ROWS: Final = 16_000_000
#: While the run goes on a view is as old as this, or as so many times what it cost to make.
FRESH: Final = 1.0
COSTS: Final = 10


@dataclass(frozen=True)
class Asked:
    """What a table shows.

    Parameters
    ----------
    run : str
        uuid.
    filter : str
        In the grammar of :mod:`.filters`.
    sort : str
        A column, with a minus before it from its end.
    other : int or None
        The id of the run that this one is compared with.
    """

    run: str
    filter: str = ""
    sort: str = "pos"
    other: int | None = None

    @property
    def plain(self) -> bool:
        """Whether that is all of the run in input order."""
        return not self.filter.strip() and Order.read(self.sort) == Order("pos")


class View(NamedTuple):
    """The rows of a table: places in the input, or all of them in their order (None)."""

    places: Sequence[int] | None
    total: int

    def part(self, first: int, limit: int) -> Sequence[int]:
        """Return the places of `limit` rows from row `first` on."""
        if self.places is None:
            return range(min(first, self.total), min(first + limit, self.total))
        return self.places[first : first + limit]


class Known(NamedTuple):
    """Rows that are known; else, for the keeping of what is found, the ledger's version."""

    view: View | None
    version: int | None = None


class Found(NamedTuple):
    """Rows that were looked for, and the seconds that took."""

    view: View
    cost: float


@dataclass(eq=False)
class Search:
    """Rows that are being looked for, and how many wait for them."""

    task: asyncio.Task[View] | None = None
    waiting: int = 0


class _Kept(NamedTuple):
    view: View
    made: float
    cost: float
    version: int | None  # of the ledger, if the run had ended


class Views:
    """The views of one ledger that were asked for lately; used in its reader's thread alone.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Asked, _Kept] = OrderedDict()

    def known(self, conn: sqlite3.Connection, row: RunRow, asked: Asked) -> Known:
        """Return the rows that are asked for, if they are known; else they are to be found."""
        if asked.plain:
            return Known(View(None, row.total))
        version = data_version(conn)
        kept = self._kept.get(asked)
        if kept is not None and self._fresh(kept, version):
            self._kept.move_to_end(asked)
            return Known(kept.view)
        return Known(None, version if row.ended is not None else None)

    def keep(self, asked: Asked, found: Found, version: int | None) -> None:
        """Keep what was found.

        Parameters
        ----------
        asked : Asked
        found : Found
        version : int or None
            Of the ledger before it was looked for, if the run had ended by then.
        """
        self._kept.pop(asked, None)
        self._kept[asked] = _Kept(found.view, self._clock(), found.cost, version)
        rows = sum(each.view.total for each in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > KEPT or rows > ROWS):
            _, gone = self._kept.popitem(last=False)
            rows -= gone.view.total

    def _fresh(self, known: _Kept, version: int) -> bool:
        if known.version == version:
            return True
        return self._clock() - known.made < max(FRESH, COSTS * known.cost)


def id_ranges(ids: Sequence[int]) -> list[list[int]]:
    """Return ids as ranges, first and last each, in their order; 0 is none."""
    found: list[list[int]] = []
    for identity in sorted(array("I", ids)):
        if found and found[-1][1] in (identity - 1, identity):
            found[-1][1] = identity
        elif identity:
            found.append([identity, identity])
    return found
