"""A recorded traceback taken apart: the user's own frames with the lines round them, and where
the others are from.

Lines of a cell come from the cell as it was recorded. Lines of a module come from its file as
it stands now, below the project's folder and nowhere else, and only where the failing line is
still the one that the traceback quotes; else that quoted line is all there is to show.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from .paths import contents_path, inside, read_whole

#: Lines shown before and after the one that failed.
ROUND: Final = 2
#: Bytes of a module that is read, characters of a line, and frames that are told.
_MODULE: Final = 1 << 20
_LINE: Final = 400
_FRAMES: Final = 60

_HEAD: Final = "Traceback (most recent call last):"
_AGAIN: Final = "while handling that:"
_FRAME: Final = re.compile(r'  (cell|another cell|File "(.*)"), line (\d{1,9})(?:, in (.*))?')
_SKIPPED: Final = re.compile(r"  \.\.\. ([\d,]{1,12}) more \.\.\.")
_INSTALLED: Final = re.compile(r"[/\\](?:site|dist)-packages[/\\]([^/\\]+)")
_PYTHON: Final = re.compile(r"[/\\]lib(?:64)?[/\\]python3[^/\\]*[/\\]|^<frozen |[/\\]Lib[/\\]")


class Frame(NamedTuple):
    """A frame as a traceback has it; ``skipped`` is how many were left out in its place."""

    where: str
    file: str | None
    line: int
    function: str | None
    quoted: str
    skipped: int = 0


def blocks(traceback: str) -> list[tuple[list[Frame], str]]:
    """Return the frames of each exception of a traceback with its last line, in its order."""
    found: list[tuple[list[Frame], str]] = []
    lines = traceback.split("\n")
    at = 0
    while at < len(lines):
        if lines[at] != _HEAD:
            at += 1
            continue
        frames, at = _frames(lines, at + 1)
        found.append((frames, lines[at] if at < len(lines) else ""))
        while at < len(lines) and lines[at] != _AGAIN:  # a message may have many lines
            at += 1
    return found


def _frames(lines: list[str], at: int) -> tuple[list[Frame], int]:
    frames: list[Frame] = []
    while at < len(lines):
        line = lines[at]
        if (skipped := _SKIPPED.fullmatch(line)) is not None:
            frames.append(Frame("cut", None, 0, None, "", int(skipped[1].replace(",", ""))))
            at += 1
            continue
        found = _FRAME.fullmatch(line)
        if found is None:
            break
        at += 1
        quoted = ""
        if at < len(lines) and lines[at].startswith("    "):
            quoted, at = lines[at][4:], at + 1
        where = "file" if found[2] is not None else "cell" if found[1] == "cell" else "notebook"
        frames.append(Frame(where, found[2], int(found[3]), found[4], quoted))
    return frames, at


class Sources:
    """Where lines come from.

    Parameters
    ----------
    cell : str
        The cell as recorded.
    project : Path
        The project's folder.
    root : Path or None
        The folder that the server shows.
    """

    def __init__(self, cell: str, project: Path, root: Path | None) -> None:
        self._cell = cell.split("\n")
        self._project = Path(os.path.realpath(project))
        self._root = root
        self._files: dict[str, list[str] | None] = {}

    def told(self, traceback: str) -> list[dict[str, Any]]:
        """Return the exceptions of a traceback as JSON."""
        return [
            {"error": last[:_LINE], "frames": list(self._shown(frames))}
            for frames, last in blocks(traceback)
        ]

    def _shown(self, frames: list[Frame]) -> Iterator[dict[str, Any]]:
        for frame in frames[:_FRAMES]:
            lines, edited = self._lines(frame)
            first = max(1, frame.line - ROUND) if len(lines) > 1 else frame.line
            yield {
                "where": frame.where,
                "name": self._name(frame),
                "package": None if frame.file is None else package_of(frame.file),
                "path": self._path(frame),
                "line": frame.line,
                "function": frame.function,
                "first": first,
                "lines": [line[:_LINE] for line in lines],
                "edited": edited,
                "skipped": frame.skipped,
            }

    def _lines(self, frame: Frame) -> tuple[list[str], bool]:
        """The lines round a frame's, and whether its file is another one by now."""
        alone = [frame.quoted] if frame.quoted else []
        if frame.where == "cell":
            text: list[str] | None = self._cell
        else:
            text = self._file(frame.file) if frame.file is not None else None
        if text is None:
            return alone, False
        if not 0 < frame.line <= len(text) or text[frame.line - 1].strip() != frame.quoted:
            return alone, bool(alone)
        shown = text[max(0, frame.line - 1 - ROUND) : frame.line + ROUND]
        while not shown[-1].strip() and len(shown) > 1:
            shown.pop()
        return shown, False

    def _file(self, name: str) -> list[str] | None:
        if name not in self._files:
            self._files[name] = self._read(name) if len(self._files) < _FRAMES else None
        return self._files[name]

    def _read(self, name: str) -> list[str] | None:
        path = self._own(name)
        data = None if path is None else read_whole(path, _MODULE)
        return data.decode("utf-8", "backslashreplace").splitlines() if data else None

    def _own(self, name: str) -> Path | None:
        """The real path of a module of the project; None for every other file."""
        if not name.endswith(".py") or "\0" in name or not os.path.isabs(name):
            return None
        path = Path(os.path.realpath(name))
        if not inside(path, self._project) or path.suffix != ".py":
            return None
        hidden = any(part.startswith(".") for part in path.relative_to(self._project).parts)
        return None if hidden or package_of(name) or package_of(str(path)) else path

    def _name(self, frame: Frame) -> str:
        if frame.file is None:
            return frame.where
        path = self._own(frame.file)
        if path is not None:
            return str(path.relative_to(self._project))
        return re.split(r"[/\\]", frame.file)[-1] or frame.file

    def _path(self, frame: Frame) -> str | None:
        path = self._own(frame.file) if frame.file is not None else None
        return None if path is None else contents_path(self._root, os.fsencode(path))


def package_of(file: str) -> str | None:
    """Return the installed package that a file belongs to, ``"python"`` for its own library;
    None for a file of the user's."""
    if (found := _INSTALLED.search(file)) is not None:
        return found[1].removesuffix(".py")
    if re.search(r"[/\\]jupyter_datum[/\\]", file):
        return "jupyter_datum"
    return "python" if _PYTHON.search(file) else None
