"""Where a run is shown: a front end, a terminal, or neither."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
import time
from typing import Any, Final, Protocol

from .. import registry
from ..errors import UsageError
from ..project import Project
from .register import kernel_id

#: Seconds between two updates of a cell's output.
_EVERY: Final = 0.25


class Screen(Protocol):
    """Shows a run while it goes on, and at its end."""

    def update(self, line: str, bundle: dict[str, Any]) -> None:
        """Show progress: `line` where there is room for one, else `bundle`."""

    def close(self, lines: list[str], bundle: dict[str, Any]) -> None:
        """Show the end."""


class FrontEnd:
    """The output of a cell in a notebook: one display, brought up to date in place.

    Parameters
    ----------
    drawn : bool
        Whether the page draws the run by itself: then the first display and the last are all
        that it needs, and the notebook is not changed four times a second.
    """

    def __init__(self, *, drawn: bool = False) -> None:
        self._handle: Any = None
        self._shown = 0.0
        self._drawn = drawn

    def update(self, line: str, bundle: dict[str, Any]) -> None:
        if self._drawn and self._handle is not None:
            return
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
        sys.stderr.write("\r" + fitted(line, width).ljust(width))
        sys.stderr.flush()

    def close(self, lines: list[str], bundle: dict[str, Any]) -> None:
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r" + " " * width + "\r")
        sys.stderr.flush()
        tell("\n".join(lines))


def tell(text: str) -> None:
    """Print sentences of ours; in a terminal they break between words."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        text = "\n".join(row for line in text.split("\n") for row in folded(line, width))
    print(text)


def fitted(line: str, width: int) -> str:
    """Return a line of progress in `width` columns: a shorter bar first, then fewer parts."""
    if len(line) > width:
        line = re.sub(r"([█░])\1{2}", r"\1", line)
    while len(line) > width and ", " in line:
        line = line.rpartition(", ")[0]  # what says most stands first
    return line[:width]


def folded(line: str, width: int) -> list[str]:
    """Return a line as rows of `width` columns: a terminal breaks it in the midst of words."""
    inner = " " * (len(line) - len(line.lstrip(" ")) + 2)
    wrap = textwrap.TextWrapper(
        max(width, 20), subsequent_indent=inner, break_on_hyphens=False, expand_tabs=False
    )
    return wrap.wrap(line) or [line]


class Quiet:
    """Output that nobody watches: the end is all that is said."""

    def update(self, line: str, bundle: dict[str, Any]) -> None:
        """Nothing."""

    def close(self, lines: list[str], bundle: dict[str, Any]) -> None:
        print("\n".join(lines))


class TextOnly(FrontEnd):
    """A front end that is to show nothing but text."""

    def _show(self, bundle: dict[str, Any]) -> None:
        super()._show({"text/plain": bundle["text/plain"]})


class Widget:
    """The widget of :mod:`.widget`, and the text at the end."""

    def __init__(self, project: Project, run: str) -> None:
        self._project = project
        self._run = run
        self._shown = False

    def update(self, line: str, bundle: dict[str, Any]) -> None:
        from IPython.display import display

        from .widget import run_widget

        if not self._shown:
            self._shown = True
            display(run_widget(self._project, self._run))

    def close(self, lines: list[str], bundle: dict[str, Any]) -> None:
        self.update("", bundle)
        print("\n".join(lines))


class Making:
    """What a plan says while it is made: in a notebook a display that is emptied at the end, as
    nothing on stderr is; elsewhere lines on stderr."""

    def __init__(self, shell: Any) -> None:
        self._front = FrontEnd() if getattr(shell, "kernel", None) is not None else None
        self._rows: list[str] | None = None

    def say(self, rows: list[str], line: str) -> None:
        """Show the first rows, once there are some, and how far the listing is."""
        first = self._rows is None and bool(rows)
        self._rows = rows if first else self._rows or []
        if self._front is not None:
            text = "\n".join([*self._rows, line])
            self._front.update(line, {"text/plain": text})
            return
        if first:
            print("\n".join(rows), file=sys.stderr)
        print(f"\r{line}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take away what was shown, for the plan takes its place."""
        if self._rows is None:
            return
        if self._front is not None:
            self._front.close([], {"text/html": "", "text/plain": ""})
        else:
            print(f"\r{' ' * 40}\r", end="", file=sys.stderr, flush=True)


#: What the variable ``JUPYTER_DATUM_PROGRESS`` may hold.
PROGRESS: Final = ("off", "text", "html", "widget")


def screen_for(shell: Any, project: Project, run: str) -> Screen:
    """Return what fits this kernel or terminal, or what ``JUPYTER_DATUM_PROGRESS`` asks for.

    Raises
    ------
    UsageError
        If it asks for what there is not.
    """
    wanted = os.environ.get("JUPYTER_DATUM_PROGRESS", "html")
    if wanted not in PROGRESS:
        raise UsageError(f"JUPYTER_DATUM_PROGRESS={wanted}: there are {', '.join(PROGRESS)}")
    if wanted == "off":
        return Quiet()
    if getattr(shell, "kernel", None) is None:
        return Terminal() if sys.stderr.isatty() else Quiet()
    if wanted == "widget":
        return Widget(project, run)
    if wanted == "text":
        return TextOnly()
    kernel = kernel_id()
    return FrontEnd(drawn=kernel is not None and registry.is_drawn(kernel))
