"""How far somebody has taken what a run makes: a small file each, in the run's folder.

Not a row: the consumer would have to wait for the runner's commits, and pay a sync, each
time it says how far it is. Whether it lives is told by the lock that it holds on its file.
"""

from __future__ import annotations

import os
import struct
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ..errors import RunError
from ..locks import is_locked, try_lock

#: Bounds, parts, taken, waits, seconds waited, time.
_FORM: Final = struct.Struct("<QQQ?dd")
#: On some systems the byte that is locked cannot be read.
_AT: Final = 8


class Position(NamedTuple):
    """How far a consumer is.

    Parameters
    ----------
    ahead : int
        Finished datums that may wait for it; 0 for any number.
    parts : int
        It takes one of so many parts of the datums.
    taken : int
        Datums of its part that the run has made and it has taken.
    waits : bool
        Whether it waits for the run at the moment.
    waited : float
        Seconds that it has waited in all.
    at : float
        When it said so (epoch seconds).
    """

    ahead: int
    parts: int
    taken: int
    waits: bool
    waited: float
    at: float


class Taker:
    """A consumer's own file; gone when it is closed, or when its process ends.

    Parameters
    ----------
    run : Path
        The run's folder.

    Raises
    ------
    RunError
        If it cannot be made.
    """

    def __init__(self, run: Path) -> None:
        self._path = _folder(run) / uuid.uuid4().hex
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = try_lock(self._path)
        except OSError as exc:
            raise RunError(f"cannot note how far the stream is: {exc}") from exc
        assert handle is not None  # nobody else knows the name
        self._handle: int = handle

    def put(self, position: Position) -> None:
        """Say how far it is."""
        data = bytes(_AT) + _FORM.pack(*position)
        if hasattr(os, "pwrite"):
            os.pwrite(self._handle, data, 0)
        else:
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, data)

    def close(self) -> None:
        """Hold nobody back any more."""
        if self._handle >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1


def consumers(run: Path) -> Iterator[tuple[str, Position]]:
    """Yield name and position of each consumer of a run that lives; files of others go."""
    try:
        entries = list(os.scandir(_folder(run)))
    except OSError:  # as almost always: nobody takes anything
        return
    for entry in entries:
        path = Path(entry.path)
        if not is_locked(path):
            path.unlink(missing_ok=True)
            continue
        try:
            data = path.read_bytes()[_AT:]
        except OSError:
            continue
        if len(data) == _FORM.size:
            yield entry.name, Position(*_FORM.unpack(data))


def now() -> float:
    """The clock of :attr:`Position.at`: one that two processes share."""
    return time.time()


def _folder(run: Path) -> Path:
    return run / "taken"
