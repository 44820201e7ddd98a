"""The two files of a run that have one entry for each position of its input.

``plan`` holds the datum's row id (4 bytes, little-endian), ``states`` its state (1 byte).
Its runner writes them, everybody else maps them: a snapshot is the file, a change is a
comparison. A runner that takes a run up replaces both files by name, so that whoever has
the older ones mapped keeps them whole (a file cut short under a map kills its reader).

``order`` is there where datums were moved since: row ids as in ``plan``, in the order of now.
"""

from __future__ import annotations

import mmap
import os
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PLAN: Final = "plan"
STATES: Final = "states"
ORDER: Final = "order"
#: Bytes of a row id in ``plan``.
WIDTH: Final = 4
#: A position of which the ledger does not know the datum (only in a rebuilt plan).
UNKNOWN: Final = 0


class PlanFile:
    """Datum row ids in input order, appended while the plan is made.

    Parameters
    ----------
    path : Path
        A file of the run's folder; an older one is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._file = _new(path)
        self._size = 0

    def __len__(self) -> int:
        return self._size // WIDTH

    def append(self, ids: Iterable[int]) -> None:
        """Add the next positions."""
        data = _packed(ids)
        _write(self._file, data, self._size)
        self._size += len(data)

    def close(self) -> None:
        """Close the file; it stays with the run."""
        os.close(self._file)


def put_order(folder: Path, ids: Iterable[int]) -> None:
    """Write down in which order a run's datums come now."""
    part = PlanFile(folder / f"{ORDER}.part")
    part.append(ids)
    part.close()
    (folder / f"{ORDER}.part").replace(folder / ORDER)


class StatesFile:
    """The state of each position, one byte (:class:`~jupyter_datum.states.DatumState`).

    Parameters
    ----------
    path : Path
        A file of the run's folder; an older one is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._file = _new(path)

    def write(self, start: int, states: bytes) -> None:
        """Set the states from position `start` on; may lie beyond the end."""
        _write(self._file, states, start)

    def write_runs(self, runs: Iterable[tuple[int, bytes]]) -> None:
        """Set several stretches, each as (first position, states)."""
        for start, states in runs:
            _write(self._file, states, start)

    def close(self) -> None:
        """Close the file; it stays with the run."""
        os.close(self._file)


@contextmanager
def mapped(path: Path) -> Iterator[memoryview]:
    """Map a plan or states file to read it; empty if it is empty or not there.

    The view ends with the block, and shows what its writer changes meanwhile.
    """
    try:
        # A FIFO in its place is not waited for; its size is 0, so it counts as empty.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        yield memoryview(b"")
        return
    try:
        size = os.fstat(handle).st_size
        data = mmap.mmap(handle, size, access=mmap.ACCESS_READ) if size else None
    finally:
        os.close(handle)
    if data is None:
        yield memoryview(b"")
        return
    with data, memoryview(data) as view:
        yield view


def plan_ids(path: Path, start: int = 0, stop: int | None = None) -> Sequence[int]:
    """Return the datum row ids of positions `start` to `stop` (exclusive)."""
    ids = array("I")
    with mapped(path) as view:
        end = len(view) // WIDTH if stop is None else min(stop, len(view) // WIDTH)
        ids.frombytes(view[start * WIDTH : max(start, end) * WIDTH])
    if sys.byteorder == "big":
        ids.byteswap()
    return ids


def plan_spread(path: Path, n: int) -> list[int]:
    """Return up to `n` row ids of a plan, evenly spread over it."""
    with mapped(path) as view:
        total = len(view) // WIDTH
        places = range(0, total, max(1, -(-total // n)))
        return [
            int.from_bytes(view[place * WIDTH : (place + 1) * WIDTH], "little") for place in places
        ]


def plan_pages(path: Path, page: int = 10_000) -> Iterator[Sequence[int]]:
    """Yield all row ids of a plan, some thousand at a time, in input order."""
    start = 0
    while ids := plan_ids(path, start, start + page):
        yield ids
        start += len(ids)


def state_counts(path: Path) -> dict[int, int]:
    """Return how many positions are in each state that occurs."""
    counts: dict[int, int] = {}
    with mapped(path) as view:
        for start in range(0, len(view), 1 << 20):
            chunk = bytes(view[start : start + (1 << 20)])
            for state in set(chunk):
                counts[state] = counts.get(state, 0) + chunk.count(state)
    return counts


def _packed(ids: Iterable[int]) -> bytes:
    numbers = array("I", ids)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _new(path: Path) -> int:
    """Open a new, empty file in place of what is there, which readers may still have mapped."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write(handle: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:  # a write may be short (disk nearly full); the next one says why
        written = os.pwrite(handle, view, offset)
        view, offset = view[written:], offset + written
