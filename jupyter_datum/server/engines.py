"""Which engines a run could have: asked of the interpreter that would run it.

The server's own environment may have none of them, and imports none: a child process of the
kernel's (or the runner's) Python looks (:mod:`jupyter_datum.runner.survey_child`). What it says
holds for a minute.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from ..errors import DatumError, UnknownEngineError
from ..ledger import queries
from ..project import Project
from ..runner.ask import recorded
from ..transform.engine import told_by_text
from .errors import bad_request

#: Seconds for which an answer holds, and within which one has to come.
_FRESH: Final = 60.0
_WITHIN: Final = 25.0
#: Seconds before which nobody has it look anew.
_AT_MOST_EVERY: Final = 5.0
#: Interpreters whose answers are remembered.
_KEPT: Final = 20
_MODULE: Final = "jupyter_datum.runner.survey_child"

_Key = tuple[str, str]


class Engines:
    """What interpreters have said lately."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, "datum-engines")
        self._known: dict[_Key, tuple[float, asyncio.Future[dict[str, Any]]]] = {}

    async def look(self, interpreter: str, root: Path | None, *, fresh: bool) -> dict[str, Any]:
        """Return what there is.

        Parameters
        ----------
        interpreter : str
            Of a kernel of this user's, or of a recipe whose signature was checked.
        root : Path or None
            Of the project, if there is one.
        fresh : bool
            Look anew, whatever is known.
        """
        key = (interpreter, str(root or ""))
        known, now = self._known.get(key), time.monotonic()
        within = _AT_MOST_EVERY if fresh else _FRESH
        # One that is still looking is waited for: a second click starts no second child.
        if known is not None and (now - known[0] < within or not known[1].done()):
            return await asyncio.shield(known[1])
        while len(self._known) >= _KEPT:
            self._known.pop(next(iter(self._known)))
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._pool, _asked, interpreter, root)
        self._known[key] = (now, future)
        return await asyncio.shield(future)

    def names(self, root: Path | None) -> frozenset[str]:
        """Return the engines that interpreters have told of in a project, while that holds;
        none: nobody has asked them."""
        now = time.monotonic()
        found: set[str] = set()
        for (_, place), (at, future) in self._known.items():
            told = place == str(root or "") and now - at < _FRESH and future.done()
            if told and not future.cancelled() and future.exception() is None:
                found.update(str(each["name"]) for each in future.result()["engines"])
        return frozenset(found)

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def check(text: str | None, names: frozenset[str]) -> None:
    """Refuse an engine that there is not, as far as that is known without a kernel.

    Parameters
    ----------
    text : str or None
        What a run is asked to have; None: what its cell says.
    names : frozenset of str
        Engines that interpreters have told of; none: they were not asked.

    Raises
    ------
    ApiError
        ``bad-request``.
    """
    if text is None:
        return
    try:
        if told_by_text(text) or not names or text in names:
            return
        raise UnknownEngineError(text, tuple(sorted(names)))
    except DatumError as exc:
        raise bad_request(str(exc)) from None


def interpreter_of(conn: sqlite3.Connection, project: Project) -> str | None:
    """Return the interpreter of the newest run that this user has signed, if there is one."""
    for row in queries.runs(conn, limit=1):
        try:
            return recorded(project, row).interpreter
        except DatumError:
            return None
    return None


def usable(said: dict[str, Any] | None) -> str | None:
    """Return the interpreter that a kernel has told of itself, if it is there."""
    python = said.get("python") if said else None
    return python if isinstance(python, str) and os.path.isabs(python) else None


def own() -> str:
    """Return the interpreter of this server: nobody else is known."""
    return sys.executable


def _asked(interpreter: str, root: Path | None) -> dict[str, Any]:
    """Ask an interpreter: -P, nothing in the folder may stand for a module."""
    command = [interpreter, "-P", "-m", _MODULE, *([str(root)] if root else [])]
    try:
        told = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_WITHIN, check=False,
            cwd=root, start_new_session=True,
        )  # fmt: skip
        return dict(json.loads(told.stdout))
    except subprocess.TimeoutExpired:
        problem = f"the engines were not known within {_WITHIN:g} s"
    except OSError as exc:
        problem = f"the kernel's Python cannot be started: {exc.strerror or exc}"
    except ValueError:
        last = told.stderr.decode("utf-8", "backslashreplace").strip().rpartition("\n")[2]
        problem = f"the kernel's Python cannot say which engines it has: {last[:200]}"
    return {"engines": [], "cores": 0, "memory": 0, "devices": 0, "problem": problem}
