"""What a run does about others' leavings: prune before its end, tidy up after it."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..errors import RunError
from ..ledger import queries, writes
from ..ledger.files import ORDER, PLAN, STATES
from ..ledger.fold import fold, old_runs, put_away
from ..outputs.publish.prune import prune
from ..project import Project
from ..settings import history
from .job import Job
from .keep import Keeper, sweep_store
from .plan import Planner
from .sweep import sweep_orphans, sweep_recorded
from .upkeep import check_share


def prune_after(conn: sqlite3.Connection, job: Job, planner: Planner, keeper: Keeper) -> None:
    """Remove outputs of vanished inputs, if the run was asked to, and write down how many.

    Nothing is concluded from a listing that was not whole.
    """
    asked = job.options.prune
    if not asked or job.out is None or not planner.gives_way.whole:
        return
    row = queries.run_by_uuid(conn, job.uuid)
    note = json.loads((row.note if row else None) or "{}")
    try:
        check_share(conn, job.key.transform, planner.planned, everything=asked == "all")
        left = asked == "all"
        done = prune(conn, job.key.transform, [job.out], left=left, run=job.key.id, keeper=keeper)
        note["pruned"] = {"files": done.files, "datums": done.datums, "edited": done.edited}
    except RunError as exc:
        note["not_pruned"] = str(exc)
    writes.update_run(conn, job.key, note=json.dumps(note))


#: Seconds from one look through recorded code and data to the next: they go by days.
_HOUR: Final = 3_600.0


class Tidying:
    """What a runner tidies up between runs, a short step at a time.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    """

    def __init__(self, conn: sqlite3.Connection, project: Project) -> None:
        self._conn = conn
        self._project = project
        #: Whether what dead processes have left behind was looked for since the last death.
        self._swept = False
        #: When recorded code and data were looked through last.
        self._looked = -math.inf

    def after(self, run: writes.RunKey) -> Iterator[None]:
        """Fold old runs of a transform, and sweep what is kept."""
        conn, project, kept = self._conn, self._project, history()
        yield from fold(conn, run.transform, time.time(), after=kept.runs)
        while old := old_runs(conn, run.transform, after=kept.runs):
            for _, uuid in old:
                _put_away(project.run(uuid))
            put_away(conn, (run for run, _ in old))
            yield
        sweep_store(conn, project, kept)
        yield
        if time.monotonic() - self._looked > _HOUR:
            self._looked = time.monotonic()
            yield from sweep_recorded(conn, project)
        if not self._swept or _lost_workers(conn, run.id):
            self._swept = False
            self._swept = yield from sweep_orphans(conn, project)


def _lost_workers(conn: sqlite3.Connection, run: int) -> bool:
    sql = "select exists (select 1 from worker where run = ? and state = 'gone')"
    return bool(conn.execute(sql, (run,)).fetchone()[0])


def _put_away(folder: Path) -> None:
    """Logs stay: datums that no later run has made anew point to them."""
    for name in (PLAN, STATES, ORDER):
        (folder / name).unlink(missing_ok=True)
    for empty in (folder / "logs", folder):
        with contextlib.suppress(OSError):  # there are logs
            empty.rmdir()
