"""Following a run at work: its datums as it makes them, or finds them unchanged.

The run's own files say where it stands: a byte of state for each position, written once what
stands in it is committed. So a look compares bytes, and only what has become good since the
last one is read from the ledger, by row id. Whoever follows may be another process.
"""

from __future__ import annotations

import operator
import sqlite3
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import Final

from ..ledger import db, queries
from ..ledger.feed import Given, given_by_id
from ..ledger.files import mapped, plan_ids
from ..project import Project
from ..states import FINISHED, DatumState

#: Seconds between two looks at the ledger's version (27 us each), and after which a look at
#: the states is due whatever it says: they are written a moment after the commit.
_LOOK: Final = 0.02
_AGAIN: Final = 0.25
#: Positions compared, and datums read, at a time.
_CHUNK: Final = 65_536
_PAGE: Final = 2_000
_GOOD: Final = bytes(byte in (*FINISHED, DatumState.SKIPPED) for byte in range(256))


class Following:
    """A run that an input follows, and how far that has come.

    Parameters
    ----------
    run : str
        Its uuid. It has begun.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        #: Datums made by that very run that were handed on.
        self.given = 0
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether nobody wants more: then nothing more is listed."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Nobody wants more: whoever waits in :meth:`datums` comes back at once."""
        self._stop.set()

    def datums(
        self, conn: sqlite3.Connection, project: Project, *, at_once: bool
    ) -> Iterator[Given]:
        """Yield what has become good, as it does, until the run has ended; waits. Not
        `at_once`: only wait.

        What is left then (it failed, was never reached, or became good in the last moment)
        is the caller's to read. So is the rest of a run that another runner has taken up:
        that one numbers positions anew.
        """
        states, plan = (project.run(self.run) / name for name in ("states", "plan"))
        seen, version, epoch = bytearray(), -1, None
        if not at_once:
            self._until_end(conn, version)
        while not self.stopped:
            version = self._changed(conn, version)
            row = queries.run_by_uuid(conn, self.run)
            if row is None or row.ended is not None:
                return
            epoch = row.epoch if epoch is None else epoch
            for positions in _turned_good(states, seen):
                ids = _ids(plan, positions)
                found = list(given_by_id(conn, row.transform, ids))
                row = queries.run_by_uuid(conn, self.run)
                if row is None or row.epoch != epoch:
                    self._until_end(conn, version)
                    return
                yield from self._good(found, row.id)

    def _good(self, found: list[Given], run: int) -> Iterator[Given]:
        for datum in found:
            if datum.good:
                self.given += datum.run == run
                yield datum

    def _changed(self, conn: sqlite3.Connection, version: int) -> int:
        """Wait until something was committed, or a moment has passed."""
        until = time.monotonic() + _AGAIN
        while (now := db.data_version(conn)) == version and not self._stop.wait(_LOOK):
            if time.monotonic() > until:
                break
        return now

    def _until_end(self, conn: sqlite3.Connection, version: int) -> None:
        while not self.stopped:
            version = self._changed(conn, version)
            row = queries.run_by_uuid(conn, self.run)
            if row is None or row.ended is not None:
                return


def _turned_good(states: Path, seen: bytearray) -> Iterator[Sequence[int]]:
    """Yield the positions that have become good since `seen`, which is brought up to date."""
    start = 0
    while True:
        with mapped(states) as view:
            now = bytes(view[start : start + _CHUNK])
        if not now:
            return
        before = bytes(seen[start : start + len(now)]).ljust(len(now), b"\0")
        if now != before or len(seen) < start + len(now):
            good = map(operator.gt, now.translate(_GOOD), before.translate(_GOOD))
            found = array("q", compress(range(start, start + len(now)), good))
            for first in range(0, len(found), _PAGE):
                yield found[first : first + _PAGE]
            seen[start : start + len(now)] = now
        start += len(now)


def _ids(plan: Path, positions: Sequence[int]) -> list[int]:
    low = positions[0]
    ids = plan_ids(plan, low, positions[-1] + 1)
    return [ids[position - low] for position in positions]


__all__ = ["Following"]
