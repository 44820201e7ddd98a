"""How many datums a set holds: sized by time, so that it is neither overhead nor a giant."""

from __future__ import annotations

from typing import Final

#: A datum of this many seconds goes alone where workers are few: progress and blame are exact,
#: overhead is small.
ALONE: Final = 0.02
#: Nothing is queued behind a datum of this many seconds: another worker may be free first. No set
#: is planned to take longer.
SLOW: Final = 1.0
#: Sets a second that all workers together are to ask for: what goes alone on two of them would keep
#: the one process that hands it out busy for twenty, and they would wait for it.
RATE: Final = 25
#: A set holds at most this many times what the largest set held that came back.
GROWTH: Final = 4
#: Weight of one datum in the running mean; many at once weigh more.
_WEIGHT: Final = 0.1
_LEAST: Final = 0.3


class Sizing:
    """Learns how long a datum takes.

    Parameters
    ----------
    seconds : float
        Work that a set should hold.
    largest : int
        Datums that a set holds at most.
    """

    def __init__(self, seconds: float, largest: int) -> None:
        self._seconds = seconds
        self._largest = largest
        self._mean: float | None = None
        self._came_back = 0

    def measured(self, datums: int, seconds: float) -> None:
        """So many datums took so many seconds of work in all."""
        mean = seconds / datums
        # Large measurements count at once: a set of unexpected giants is the worse mistake.
        if self._mean is None or mean > 4 * self._mean:
            self._mean = mean
        else:
            weight = max(_LEAST, 1 - (1 - _WEIGHT) ** min(datums, 1000))
            self._mean += weight * (mean - self._mean)

    def returned(self, datums: int) -> None:
        """A set of so many datums came back."""
        self._came_back = max(self._came_back, datums)

    def size(self, pending: int, workers: int) -> int:
        """Return how many datums the next set holds, with so many left for all workers."""
        if self._mean is None:
            return 1
        seconds = max(self._seconds if self._mean < ALONE else 0.0, min(workers / RATE, SLOW))
        by_time = int(seconds / max(self._mean, 1e-7))
        grown = max(1, self._came_back * GROWTH)
        fair = -(-pending // (2 * max(workers, 1)))
        return max(1, min(by_time, grown, self._largest, fair))

    def window(self, most: int) -> int:
        """Return how many sets a worker may have: one while datums are slow."""
        return most if self._mean is None or self._mean < SLOW else 1
