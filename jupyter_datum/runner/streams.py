"""Transforms of a pipeline that run at the same time: who follows whom, and how far behind.

A request for a run names the runs that it follows (``follows``: transform -> run) and those
that must have ended before it begins (``after``: they write into folders that it lists). Both
are found when it is asked for, and stand in its options: a runner that takes the run up goes
on following.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import RunError
from ..inputs.base import Input
from ..inputs.follow import Following
from ..ledger import queries, requests
from ..states import DatumState, RunStatus


class Link:
    """What ties a run to those that it follows.

    Parameters
    ----------
    source : Input
        The run's; its leaves follow from here on, unless a process of its own lists it.
    follows : mapping
        Transform -> uuid of its run.
    """

    def __init__(self, source: Input, follows: Mapping[str, str]) -> None:
        self.follows = dict(follows)
        followings = {name: Following(run) for name, run in follows.items()}
        self._followings = {following.run: following for following in followings.values()}
        at_once = source.go_along(followings, at_once=True)
        waiting = [leaf for leaf in source.leaves if not any(leaf is each for each in at_once)]
        #: The runs of which each datum is taken as it comes. A group may wait for one datum
        #: because of another: held back for what it has not taken it would wait for ever.
        self._takes = frozenset(
            run
            for name, run in follows.items()
            if not source.foreign and not any(leaf.awaits([name]) for leaf in waiting)
        )

    def taken(self, run: str) -> int | None:
        """Return how many datums made by `run` were taken; None if it may be waited for more."""
        return self._followings[run].given if run in self._takes else None

    def close(self) -> None:
        """Nothing more is wanted of anybody."""
        for following in self._followings.values():
            following.stop()


def must_wait(conn: sqlite3.Connection, args: Mapping[str, Any]) -> bool:
    """Return whether a run cannot begin yet because of others of its pipeline.

    Raises
    ------
    RunError
        If it never can: one of them was refused, or cancelled before it had begun.
    """
    follows: Mapping[str, str] = args.get("follows") or {}
    after: Mapping[str, str] = args.get("after") or {}
    begun = [_begun(conn, name, run) for name, run in follows.items()]
    ended = [_begun(conn, name, run, ended=True) for name, run in after.items()]
    return not all(begun + ended)


def _begun(conn: sqlite3.Connection, name: str, run: str, *, ended: bool = False) -> bool:
    row = queries.run_by_uuid(conn, run)
    if row is not None and row.status in (RunStatus.CANCELLED, RunStatus.CANCELLING):
        raise RunError(f"it waited for {name}, which was cancelled")
    if row is not None:
        return not ended or row.ended is not None
    state, answer = requests.answered(conn, run)
    if state == "refused":
        raise RunError(f"it waited for {name}, which was refused: {answer}")
    return False


def stands_still(conn: sqlite3.Connection, run: str) -> str | None:
    """Return the transform for which a run waits though nothing happens there: it is paused;
    None if there is none."""
    row = queries.run_by_uuid(conn, run)
    args = json.loads(row.options) if row else requests.args_of(conn, run)
    for name, other in {**(args.get("follows") or {}), **(args.get("after") or {})}.items():
        above = queries.run_by_uuid(conn, other)
        if above is not None and above.status == RunStatus.PAUSED:
            return str(name)
        found = stands_still(conn, other) if above is None or above.ended is None else None
        if found is not None:
            return found
    return None


def room(made: Sequence[int], takers: Iterable[tuple[int | None, int]], ahead: int) -> int | None:
    """Return how many more datums a run may send; None if nobody holds it back.

    Parameters
    ----------
    made : sequence of int
        How many of the run's datums are in each state.
    takers : iterable of (int or None, int)
        Of each run that takes them: how many of them it has taken, and how many datums it has
        not settled. None where it may need more of them before it can settle any: then those
        alone count that it can.
    ahead : int
        How far it may be ahead of the slowest.
    """
    done = made[DatumState.SUCCESS] + made[DatumState.RECOVERED]
    waiting = [
        behind + (0 if taken is None else max(0, done - taken))
        for taken, behind in takers
        if taken is not None or behind
    ]
    return max(0, ahead - max(waiting) - made[DatumState.RUNNING]) if waiting else None
