"""A project, a notebook's namespace, and cells that are really run: no double anywhere.

Each datum appends a line to a file before it does anything, so that executions are counted
where they happen, whatever the ledger says.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_datum.inputs.signed import output_folders
from jupyter_datum.ledger import db, queries, requests
from jupyter_datum.ledger.fsck import audit
from jupyter_datum.ledger.queries import RunRow
from jupyter_datum.locks import is_locked
from jupyter_datum.notebook.context import Context
from jupyter_datum.notebook.public import Transform
from jupyter_datum.notebook.submit import Prepared, prepare, request_run
from jupyter_datum.project import Project, create
from jupyter_datum.runner.ask import tell_run
from jupyter_datum.runner.client import ensure_runner
from jupyter_datum.states import ENDED, RunStatus
from jupyter_datum.transform.cell import Cell


def eventually(holds: Callable[[], bool], *, within: float = 5) -> bool:
    """Return whether `holds` becomes true in time."""
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Story:
    """What a user does in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project: Project = create(folder)
        self.namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
        self.count_file = folder / "executions"
        #: Of a cell that names none; "": as users have it. Most stories do not care where they
        #: run, and half of the time of a short run is joblib's start.
        self.engine = "serial"
        self._cells = 0

    # -- cells ---------------------------------------------------------------------------

    def prepare(self, line: str, body: str, *, counted: bool = True) -> Prepared:
        """Read and sign a cell; each datum counts itself first, unless told not to."""
        self._cells += 1
        counting = (
            f"with open({str(self.count_file)!r}, 'ab') as _f:\n"
            "    _f.write(repr(datum.value if datum.value is not None else datum.rel)"
            ".encode('utf-8', 'surrogateescape') + b'\\n')\n"
        )
        whole = counting + body if counted else body
        if self.engine and not any(f"--{word}" in line for word in ("engine", "workers", "gpus")):
            line += f" --engine {self.engine}"
        cell = Cell(whole, f"<cell {self._cells}>", 1)
        return prepare(line, cell, self.namespace, Context(self.folder, None))

    def start(self, line: str, body: str, *, counted: bool = True) -> str:
        """Ask for a run; return its uuid."""
        with self.ledger() as conn:
            prepared = self.prepare(line, body, counted=counted)
            alone = dataclasses.replace(prepared.options, background=True)  # no kernel waits here
            return request_run(conn, dataclasses.replace(prepared, options=alone))

    def held(self, line: str, body: str) -> tuple[str, Path]:
        """Start a run whose datums wait for a file; return it once one does, with the file."""
        gate = self.folder / "gate"
        wait = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.05)\n"
        run = self.start(line, wait + body)
        self.until(run, lambda row: row.running > 0)
        return run, gate

    def run(self, line: str, body: str, *, within: float = 60) -> RunRow:
        """Run a cell to its end."""
        return self.end(self.start(line, body), within=within)

    # -- looking -------------------------------------------------------------------------

    @contextlib.contextmanager
    def ledger(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(db.connect(self.project)) as conn:
            yield conn

    def row(self, run: str) -> RunRow | None:
        with self.ledger() as conn:
            return queries.run_by_uuid(conn, run)

    def latest(self, name: str) -> str:
        """uuid of the newest run of a transform."""
        with self.ledger() as conn:
            row = queries.latest_run(conn, name)
        assert row is not None
        return row.uuid

    def until(self, run: str, holds: Callable[[RunRow], bool], *, within: float = 60) -> RunRow:
        """Return the run as soon as `holds`; a run that is refused or never does is an error."""
        end = time.monotonic() + within
        row = None
        with self.ledger() as conn:  # to open it each time costs a tenth of a processor
            while time.monotonic() < end:
                row = queries.run_by_uuid(conn, run)
                if row is not None and holds(row):
                    return row
                if row is None:
                    state, answer = requests.answered(conn, run)
                    assert state != "refused", answer
                time.sleep(0.02)
        log = self.project.log.read_text() if self.project.log.exists() else ""
        raise AssertionError(f"it did not happen within {within} s: {row}\n{log[-3000:]}")

    def end(self, run: str, *, within: float = 60) -> RunRow:
        """Wait for the end (or the pause) of a run."""
        return self.until(
            run, lambda r: r.status in ENDED or r.status == RunStatus.PAUSED, within=within
        )

    def executions(self) -> Counter[str]:
        """How often each datum has executed."""
        if not self.count_file.exists():
            return Counter()
        return Counter(self.count_file.read_text("utf-8", "surrogateescape").splitlines())

    def transform(self, name: str) -> Transform:
        return Transform(self.project, name)

    def made(self, suffix: str, folder: str = "out") -> list[Path]:
        """Published files of a name that ends so. The runner tidies up what is hidden meanwhile,
        and `rglob` trips over a folder that goes while it looks."""
        found = []
        for place, folders, names in os.walk(self.folder / folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [Path(place) / name for name in names if name.endswith(suffix)]
        return sorted(found)

    def findings(self) -> list[Any]:
        """What fsck finds."""
        return audit(self.project, signed=output_folders)

    # -- doing harm ----------------------------------------------------------------------

    def tell(self, kind: str, run: str) -> None:
        with self.ledger() as conn:
            tell_run(conn, kind, run, sys.executable)

    def runner_pid(self) -> int:
        with self.ledger() as conn:
            row = requests.runner(conn, sys.executable)
        assert row is not None
        return row.pid

    def kill_runner(self) -> None:
        """SIGKILL the runner; return when its lock is free."""
        os.kill(self.runner_pid(), signal.SIGKILL)
        end = time.monotonic() + 10
        while is_locked(self.project.lock(sys.executable)):
            assert time.monotonic() < end, "the runner's lock outlives it"
            time.sleep(0.01)

    def next_runner(self) -> None:
        ensure_runner(self.project, sys.executable)

    def close(self) -> None:
        """End the runner and what it started."""
        with contextlib.suppress(AssertionError, ProcessLookupError, OSError):
            self.kill_runner()
