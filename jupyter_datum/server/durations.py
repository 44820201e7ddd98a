"""How long datums took, as counts on a logarithmic scale: of constant size, whatever the run.

A count can be taken back, so that an outcome that gives way to a later one is not counted
twice. Quantiles come from 100 steps a decade, 2.3% wide, and are interpolated within a step.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

#: Steps a decade, and the decades: from a microsecond to twelve days.
_FINE: Final = 100
_LOW: Final = -6
_STEPS: Final = 12 * _FINE
#: Columns of the picture at most.
COLUMNS: Final = 64
#: A picture of equal durations is some steps wide all the same.
_NARROW: Final = 32


def step_of(seconds: float) -> int:
    """Return the step in which a duration lies; what is off the scale counts at its end."""
    if seconds <= 1e-6:
        return 0
    return min(_STEPS - 1, int((math.log10(seconds) - _LOW) * _FINE))


class Columns(NamedTuple):
    """The picture: columns of equal width on a logarithmic axis.

    Parameters
    ----------
    low, width : float
        Of the first column, and of each: decimal logarithms of seconds.
    counts, failed : list of int
        Datums of each column, and those of them that failed.
    """

    low: float
    width: float
    counts: list[int]
    failed: list[int]


class Durations:
    """Counts by duration, failures beside the rest."""

    def __init__(self) -> None:
        self.number = 0
        self._all = [0] * _STEPS
        self._failed = [0] * _STEPS

    def count(self, step: int, n: int, *, failed: bool) -> None:
        """Count `n` datums more in a step (:func:`step_of`); less, if it is negative."""
        self.number += n
        self._all[step] += n
        if failed:
            self._failed[step] += n

    def quantile(self, share: float) -> float:
        """Return the duration that a share of the datums does not exceed."""
        wanted = share * self.number
        before = 0
        for at, n in enumerate(self._all):
            if n and before + n >= wanted:
                inside = (wanted - before) / n
                return float(10 ** (_LOW + (at + inside) / _FINE))
            before += n
        return 0.0

    def columns(self) -> Columns | None:
        """Return the picture, no wider than what is in it; None where nothing is counted."""
        there = [at for at, n in enumerate(self._all) if n]
        if not there:
            return None
        first, last = there[0], there[-1]
        lacking = max(0, _NARROW - (last - first + 1))
        first = max(0, first - lacking // 2)
        wide = max(last - first + 1, _NARROW)
        each = -(-wide // COLUMNS)
        starts = range(first, min(_STEPS, first + wide), each)
        return Columns(
            _LOW + first / _FINE,
            each / _FINE,
            [sum(self._all[at : at + each]) for at in starts],
            [sum(self._failed[at : at + each]) for at in starts],
        )

    def to_json(self) -> dict[str, Any] | None:
        """Return the picture as plain JSON."""
        columns = self.columns()
        return columns._asdict() if columns else None
