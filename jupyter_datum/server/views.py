"""Which datums of a run a table shows, and in which order: row numbers that can be jumped to.

A view is one number a row, the datum's place in the run's input, so that the hundredth and the
900,000th row are found alike, whatever the order: no row is counted past, and nothing is kept
of a datum but its place. All of a run in input order is no list at all.
"""

from __future__ import annotations

import sqlite3
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..ledger.queries import RunRow
from ..project import Project
from .filters import Filter
from .matches import Order, matches
from .source import Source

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


class View(NamedTuple):
    """The rows of a table: places in the input, or all of them in their order (None)."""

    places: Sequence[int] | None
    total: int

    def part(self, first: int, limit: int) -> Sequence[int]:
        """Return the places of `limit` rows from row `first` on."""
        if self.places is None:
            return range(min(first, self.total), min(first + limit, self.total))
        return self.places[first : first + limit]


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

    def of(
        self, conn: sqlite3.Connection, project: Project, row: RunRow, asked: Asked, wanted: Filter
    ) -> View:
        """Return the rows that are asked for.

        Parameters
        ----------
        conn : sqlite3.Connection
        project : Project
        row : RunRow
        asked : Asked
        wanted : Filter
            What its filter says.
        """
        order = Order.read(asked.sort)
        if wanted == Filter() and order == Order("pos"):
            return View(None, row.total)
        version = int(conn.execute("pragma data_version").fetchone()[0])
        known = self._kept.get(asked)
        if known is not None and self._fresh(known, version):
            self._kept.move_to_end(asked)
            return known.view
        began = self._clock()
        places = matches(conn, Source(conn, project, row), wanted, order, asked.other)
        view = View(places, len(places))
        now = self._clock()
        settled = version if row.ended is not None else None
        self._keep(asked, _Kept(view, now, now - began, settled))
        return view

    def _fresh(self, known: _Kept, version: int) -> bool:
        if known.version == version:
            return True
        return self._clock() - known.made < max(FRESH, COSTS * known.cost)

    def _keep(self, asked: Asked, made: _Kept) -> None:
        self._kept.pop(asked, None)
        self._kept[asked] = made
        rows = sum(each.view.total for each in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > KEPT or rows > ROWS):
            _, gone = self._kept.popitem(last=False)
            rows -= gone.view.total


def id_ranges(ids: Sequence[int]) -> list[list[int]]:
    """Return ids as ranges, first and last each, in their order; 0 is none."""
    found: list[list[int]] = []
    for identity in sorted(array("I", ids)):
        if found and found[-1][1] in (identity - 1, identity):
            found[-1][1] = identity
        elif identity:
            found.append([identity, identity])
    return found
