"""Waiting for a run in a cell: shows it, hears interrupts, starts a dead runner again.

An interrupt may be the user's stop button or the first word of a restart: Jupyter sends
SIGINT before it ends a kernel in an orderly way. So the run is held at once, and within a
second it is clear which: cancel, or let the run go on without this kernel.
"""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from ..engines.worker import kernel_worker
from ..errors import EngineError, RunError, RunnerError
from ..ledger import db, queries, requests
from ..ledger.queries import RunRow
from ..project import Project
from ..runner.ask import tell_run
from ..runner.asked import meant
from ..runner.client import ensure_runner, log_tail, runner_alive
from ..runner.streams import stands_still
from ..states import ENDED, RunStatus
from ..transform.recipe import Recipe
from . import render
from .display import Screen

#: Seconds between two looks at the ledger, and at the runner's lock.
_LOOK: Final = 0.05
_LOOK_AT_RUNNER: Final = 1.0
#: And at the transforms that it comes from.
_LOOK_ABOVE: Final = 0.5
#: Times that a dead runner is started again.
_REVIVALS: Final = 3
#: Seconds within which a shutdown shows after its SIGINT.
_SHUTDOWN_WITHIN: Final = 1.0
#: Seconds within which a run usually begins, also where its runner is started for it.
_BEGINS: Final = 2.0


class RunStoppedError(KeyboardInterrupt):
    """The user's stop button: raised once the run has ended, so that the cells that wait
    behind this one do not run."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Waiter:
    """Waits for one run.

    Parameters
    ----------
    shell : InteractiveShell
    conn : sqlite3.Connection
    project : Project
    recipe : Recipe
    run : str
        Its uuid; the request to start it has the same.
    screen : Screen
    """

    def __init__(
        self,
        shell: Any,
        conn: sqlite3.Connection,
        project: Project,
        recipe: Recipe,
        run: str,
        screen: Screen,
    ) -> None:
        self._shell = shell
        self._conn = conn
        self._project = project
        self._recipe = recipe
        self._run = run
        self._screen = screen
        self._meter = render.Meter()
        self._revivals = 0
        self._looked_at_runner = self._looked_above = time.monotonic()
        self._seen = -1
        self._stopped = False
        self._since = requests.last_request(conn)

    def wait(self, ask: Callable[[], object] = lambda: None) -> RunRow:
        """Have the run asked for, if it is not yet; return it when it has ended or paused,
        or goes on without this cell: somebody asked to detach, or it waits for a paused one.

        Parameters
        ----------
        ask : callable
            Called once this kernel stands ready as the worker of a serial run.

        Raises
        ------
        RunError
            If it was refused, or cannot begin because of one that is paused.
        RunnerError
            If its runner died, more often than it is started again.
        RunStoppedError
            If the user stopped it; what is finished stays.
        KeyboardInterrupt
            If the kernel is being shut down (the run goes on), or after a second interrupt.
        """
        with self._worker() as step:
            ask()
            row = self._watch_patiently(step)
        if self._stopped and row.status == RunStatus.CANCELLED:
            raise RunStoppedError(f"{row.name} was stopped: run the cell again to do the rest")
        return row

    @property
    def run(self) -> str:
        """Its uuid."""
        return self._run

    def look(self) -> RunRow | None:
        """Show how it stands, once; return it if there is anything new."""
        row = self._look()
        if row is not None and (row.status in ENDED or row.status == RunStatus.PAUSED):
            self._close(row)
        return row

    def _watch_patiently(self, step: Callable[[], bool]) -> RunRow:
        while True:
            try:
                return self._watch(step)
            except KeyboardInterrupt:
                self._interrupted()

    def _watch(self, step: Callable[[], bool]) -> RunRow:
        while True:
            row = self.look()
            if row is not None and (row.status in ENDED or row.status == RunStatus.PAUSED):
                return row
            if row is not None and requests.was_asked(self._conn, "detach", self._run, self._since):
                self._let_go(row, "goes on without this cell")
                return row
            if self._is_stuck():
                row = queries.run_by_uuid(self._conn, self._run)
                assert row is not None
                return row
            if not step():
                time.sleep(_LOOK)

    @contextlib.contextmanager
    def _worker(self) -> Iterator[Any]:
        """For a serial run this kernel is the worker; a step then executes a set."""
        if meant(self._recipe, {}).engine != "serial":
            yield lambda: False
            return
        folder = self._project.run(self._run)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            worker = kernel_worker(folder / "inbox", folder / "kernel")
        except EngineError:  # another cell of this kernel, or another kernel, is it already
            yield lambda: False
            return
        try:
            yield worker.step
        finally:
            worker.close()

    def _look(self) -> RunRow | None:
        self._look_at_runner()
        version = db.data_version(self._conn)
        row = queries.run_by_uuid(self._conn, self._run) if version != self._seen else None
        if row is None:
            self._check_refused(version)
            return None
        self._seen = version
        now = time.monotonic()
        self._meter.look(now, row)
        line = render.progress_line(row, self._meter, now)
        lines = [line]
        if row.failed:
            groups = queries.failure_groups(self._conn, row.id, limit=20)
            lines += render.group_lines(groups, row.failed)
        lines.append(render.WHILE_WAITING.format(name=row.name))
        self._screen.update(line, render.bundle(row, self._project.uuid, lines))
        return row

    def _check_refused(self, version: int) -> None:
        if not is_open(self._conn, self._run):
            self._seen = version if self._seen != -1 else -1

    def _is_stuck(self) -> bool:
        """Whether nothing happens until a paused transform goes on, whose cell cannot be mended
        and run as long as this one waits in the same kernel.

        Raises
        ------
        RunError
            If the run has not even begun.
        """
        now = time.monotonic()
        if now - self._looked_above < _LOOK_ABOVE:
            return False
        self._looked_above = now
        above = stands_still(self._conn, self._run)
        if above is None:
            return False
        how = (
            f"waits for {above}, which is paused, and goes on when that is resumed; if you run the "
            f"cell of {above} again, run this one again too"
        )
        row = queries.run_by_uuid(self._conn, self._run)
        if row is None:
            raise RunError(f"it {how}")
        self._let_go(row, how)
        return True

    def _look_at_runner(self) -> None:
        now = time.monotonic()
        if now - self._looked_at_runner < _LOOK_AT_RUNNER:
            return
        self._looked_at_runner = now
        if runner_alive(self._project, self._recipe.interpreter):
            return
        row = queries.run_by_uuid(self._conn, self._run)
        if row is not None and row.ended is not None:
            return
        self._revivals += 1
        if self._revivals > _REVIVALS:
            raise RunnerError(
                f"the runner died {self._revivals} times; what is finished stays. "
                f"Its log ends:\n{log_tail(self._project)}"
            )
        ensure_runner(self._project, self._recipe.interpreter)

    def _close(self, row: RunRow) -> None:
        groups = queries.failure_groups(self._conn, row.id, limit=20)
        lines = render.closing_lines(row, groups, self._recipe.out if self._made(row) else None)
        self._screen.close(lines, render.bundle(row, self._project.uuid, lines))

    def _let_go(self, row: RunRow, how: str) -> None:
        lines = [f"{row.name}: {how}; see %datum status {row.name}"]
        self._screen.close(lines, render.bundle(row, self._project.uuid, lines))

    def _made(self, row: RunRow) -> bool:
        """Whether the transform has any output file."""
        return bool(
            self._conn.execute(
                "select exists (select 1 from output where transform = ?)", (row.transform,)
            ).fetchone()[0]
        )

    # -- interrupts ----------------------------------------------------------------------

    def _interrupted(self) -> None:
        """Tell a stop from a shutdown; returns if the run was cancelled."""
        self._tell("hold")
        try:
            shutdown = shutdown_comes(self._shell)
        except KeyboardInterrupt:  # a second one: no doubt about it
            self._tell("cancel")
            raise
        if shutdown:
            self._tell("release")
            raise KeyboardInterrupt("the kernel ends, the run goes on")
        self._stopped = True
        self._tell("cancel")

    def _tell(self, kind: str) -> None:
        with _masked_interrupts():
            tell_run(self._conn, kind, self._run, self._recipe.interpreter)


def shutdown_comes(shell: Any) -> bool:
    """Return whether the interrupt of a moment ago was the first word of a shutdown: wait for
    the second."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    until = time.monotonic() + _SHUTDOWN_WITHIN
    while time.monotonic() < until:
        if getattr(kernel, "_shutdown_message", None) is not None:
            return True
        time.sleep(0.02)
    return False


@contextlib.contextmanager
def _masked_interrupts() -> Iterator[None]:
    """An interrupt never comes in the middle of a write."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def is_open(conn: sqlite3.Connection, run: str) -> bool:
    """Return whether a runner has still to answer to what was asked.

    Raises
    ------
    RunError
        If it was refused.
    """
    state, answer = requests.answered(conn, run)
    if state == "refused":
        raise RunError(answer or "the run was refused")
    return state == "open"


def until_begun(conn: sqlite3.Connection, run: str) -> None:
    """Wait a little for a run that nobody is going to wait for: that it is refused
    (:exc:`~jupyter_datum.errors.RunError`) could not be said later."""
    until = time.monotonic() + _BEGINS
    while is_open(conn, run) and time.monotonic() < until:
        time.sleep(_BEGINS / 100)
