"""Outlives a worker of a cluster that we brought up, and ends what its datums have left running.

Such a worker is ended by its nanny, its batch system or its own fault, on whatever host, and its
datums' child processes would go on. A process of its own looks on, which nobody takes for the
worker's: it has left the worker's descendants and its process group. It imports the standard
library alone. Only on Linux, which shows who started whom and with which environment.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

#: Seconds between two looks at who was started. What carries the mark is found without.
_LOOK: Final = 1.0
#: What is being born is found in a later round, so many seconds after.
_ROUNDS: Final = 3
_BIRTH: Final = 0.005
#: The flag of a thread of the kernel's.
_KERNEL: Final = 0x00200000


def appoint(mark: str) -> None:
    """Have this process watched from now on: what it has started before is not touched.

    Parameters
    ----------
    mark : str
        A variable of what its datums start: ``NAME=VALUE``.
    """
    if not hasattr(os, "pidfd_open"):
        return
    command = [sys.executable, "-I", "-S", __file__, str(os.getpid()), mark]
    environment = {k: v for k, v in os.environ.items() if k != mark.partition("=")[0]}
    with contextlib.suppress(OSError):  # it ends as soon as its own child watches
        subprocess.run(
            command, env=environment, cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            check=False,
        )  # fmt: skip


def main() -> None:
    """Watch a process (``PID MARK``) in a child of this one, which is nobody's child then."""
    pid, mark = int(sys.argv[1]), sys.argv[2]
    worker = os.pidfd_open(pid)
    spared = _descendants(pid, set())
    if not os.fork():
        _watch(pid, worker, mark, spared)
    os._exit(0)


def _watch(pid: int, worker: int, mark: str, spared: set[int]) -> None:
    started: dict[int, int] = {}
    while not _ended(worker, _LOOK):
        for child in [child for child, handle in started.items() if _ended(handle, 0)]:
            os.close(started.pop(child))
        for child in _descendants(pid, spared) - started.keys():
            with contextlib.suppress(OSError):
                started[child] = os.pidfd_open(child)
    for handle in started.values():
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    for _ in range(_ROUNDS):
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        kill_marked(mark)
        time.sleep(0.1)


def kill_marked(mark: str) -> None:
    """SIGKILL all processes of this user that carry `mark`, but this one; where ``/proc`` shows
    environments."""
    entries = os.listdir("/proc") if os.path.isdir("/proc/self") else []
    left = [int(entry) for entry in entries if entry.isdigit() and int(entry) != os.getpid()]
    for _ in range(_ROUNDS):
        left = [pid for pid in left if not _judged(pid, mark.encode())]
        if not left:
            return
        time.sleep(_BIRTH)


def _judged(pid: int, mark: bytes) -> bool:
    """Kill `pid` if it carries `mark`; False if that is not to be seen yet: a process that is
    just being made another program's shows nothing for a moment."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        if mark in environment.split(b"\0"):
            os.kill(pid, signal.SIGKILL)
        return bool(environment) or not _is_program(pid)
    except OSError:
        return True


def _is_program(pid: int) -> bool:
    """Whether it is neither dead nor a thread of the kernel's."""
    state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return state not in ("Z", "X") and not int(fields[5]) & _KERNEL


def _ended(handle: int, within: float) -> bool:
    poll = select.poll()  # select itself takes no large descriptors
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(within * 1000))


def _descendants(pid: int, spared: set[int]) -> set[int]:
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        fresh = _children(waiting.pop()) - found - spared
        found |= fresh
        waiting += fresh
    return found


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(map(int, file.read_text().split()))
    return found


if __name__ == "__main__":
    main()
