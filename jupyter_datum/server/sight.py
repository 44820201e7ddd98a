"""What is seen of one run at one moment, and how it differs from the moment before.

Runs in the thread of the ledger's reader. The states come from the file that the runner
writes, so a look costs some comparisons of memory, whatever happened in between.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any, Final

from ..ledger import db, queries
from ..ledger.queries import RunRow
from ..project import Project
from . import codec, reads, shapes
from .errors import ApiError, put_away, refused
from .paths import read_whole

#: Positions of a run that is shown.
LARGEST: Final = 64 << 20
#: Bytes of a delta that goes as one even where a snapshot is smaller: a snapshot is packed, read
#: and painted as a whole, a million datums each time.
SMALL: Final = 32 << 10
#: Seconds between two looks at failure groups and workers.
SLOW: Final = 1.0
#: Groups are looked at with every new failure while that takes at most this part of the time:
#: what is shown of them agrees with the counts beside them.
SHARE: Final = 0.05


@dataclass(frozen=True)
class Look:
    """One look at a run; None where nothing is to be told.

    Parameters
    ----------
    counts : dict
    total : int
    delta : bytes or None
        What has changed since the look before; None if nothing has, or too much.
    snapshot : bytes or None
        If it was asked for, or is to replace a delta.
    replace : bool
        Whether everybody needs the snapshot.
    active : bool
        Whether a runner is at work on it.
    """

    counts: dict[str, Any]
    total: int
    delta: bytes | None
    snapshot: bytes | None
    replace: bool
    active: bool


class Sight:
    """One run, as it was seen last.

    Parameters
    ----------
    project : Project
    facts : Facts
    run : str
        uuid.
    """

    def __init__(self, project: Project, facts: reads.Facts, run: str) -> None:
        self._project = project
        self._facts = facts
        self._run = run
        self._states: bytes | None = None
        self._counts: dict[str, Any] = {}
        self._size = 0
        self._version = -1
        self._slow_at = self._groups_at = self._groups_took = 0.0
        self._failed = 0
        #: JSON of failure groups and workers, each with a number that grows when it changes.
        self.groups: tuple[int, bytes] = (0, b"")
        self.workers: tuple[int, bytes] = (0, b"")

    def look(self, conn: sqlite3.Connection, *, fresh: bool, snapshot: bool) -> Look | None:
        """Look at the run; None if it is asked for and has not begun.

        Parameters
        ----------
        conn : sqlite3.Connection
        fresh : bool
            Read anew; else what was seen last is told once more, for one who comes late.
        snapshot : bool
            Whether somebody needs one.

        Raises
        ------
        ApiError
            If there is no such run, or it was refused.
        """
        fresh = fresh or self._states is None
        with db.reading(conn):  # counts and groups of one moment
            row = queries.run_by_uuid(conn, self._run)
            if row is not None and fresh:
                self._slowly(conn, row)
        if row is None:
            self._check_asked(conn)
            return None
        alive = self._facts.alive(row)
        active = row.ended is None and alive
        if fresh:
            counts = shapes.counts_json(row, alive=alive)
            delta, replace = self._compare(self._read(row), counts)
        else:
            delta, replace = None, False
        assert self._states is not None
        body = None
        if snapshot or replace:
            body = codec.snapshot(self._states)
            self._size = len(body)
        return Look(self._counts, len(self._states), delta, body, replace, active)

    def _check_asked(self, conn: sqlite3.Connection) -> None:
        state, answer = self._facts.asked(conn, self._run, "run")
        if state == "refused":
            raise refused(answer or "the run was refused")

    def _read(self, row: RunRow) -> bytes:
        if row.folded:
            raise put_away()
        states = read_whole(self._project.run(row.uuid) / "states", LARGEST)
        if states is None or not 0 <= row.total <= LARGEST:
            raise ApiError(503, "ledger", "the states of this run cannot be read")
        return states + bytes(max(0, row.total - len(states)))

    def _compare(self, states: bytes, counts: dict[str, Any]) -> tuple[bytes | None, bool]:
        """Keep what is seen; return the delta, and whether a snapshot has to take its place."""
        old, self._states = self._states, states
        same = counts == self._counts
        self._counts = counts
        if old is None or len(states) < len(old):
            return None, old is not None
        if old == states:
            return (None if same else b""), False
        delta = codec.stretches(codec.changes(old, states))
        too_much = len(delta) > max(SMALL, self._size // 2)
        return (None, True) if too_much else (delta, False)

    def _slowly(self, conn: sqlite3.Connection, row: RunRow) -> None:
        """Groups and workers: when the ledger has changed, and once a second; once at the end.
        Groups with new failures too."""
        now, version = time.monotonic(), db.data_version(conn)
        if version == self._version:
            return
        due = now - self._slow_at >= SLOW or row.ended is not None
        pause = self._groups_took / SHARE
        if due or (row.failed != self._failed and now - self._groups_at >= pause):
            began = time.thread_time()
            self.groups = _numbered(self.groups, reads.groups(conn, row))
            self._failed, self._groups_at = row.failed, now
            self._groups_took = time.thread_time() - began
        if due:
            self._version, self._slow_at = version, now
            self.workers = _numbered(self.workers, reads.workers(conn, self._project, row))


def _numbered(old: tuple[int, bytes], value: Any) -> tuple[int, bytes]:
    data = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    return old if data == old[1] else (old[0] + 1, data)
