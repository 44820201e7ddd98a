"""How many datums a written input has: told by a process that lists it, and ends when nobody
wants to know any more (:mod:`jupyter_datum.runner.count_child`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from ..errors import UsageError
from ..transform.marked import line_of, magic_line, marked_cell
from ..transform.optionline import parse_line
from .errors import bad_request

#: Seconds that a child has at most; it ends its listing itself long before.
_WITHIN: Final = 20.0
#: Children at work at the same time: others wait.
_AT_WORK: Final = 2
_MODULE: Final = "jupyter_datum.runner.count_child"
#: What of a mark decides how many there are: a mistake elsewhere hides no count.
_COUNTED: Final = ("name", "input", "output")
#: Nothing is told.
UNKNOWN: Final = {"count": None, "whole": False, "why": None, "mistake": None}


class Counts:
    """The counting that goes on in a server."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_WORK, "datum-count")

    async def count(self, folder: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return how many datums there are; to cancel it ends the child.

        Parameters
        ----------
        folder : Path
            The notebook's.
        asked : mapping
            What :func:`input_of` gave.
        """
        counting = _Counting({**asked, "folder": str(folder)})
        future = self._pool.submit(counting.run)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            counting.end()
            raise

    def close(self) -> None:
        """Begin no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Counting:
    """One child."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._asked = asked
        self._ended = False
        self._child: subprocess.Popen[bytes] | None = None

    def end(self) -> None:
        """End it, begun or not."""
        self._ended = True
        if self._child is not None:
            self._child.kill()

    def run(self) -> dict[str, Any]:
        """Have it count; -P: nothing in the folder may stand for a module."""
        if self._ended:
            return UNKNOWN
        try:
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                cwd=self._asked["folder"], start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            return {**UNKNOWN, "mistake": f"it cannot be counted: {exc.strerror or exc}"}
        self._child = child
        if self._ended:
            child.kill()
        return self._told(child)

    def _told(self, child: subprocess.Popen[bytes]) -> dict[str, Any]:
        """The child lives as long as its standard input is open: it is closed at the end."""
        assert child.stdin is not None and child.stdout is not None
        with child, contextlib.suppress(OSError, ValueError):
            child.stdin.write(json.dumps(self._asked).encode() + b"\n")
            child.stdin.flush()
            told = _within(child, _WITHIN)
            return dict(json.loads(told))
        return UNKNOWN


def _within(child: subprocess.Popen[bytes], seconds: float) -> bytes:
    """Read one line; a child that hangs (a disk that does) is ended, and the line is empty."""
    assert child.stdout is not None
    timer = threading.Timer(seconds, child.kill)
    timer.start()
    try:
        return child.stdout.readline()
    finally:
        timer.cancel()
        child.kill()


def input_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be counted: ``input`` (None: nothing), ``name`` and ``output``; or the
    ``mistake`` in a magic's line.

    Parameters
    ----------
    asked : mapping
        ``mark``: the metadata of a cell; or ``source``: a cell that begins with the magic.

    Raises
    ------
    ApiError
        ``bad-request`` if it is neither.
    """
    mark, source = asked.get("mark"), asked.get("source")
    if (source is None) == (mark is None):
        raise bad_request("'mark' or 'source' says what is counted")
    if source is not None and (line := magic_line(source)):
        try:
            parse_line(line, source.lstrip("\n").partition("\n")[2])
        except UsageError as exc:
            return {"input": None, "mistake": str(exc)}
    metadata = {} if mark is None else {"datum": mark}
    cell = {"cell_type": "code", "source": source or "", "metadata": metadata}
    found = marked_cell(0, cell)
    if found is None or not found.name:
        return {"input": None}
    if mark is not None:
        try:
            line_of({key: mark[key] for key in _COUNTED if key in mark})
        except UsageError:
            return {"input": None}  # `POST marks` says what is wrong
    output = found.options.get("output") or f"out/{found.name}"
    return {"name": found.name, "input": found.options.get("input"), "output": output}
