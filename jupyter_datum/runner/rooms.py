"""A run must not be far ahead of those that take what it makes."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .drive import Drive
from .streams import ahead, room


class Rooms:
    """How many more datums each run of a runner may send."""

    def __init__(self) -> None:
        self._ahead = ahead()
        #: What each run was told last.
        self._told: dict[str, int | None] = {}

    def make(self, drives: Mapping[str, Drive]) -> None:
        """Tell each run how many more it may send, if that is news."""
        for uuid, drive in drives.items():
            takers = [
                (other.job.link.taken(uuid), other.behind)
                for other in drives.values()
                if uuid in other.job.link.follows.values()
            ]
            free = room(drive.state.counts, takers, self._ahead)
            if free != self._told.get(uuid):
                self._told[uuid] = free
                drive.hold_back(free, time.monotonic())

    def forget(self, uuid: str) -> None:
        """The run has ended."""
        self._told.pop(uuid, None)
