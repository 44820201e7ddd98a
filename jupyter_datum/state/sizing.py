"""How many datums a set holds: sized by time, so that it is neither overhead nor a giant."""

from __future__ import annotations

from typing import Final

#: A datum of this many seconds goes alone: progress and blame are exact, overhead is small.
ALONE: Final = 0.02
#: A set grows at most by this factor from one to the next.
GROWTH: Final = 4
#: Weight of the newest measurement in the running mean.
_WEIGHT: Final = 0.3


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
        self._last = 1

    def measured(self, datums: int, seconds: float) -> None:
        """So many datums took so many seconds of work in all."""
        mean = seconds / datums
        # Large measurements count at once: a set of unexpected giants is the worse mistake.
        if self._mean is None or mean > 4 * self._mean:
            self._mean = mean
        else:
            self._mean += _WEIGHT * (mean - self._mean)

    def size(self, pending: int, workers: int) -> int:
        """Return how many datums the next set holds, with so many left for all workers."""
        if self._mean is None or self._mean >= ALONE:
            self._last = 1
            return 1
        by_time = int(self._seconds / max(self._mean, 1e-7))
        fair = -(-pending // (2 * max(workers, 1)))
        self._last = max(1, min(by_time, self._last * GROWTH, self._largest))
        return max(1, min(self._last, fair))
