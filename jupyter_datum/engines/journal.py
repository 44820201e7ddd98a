"""A worker's journal: the file to which it appends its records as they come.

One file per worker life and run. A record is whole or it does not count: whoever reads
stops before a frame that is cut off. So after a failed or short write the worker must
end, or the next record would stand behind half of another.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import EngineError
from ..events import frames


class JournalError(EngineError):
    """A record could not be written: the worker's work would be lost in silence."""


class Journal:
    """The journal of this process in one run.

    Parameters
    ----------
    path : Path
        Made if it is not there; its folder is not made (it goes when the run has ended).

    Raises
    ------
    FileNotFoundError
        If the run has ended and was cleaned up.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._handle = os.open(path, flags, 0o600)
        #: Where the next record will stand.
        self.end = self._whole()

    def _whole(self) -> int:
        """Cut off what a former life of this worker has left unfinished."""
        size = os.fstat(self._handle).st_size
        end = 0
        if size:
            for _, end in frames(os.pread(self._handle, size, 0)):  # noqa: B007
                pass
        if end < size:
            os.ftruncate(self._handle, end)
        return end

    def append(self, data: bytes) -> None:
        """Write whole frames, in one call.

        Raises
        ------
        JournalError
            If not all of it could be written. Nothing may be appended after that.
        """
        try:
            written = os.write(self._handle, data)
        except OSError as exc:
            raise JournalError(f"cannot write the journal: {exc}") from exc
        if written != len(data):
            raise JournalError(f"only {written} of {len(data)} bytes fit into the journal")
        self.end += written

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)
