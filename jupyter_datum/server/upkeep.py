"""Plans, and what is decided about results that are there: each in a process of its own.

A page asks, is told an id, and looks how far it is. Nothing here lists an input: that is
the child's (:mod:`jupyter_datum.runner.upkeep_child`), which ends with this server.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final

from ..project import Project
from .errors import not_found, refused

#: Children at work at the same time.
_AT_WORK: Final = 4
#: Answers that are remembered.
_KEPT: Final = 50
#: Seconds after which a plan that nobody looks at is given up.
_UNSEEN: Final = 30.0
_MODULE: Final = "jupyter_datum.runner.upkeep_child"


@dataclass
class Errand:
    """Something that a page has asked for."""

    project: str
    verb: str
    state: str = "open"
    message: str | None = None
    lines: list[str] = field(default_factory=list)
    plan: dict[str, Any] | None = None
    recipe: str | None = None
    cells: tuple[int, int] | None = None
    seen: float = field(default_factory=time.monotonic)

    def to_json(self) -> dict[str, Any]:
        """Return what a page is told."""
        names = ("verb", "state", "message", "lines", "plan", "recipe", "cells")
        return {name: getattr(self, name) for name in names}

    def end(self, state: str, message: str | None = None) -> None:
        """It is ``done``, or ``refused`` with a sentence; what was said first counts."""
        if self.state == "open":
            self.state, self.message = state, message


class Upkeep:
    """What pages have asked for lately."""

    def __init__(self) -> None:
        self._errands: OrderedDict[str, Errand] = OrderedDict()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(self, project: Project, asked: Mapping[str, Any]) -> str:
        """Have something done; return its id. It starts a process: not for the event loop.

        Raises
        ------
        ApiError
            ``refused`` if too much is being done already.
        """
        key = uuid.uuid4().hex
        with self._lock:
            self._give_up()
            if len(self._children) >= _AT_WORK:
                raise refused("other plans are being made; try again in a moment")
            child = _child(project)
            self._children[key] = child
            errand = self._note(key, Errand(project.uuid, asked["verb"]))
        threading.Thread(
            target=self._follow, args=(key, errand, child, dict(asked)), daemon=True
        ).start()
        return key

    def begin(self, project: Project, verb: str) -> tuple[str, Errand]:
        """Have pages ask for what another one does; return its id, and what it tells there."""
        key = uuid.uuid4().hex
        with self._lock:
            return key, self._note(key, Errand(project.uuid, verb))

    def cancel(self, project: str, key: str) -> None:
        """Give up a plan that is being made; what has an effect is left to its end.

        Raises
        ------
        ApiError
            ``not-found`` as for :meth:`look`.
        """
        self.look(project, key)
        with self._lock:
            child, errand = self._children.get(key), self._errands.get(key)
            if child is not None and errand is not None and errand.verb == "plan":
                errand.end("refused", "it was given up")
                child.kill()

    def look(self, project: str, key: str) -> dict[str, Any]:
        """Return how far it is.

        Raises
        ------
        ApiError
            ``not-found`` if it is another project's, or was long ago.
        """
        errand = self._errands.get(key)
        if errand is None or errand.project != project:
            raise not_found("request")
        errand.seen = time.monotonic()
        return errand.to_json()

    def close(self) -> None:
        """End what is under way."""
        with self._lock:
            for child in self._children.values():
                child.kill()

    def _note(self, key: str, errand: Errand) -> Errand:
        self._errands[key] = errand
        while len(self._errands) > _KEPT:
            self._errands.popitem(last=False)
        return errand

    def _give_up(self) -> None:
        """Plans that nobody waits for make room; what has an effect is left to its end."""
        now = time.monotonic()
        for key, child in self._children.items():
            errand = self._errands.get(key)
            if errand is None or (errand.verb == "plan" and now - errand.seen > _UNSEEN):
                child.kill()

    def _follow(
        self, key: str, errand: Errand, child: subprocess.Popen[bytes], asked: dict[str, Any]
    ) -> None:
        """Read what a child says until it ends."""
        with child:
            assert child.stdin is not None and child.stdout is not None
            with contextlib.suppress(OSError):  # it died: how is seen below
                child.stdin.write(json.dumps(asked).encode() + b"\n")
                child.stdin.flush()
                _take(child.stdout, errand)
            child.kill()
        with self._lock:
            self._children.pop(key, None)
        errand.end(
            "refused", "the process that did this has ended too early; see .datum/runner.log"
        )


def _take(stream: IO[bytes], errand: Errand) -> None:
    for line in stream:
        told = json.loads(line)
        errand.plan = told.get("plan", errand.plan)
        errand.lines = told.get("lines", [])
        errand.message = told.get("message")
        errand.state = told["state"]
        if errand.state != "open":
            return


def _child(project: Project) -> subprocess.Popen[bytes]:
    """Start the child; -P: nothing in the project's folder may stand for a module."""
    try:
        with project.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(project.root)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=project.root,
                start_new_session=True,
            )
    except OSError as exc:
        raise refused(f"no process can be started for this: {exc.strerror or exc}") from exc
