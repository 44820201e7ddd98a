"""What the datums of one run took: all of them, brought up to date look by look.

The states of the run say which datums have come to an end since the look before; only these
are read. The first look at a million takes several, each of some tenths of a second: blocks
of the input are taken in an order that is spread over all of it, so that the picture is a fair
one from the first look on, and says how many datums it knows.
"""

from __future__ import annotations

import json
import sqlite3
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..ledger.queries import RunRow
from ..states import DatumState
from .durations import Durations, step_of
from .lanes import Lanes
from .source import plan_part

#: Positions that are read at once.
BLOCK: Final = 4_096
#: Seconds of one look; others wait for the same thread meanwhile.
BUDGET: Final = 0.2
#: The longest that are known by name, and how many are kept to have so many.
SLOWEST: Final = 20
_KEPT: Final = 256

_TIMED: Final = (DatumState.SUCCESS, DatumState.FAILED, DatumState.RECOVERED)
#: States that are looked at; all others count as pending.
_LOOKED_AT: Final = bytes(
    state if state in (*_TIMED, DatumState.SKIPPED) else 0 for state in range(256)
)
_SQL: Final = (
    # Of a part of a file the size is that of the whole: it tells nothing of the datum.
    "select d.id, d.run, d.state, d.seconds, d.began, d.worker,"
    " case when instr(d.key, x'00') then null else d.size end from json_each(?) j"
    " cross join datum d on d.id = j.value"
)
_PAST: Final = (
    "select p.datum, p.run, p.state, p.seconds, p.began, null, null from json_each(?) j"
    " cross join past p on p.datum = j.value and p.run = ?"
)

#: Seconds, position, row id, state, worker, beginning.
Slow = tuple[float, int, int, int, str, float]
_Row = tuple[int, int, int, float, float, str | None, int | None]


class Scan:
    """One run, as far as it was read.

    Parameters
    ----------
    run : int
        Row id.
    """

    def __init__(self, run: int) -> None:
        self.run = run
        self.durations = Durations()
        self.lanes = Lanes()
        #: By worker: datums, and seconds at them.
        self.workers: dict[str, list[float]] = {}
        self.bytes = self.sized = 0
        #: Datums that were read, of those that have come to an end, and whether these are all.
        self.looked = self.settled = 0
        self.whole = False
        self._seen = bytearray()
        self._counted = array("H")  # 0: not; else 1 + 2 * step + failed
        self._slowest: list[Slow] = []
        self._least = -1.0

    def look(self, conn: sqlite3.Connection, row: RunRow, folder: Path, states: bytes) -> None:
        """Bring it up to date, for as long as one look may take.

        Parameters
        ----------
        conn : sqlite3.Connection
        row : RunRow
        folder : Path
            Of the run.
        states : bytes
        """
        states = states.translate(_LOOKED_AT)
        self._seen.extend(bytes(len(states) - len(self._seen)))
        self._counted.extend([0] * (len(states) - len(self._counted)))
        self.settled = len(states) - states.count(0)
        end = time.monotonic() + BUDGET
        self.whole = True
        for n, start in enumerate(self._changed(states)):
            if n and time.monotonic() > end:  # one at least: it is to come to its end
                self.whole = False
                break
            self._block(conn, folder / "plan", start, states, ended=row.ended is not None)
        self.looked = len(self._seen) - self._seen.count(0)

    def fits(self, states: bytes) -> bool:
        """Whether `states` go on where these were; not, where another runner began anew."""
        return len(states) >= len(self._seen)

    @property
    def slowest(self) -> list[Slow]:
        """The longest, longest first."""
        return sorted(self._slowest, reverse=True)[:SLOWEST]

    def _changed(self, states: bytes) -> Iterator[int]:
        """Where blocks begin that have changed, in an order that is spread over all."""
        blocks = -(-len(states) // BLOCK)
        bits = max(0, blocks - 1).bit_length()
        with memoryview(states) as new:
            for i in range(1 << bits):
                at = int(f"{i:0{bits}b}"[::-1], 2) if bits else 0
                start = at * BLOCK
                if at < blocks and self._seen[start : start + BLOCK] != new[start : start + BLOCK]:
                    yield start

    def _block(
        self, conn: sqlite3.Connection, plan: Path, start: int, states: bytes, *, ended: bool
    ) -> None:
        """Read what has changed in a block; what the ledger does not tell yet is read later."""
        stop = min(start + BLOCK, len(states))
        changed = [at for at in range(start, stop) if states[at] != self._seen[at]]
        ids = plan_part(plan, changed[0], changed[-1] + 1)
        wanted = {}
        for at in changed:
            if not states[at]:  # it is tried once more
                self._take_back(at)
            elif at - changed[0] < len(ids):
                wanted[ids[at - changed[0]]] = at
        there = self._take(conn.execute(_SQL, (json.dumps([*wanted]),)), wanted, states)
        if not ended:
            return
        left = [datum for datum in wanted if datum not in there]
        if left:  # a later run has made them anew
            self._take(conn.execute(_PAST, (json.dumps(left), self.run)), wanted, states)
        for at in changed:  # and others nobody knows any more
            self._seen[at] = states[at]

    def _take(self, rows: sqlite3.Cursor, wanted: dict[int, int], states: bytes) -> set[int]:
        there = set()
        for found in rows:
            at = wanted[found[0]]
            state = states[at]
            skipped = state == DatumState.SKIPPED
            if skipped or (found[1] == self.run and found[2] == state):
                there.add(found[0])
                self._count(at, found, state, skipped=skipped)
        return there

    def _take_back(self, at: int) -> None:
        before, self._counted[at], self._seen[at] = self._counted[at], 0, 0
        if before:
            self.durations.count((before >> 1) - 1, -1, failed=bool(before & 1))
            self._slowest = [slow for slow in self._slowest if slow[1] != at]

    def _count(self, at: int, found: _Row, state: int, *, skipped: bool) -> None:
        datum, _, _, seconds, began, worker, size = found
        if not self._seen[at] and size is not None:
            self.bytes += size
            self.sized += 1
        self._take_back(at)
        self._seen[at] = state
        if skipped:
            return
        step, failed, name = step_of(seconds), state == DatumState.FAILED, worker or ""
        self.durations.count(step, 1, failed=failed)
        self._counted[at] = (step + 1) << 1 | failed
        self.lanes.add((began + seconds, began, name, failed, at))
        done = self.workers.setdefault(name, [0, 0.0])
        done[0] += 1
        done[1] += seconds
        if seconds > self._least:
            self._rank((seconds, at, datum, state, name, began))

    def _rank(self, slow: Slow) -> None:
        self._slowest.append(slow)
        if len(self._slowest) >= _KEPT:
            self._slowest.sort(reverse=True)
            del self._slowest[_KEPT // 4 :]
            self._least = self._slowest[-1][0]
