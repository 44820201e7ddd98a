"""What waits to be sent: ranges, single datums, and those that wait for their time.

A million pending positions are one range. Only what is out of order is held one by one:
the probe, what a dead worker had not begun, and second attempts.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

_PENDING: Final = re.compile(rb"\x00+")


class Queue:
    """Positions waiting to be sent, first come first served."""

    def __init__(self) -> None:
        self._ranges: deque[tuple[int, int]] = deque()
        self._first: deque[tuple[int, int]] = deque()  # (position, attempt), sent alone
        self._again: deque[tuple[int, int]] = deque()  # sent in sets
        self._later: list[tuple[float, int, int, str]] = []  # (due, position, attempt, avoid)

    def add(self, start: int, states: bytes) -> None:
        """Add the pending ones among the positions from `start` on."""
        for run in _PENDING.finditer(states):
            self._ranges.append((start + run.start(), start + run.end()))

    def add_alone(self, position: int, attempt: int) -> None:
        """Add one that is to be sent before others, in a set of its own."""
        self._first.append((position, attempt))

    def add_again(self, items: list[tuple[int, int]]) -> None:
        """Add what a dead worker had not begun."""
        self._again.extend(items)

    def add_later(self, due: float, position: int, attempt: int, avoid: str) -> None:
        """Add a second attempt, not before `due` and rather not on worker `avoid`."""
        heappush(self._later, (due, position, attempt, avoid))

    def spread(self, n: int) -> None:
        """Bring up to `n` positions, evenly over what is known, to the front, each alone."""
        known = sum(stop - start for start, stop in self._ranges)
        if known <= 1:
            return
        count = min(n, known)
        wanted = sorted({round(i * (known - 1) / (count - 1)) for i in range(count)})
        for position in list(self._pick(wanted)):
            self._cut(position)
            self._first.append((position, 1))

    def take(self, n: int, now: float, worker: str, *, only_one: bool) -> list[tuple[int, int]]:
        """Return the next set for `worker`: up to `n` items; empty if nothing may go now.

        `only_one` says that it is the only worker: then it gets what should avoid it too.
        """
        if self._first:
            return [self._first.popleft()]
        if self._later and self._later[0][0] <= now:
            due = self._later[0]
            if only_one or due[3] != worker:
                heappop(self._later)
                return [(due[1], due[2])]
        if self._again:
            return [self._again.popleft() for _ in range(min(n, len(self._again)))]
        return self._from_ranges(n)

    def next_due(self) -> float | None:
        """When the next second attempt may go."""
        return self._later[0][0] if self._later else None

    def clear(self) -> Iterator[tuple[int, int]]:
        """Empty the queue; yield what was in it as ``(start, stop)`` ranges."""
        for position, _ in (*self._first, *self._again):
            yield position, position + 1
        for _, position, _, _ in self._later:
            yield position, position + 1
        yield from self._ranges
        self.__init__()  # type: ignore[misc]

    def _from_ranges(self, n: int) -> list[tuple[int, int]]:
        items: list[tuple[int, int]] = []
        while self._ranges and len(items) < n:
            start, stop = self._ranges.popleft()
            middle = min(stop, start + n - len(items))
            items.extend((position, 1) for position in range(start, middle))
            if middle < stop:
                self._ranges.appendleft((middle, stop))
        return items

    def _pick(self, ordinals: list[int]) -> Iterator[int]:
        """The positions with these ordinals among the ranges, both ascending."""
        before = 0
        wanted = iter(ordinals)
        ordinal = next(wanted, None)
        for start, stop in list(self._ranges):
            while ordinal is not None and ordinal < before + stop - start:
                yield start + ordinal - before
                ordinal = next(wanted, None)
            before += stop - start

    def _cut(self, position: int) -> None:
        for i, (start, stop) in enumerate(self._ranges):
            if start <= position < stop:
                del self._ranges[i]
                if position + 1 < stop:
                    self._ranges.insert(i, (position + 1, stop))
                if start < position:
                    self._ranges.insert(i, (start, position))
                return
