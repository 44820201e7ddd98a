"""The watcher: ends a runner's workers when the runner is gone, however it went.

A process of its own that imports only the standard library. It holds the reading end of a
pipe to the runner; the kernel closes that pipe when the runner dies, SIGKILL included. At
the end of the pipe it kills every process group that it was told of, and every process
that carries the runner's mark in its environment (workers' children in other sessions).
Then it has the batch jobs cancelled that the runner can give back no more.

A thread in the worker could not do this: a C call may hold the interpreter's lock.
``PR_SET_PDEATHSIG`` could not either: it fires when the *thread* that started a process
ends, and engines start processes from pool threads.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

#: Name of the variable that marks what a runner started: ``<project>:<runner>:<lock>:<epoch>.``
MARK = "JUPYTER_DATUM_MARK"
#: In the command line of what multiprocessing and loky have started to remove semaphores and
#: shared memory: it does so, and ends, when all who could use them are gone.
TRACKER = b"resource_tracker import main"
#: Module that cancels jobs.
ORPHANS = "jupyter_datum.engines.orphans"


def main(mark: str, notes: str) -> None:
    """Read ``+<pgid>`` and ``-<pgid>`` lines from standard input; at its end, kill, and have
    the jobs cancelled of which there are notes in the folder `notes`."""
    groups: set[int] = set()
    for line in sys.stdin:
        sign, number = line[0], int(line[1:])
        (groups.add if sign == "+" else groups.discard)(number)
    end(mark, groups)
    if os.path.isdir(notes) and os.listdir(notes):
        cancel_jobs()


def end(mark: str, groups: set[int]) -> None:
    """SIGKILL what the runner has started, until nothing of it is left."""
    for _ in range(20):  # a group that is being born now is found in a later round
        for group in groups:
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGKILL)
        if not kill_marked(mark) and not any(map(_alive, groups)):
            return
        time.sleep(0.1)


def cancel_jobs() -> None:
    """Cancel batch jobs of runners that have died; this process has not the package at hand."""
    environment = {name: text for name, text in os.environ.items() if name != MARK}
    with contextlib.suppress(OSError):
        os.execve(sys.executable, [sys.executable, "-P", "-m", ORPHANS], environment)


def kill_marked(mark: str, *, but: str | None = None) -> int:
    """SIGKILL every process of this user whose environment has `mark`; return how many.

    `mark` is a prefix of the variable's value; processes whose value is `but` are spared,
    and so are the caller and whoever tidies up after the dead. Only where ``/proc`` shows
    environments (Linux); elsewhere 0.
    """
    wanted = f"{MARK}={mark}".encode()
    spared = f"{MARK}={but}".encode() if but else None
    killed = 0
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if entry.isdigit() and int(entry) != os.getpid() and _marked(entry, wanted, spared):
            with contextlib.suppress(OSError):
                os.kill(int(entry), signal.SIGKILL)
                killed += 1
    return killed


def _marked(pid: str, wanted: bytes, spared: bytes | None) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return False
    return any(v.startswith(wanted) and v != spared for v in variables) and not _is_tracker(pid)


def _is_tracker(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return TRACKER in file.read()
    except OSError:
        return False


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    # The runner's own end may come as a signal to its whole session.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main(*sys.argv[1:])
