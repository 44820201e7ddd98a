"""Recorded datums that are not listed: vanished, left out when the input was written anew, or
merely out of sight."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from ..ledger import writes
from .merge import Known

#: Vanished datums that a plan can name.
_SHOWN: Final = 20


class Absent:
    """What a listing lacks of what the ledger knows.

    Parameters
    ----------
    same_input : callable
        Whether a run (by row id) had the input expression that this one has; a datum of another
        that is not listed any more has not vanished, it has left the input.
    """

    def __init__(self, same_input: Callable[[int], bool]) -> None:
        self._same_input = same_input
        self.vanished = self.left_input = 0
        #: Datums of which an incomplete listing cannot say whether they are there.
        self.unknown = 0
        #: Row ids of the first that have vanished.
        self.first: list[int] = []
        self._newly: list[tuple[int, bool]] = []

    def add(self, known: Known) -> None:
        """Take a recorded datum that is not listed."""
        if known.gone is None:
            self._newly.append((known.id, self._same_input(known.run)))
        else:  # a whole listing has found that before
            self._count(known.id, vanished=known.gone > 0)

    def renamed(self, known: Known) -> None:
        """One of them has another name now, and is offered as a move."""
        if known.gone > 0 if known.gone is not None else self._same_input(known.run):
            self.vanished -= 1
        else:
            self.left_input -= 1
        if known.id in self.first:
            self.first.remove(known.id)

    def conclude(self, *, whole: bool) -> None:
        """The listing has ended; only a whole one says that something is not there any more."""
        if not whole:
            self.unknown = len(self._newly)
            self._newly.clear()
        for datum, vanished in self._newly:
            self._count(datum, vanished=vanished)

    def write(self, conn: sqlite3.Connection, run: int) -> None:
        """Record what was concluded, as found by row id `run`."""
        rows = [(datum, run if vanished else -run) for datum, vanished in self._newly]
        writes.put_gone(conn, rows)
        self._newly.clear()

    def _count(self, datum: int, *, vanished: bool) -> None:
        self.vanished += vanished
        self.left_input += not vanished
        if vanished and len(self.first) < _SHOWN:
            self.first.append(datum)
