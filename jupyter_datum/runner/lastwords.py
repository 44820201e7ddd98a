"""What a runner prints goes to its log; that it cannot be written is nobody's fault.

A full disk must not end a runner because it says so: then nobody would be there to pause its
runs, and to go on with them when there is room again.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys


class Forgiving(io.RawIOBase):
    """A descriptor to write to; what it does not take is lost.

    Parameters
    ----------
    handle : int
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._handle

    def write(self, data: object) -> int:
        """Write what can be written."""
        view = memoryview(data)  # type: ignore[arg-type]
        with contextlib.suppress(OSError):
            os.write(self._handle, view)
        return view.nbytes


def print_forgivingly() -> None:
    """Have what is printed from now on never raise."""
    for name, handle in (("stdout", 1), ("stderr", 2)):
        stream = io.TextIOWrapper(
            Forgiving(handle),  # type: ignore[type-var]
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
            write_through=True,
        )
        setattr(sys, name, stream)
