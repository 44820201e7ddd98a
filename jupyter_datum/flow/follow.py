"""The runs of a transform, for who waits for what they make."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import DatumError, RunError, RunnerError, SignatureError, UsageError
from ..inputs import Input, input_from_json
from ..ledger import db, queries, requests
from ..ledger.queries import DatumRow, RunRow
from ..outcomes import labels_of
from ..project import Project, find
from ..runner.ask import recorded
from ..runner.client import ensure_runner, log_tail, runner_alive
from ..states import DatumState
from ..transform.recipe import read_recipe

#: Seconds between two looks at the row of a run, and at its runner's lock.
_LOOK: Final = 0.1
_LOOK_AT_RUNNER: Final = 1.0
#: Times that a dead runner is started again.
_REVIVALS: Final = 3


class Follower:
    """Knows which run is the newest, and keeps it going.

    Parameters
    ----------
    project : Project
    name : str
        Of a transform.
    """

    def __init__(self, project: Project, name: str) -> None:
        self._project = project
        self._name = name
        self._conn: sqlite3.Connection | None = None
        self._looked = self._looked_at_runner = 0.0
        self._revivals = 0

    @property
    def conn(self) -> sqlite3.Connection:
        """The ledger, opened by the thread that iterates."""
        if self._conn is None:
            self._conn = db.connect(self._project, readonly=True)
        return self._conn

    def close(self) -> None:
        """Close the ledger."""
        if self._conn is not None:
            with contextlib.suppress(sqlite3.ProgrammingError):  # another thread's
                self._conn.close()
            self._conn = None

    def first(self, pause: Callable[[], None]) -> RunRow:
        """Return the newest run; one that was asked for and has not begun is waited for.

        Raises
        ------
        UsageError
            If there is none.
        RunError
            If it was refused.
        """
        if not self._project.ledger.exists():
            raise self._unknown()
        asked = self._asked()
        row = queries.latest_run(self.conn, self._name)
        if asked is None and row is None:
            raise self._unknown()
        while asked is not None and (row := queries.run_by_uuid(self.conn, asked)) is None:
            state, answer = requests.answered(self.conn, asked)
            if state == "refused":
                raise RunError(answer or f"the run of {self._name} was refused")
            pause()
        assert row is not None
        return row

    def _unknown(self) -> UsageError:
        names: list[str] = []
        if self._project.ledger.exists():
            names = [each.name for each in queries.transforms(self.conn)]
        return UsageError(
            f"{self._name} has not run; there are: {', '.join(names) or 'no transforms yet'}. "
            f"Run its cell first, with --background if this cell is to take what it makes"
        )

    def _asked(self) -> str | None:
        """uuid of the newest run that was asked for and that no runner has begun yet."""
        found = None
        for request in requests.not_begun(self.conn, time.time()):
            try:
                recipe = read_recipe(self._project, request.recipe or "")
            except SignatureError:  # somebody else's
                continue
            found = request.run if recipe.name == self._name else found
        return found

    def again(self, row: RunRow) -> RunRow:
        """Return a run as it stands now; start its runner again if that has died.

        Raises
        ------
        RunnerError
            If its runner dies again and again.
        """
        now = time.monotonic()
        if row.ended is not None or now - self._looked < _LOOK:
            return row
        self._looked = now
        found = queries.run_by_uuid(self.conn, row.uuid) or row
        if found.ended is None and now - self._looked_at_runner > _LOOK_AT_RUNNER:
            self._looked_at_runner = now
            self._keep_going(found)
        return found

    def _keep_going(self, row: RunRow) -> None:
        if runner_alive(self._project, row.interpreter):
            return
        self._revivals += 1
        if self._revivals > _REVIVALS:
            raise RunnerError(
                f"the runner of {self._name} died {self._revivals} times; what is finished stays. "
                f"Its log ends:\n{log_tail(self._project)}"
            )
        ensure_runner(self._project, recorded(self._project, row).interpreter)

    def newer(self, row: RunRow) -> RunRow | None:
        """Return the newest run of the transform if it is newer than `row`."""
        found = queries.latest_run(self.conn, self._name)
        return found if found is not None and found.id > row.id else None

    def failed_before(self, row: RunRow) -> bool:
        """Whether any datum of the transform is failed now."""
        return bool(queries.failed_datums(self.conn, row.transform, limit=1))

    def check_fine(self, row: RunRow, datum: int, *, failed: bool) -> None:
        """See that a datum without a success is not one that failed.

        Raises
        ------
        RunError
            With what went wrong, if it did.
        """
        there = queries.datum_by_id(self.conn, datum)
        if there is None or (there.state is not DatumState.FAILED and not failed):
            return
        attempts = queries.attempts(self.conn, datum, limit=1)
        last = attempts[0] if attempts else None
        # An `assert` without a text has no message: its type is told by the traceback's end.
        message = last and (last.message or (last.traceback or "").strip().rpartition("\n")[2])
        raise RunError(
            f"datum {self._label(row, there)} of {self._name} failed: {message or 'no message'}. "
            f"See {self._name}.failures(); then {self._name}.retry(), or take the others with "
            'stream(on_error="skip")'
        )

    def _label(self, row: RunRow, datum: DatumRow) -> str:
        return labels_of(self.source(row), [datum])[datum.key]

    def source(self, row: RunRow) -> Input | None:
        """Return what a run's datums are made of; None if it is not ours, or gone."""
        with contextlib.suppress(DatumError, OSError):
            return input_from_json(read_recipe(self._project, row.recipe).input, self._project)
        return None


def project_here(folder: str | None) -> Project:
    """Return the project of `folder`, or of the working folder.

    Raises
    ------
    UsageError
        If there is none.
    """
    start = Path(folder or os.environ.get("DATUM_PROJECT") or Path.cwd())
    project = find(start)
    if project is None:
        raise UsageError(f"no .datum folder at or above {str(start)!r}: run a cell there first")
    return project
