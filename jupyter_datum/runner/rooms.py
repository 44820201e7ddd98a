"""Runs that follow one another: none is far ahead, and who waits says for what."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ..settings import ahead
from ..states import RunStatus
from .drive import Drive
from .streams import room


class Rooms:
    """How many more datums each run of a runner may send, and what it waits for."""

    def __init__(self) -> None:
        self._ahead = 1
        #: What each run was told last.
        self._told: dict[str, int | None] = {}

    def begin(self) -> None:
        """A run begins: the user's settings count as they are now (errors: :func:`ahead`)."""
        self._ahead = ahead()

    def make(self, drives: Mapping[str, Drive]) -> None:
        """Tell each run how many more it may send, if that is news."""
        for uuid, drive in drives.items():
            above = [drives[run] for run in drive.job.link.follows.values() if run in drives]
            if not drive.ended and drive.status is RunStatus.RUNNING:
                idle = not drive.state.remaining
                why = next(filter(None, map(_waiting, above)), "") if idle else ""
                drive.committer.stands_behind(why)
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


def _waiting(drive: Drive) -> str:
    """Why nothing comes of a run at the moment, for those that follow it."""
    why = drive.committer.waiting
    return f"waits for {drive.job.recipe.name}, {why}" if why else ""
