"""Processes that read for the server what may come from anyone: with little time and memory, and
what they say is not believed."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, Final

#: Bytes of an answer that are heard.
_LONGEST: Final = 4 << 20
#: Bytes of memory (of addresses: libraries take many that they never use), and seconds at work.
MEMORY: Final = 3 << 30
SECONDS: Final = 10


def heard(module: str, asked: BinaryIO, within: float) -> bytes | None:
    """Return what a module's process says; None if it did not come to it in time.

    Parameters
    ----------
    module : str
        Its main calls :func:`say`.
    asked : file
        Open: its standard input.
    within : float
        Seconds, by the clock of the server: where a system has no limits, and for a disk that
        hangs.

    Raises
    ------
    OSError
        If no process can be started.
    """
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(),
        cwd=tempfile.gettempdir(), start_new_session=True,
    )  # fmt: skip
    late = threading.Event()

    def expire() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(within, expire)
    timer.start()
    with child:
        assert child.stdout is not None
        told = child.stdout.read(_LONGEST)
        child.kill()  # it has said all that is heard
    timer.cancel()
    return None if late.is_set() else told


def _environment() -> dict[str, str]:
    """The server's own, with one thread and a pool that gives its memory back."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "ARROW_IO_THREADS"), "1")
    return {**os.environ, **one, "ARROW_DEFAULT_MEMORY_POOL": "system"}


def say(answer: Callable[[BinaryIO], dict[str, Any]]) -> int:
    """In the child: answer what stands on standard input, as one line of JSON."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints must not come between
    _limit()
    with os.fdopen(0, "rb", closefd=False) as file:
        told = answer(file)
    out.write(json.dumps(told))
    out.flush()
    return 0


def _limit() -> None:
    """Take what this process may not need; a system that has no such limits has the clock of
    the one that asks."""
    with contextlib.suppress(ImportError):
        import resource

        limits = (
            (resource.RLIMIT_AS, MEMORY),
            (resource.RLIMIT_CPU, SECONDS),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
        )
        for which, most in limits:
            _, hard = resource.getrlimit(which)
            if hard != resource.RLIM_INFINITY:
                most = min(most, hard)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(which, (most, most))
