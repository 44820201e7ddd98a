"""Who takes what a run makes while it goes on, and how far the run may be ahead of them.

A consumer that lives and comes back holds the run back; one that is gone, or was not heard
of for some time, does not: a run never waits for a notebook that nobody executes any more.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from ..ledger.consumers import Position, consumers, now
from ..state import RunState
from ..states import DatumState

#: Seconds without a word after which a consumer is not waited for, until it comes back.
SILENT: Final = 120.0
#: Seconds over which is told who waits for whom, and between two tellings.
WINDOW: Final = 5.0
_TELL: Final = 1.0
#: Share of its time that a consumer may wait without being called starved.
_STARVED: Final = 0.1
#: Looks that are remembered; and seconds that a consumer may need for one of its own.
_LOOKS: Final = 64
_READ: Final = 0.05


class Consumers:
    """The consumers of one run.

    Parameters
    ----------
    run : Path
        The run's folder.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._there: dict[str, Position] = {}
        self._waited_before = 0.0
        self._held = 0.0
        self._looked: float | None = None
        self._full = False
        #: What was made by the last looks, each with its time on the consumers' clock.
        self._looks: deque[tuple[float, int]] = deque(maxlen=_LOOKS)
        self._told = 0.0
        self._window: deque[tuple[float, float, float]] = deque()
        self._room: int | None = None
        #: How many more datums the runs that follow this one take; None for any number.
        self.runs: int | None = None
        #: What is to be recorded of the run; None while there is nothing new.
        self.news: dict[str, Any] | None = None

    @property
    def room(self) -> int | None:
        """How many more datums may be sent; None for any number."""
        rooms = [room for room in (self._room, self.runs) if room is not None]
        return min(rooms) if rooms else None

    def known(self, state: RunState, at: float) -> bool:
        """Look for them, at `at` on the runner's clock; return whether anything is to be said
        of them: there are some, or there were at the last look."""
        found = dict(consumers(self._run))
        if not found and not self._there:
            return False
        for name in self._there.keys() - found.keys():
            gone = self._there[name]
            self._waited_before += gone.waited / gone.parts
        self._there = found
        self._count(state, at)
        counts = state.counts
        made = counts[DatumState.SUCCESS] + counts[DatumState.RECOVERED]
        self._looks.append((now(), made))
        running = counts[DatumState.RUNNING]
        rooms = [_room(each, made, self._seen(each), running) for each in found.values()]
        known = [room for room in rooms if room is not None]
        self._room = min(known) if known else None
        self._full = self._room == 0
        self._tell(made, at)
        return True

    def _seen(self, position: Position) -> int:
        """How many datums a consumer had before its eyes when it said so: what one look has
        counted is written down by the next one."""
        looks = list(self._looks)
        written = [made for (_, made), (by, _) in pairwise(looks) if by < position.at - _READ]
        return written[-1] if written else 0

    def _count(self, state: RunState, at: float) -> None:
        """Time passes for the one who is waited for."""
        if self._full and self._looked is not None and state.counts[DatumState.PENDING]:
            self._held += at - self._looked
        self._looked = at

    @property
    def _waited(self) -> float:
        return self._waited_before + sum(c.waited / c.parts for c in self._there.values())

    def _tell(self, made: int, at: float) -> None:
        if at - self._told < _TELL and self._there:
            return
        self._told = at
        window = self._window
        window.append((at, self._waited, self._held))
        while len(window) > 2 and window[1][0] <= at - WINDOW:
            window.popleft()
        behind = max((_behind(each, made) for each in self._there.values()), default=0)
        self.news = {
            "consumers": len(self._there),
            "behind": behind,
            "waited": round(self._waited, 2),
            "held": round(self._held, 2),
            "bound": self._bound() if self._there else None,
        }

    def _bound(self) -> str | None:
        """``feed`` if the consumer waits for datums, ``consumer`` if they wait for it."""
        (begin, waited, held), (end, waits, holds) = self._window[0], self._window[-1]
        if end - begin < _TELL / 2:
            return None
        waiting, holding = (waits - waited) / (end - begin), (holds - held) / (end - begin)
        return "feed" if waiting > holding and waiting >= _STARVED else "consumer"

    def take_news(self) -> dict[str, Any] | None:
        """Return what is to be recorded, once."""
        news, self.news = self.news, None
        return news


def _behind(position: Position, made: int) -> int:
    """Datums that are finished and wait for it; of one that takes a part, what that means for
    the whole."""
    return max(0, made // position.parts - position.taken) * position.parts


def _room(position: Position, made: int, seen: int, running: int) -> int | None:
    silent = not position.waits and now() - position.at > SILENT
    if not position.ahead or silent:
        return None
    # One that waits though it has seen datums waits for a certain one: holding back would keep
    # it from coming. What is made and not written yet it could not take, quick as it is.
    stuck = position.waits and _behind(position, seen) > 0
    behind = 0 if stuck else _behind(position, made)
    return max(0, position.ahead - behind - running)
