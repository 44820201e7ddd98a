"""Which datums a watched transform takes: those whose files are not being written any more.

A file is still when it has not changed for some seconds by its own times; one that was moved
here as a whole is named, and counts at once. A datum that failed runs again when its file has
changed since: nobody need ask for that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..inputs.base import Listed
from .merge import Known
from .selection import FAILED


class Still:
    """Tells datums with files at rest.

    Parameters
    ----------
    roots : mapping
        Absolute folder of each input name.
    settle : float
        Seconds.
    arrived : iterable of str
        Absolute paths that count though they are younger.
    now_ns : callable
        The clock.
    """

    def __init__(
        self,
        roots: Mapping[str, bytes],
        settle: float,
        arrived: Iterable[str],
        now_ns: Callable[[], int],
    ) -> None:
        self._roots = roots
        self._settle_ns = int(settle * 1e9)
        self._arrived = frozenset(map(os.fsencode, arrived))
        self._now_ns = now_ns
        #: Datums that would run, and whose files are not at rest.
        self.young = 0

    @classmethod
    def asked(
        cls, args: Mapping[str, Any], roots: Mapping[str, bytes], now_ns: Callable[[], int]
    ) -> Still | None:
        """Return what the arguments of a request say (``settle``, ``arrived``), or None."""
        if args.get("settle") is None:
            return None
        return cls(roots, float(args["settle"]), args.get("arrived", ()), now_ns)

    def takes(self, listed: Listed, reason: str, known: Known | None, *, wanted: bool) -> bool:
        """Return whether a datum runs; `wanted` if its reason says so."""
        if reason == FAILED and known is not None:
            wanted = wanted or self._latest(listed) > known.began * 1e9
        if not wanted:
            return False
        now = self._now_ns()
        rests = all(
            now - max(stat.mtime_ns, stat.ctime_ns) >= self._settle_ns or self._came(name, rel)
            for name, rel, stat in listed.files
        )
        self.young += not rests
        return rests

    def _latest(self, listed: Listed) -> int:
        stats = (file[2] for file in listed.files)
        return max((max(stat.mtime_ns, stat.ctime_ns) for stat in stats), default=0)

    def _came(self, name: str, rel: bytes) -> bool:
        return os.path.join(self._roots.get(name, b""), rel) in self._arrived
