"""Whether anybody still waits for what a worker of somebody else's cluster does.

Who asks holds a lock in the project's folder as long as it lives. Without it (its process was
killed, or has closed its engine) the datum at work is of no use any more: what it has started is
ended, the rest of its set is not begun, and nothing more of it is recorded, since what fails from
now on is nobody's fault. The process itself is not ours to end.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ..locks import is_locked
from .processes import WORKER_MARK
from .warden import kill_marked
from .worker import Session

#: Seconds between two looks.
_LOOK: Final = 2.0


def lock_of(token: str) -> Path:
    """Return the lock that stands beside a token."""
    return Path(f"{token}.lock")


def lock_beside(token: str, asker: tuple[str, int]) -> Path | None:
    """Return the lock of who asks; None if its state is not to be seen from here: from within its
    own process, or on a file system that tells other hosts of no locks."""
    path = lock_of(token)
    if tuple(asker) == (socket.gethostname(), os.getpid()):
        return None
    with contextlib.suppress(OSError):
        return path if is_locked(path) else None
    return None


@contextlib.contextmanager
def while_wanted(
    lock: Path | None, session: Session, environment: Mapping[str, str]
) -> Iterator[None]:
    """While a set is executed: look on."""
    if lock is None:
        yield
        return
    over = threading.Event()
    mark = f"{WORKER_MARK}={environment[WORKER_MARK]}"
    threading.Thread(target=_look_on, args=(lock, session, mark, over), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _look_on(lock: Path, session: Session, mark: str, over: threading.Event) -> None:
    while not over.wait(_LOOK):
        if not is_locked(lock):
            session.give_up()
            if not over.is_set():
                kill_marked(mark)
            return
