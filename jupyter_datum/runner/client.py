"""How kernel, server and CLI reach the runner: start it if none lives, see whether it does."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from ..errors import RunnerError
from ..ledger import clusters, db, queries, requests
from ..locks import is_locked
from ..project import Project
from ..states import RunStatus
from ..undebugged import undebugged
from .environment import runner_environment
from .version import installed_version

#: Starts the runner from a short-lived process, so that nobody has to wait for it (no
#: zombie), in a session of its own, so that no interrupt of the kernel reaches it.
_MIDDLE: Final = """
import os, subprocess, sys
log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                 start_new_session=True, close_fds=True)
"""


def runner_alive(project: Project, interpreter: str) -> bool:
    """Return whether a runner of `interpreter` holds the project's lock."""
    return is_locked(project.lock(interpreter))


def looked_after(project: Project, row: queries.RunRow) -> bool:
    """Return whether a runner lives for an unfinished run; nothing is asked of ended ones."""
    if row.ended is not None:
        return True
    try:
        return runner_alive(project, row.interpreter)
    except OSError:  # another user's lock: it cannot be asked, and nothing is claimed
        return True


def as_it_stands(project: Project, row: queries.RunRow) -> queries.RunRow:
    """Return a run as it is shown: ``interrupted`` if its runner is gone."""
    gone = not looked_after(project, row)
    return row._replace(status=RunStatus.INTERRUPTED) if gone else row


def there(
    project: Project, conn: sqlite3.Connection, *, gone: int = 0
) -> list[clusters.ClusterRow]:
    """Return the clusters of a project's runners, newest first, and the last `gone` ones."""

    def alive(interpreter: str) -> bool:
        try:
            return runner_alive(project, interpreter)
        except OSError:  # another user's lock: it cannot be asked, and nothing is claimed
            return True

    return clusters.clusters(conn, alive, gone=gone)


def cluster_lines(project: Project, conn: sqlite3.Connection) -> list[str]:
    """Return a line for each cluster there is, for people."""
    now = time.time()
    return [clusters.describe(row, now) for row in there(project, conn)]


def ensure_runner(
    project: Project, interpreter: str = sys.executable, *, wait: float = 10.0
) -> str | None:
    """Start the project's runner for `interpreter` unless one lives; return when it does.

    Nothing here is read from the project but its place: `interpreter` comes from the
    caller (a kernel's own ``sys.executable``, or a recipe whose signature was checked).

    Returns
    -------
    str or None
        A sentence if a runner of another package version is still at work: it takes no new
        run, and starts its successor when it ends. None if a fitting runner lives.

    Raises
    ------
    RunnerError
        If it cannot be started, or dies before it holds the lock; with its log's tail.
    """
    if runner_alive(project, interpreter):
        with contextlib.closing(db.connect(project)) as conn:
            if fits(conn, interpreter):
                return None
            if busy := _room_made(conn, project, interpreter, wait):
                return busy
    start_runner(project, interpreter)
    deadline = time.monotonic() + wait
    while not runner_alive(project, interpreter):
        if time.monotonic() > deadline:
            raise RunnerError(
                f"the runner did not start within {wait:g} s with {interpreter!r}; "
                f"its log ends: {log_tail(project)}"
            )
        time.sleep(0.005)
    return None


# -- a runner of another package version ---------------------------------------------------


def fits(conn: sqlite3.Connection, interpreter: str) -> bool:
    """Return whether the runner is of the version that would be started now.

    Only told of our own interpreter: what another one has installed is not known here.
    And the version is the installed one, not the one that this process has imported: a
    kernel older than an upgrade would else end each new runner, to start the same again.
    """
    row = requests.runner(conn, interpreter) if interpreter == sys.executable else None
    return row is None or row.version == installed_version()


def ask_for_room(conn: sqlite3.Connection, interpreter: str) -> str | None:
    """Have a runner of another version drain, if there is one; return the request's name.

    To be called before a run is asked for: what stands before the request to drain is
    still taken.
    """
    if fits(conn, interpreter) or (row := requests.runner(conn, interpreter)) is None:
        return None
    name = f"drain-{row.epoch}"  # epochs are the project's: none is used twice
    requests.ask(conn, uuid=name, interpreter=interpreter, kind="drain", args={"epoch": row.epoch})
    return name


def _room_made(
    conn: sqlite3.Connection, project: Project, interpreter: str, wait: float
) -> str | None:
    """Wait for a runner of another version to end; return why it does not, or None."""
    deadline = time.monotonic() + wait
    version = getattr(requests.runner(conn, interpreter), "version", "?")
    while runner_alive(project, interpreter) and (name := ask_for_room(conn, interpreter)):
        heard = requests.answered(conn, name)[0] == "done"
        if heard and (runs := queries.unfinished_runs(conn, interpreter)):
            return _waiting(version, runs[0])
        if time.monotonic() > deadline:
            return f"a runner of jupyter-datum {version} has not ended within {wait:g} s"
        time.sleep(0.01)
    return None


def _waiting(version: str, run: queries.RunRow) -> str:
    return (
        f"a runner of jupyter-datum {version} is still at run {run.uuid[:8]} of {run.name}; "
        f"yours is {installed_version()}: waiting for it to end"
    )


# -- starting one --------------------------------------------------------------------------


def start_runner(project: Project, interpreter: str) -> None:
    """Start a runner; it ends at once if another one lives.

    Raises
    ------
    RunnerError
        If the interpreter cannot be started.
    """
    command = [interpreter, "-m", "jupyter_datum.runner", str(project.root), interpreter]
    middle = [interpreter, "-I", "-S", "-c", _MIDDLE, str(project.log), *command]
    try:
        with undebugged():
            subprocess.run(
                middle,
                env=runner_environment(),
                cwd=project.root,
                stdin=subprocess.DEVNULL,
                check=True,
                timeout=30,
            )
    except (OSError, subprocess.SubprocessError) as exc:
        raise RunnerError(f"cannot start a runner with {interpreter!r}: {exc}") from exc


def log_tail(project: Project, lines: int = 12) -> str:
    """Return the last lines of the runner's log, or a sentence if there is none."""
    try:
        return _tail(project.log, lines) or "(its log is empty)"
    except OSError:
        return "(it left no log)"


def _tail(path: Path, lines: int) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        text = file.read().decode(errors="backslashreplace")
    return "\n".join(text.splitlines()[-lines:])
