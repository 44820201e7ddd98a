"""The runner's right to be the only one: lock, epoch, and the end of what came before.

Alive is who holds the lock (:mod:`jupyter_datum.locks`). The epoch, one more at each
start, stands in every claim, staging name, record and commit, so that whatever an older
runner or its workers still do is recognised and dropped.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from ..engines.orphans import cancel_orphans, notes, notes_folder
from ..locks import try_lock
from ..project import Project, interpreter_id
from . import watcher
from .cluster import Watch


def take_lock(project: Project, interpreter: str, *, tries: int = 30) -> int | None:
    """Return a descriptor with the runner's lock, or None if another runner lives.

    Clients who look whether a runner lives hold the lock, shared, for microseconds; so a
    few tries tell a look from a holder.
    """
    for _ in range(tries):
        handle = try_lock(project.lock(interpreter))
        if handle is not None:
            return handle
        time.sleep(0.01)
    return None


def mark(project: Project, interpreter: str, epoch: int | None = None) -> str:
    """Return the mark of what a runner starts; without epoch, what all marks begin with.

    A copied project has the same uuid, and a runner of its own that may be at work: what
    tells the two apart, and stays when a project is moved, is the file of the lock.
    """
    lock = os.stat(project.lock(interpreter))
    where = f"{lock.st_dev:x}-{lock.st_ino:x}"
    start = f"{project.uuid}:{interpreter_id(interpreter)}:{where}:"
    return start if epoch is None else f"{start}{epoch}."


def end_older(project: Project, interpreter: str, epoch: int) -> int:
    """Kill what older runners of this project and interpreter left on this host."""
    mine = mark(project, interpreter, epoch)
    killed = 0
    while n := watcher.kill_marked(mark(project, interpreter), but=mine):
        killed += n
        time.sleep(0.02)  # until the kernel has taken them away
    return killed


def ledger_file(project: Project) -> tuple[int, int] | None:
    """Return what tells the file of the ledger from another in its place; None if it is gone."""
    try:
        status = os.stat(project.ledger)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def give_back_orphans() -> None:
    """Cancel batch jobs that runners of this user, killed on this host with their watchers, have
    left; in a thread, since a batch system takes its time."""
    found = notes()

    def cancel() -> None:
        if jobs := cancel_orphans(found):
            print(f"cancelled jobs of a runner that died: {', '.join(jobs)}", flush=True)

    if found:
        threading.Thread(target=cancel, daemon=True).start()


def boot_id() -> str:
    """Return what tells one boot of this host from the next; empty where nothing does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def host() -> str:
    """Return this host's name."""
    return socket.gethostname()


class ProcessWatch(Watch):
    """The watcher process, at the other end of a pipe that dies with this process."""

    def __init__(self, project: Project, interpreter: str, epoch: int) -> None:
        own = mark(project, interpreter, epoch)
        os.environ[watcher.MARK] = own  # inherited by whatever this process starts
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", watcher.__file__, own, str(notes_folder())],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def add(self, pid: int | None) -> None:
        """Note the process group led by `pid`."""
        self._tell("+", pid)

    def discard(self, pid: int | None) -> None:
        """Forget it: its processes are gone."""
        self._tell("-", pid)

    def _tell(self, sign: str, pid: int | None) -> None:
        if pid is None or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(f"{sign}{pid}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:  # without it the next runner ends what is left
            self._process.stdin = None
