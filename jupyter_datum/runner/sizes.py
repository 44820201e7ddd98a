"""How large the datums of a plan are, and whether one of them will be waited for."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence
from typing import Any, Final

from ..ledger import queries
from .merge import Pair

_LARGEST: Final = 5
#: Of more datums a regular sample tells what is usual.
_ORDERED: Final = 200_000
#: A datum with so much of all bytes is said; below that it hardly shows.
_SKEW: Final = 0.1


class Sizes:
    """Bytes of input of each datum: eight bytes of memory each.

    Parameters
    ----------
    known : bool
        Whether files tell them; else there are none.
    """

    def __init__(self, *, known: bool = True) -> None:
        self._known = known
        self._all = array("q")
        self._top: list[tuple[int, bytes]] = []
        self._least = -1

    def add(self, pairs: Sequence[Pair]) -> None:
        """Take in the next datums; those without files have no size."""
        if not self._known:
            return
        sizes = [
            files[0][2][0] if len(files) == 1 else sum([file[2][0] for file in files])
            for listed, _ in pairs
            if (files := listed[1])
        ]
        self._all.extend(sizes)
        if sizes and max(sizes) > self._least:
            keys = [listed[0] for listed, _ in pairs if listed[1]]
            larger = [one for one in zip(sizes, keys, strict=True) if one[0] > self._least]
            self._top = heapq.nlargest(_LARGEST, [*self._top, *larger])
            self._least = self._top[-1][0] if len(self._top) == _LARGEST else -1

    def summary(self) -> dict[str, Any]:
        """Return ``bytes``, ``median``, ``p95`` and ``largest`` ``[[datum, bytes]]``."""
        if not self._all:
            return {}
        # Sorting a million of them would take half a second for two figures.
        ordered = sorted(self._all[:: 1 + len(self._all) // _ORDERED])
        n = len(ordered)
        return {
            "bytes": sum(self._all),
            "median": ordered[(n - 1) // 2],
            "p95": ordered[min(n - 1, n * 95 // 100)],
            "largest": [[queries.key_text(key), size] for size, key in self._top],
        }

    def notes(self, workers: int) -> list[str]:
        """Say it when one datum is so large that the others' workers will wait for it."""
        total = sum(self._all)
        if len(self._all) < 2 or not total:
            return []
        size, key = self._top[0]
        share = size / total
        if share < _SKEW or share <= 1.5 / min(max(workers, 1), len(self._all)):
            return []
        return [f"the largest datum has {share:.0%} of the bytes: {queries.key_text(key)}"]
