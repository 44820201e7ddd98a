"""How a watcher notices that something may be new: as the system's events tell it, or by time.

Events come from watchfiles, if that is installed and the folders are this machine's own.
"""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ..inputs.walk import OURS
from ..ledger.db import NETWORK, file_system

#: Seconds between two listings where no event tells, unless the user says.
EVERY: Final = 10.0
#: What watchfiles says of a path.
_CAME: Final = 1
_WRITTEN: Final = 2
_DELETED: Final = 3
#: Milliseconds of silence after which what came is told.
_QUIET: Final = 200
#: Arrivals that are named; any more count when they have stood still.
_NAMED: Final = 10_000
#: Seconds without a further event after which a new name was a move, not a file begun.
_MOVED: Final = 0.15


class Noticed:
    """What may have changed: one look at a time.

    Parameters
    ----------
    roots : sequence of bytes
        Absolute folders; none where nothing lies in one.
    exclude : sequence of bytes
        Absolute folders of which nothing counts.
    """

    def __init__(self, roots: Sequence[bytes], exclude: Sequence[bytes]) -> None:
        self._roots = frozenset(map(os.fsdecode, roots))
        #: Whether one of the folders was deleted, or moved away: nothing more is heard of it.
        self.lost = False
        self._exclude = tuple(folder.rstrip(b"/") + b"/" for folder in exclude)
        self._stop = threading.Event()
        #: Paths that were moved here as a whole -> when.
        self.arrived: dict[str, float] = {}
        #: Paths that have come, and may be moved or just begun -> when.
        self._coming: dict[str, float] = {}
        self._events = _events(roots, self._stop)
        # From here on events are heard: what is listed after this is not changed unheard.
        self._take(next(self._events))

    def wait(self, timeout: float) -> bool:
        """Wait for up to `timeout` seconds; return whether anything has changed."""
        end = time.monotonic() + timeout
        while True:
            changed = self._take(next(self._events))
            moved = self._settle()
            if changed or moved or time.monotonic() >= end:
                return changed or moved

    def forget(self, before: float) -> None:
        """Arrivals before this moment are old by their own times now."""
        self.arrived = {path: at for path, at in self.arrived.items() if at >= before}

    def close(self) -> None:
        """Watch no more."""
        self._stop.set()

    def _take(self, changes: set[tuple[Any, str]]) -> bool:
        known = [(int(kind), path) for kind, path in changes if self._counts(os.fsencode(path))]
        self.lost |= any(kind == _DELETED and path in self._roots for kind, path in known)
        now = time.monotonic()
        written = {path for kind, path in known if kind == _WRITTEN}
        for kind, path in known:
            if kind == _CAME and path not in written:
                self._coming[path] = now
            else:
                self._coming.pop(path, None)
                self.arrived.pop(path, None)
        return bool(known)

    def _settle(self) -> bool:
        """See which names that came, and of which nothing was heard since, were moved here."""
        now = time.monotonic()
        due = [path for path, at in self._coming.items() if now - at >= _MOVED]
        for path in due:
            del self._coming[path]
            if len(self.arrived) < _NAMED and _was_moved(path):
                self.arrived[path] = now
        return bool(due)

    def _counts(self, path: bytes) -> bool:
        return not path.startswith(self._exclude) and not OURS & set(path.split(b"/"))


def why_not(roots: Sequence[bytes]) -> str | None:
    """Return why changes are noticed by listing, or None if events tell of them."""
    if not roots:
        return "it is not in folders of this machine"
    if importlib.util.find_spec("watchfiles") is None:
        return 'the package watchfiles is not installed (pip install "jupyter-datum[watch]")'
    for root in roots:
        kind = file_system(Path(os.fsdecode(root)))
        if kind in NETWORK:
            return f"{os.fsdecode(root)} is on a network file system ({kind})"
        if not os.path.isdir(root):
            return f"the folder {os.fsdecode(root)} does not exist yet"
    return None


def _events(roots: Sequence[bytes], stop: threading.Event) -> Iterator[set[tuple[Any, str]]]:
    """Sets of changes, an empty one after each silence; without `roots` silence alone."""
    if not roots:
        while True:
            time.sleep(_QUIET / 1000)
            yield set()
    import watchfiles

    yield from watchfiles.watch(
        *map(os.fsdecode, roots), watch_filter=None, debounce=_QUIET, step=20,
        rust_timeout=_QUIET, yield_on_timeout=True, stop_event=stop, raise_interrupt=False,
        force_polling=False, ignore_permission_denied=True,
    )  # fmt: skip
    sys.exit("watchfiles has ended")  # nobody has told it to: the runner starts this anew


def _was_moved(path: str) -> bool:
    """Whether something was done to a new file after its last byte was written: it was moved
    here, or its times were set, which is how a copy ends. watchfiles tells of a move and of
    the first write by the same word. (Moved in the very tick of its last write it counts
    when it has stood still; so does an empty file, which is about to be written.)
    """
    try:
        status = os.stat(path)
    except OSError:
        return False
    moved = status.st_ctime_ns > status.st_mtime_ns
    return stat.S_ISREG(status.st_mode) and status.st_size > 0 and moved
