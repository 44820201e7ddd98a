"""What user code prints, kept per attempt.

All that a worker life prints in one run goes to one file; an attempt is a stretch of it.
In a process of ours file descriptors 1 and 2 are that file too, so that what C code and
child processes print is there as well. In a kernel only ``sys.stdout`` and ``sys.stderr``
are exchanged, while a set is executed.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..events import LogSegment

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Bytes kept of what one worker life prints in a run.
LIFE_LIMIT: Final = 1 << 30

_CUT: Final = "\n[cut here: {} more bytes were printed]\n"


class _Sink(io.RawIOBase):
    """The file, up to a limit. A full disk must not fail a datum for printing."""

    def __init__(self, handle: int) -> None:
        super().__init__()
        self._handle = handle
        self.left = 0
        self.cut = 0

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._handle

    def write(self, data: ReadableBuffer, /) -> int:
        view = memoryview(data).cast("B")
        kept = 0
        if self.left:
            try:
                kept = os.write(self._handle, view[: self.left])
            except OSError:
                self.left = 0
        self.left -= kept
        self.cut += len(view) - kept
        return len(view)

    def close_for_good(self) -> None:
        """Who still writes writes nowhere: the descriptor's number may be another file's."""
        self.left = 0
        os.close(self._handle)
        self._handle = -1


class _Stream(io.TextIOWrapper):
    """A text stream that user code cannot close for the datums after it."""

    #: A command that the cell runs may write to its descriptor.
    is_log = True

    def __init__(self, sink: _Sink) -> None:
        super().__init__(
            io.BufferedWriter(sink),
            encoding="utf-8",
            errors="backslashreplace",
            newline="\n",
            line_buffering=True,
        )

    def close(self) -> None:
        self.flush()


class Capture:
    """The log of one worker life in one run.

    Parameters
    ----------
    path : Path
        Appended to.
    own : bool
        Whether descriptors 1 and 2 of this process are ours to take.
    limit : int
        Bytes kept of what one attempt prints.
    """

    def __init__(self, path: Path, *, own: bool, limit: int) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._handle = os.open(path, flags, 0o600)
        self._own = own
        self._limit = limit
        self._sink = _Sink(self._handle)
        self._out, self._err = _Stream(self._sink), _Stream(self._sink)
        self._end = os.fstat(self._handle).st_size
        self._before = (sys.stdout, sys.stderr)

    def __enter__(self) -> Capture:
        self._before = (sys.stdout, sys.stderr)
        if self._own:  # each time, because user code may have closed them
            os.dup2(self._handle, 1)
            os.dup2(self._handle, 2)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.stdout, sys.stderr = self._before

    def begin(self) -> None:
        """An attempt begins."""
        self._sink.left = min(self._limit, max(0, LIFE_LIMIT - self._end))
        self._sink.cut = 0
        sys.stdout, sys.stderr = self._out, self._err

    def write(self, text: str) -> None:
        """Add `text`, in its place between what is printed."""
        self._out.write(text)

    def end(self) -> LogSegment | None:
        """An attempt has ended: return its stretch of the file, or None if it printed nothing."""
        self._out.flush()
        self._err.flush()
        size = os.lseek(self._handle, 0, os.SEEK_END)
        if size == self._end and not self._sink.cut:
            return None
        return self._segment(size)

    def _segment(self, size: int) -> LogSegment:
        offset, cut = self._end, self._sink.cut
        if size - offset > self._limit:  # C code and child processes know no limit
            cut += size - offset - self._limit
            os.ftruncate(self._handle, offset + self._limit)
        if cut:
            self._sink.left = 100
            self._out.write(_CUT.format(cut))
            self._out.flush()
        self._end = os.lseek(self._handle, 0, os.SEEK_END)
        return LogSegment(offset, self._end - offset, cut)

    def close(self) -> None:
        """Close the file; descriptors 1 and 2 stay with it until the next one takes them."""
        self._sink.close_for_good()


class NoCapture(Capture):
    """Drops what is printed: there is no file system to keep it in."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull), own=False, limit=0)

    def end(self) -> LogSegment | None:
        self._out.flush()
        self._err.flush()
        return None
