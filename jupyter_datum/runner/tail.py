"""Reads what workers journal: each record once, whichever way it comes first.

A worker's frames come twice: in its journal, which is tailed, and in the bytes that the
engine gives back for a set. The answer says which stretch of the journal it repeats, so
one offset per worker life tells what is still unseen.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import FrameError
from ..events import Begun, Record, SetReturn, outcomes


class JournalTail:
    """The journal of one worker life in one run.

    Parameters
    ----------
    path : Path
        It need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self._seen = 0
        #: The datum at work, as far as the journal tells.
        self.begun: Begun | None = None

    def read(self) -> list[Record]:
        """Return the records that were appended since the last look; of those that say
        *begun* only the last one, if nothing follows it."""
        data = self._new_bytes()
        return self._take(data) if data else []

    def returned(self, answer: SetReturn) -> list[Record]:
        """Return those records of a set's answer that the journal has not shown yet."""
        if answer.stop <= self._seen:
            return []
        if answer.start > self._seen:  # what lies between can only stand in the journal
            before = self.read()
            return before + self.returned(answer) if self._seen >= answer.start else before
        return self._take(answer.frames[self._seen - answer.start :])

    def _take(self, data: bytes) -> list[Record]:
        try:
            records, end = outcomes(data)
        except FrameError as exc:
            raise FrameError(f"the journal {str(self._path)!r} is damaged: {exc}") from exc
        self._seen += end
        self._note(records)
        return records

    def _note(self, records: list[Record]) -> None:
        if not records:
            return
        last = records[-1]
        self.begun = last if isinstance(last, Begun) else None

    def _new_bytes(self) -> bytes:
        if self._handle is None:
            try:
                self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return b""
        size = os.fstat(self._handle).st_size
        return os.pread(self._handle, size - self._seen, self._seen) if size > self._seen else b""

    def close(self) -> None:
        """Close the file; twice is safe."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
