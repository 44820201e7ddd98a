"""Where a run is shown: a front end, a terminal, or neither."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any, Final, Protocol

#: Seconds between two updates of a cell's output.
_EVERY: Final = 0.25


class Screen(Protocol):
    """Shows a run while it goes on, and at its end."""

    def update(self, line: str, bundle: dict[str, Any]) -> None:
        """Show progress: `line` where there is room for one, else `bundle`."""

    def close(self, lines: list[str], bundle: dict[str, Any]) -> None:
        """Show the end."""


class FrontEnd:
    """The output of a cell in a notebook: one display, brought up to date in place."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = 0.0

    def update(self, line: str, bundle: dict[str, Any]) -> None:
        if time.monotonic() - self._shown >= _EVERY:
            self._show(bundle)

    def close(self, lines: list[str], bundle: dict[str, Any]) -> None:
        self._show(bundle)

    def _show(self, bundle: dict[str, Any]) -> None:
        from IPython.display import display

        self._shown = time.monotonic()
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


class Terminal:
    """One line that is written over, as tqdm does."""

    def __init__(self) -> None:
        self._shown = 0.0

    def update(self, line: str, bundle: dict[str, Any]) -> None:
        if time.monotonic() - self._shown < _EVERY:
            return
        self._shown = time.monotonic()
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r" + line[:width].ljust(width))
        sys.stderr.flush()

    def close(self, lines: list[str], bundle: dict[str, Any]) -> None:
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r" + " " * width + "\r")
        sys.stderr.flush()
        print("\n".join(lines))


class Quiet:
    """Output that nobody watches: the end is all that is said."""

    def update(self, line: str, bundle: dict[str, Any]) -> None:
        """Nothing."""

    def close(self, lines: list[str], bundle: dict[str, Any]) -> None:
        print("\n".join(lines))


def screen_for(shell: Any) -> Screen:
    """Return what fits this kernel or terminal."""
    if getattr(shell, "kernel", None) is not None:
        return FrontEnd()
    return Terminal() if sys.stderr.isatty() else Quiet()
