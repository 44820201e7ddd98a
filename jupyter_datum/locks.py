"""OS locks on files: whether a process lives is told by its lock, never by a pid or a clock.

``fcntl.lockf`` and not ``flock``: a forked child keeps a ``flock``, and would so keep a
dead parent alive. Such a lock belongs to the *process*: closing any other descriptor of
the same file gives it up, so the holder never opens its lock file twice.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final, NamedTuple


class Span(NamedTuple):
    """A stretch of bytes of a lock file; a length of 0 means to its end, however far."""

    start: int
    length: int


_ALL: Final = Span(0, 0)


def try_lock(path: Path, span: Span = _ALL) -> int | None:
    """Return a descriptor that holds the exclusive lock of `path`, or None if it is taken.

    The lock ends with the process, or when the descriptor is closed.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if _lock(handle, span, exclusive=True):
        return handle
    os.close(handle)
    return None


def claim(path: Path) -> bool:
    """Return whether this process is the first to create `path`, which nobody ever removes
    while it means anything."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def is_locked(path: Path, span: Span = _ALL) -> bool:
    """Return whether another process holds the lock of `path`, or of a part of `span`.

    Never to be asked by the holder itself (see above). Two who ask at once do not disturb
    each other; a holder-to-be who comes between tries again.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _lock(handle, span, exclusive=False)
    finally:
        os.close(handle)


def _lock(handle: int, span: Span, *, exclusive: bool) -> bool:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, span.start, os.SEEK_SET)
        size = span.length or 1
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, size)
        except OSError:
            return False
        if not exclusive:
            msvcrt.locking(handle, msvcrt.LK_UNLCK, size)
        return True
    import fcntl

    try:
        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        fcntl.lockf(handle, kind | fcntl.LOCK_NB, span.length, span.start)
    except OSError:
        return False
    return True
