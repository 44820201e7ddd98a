"""Which datums of a plan take long, as far as is known before they run.

What a datum took the last time is the best guess; else the size of its files is. A datum that
is begun when all the others are done holds up the end of the run by all that it takes, so
those far above the mean are sent first (the rule of the longest processing time, Graham 1969,
for the few that matter: the order of all the others is that of the input). Where the cell gets
batches, like goes with like, since a batch lasts as long as its largest datum does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..inputs.base import Listed
from ..states import DatumState
from .merge import Row
from .plan import Batch

#: So many times the mean is far above it: at most one datum in eight can be.
_FAR: Final = 8
#: What is not worth an entry of its own.
_LEAST_SECONDS: Final = 0.2
_LEAST_BYTES: Final = 1 << 20
#: Datums of a run that may be sent first: more of them are no exceptions.
_MOST: Final = 10_000
_SECONDS: Final = 9  # the column of a Row


class Weights:
    """Keeps the mean over all that was planned.

    Parameters
    ----------
    batched : bool
        Whether the cell gets several datums at once.
    """

    def __init__(self, *, batched: bool) -> None:
        self._batched = batched
        self._left = _MOST
        self._sums = {_LEAST_SECONDS: (0.0, 0), float(_LEAST_BYTES): (0.0, 0)}

    def first(self, batch: Batch, start: int) -> list[int]:
        """Return the positions of `batch`, whose first one is `start`, that are to be sent
        before the others, the longest first."""
        if self._batched or not self._left or DatumState.PENDING not in batch.states:
            return []  # where nothing has changed a million datums pass here for nothing
        weights, least = _weights(batch)
        if not weights:
            return []
        before, n = self._sums[least]
        total, n = before + sum(weights), n + len(weights)
        self._sums[least] = total, n
        limit = max(least, _FAR * total / n)
        if max(weights) < limit:
            return []
        tried = {position for position, _ in batch.tried}
        found = [
            (weight, start + i)
            for i, weight in enumerate(weights)
            if weight >= limit and _runs(batch, i) and start + i not in tried
        ]
        found = sorted(found, reverse=True)[: self._left]
        self._left -= len(found)
        return [position for _, position in found]

    def order(self, batch: Batch, start: int) -> list[int] | None:
        """Return all of `batch` that runs for the first time, large ones first; None where
        the order of the input will do."""
        if not self._batched:
            return None
        weights = _sizes(batch.listed) or [0] * len(batch.ids)
        tried = {position for position, _ in batch.tried}
        places = [i for i in range(len(batch.ids)) if _runs(batch, i) and start + i not in tried]
        places.sort(key=lambda i: -weights[i])  # stable: among equals the input's order stays
        return [start + i for i in places]


def _runs(batch: Batch, i: int) -> bool:
    return batch.states[i] == DatumState.PENDING


def _weights(batch: Batch) -> tuple[Sequence[float], float]:
    """Seconds where all that runs has run before, else bytes; and what is too little of it."""
    rows = [row for _, row in batch.pairs]
    if rows and all(rows):
        return [_took(row) for row in rows], _LEAST_SECONDS
    return _sizes(batch.listed), float(_LEAST_BYTES)


def _took(row: Row | None) -> float:
    return float(row[_SECONDS]) if row else 0.0


def _sizes(listed: Sequence[Listed]) -> list[int]:
    """Bytes of each datum's files; nothing if they have none."""
    if not listed or not listed[0].files:
        return []
    return [sum([file[2][0] for file in each.files]) for each in listed]
