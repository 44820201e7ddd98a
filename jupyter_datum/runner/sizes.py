"""How large the datums of a plan are, and whether one of them will be waited for."""

from __future__ import annotations

import heapq
from array import array
from typing import Any, Final

from ..inputs.base import Listed
from ..ledger import queries

_LARGEST: Final = 5
#: A datum with so much of all bytes is said; below that it hardly shows.
_SKEW: Final = 0.1


class Sizes:
    """Bytes of input of each datum: eight bytes of memory each."""

    def __init__(self) -> None:
        self._all = array("q")
        self._top: list[tuple[int, bytes]] = []
        self._least = -1

    def add(self, size: int, listed: Listed) -> None:
        """Take in the next datum."""
        self._all.append(size)
        if size > self._least:
            heapq.heappush(self._top, (size, listed.key))
            if len(self._top) > _LARGEST:
                heapq.heappop(self._top)
                self._least = self._top[0][0]

    def summary(self) -> dict[str, Any]:
        """Return ``bytes``, ``median``, ``p95`` and ``largest`` ``[[datum, bytes]]``."""
        if not self._all:
            return {}
        ordered = sorted(self._all)
        n = len(ordered)
        return {
            "bytes": sum(ordered),
            "median": ordered[(n - 1) // 2],
            "p95": ordered[min(n - 1, n * 95 // 100)],
            "largest": [[queries.key_text(key), size] for size, key in self._largest()],
        }

    def notes(self, workers: int) -> list[str]:
        """Say it when one datum is so large that the others' workers will wait for it."""
        total = sum(self._all)
        if len(self._all) < 2 or not total:
            return []
        size, key = self._largest()[0]
        share = size / total
        if share < _SKEW or share <= 1.5 / min(max(workers, 1), len(self._all)):
            return []
        return [f"the largest datum has {share:.0%} of the bytes: {queries.key_text(key)}"]

    def _largest(self) -> list[tuple[int, bytes]]:
        return sorted(self._top, reverse=True)
