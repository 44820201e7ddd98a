"""Ending worker processes for good, and saying why one ended."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..resources import cgroup_files
from .warden import kill_marked

if TYPE_CHECKING:
    from psutil import Process

#: Carried by a worker and inherited by what it starts, so that all of it can be found even
#: when it left the worker's group, and the worker is dead: ``<pid of the engine>-<number>``.
WORKER_MARK: Final = "JUPYTER_DATUM_WORKER"

#: In the cause of a death while the kernel killed for want of memory.
OUT_OF_MEMORY: Final = "most likely out of memory"
#: A worker ends with this code if it cannot record what it does: nobody would hear of it.
BROKEN: Final = 174


def lead_group() -> None:
    """Make this process the leader of a process group of its own (where there are groups)."""
    if hasattr(os, "setpgid") and os.getpgrp() != os.getpid():
        with contextlib.suppress(PermissionError):  # the leader of a session is one already
            os.setpgid(0, 0)


def kill_tree(pid: int) -> None:
    """SIGKILL process `pid`, the group that it leads and all of its descendants.

    What is gone already does not matter. Descendants are stopped and listed before
    anything is killed: an orphan is nobody's child any more.
    """
    import psutil  # 15 ms that a worker need not pay

    found: dict[int, Process] = {}
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        # Each round stops what the former one found, so nothing is born unseen for long.
        _group(pid, "SIGSTOP")
        while fresh := [p for p in root.children(recursive=True) if p.pid not in found]:
            for process in fresh:
                found[process.pid] = process
                with contextlib.suppress(psutil.Error):
                    process.suspend()
    _group(pid, "SIGKILL")
    for process in found.values():
        with contextlib.suppress(psutil.Error):
            process.kill()
    with contextlib.suppress(OSError):
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def kill_left(pid: int, mark: str) -> None:
    """SIGKILL what a worker that has ended left: its group, and all that carries its mark.

    Parameters
    ----------
    pid : int
        The worker's.
    mark : str
        Its value of :data:`WORKER_MARK`. Only Linux shows the environment of a process.
    """
    _group(pid, "SIGKILL")
    kill_marked(f"{WORKER_MARK}={mark}")


def _group(pid: int, name: str) -> None:
    if hasattr(os, "killpg") and pid != os.getpgrp():
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.Signals[name])


def death_cause(code: int | None, *, out_of_memory: bool = False) -> str:
    """Return how a process ended, for people.

    Parameters
    ----------
    code : int or None
        Its exit code; minus the number of the signal that killed it; None if unknown.
    out_of_memory : bool
        Whether the kernel has killed for want of memory lately (see :class:`OomWatch`).
    """
    if code is None:
        return "lost"
    if code == BROKEN:
        return f"exited with code {code}: its records could not be written (disk full?)"
    if code >= 0 or sys.platform == "win32":
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:  # a real-time signal
        name = f"signal {-code}"
    out_of_memory = out_of_memory and name == "SIGKILL"
    return f"killed by {name}" + f", {OUT_OF_MEMORY}" * out_of_memory


def memory_of(pid: int) -> int | None:
    """Return the memory that a process holds, in bytes; None if it cannot be told (any more)."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # 10 us; psutil takes 40
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        if sys.platform == "linux":
            return None
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def open_files() -> tuple[int, int]:
    """Return how many files this process has open, and how many it may have; 0 if unknown."""
    try:
        import resource
    except ImportError:
        return 0, 0
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    try:
        return len(os.listdir(folder)), limit
    except OSError as exc:  # to look takes one more
        return (limit, limit) if exc.errno == errno.EMFILE else (0, 0)


_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class OomWatch:
    """Tells whether the kernel has killed in our control group for want of memory."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._seen = self._kills()

    def rose(self) -> bool:
        """Return whether there were such kills since the last question."""
        before, self._seen = self._seen, self._kills()
        return self._seen > before

    def _kills(self) -> int:
        """Kills in the group itself: the first file is the nearest."""
        for file in cgroup_files("memory", "memory.oom_control", "memory.events", self._root):
            with contextlib.suppress(OSError, ValueError):
                for line in file.read_text().splitlines():
                    if line.startswith("oom_kill "):
                        return int(line.split()[1])
        return 0
