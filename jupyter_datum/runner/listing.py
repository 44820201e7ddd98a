"""A run's plan on disk: one packed row per datum that runs, read back by position.

So a million planned datums cost eight bytes each in memory, and a retry hours later finds
the very row that was planned.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from pathlib import Path

import msgpack


class Listing:
    """Rows by position, appended while the plan is made, read while it runs.

    Parameters
    ----------
    path : Path
        A file of the run's folder; an older one is replaced.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        #: Where each position's row starts, and last where the next one will.
        self._starts = array("q", [0])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def append(self, rows: Sequence[bytes]) -> None:
        """Add the next positions; an empty row for a datum that does not run."""
        offset = end = self._starts[-1]
        for row in rows:
            end += len(row)
            self._starts.append(end)
        _write(self._file, b"".join(rows), offset)

    def rows(self, positions: Sequence[int]) -> bytes:
        """Return the rows of `positions`, joined; one read for each unbroken stretch."""
        pieces: list[bytes] = []
        first = 0
        for i in range(1, len(positions) + 1):
            if i == len(positions) or positions[i] != positions[i - 1] + 1:
                start = self._starts[positions[first]]
                stop = self._starts[positions[i - 1] + 1]
                pieces.append(os.pread(self._file, stop - start, start))
                first = i
        return b"".join(pieces)

    def close(self) -> None:
        """Close the file; it goes with the run's folder."""
        os.close(self._file)


def ids_by_key(path: Path, ids: set[int]) -> dict[bytes, int]:
    """Return the keys that a former runner gave these datum ids to, by the listing it left."""
    found: dict[bytes, int] = {}
    if not ids or not path.exists():
        return found
    with path.open("rb") as file:
        try:
            for row in msgpack.Unpacker(file, raw=False, unicode_errors="surrogateescape"):
                if row[1] in ids:
                    found[row[2]] = row[1]
                if len(found) == len(ids):
                    break
        except (ValueError, msgpack.UnpackException):
            pass  # its last row is torn: the runner died while it wrote
    return found


def _write(handle: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, offset)
        view, offset = view[written:], offset + written
