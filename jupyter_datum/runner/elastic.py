"""How many workers a run has: a machine without clocks or workers, and the shares of several.

A run's cluster comes up at the first datum that can be sent, grows with what can be sent,
and gives back what has had nothing to do for a while. Runs that work side by side on this
machine divide its cores: workers over a run's share go after their set, and what a run does
not need is for the others. Nothing is taken for being idle alone: a process that waits costs
no core, and starting it anew costs seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Final

#: Seconds for which a run that has just had work keeps its claim on cores: a pause between
#: two datums of a stream must not make its neighbour start workers.
CLAIM: Final = 2.0


@dataclass
class Bounds:
    """Of one run.

    Parameters
    ----------
    most : int
    least : int
        While the run lasts, from its first datum on.
    give_back : float
        Seconds after which a worker without work goes.
    """

    most: int
    least: int = 0
    give_back: float = 600.0


class Sizer:
    """Turns what can be sent into a number of workers.

    Parameters
    ----------
    bounds : Bounds
        May be changed at any time.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.need = 0
        #: Needs of late, falling, each with until when it held.
        self._late: deque[tuple[int, float]] = deque([(0, float("-inf"))])
        self._begun = False

    def useful(self, datums: int, now: float) -> None:
        """So many datums are at work or could be sent now."""
        self._begun = self._begun or datums > 0
        least = self.bounds.least if self._begun else 0
        self.need = min(self.bounds.most, max(least, datums))
        self._late[-1] = (self._late[-1][0], now)  # it held until now
        while self._late and self._late[-1][0] <= self.need:
            self._late.pop()
        self._late.append((self.need, now))

    def renew(self, bounds: Bounds) -> None:
        """The workers serve another run, which has no work for them yet."""
        self.bounds = bounds
        self._begun = False

    def over(self, now: float) -> None:
        """The run has ended: nothing is needed, not even the least."""
        self._begun = False
        self.useful(0, now)

    def claim(self, now: float) -> int:
        """Return how many workers it has had work for in the last moments."""
        return self._most_since(now - min(CLAIM, self.bounds.give_back))

    def want(self, size: int, share: int | None, now: float) -> int:
        """Return how many workers there should be.

        Parameters
        ----------
        size : int
            How many were wanted last.
        share : int or None
            At most so many may be at work; None: no such limit.
        now : float
        """
        if share is not None and self.need > share:
            return share
        if self.need > size:
            return self.need
        return min(size, self.bounds.most, self._most_since(now - self.bounds.give_back))

    def _most_since(self, then: float) -> int:
        return next((need for need, seen in self._late if seen >= then), self.need)


def shares(claims: Sequence[tuple[int, int]], cores: int) -> list[int]:
    """Divide `cores` among runs; return how many workers of each may be at work.

    Everyone gets its least and one at any rate; what is left goes to whoever has fewest, until
    it has what it claims. Of equals the earlier one is first.

    Parameters
    ----------
    claims : sequence of (int, int)
        Of each run: the least it was promised, and what it has work for.
    cores : int
    """
    given = [max(1, min(least, claim)) for least, claim in claims]
    left = cores - sum(given)
    hungry = [(n, i) for i, n in enumerate(given) if n < claims[i][1]]
    heapify(hungry)
    while left > 0 and hungry:
        n, i = heappop(hungry)
        given[i] = n + 1
        left -= 1
        if given[i] < claims[i][1]:
            heappush(hungry, (given[i], i))
    return given
