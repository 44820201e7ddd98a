"""What waits to be sent.

Datums never sent are not held one by one: they are the pending bytes of the run's states
from a cursor on, found at the speed of ``memchr``, however they are mixed with skipped
ones. Only what is out of order has an entry of its own: the probe, what takes much longer
than the others, what a dead worker had not begun, and further attempts. A plan that says in
which order it is to be sent is held as integers of eight bytes.
"""

from __future__ import annotations

import re
from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import compress, islice
from typing import Final, NamedTuple

from ..states import DatumState
from .table import Item

_PENDING: Final = bytes([DatumState.PENDING])
_IS_PENDING: Final = bytes(byte == DatumState.PENDING for byte in range(256))
_STRETCH: Final = re.compile(re.escape(_PENDING) + b"*", re.DOTALL)
#: Seconds for which a datum that is due waits for another worker than the one it failed on.
PATIENCE: Final = 2.0


class Entry(NamedTuple):
    """A datum out of order. ``generation`` counts how often this attempt was sent, this
    time included; ``alone`` asks for a set of its own; ``due`` is when it may go."""

    position: int
    attempt: int
    generation: int = 1
    alone: bool = False
    due: float = 0.0


class Batch(NamedTuple):
    """What the next set holds: a range stands for first attempts in order."""

    items: range | list[Item]
    generation: int


class Queue:
    """Positions waiting to be sent.

    Parameters
    ----------
    states : bytearray
        Of the run; read only. It grows as the plan does.
    """

    def __init__(self, states: bytearray) -> None:
        self._states = states
        self._cursor = 0
        self._fresh = 0  # never sent, and not in `_out`
        self._out: set[int] = set()  # positions beyond the cursor that are not fresh
        self._orders: deque[array[int]] | None = None  # fresh positions, if they have an order
        self._first: deque[Entry] = deque()
        self._forward: deque[Entry] = deque()
        self._again: deque[Entry] = deque()
        self._due: dict[str, deque[Entry]] = {}  # by the worker to avoid
        self._later: list[tuple[float, int, str, Entry]] = []
        self._order = 0

    # -- in ------------------------------------------------------------------------------

    def planned(self, states: bytes, order: Sequence[int] | None = None) -> None:
        """More positions were added to the states: all plans of a run have an `order`, or none."""
        if order is None:
            self._fresh += states.count(_PENDING)
            return
        self._cursor = len(self._states)  # what lies before it is in the orders
        if self._orders is None:
            self._orders = deque()
        if order:
            self._orders.append(array("Q", order))
            self._fresh += len(order)

    def bring_forward(self, positions: Sequence[int]) -> None:
        """Send these fresh positions before the others, each by itself."""
        self._fresh -= len(positions)
        self._forward.extend(self._note(Entry(p, 1, alone=True) for p in positions))

    def tried(self, entries: list[Entry]) -> None:
        """These fresh positions are not at their first attempt; an order leaves them out."""
        self._fresh -= len(entries) if self._orders is None else 0
        self.add_again(entries)

    def spread(self, n: int) -> None:
        """Bring up to `n` fresh positions, evenly over what is known, to the front."""
        self._first.extend(Entry(position, 1, alone=True) for position in self._evenly(n))

    def add_first(self, entries: Iterable[Entry]) -> None:
        """Add what is to be sent before others."""
        self._first.extend(self._note(entries))

    def add_again(self, entries: Iterable[Entry]) -> None:
        """Add what is to be sent in sets as usual, before what is fresh."""
        self._again.extend(self._note(entries))

    def add_later(self, entry: Entry, avoid: str = "") -> None:
        """Add what is not to be sent before its time, and rather not to worker `avoid`."""
        self._order += 1
        heappush(self._later, (entry.due, self._order, avoid, entry))

    def clear(self) -> list[Entry]:
        """Forget all that waits; return what of it had been sent before, once or more."""
        waiting = [*self._first, *self._again, *(entry for *_, entry in self._later)]
        waiting += (entry for due in self._due.values() for entry in due)
        self._cursor = len(self._states)
        self._fresh = 0
        self._orders = None if self._orders is None else deque()
        for kept in (self._out, self._first, self._forward, self._again, self._due, self._later):
            kept.clear()
        return [entry for entry in waiting if entry.attempt > 1 or entry.generation > 1]

    def never_sent(self, position: int) -> bool:
        """Return whether `position` waits for its first time."""
        fresh = position >= self._cursor and position not in self._out
        fresh |= any(entry.position == position for entry in self._forward)
        fresh |= any(position in block for block in self._orders or ())
        return fresh and self._states[position : position + 1] == _PENDING

    # -- out -----------------------------------------------------------------------------

    def ready(self, now: float) -> bool:
        """Return whether anything may be sent now, to one worker or another."""
        self._ripen(now)
        return bool(self._fresh or self._first or self._forward or self._again or self._due)

    def next_due(self) -> float | None:
        """When something may be sent that may not be sent, or not to all workers, before."""
        times = [waiting[0].due + PATIENCE for waiting in self._due.values()]
        if self._later:
            times.append(self._later[0][0])
        return min(times, default=None)

    def take(self, n: int, now: float, worker: str, *, only: bool) -> Batch | None:
        """Return up to `n` items for `worker`; None if there is nothing for it now.

        `only` says that there is no other worker: it gets what should avoid it too.
        """
        self._ripen(now)
        if self._first:
            return _batch(self._first, n)
        waiting = self._waiting_for(worker, now, only=only)
        if waiting is not None:
            return self._take_due(waiting, n)
        if self._again:
            return _batch(self._again, n)
        if self._forward:
            return _batch(self._forward, n)
        return self._take_fresh(n) if self._fresh else None

    def _ripen(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            _, _, avoid, entry = heappop(self._later)
            self._due.setdefault(avoid, deque()).append(entry)

    def _waiting_for(self, worker: str, now: float, *, only: bool) -> str | None:
        """The oldest of what is due for `worker`, as its key in ``_due``."""
        found = [
            (waiting[0].due, avoid)
            for avoid, waiting in self._due.items()
            if only or avoid != worker or waiting[0].due + PATIENCE <= now
        ]
        return min(found)[1] if found else None

    def _take_due(self, avoid: str, n: int) -> Batch:
        batch = _batch(self._due[avoid], n)
        if not self._due[avoid]:
            del self._due[avoid]
        return batch

    # -- fresh positions -----------------------------------------------------------------

    def _take_fresh(self, n: int) -> Batch:
        """A range as almost always; positions one by one where skipped ones lie between, or
        the plan has an order."""
        if self._orders is not None:
            return Batch([(position, 1) for position in self._ordered(n)], 1)
        stretch = self._stretch(n)
        if len(stretch) == n or not self._fresh:
            return Batch(stretch, 1)
        found = list(stretch)
        while len(found) < n and self._fresh:
            found += self._scattered(n - len(found))
        return Batch([(position, 1) for position in found], 1)

    def _ordered(self, n: int) -> array[int]:
        assert self._orders
        block = self._orders[0]
        taken = block[:n]
        del block[:n]
        if not block:
            self._orders.popleft()
        self._fresh -= len(taken)
        return taken

    def _scattered(self, n: int) -> list[int]:
        """Up to `n` fresh positions among the next ones, gaps between them or not."""
        start = self._states.find(_PENDING, self._cursor)
        stop = min(start + 4 * n, len(self._states))
        chosen = self._states[start:stop].translate(_IS_PENDING)
        places = list(islice(compress(range(start, stop), chosen), n))
        # Fewer than wanted: the whole window has been looked through.
        self._cursor = places[-1] + 1 if len(places) == n else stop
        fresh = [p for p in places if p not in self._out] if self._out else places
        self._fresh -= len(fresh)
        return fresh

    def _stretch(self, n: int) -> range:
        """The next unbroken stretch of fresh positions, `n` at most; there is one."""
        start = self._states.find(_PENDING, self._cursor)
        while start in self._out:
            self._out.discard(start)
            start = self._states.find(_PENDING, start + 1)
        match = _STRETCH.match(self._states, start, start + n)
        stretch = range(start, match.end() if match else start + 1)
        if not self._out.isdisjoint(stretch):
            stretch = range(start, min(p for p in stretch if p in self._out))
        self._cursor = stretch.stop
        self._fresh -= len(stretch)
        return stretch

    def _evenly(self, n: int) -> list[int]:
        states = self._states
        if self._fresh < 2 or not n:
            return []
        if self._orders is not None:
            return self._evenly_ordered(n)
        low, high = states.find(_PENDING, self._cursor), states.rfind(_PENDING)
        count = min(n, self._fresh)
        places = (low + round(i * (high - low) / max(count - 1, 1)) for i in range(count))
        found = {states.find(_PENDING, place) for place in places} - self._out
        self._out |= found
        self._fresh -= len(found)
        return sorted(found)

    def _evenly_ordered(self, n: int) -> list[int]:
        """Of the first block, which holds what is small and what is large."""
        assert self._orders
        block = self._orders.popleft()
        chosen = set(block[:: max(1, len(block) // n)][:n])
        left = array("Q", (position for position in block if position not in chosen))
        if left:
            self._orders.appendleft(left)
        self._fresh -= len(chosen)
        return sorted(chosen)

    def _note(self, entries: Iterable[Entry]) -> list[Entry]:
        noted = list(entries)
        self._out.update(e.position for e in noted if e.position >= self._cursor)
        return noted


def _batch(entries: deque[Entry], n: int) -> Batch:
    """Take a set's worth from the front: one if it is to be alone, else of one generation."""
    first = entries.popleft()
    items = [(first.position, first.attempt)]
    while (
        entries
        and not first.alone
        and len(items) < n
        and not entries[0].alone
        and entries[0].generation == first.generation
    ):
        entry = entries.popleft()
        items.append((entry.position, entry.attempt))
    return Batch(items, first.generation)
