"""How long the datums of a run took, a byte a position, for a map that is ordered by it.

The ledger's rows lie in the order of their ids, and a plan names ids nearly in that order: some
thousand of them are one walk over neighbouring rows. Between two such walks others are answered,
and what has been told of a stretch whose states have not changed is not looked for again.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
import zlib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from ..ledger.files import UNKNOWN
from ..ledger.queries import RunRow
from ..project import Project
from ..states import DatumState
from .errors import ApiError, put_away
from .paths import read_whole
from .reader import Reader
from .reads import run_of
from .source import plan_part

#: Positions of a run whose times are told.
LARGEST: Final = 5_000_000
#: A code is `STEPS` times the binary logarithm of the time over `SHORTEST` seconds, and one more:
#: 12 % from one to the next, from a microsecond to 64 days. 0: it has no time in this run.
STEPS: Final = 6
SHORTEST: Final = 1e-6
_LONGEST: Final = 254
#: Positions that one look is about: some ten milliseconds.
_SLICE: Final = 16_384
#: Ids in one IN list, and how far the ids of a slice may lie apart to be read as a range.
_IN: Final = 500
_SPREAD: Final = 4
#: Runs that are remembered, and seconds for which an answer about one that goes on holds.
_KEPT: Final = 4
_FRESH: Final = 2.0
#: States without a time of this run: pending ones, those at work, and unchanged ones.
_UNTIMED: Final = bytes((DatumState.PENDING, DatumState.RUNNING, DatumState.SKIPPED))


def code(seconds: float | None) -> int:
    """Return the byte that stands for a time; 0 for none."""
    if seconds is None:
        return 0
    steps = STEPS * math.log2(min(max(seconds, SHORTEST), 1e12) / SHORTEST)
    return 1 + min(_LONGEST, int(steps))


class Times:
    """The times that were told lately."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], _Told] = {}

    async def of(self, reader: Reader, uuid: str) -> bytes:
        """Return the codes of all positions of a run, through zlib.

        Parameters
        ----------
        reader : Reader
        uuid : str
            Of the run.

        Raises
        ------
        ApiError
            ``not-found``, ``folded`` where the run is too old, ``too-large`` where it has too
            many datums.
        """
        key = (reader.project.uuid, uuid)
        told = self._told.pop(key, None) or _Told()
        self._told[key] = told  # the last one asked for is the last one to be forgotten
        while len(self._told) > _KEPT:
            del self._told[next(iter(self._told))]
        async with told.lock:
            if time.monotonic() - told.at > _FRESH:
                await told.renew(reader, uuid)
            return told.body


class _Told:
    """The times of one run, and the states that they go with."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.at = -math.inf
        self.body = b""
        self._states = b""
        self._codes = bytearray()
        self._gaps: set[int] = set()

    async def renew(self, reader: Reader, uuid: str) -> None:
        """Look for the times of what has changed its state since."""
        row, states = await reader.read(partial(_states, reader.project, uuid))
        for start in range(0, len(states), _SLICE):
            if not self._holds(states, start):
                part = states[start : start + _SLICE]
                found = await reader.read(partial(_codes, reader.project, row, start, part))
                self._put(start, part, found)
        self._states = states
        del self._codes[len(states) :]  # another runner has taken the run up
        self.body = await asyncio.to_thread(zlib.compress, bytes(self._codes), 1)
        self.at = math.inf if row.ended is not None else time.monotonic()

    def _holds(self, states: bytes, start: int) -> bool:
        stop = start + _SLICE
        return start not in self._gaps and states[start:stop] == self._states[start:stop]

    def _put(self, start: int, states: bytes, codes: bytes) -> None:
        """Keep the times of a slice; the states of some may be ahead of the ledger."""
        self._codes[start : start + len(codes)] = codes
        timed = len(states) - sum(states.count(state) for state in _UNTIMED)
        if len(codes) - codes.count(0) < timed:
            self._gaps.add(start)
        else:
            self._gaps.discard(start)


# -- in the reader's thread ----------------------------------------------------------------


def _states(project: Project, uuid: str, conn: sqlite3.Connection) -> tuple[RunRow, bytes]:
    row = run_of(conn, uuid)
    if row.folded:
        raise put_away()
    if row.total > LARGEST:
        told = f"times are told of {LARGEST:,} datums at most; this run has {row.total:,}"
        raise ApiError(413, "too-large", told)
    states = read_whole(project.run(uuid) / "states", LARGEST)
    if states is None or row.total < 0:
        raise ApiError(503, "ledger", "the states of this run cannot be read")
    return row, states[: row.total] + bytes(max(0, row.total - len(states)))


def _codes(
    project: Project, row: RunRow, start: int, states: bytes, conn: sqlite3.Connection
) -> bytes:
    """The codes of the positions from `start` on, as many as there are states."""
    if not states.strip(_UNTIMED):
        return bytes(len(states))
    ids = plan_part(project.run(row.uuid) / "plan", start, start + len(states))
    found = _seconds(conn, row, ids)
    codes = bytes([code(found.get(identity)) for identity in ids])
    return codes + bytes(len(states) - len(codes))


def _seconds(conn: sqlite3.Connection, row: RunRow, ids: Sequence[int]) -> dict[int, float]:
    """What datums took in a run, by id; their rows may be of a later one by now."""
    named = [identity for identity in ids if identity != UNKNOWN]
    if not named:
        return {}
    now = "select id, seconds from datum where id {} and run = ?"
    past = "select datum, seconds from past where datum {} and run = ?"
    found = dict(_rows(conn, now, named, row.id))
    if len(found) < len(named):
        found.update(_rows(conn, past, [one for one in named if one not in found], row.id))
    return found


def _rows(
    conn: sqlite3.Connection, sql: str, ids: Sequence[int], run: int
) -> Iterable[tuple[int, float]]:
    low, high = min(ids), max(ids)
    if high - low < _SPREAD * len(ids):
        yield from conn.execute(sql.format("between ? and ?"), (low, high, run))
        return
    for at in range(0, len(ids), _IN):
        some = ids[at : at + _IN]
        marks = ",".join("?" * len(some))
        yield from conn.execute(sql.format(f"in ({marks})"), (*some, run))
