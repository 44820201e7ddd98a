"""Tells other parts of a server what happens to runs, by Jupyter's own events.

It follows a project only while something runs there, whether or not a page is open: one look
a second, most of which find the ledger unchanged. A run has one event a second at most.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ..ledger import queries
from ..ledger.queries import RunRow
from ..ledger.rows import RUN
from ..ledger.stragglers import usual_seconds
from .errors import ApiError
from .projects import Projects
from .reader import Reader
from .reads import Facts

#: The events' schema, and the name under which listeners ask for it.
SCHEMA_FILE: Final = Path(__file__).with_name("events") / "run.yaml"
SCHEMA: Final = "https://schema.jupyter.org/jupyter_datum/run/v1"
#: Seconds between two looks, and so between two events of a run.
PERIOD: Final = 1.0
#: A run stands still after so many seconds without an outcome, or so many times the usual.
_STILL: Final = 30.0
_TIMES: Final = 10.0
#: Runs of a project that are followed at once; kinds of failures in one event, and of a run.
_RUNS: Final = 50
_TOGETHER: Final = 20
_KINDS: Final = 100
_WORDS: Final = 200
#: Seconds after which nobody is told any more that a run had begun and ended.
_LATE: Final = 60.0
_COUNTS: Final = ("total", "running", "success", "failed", "recovered", "skipped", "cancelled")

_log = logging.getLogger(__name__)

Emit = Callable[[dict[str, Any]], None]


class _Known:
    """A run that is followed, and what is still to be told of it."""

    def __init__(self) -> None:
        self.pending: deque[dict[str, Any]] = deque()
        self.group = self.kinds = 0
        self.settled = -1
        self.since = 0.0
        self.begun = self.still = self.lost = self.ended = False


class _Ledger:
    """The runs of one project, as they were at the last look.

    Parameters
    ----------
    project : str
        uuid.
    facts : Facts
    since : float
        Runs that were asked for before, and have ended, are not told.
    """

    def __init__(self, project: str, facts: Facts, since: float) -> None:
        self._project = project
        self._facts = facts
        self._since = since
        self._last = 0
        self._known: dict[str, _Known] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing goes on and nothing is left to be told."""
        return all(one.lost and not one.pending for one in self._known.values())

    def look(self, conn: sqlite3.Connection, now: float) -> list[dict[str, Any]]:
        """Return the events since the last look, one a run at most."""
        for row in self._rows(conn):
            self._see(conn, row, self._known.setdefault(row.uuid, _Known()), now)
        told = [known.pending.popleft() for known in self._known.values() if known.pending]
        over = [uuid for uuid, one in self._known.items() if one.ended and not one.pending]
        for uuid in over:
            del self._known[uuid]
        return told

    def _rows(self, conn: sqlite3.Connection) -> list[RunRow]:
        """Runs that go on, those that began since, and those that have ended meanwhile."""
        going = conn.execute(RUN + "where r.ended is null order by r.id desc limit ?", (_RUNS,))
        rows = {
            row.uuid: row
            for row in map(RunRow._make, going.fetchall())
            if row.uuid in self._known or row.requested >= self._since or self._facts.alive(row)
        }
        sql = RUN + "where r.id > ? order by r.id desc limit ?"
        for row in map(RunRow._make, conn.execute(sql, (self._last, _RUNS)).fetchall()):
            self._last = max(self._last, row.id)
            if row.requested >= self._since:
                rows[row.uuid] = row
        for uuid, known in self._known.items():
            if uuid not in rows and not known.ended:
                found = queries.run_by_uuid(conn, uuid)
                rows.update({uuid: found} if found is not None else {})
                known.ended = found is None
        return sorted(rows.values(), key=lambda row: row.id)

    def _see(self, conn: sqlite3.Connection, row: RunRow, known: _Known, now: float) -> None:
        if not known.begun and (row.started or row.ended):
            known.begun, known.since = True, now
            self._tell(known, row, "started")
        self._see_failures(conn, row, known)
        if row.ended is not None:
            if not known.ended:
                self._tell(known, row, "finished")
            known.ended = True
            return
        self._see_life(row, known)
        self._see_progress(row, known, now)

    def _see_failures(self, conn: sqlite3.Connection, row: RunRow, known: _Known) -> None:
        rows = conn.execute(
            "select id, type, place from failure where run = ? and id > ? order by id limit ?",
            (row.id, known.group, min(_TOGETHER, _KINDS - known.kinds)),
        ).fetchall()
        if rows:
            known.group, known.kinds = rows[-1][0], known.kinds + len(rows)
            told = [
                {"group": group, "type": str(kind)[:_WORDS], "place": str(place)[:_WORDS]}
                for group, kind, place in rows
            ]
            self._tell(known, row, "failing", failures=told)

    def _see_life(self, row: RunRow, known: _Known) -> None:
        lost = not self._facts.alive(row)
        if lost and not known.lost:
            self._tell(known, row, "interrupted", status="interrupted")
        known.lost = lost

    def _see_progress(self, row: RunRow, known: _Known, now: float) -> None:
        settled = row.total - row.running - row.pending
        if settled != known.settled or row.status != "running" or not row.running:
            known.settled, known.since, known.still = settled, now, False
            return
        still = now - known.since
        if not known.still and still > max(_STILL, _TIMES * (usual_seconds(row) or 0.0)):
            known.still = True
            self._tell(known, row, "stalled", still=still)

    def _tell(self, known: _Known, row: RunRow, action: str, **more: Any) -> None:
        began = row.started or row.requested
        known.pending.append(
            {
                "action": action,
                "project": self._project,
                "run": row.uuid,
                "name": row.name,
                "status": str(row.status),
                "engine": row.engine,
                "seconds": max(0.0, (row.ended or time.time()) - began),
                "counts": {name: getattr(row, name) for name in _COUNTS},
                **more,
            }
        )


class Lifecycle:
    """Follows the projects in which something runs.

    Parameters
    ----------
    projects : Projects
    facts : callable
        Gives what is known beside a ledger.
    emit : callable
        Takes each event.
    """

    def __init__(self, projects: Projects, facts: Callable[[Reader], Facts], emit: Emit) -> None:
        self._projects = projects
        self._facts = facts
        self._emit = emit
        self._began = time.time()
        self._ledgers: dict[str, _Ledger] = {}
        self._going: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def going(self, project: str) -> None:
        """Something runs in this project: follow it until nothing does."""
        self._going.add(project)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._follow())

    def close(self) -> None:
        """Follow nothing any more."""
        if self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        while self._going:
            for project in list(self._going):
                try:
                    await self._look(project)
                except ApiError as exc:  # gone, or it cannot be read now: asked for again later
                    _log.debug("jupyter_datum | no events of %s: %s", project, exc.message)
                    self._going.discard(project)
            await asyncio.sleep(PERIOD)

    async def _look(self, project: str) -> None:
        reader = await self._projects.reader(project)
        ledger = self._ledgers.get(project)
        if ledger is None:
            since = max(self._began, time.time() - _LATE)
            ledger = self._ledgers[project] = _Ledger(project, self._facts(reader), since)
        now = time.monotonic()
        for event in await reader.read(lambda conn: ledger.look(conn, now)):
            self._emit(event)
        if ledger.idle:
            self._going.discard(project)
