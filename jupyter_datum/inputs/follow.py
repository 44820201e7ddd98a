"""Following a run at work: its datums as it makes them, or finds them unchanged.

The run's own files say where it stands: a byte of state for each position, written once what
stands in it is committed. So a look compares bytes, and only what has become good since the
last one is read from the ledger, by row id. Whoever follows may be another process.
"""

from __future__ import annotations

import json
import operator
import sqlite3
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import Final, NamedTuple

import msgpack

from ..errors import DatumError
from ..ledger import db, queries
from ..ledger.feed import Given, given_by_id
from ..ledger.files import WIDTH, mapped, plan_ids
from ..project import Project
from ..states import FINISHED, DatumState
from ..transform.recipe import read_recipe

#: Seconds between two looks at the ledger's version (27 us each), and after which a look at
#: the states is due whatever it says: they are written a moment after the commit.
_LOOK: Final = 0.02
_AGAIN: Final = 0.25
#: Positions compared, and datums read, at a time.
_CHUNK: Final = 65_536
_PAGE: Final = 2_000
#: Bytes of keys that are held in memory.
_SPOOL: Final = 1 << 22
_GOOD: Final = bytes(byte in (*FINISHED, DatumState.SKIPPED) for byte in range(256))


class WasListed(NamedTuple):
    """A run has listed its input to the end; datums with these keys are still to come."""

    to_come: Iterator[bytes]


#: What comes of following a run: a datum; the end of its listing; nothing for the moment.
Step = Given | WasListed | None


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
        """Nobody wants more: whoever waits in :meth:`steps` comes back at once."""
        self._stop.set()

    def until_end(self, conn: sqlite3.Connection, version: int = -1) -> Iterator[None]:
        """Wait for the run's end; yield after each look."""
        while not self.stopped:
            version = self._changed(conn, version)
            row = queries.run_by_uuid(conn, self.run)
            if row is None or row.ended is not None:
                return
            yield None

    def steps(self, conn: sqlite3.Connection, project: Project) -> Iterator[Step]:
        """Yield what has become good, as it does, until the run has ended; once, if the run is
        about the whole of its input, the end of its listing; None after each look.

        What is left then (it failed, was never reached, or became good in the last moment)
        is the caller's to read. So is the rest of a run that another runner has taken up:
        that one numbers positions anew.
        """
        states, plan = (project.run(self.run) / name for name in ("states", "plan"))
        seen, version, epoch = bytearray(), -1, None
        ahead = _Ahead(project, self.run)
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
                    yield from self.until_end(conn, version)
                    return
                yield from self._good(found, row.id)
            if row.planned and (to_come := ahead.look(row, seen)) is not None:
                yield WasListed(to_come)
            yield None

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


class _Ahead:
    """What a run has still to make, once all of it is known.

    Parameters
    ----------
    project : Project
    run : str
        Its uuid.
    """

    def __init__(self, project: Project, run: str) -> None:
        self._project = project
        self._folder = project.run(run)
        self._told = False
        self._pause, self._next = _AGAIN, 0.0

    def look(self, row: queries.RunRow, seen: bytearray) -> Iterator[bytes] | None:
        """Return, once, the keys of all datums that are still to become good; None while that
        cannot be told, or for ever: then the run's end will.

        Parameters
        ----------
        row : RunRow
            Of the run, read before `seen` was: its listing has ended.
        seen : bytearray
            Which positions have been handed on as good.
        """
        now = time.monotonic()
        if self._told or now < self._next:
            return None
        self._next, self._pause = now + self._pause, 2 * self._pause
        if not _about_all(self._project, row):
            self._told = True
            return None
        good = bytes(seen).translate(_GOOD)
        with mapped(self._folder / "plan") as view:
            still = len(view) // WIDTH - good.count(1)
        found = Keys()
        for key in self._open(good):
            found.add(key)
        # Every position is good, or will run: what is skipped is shown a moment later.
        if found.count != still:
            return None
        self._told = True
        return iter(found)

    def _open(self, good: bytes) -> Iterator[bytes]:
        """Keys of what was to run, as far as it is not good; the runner wrote them all before
        it said that its listing had ended."""
        try:
            with (self._folder / "listing").open("rb") as file:
                for row in msgpack.Unpacker(file, raw=False, unicode_errors="surrogateescape"):
                    if row[0] >= len(good) or not good[row[0]]:
                        yield row[2]
        except (OSError, ValueError, LookupError, msgpack.UnpackException):
            return  # it has ended meanwhile


class Keys:
    """Keys in order, on disk if they are many."""

    def __init__(self) -> None:
        self.count = 0
        self._file = tempfile.SpooledTemporaryFile(_SPOOL, prefix="jupyter-datum-")  # noqa: SIM115

    def add(self, key: bytes) -> None:
        """Put one behind the others."""
        self.count += 1
        self._file.write(msgpack.packb(key))

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        with self._file as file:
            yield from msgpack.Unpacker(file)


def _about_all(project: Project, row: queries.RunRow) -> bool:
    """Whether a run is about the whole of its input: what it leaves out may be good, or become
    so, without it."""
    try:
        options = {**read_recipe(project, row.recipe).options, **json.loads(row.options)}
    except (DatumError, OSError, ValueError):
        return False
    if "errors" in json.loads(row.note or "{}"):
        return False
    partial = ("only", "sample", "group", "datums", "ranges", "settle")
    return all(options.get(name) in (None, [], (), 0, False) for name in partial)


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


__all__ = ["Following", "Keys", "Step", "WasListed"]
