"""``python -m jupyter_datum.runner.watch_child PROJECT``: watch the input of one transform.

A process of its own: it lists, hashes what has changed, and runs whatever the input is made
of. One line of JSON on standard input says what; each further line ("done") that what was
found has been dealt with. Lines of JSON on standard output say that there is something.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sqlite3
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, Final

from ..errors import DatumError, ProjectError
from ..hashing import Digests
from ..inputs import input_from_json
from ..inputs.base import Input
from ..inputs.chains import upstream_names
from ..inputs.upstream import UpstreamInput
from ..ledger import db, queries
from ..project import Project, find
from ..remote import is_url
from ..transform.recipe import Recipe, read_recipe
from .lister_child import _end_with_parent
from .noticed import EVERY, Noticed, why_not
from .survey import Survey
from .upkeep_child import _line, _say

#: Seconds between two looks at the ledger, where the input comes from another transform.
_LOOK: Final = 0.3
#: Seconds after which everything is listed anyway: events can be lost.
_ANYWAY: Final = 60.0
#: A listing is followed by a pause of so many times what it took.
_REST: Final = 4
#: Seconds after which an input that cannot be listed is tried again.
_AGAIN: Final = 5.0


def main(root: str) -> int:
    """Watch until standard input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what is printed must not come between the lines
    asked = json.loads(_line(0))
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_hear, args=(told,), daemon=True).start()
    try:
        project = find(Path(root))
        if project is None:
            raise ProjectError(f"no project at {root!r}")
        with contextlib.closing(db.connect(project)) as conn:
            Watching(conn, project, asked, told, lambda made: _say(out, made)).forever()
    except BrokenPipeError:  # nobody wants to know any more
        return 1
    except DatumError as exc:
        _say(out, {"failed": str(exc)})
    except Exception as exc:
        traceback.print_exc()
        _say(out, {"failed": f"{type(exc).__name__}: {exc}"})
    return 1


def _hear(told: queue.SimpleQueue[str]) -> None:
    """Hear that a run has ended; the end of standard input is the parent's."""
    line = b""
    while byte := os.read(0, 1):
        line += byte
        if byte == b"\n":
            told.put(line.decode().strip())
            line = b""
    _end_with_parent(0)


class Watching:
    """One transform's input, looked at when something may be new.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    asked : dict
        ``recipe``, ``settle``, ``every``.
    told : SimpleQueue
        Gets a line when what was found has been dealt with.
    say : callable
        Tells the runner.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        project: Project,
        asked: dict[str, Any],
        told: queue.SimpleQueue[str],
        say: Any,
    ) -> None:
        self._conn, self._project = conn, project
        self._told, self._say = told, say
        self._recipe: Recipe = read_recipe(project, asked["recipe"])
        source = input_from_json(self._recipe.input, project)
        self._roots = _folders(source)
        self._ups = sorted(set(upstream_names(self._recipe.input)))
        # What another transform makes is moved to its place as a whole.
        self._settle = float(asked["settle"]) if _has_files(source) else 0.0
        self._every: float | None = asked["every"]
        self._digests = Digests()
        self._seen: tuple[Any, ...] = ()
        self._notice()

    def forever(self) -> None:
        """Look, and wait for the next look."""
        due = time.monotonic()
        while True:
            now = time.monotonic()
            if self._replaced():
                self._noticed.close()
                self._notice()
                due = now
            if now >= due:
                due = self._look()
            wait = max(0.0, min(due - time.monotonic(), _LOOK if self._ups else 1.0))
            if self._noticed.wait(wait):
                soon = 0.0 if self._noticed.arrived else self._settle
                due = min(due, max(self._rested, time.monotonic() + soon))
            if self._ups and self._changed_above():
                due = min(due, max(self._rested, time.monotonic()))

    def _notice(self) -> None:
        """Choose how changes are noticed, and say it."""
        why = "asked for" if self._every else why_not(self._roots)
        if why and self._ups and not self._roots:
            why = "" if not self._every else why
        out = [os.fsencode(self._recipe.out)] if self._recipe.out else []
        self._places = _places(self._roots)
        self._noticed = Noticed([] if why else self._roots, out)
        self._by_time = bool(why)
        self._why = why
        self._pause = self._every or EVERY
        self._rested = 0.0
        how = f"listing every {self._pause:g} s: {why}" if why else "events"
        self._say({"how": how})

    def _replaced(self) -> bool:
        """Whether events tell of folders in whose place others stand by now: of these they say
        nothing."""
        if self._by_time:
            return False
        now = _places(self._roots)
        other = self._noticed.lost or now != self._places
        return other and None not in now  # one that is gone is waited for

    def _look(self) -> float:
        """List, and tell what there is to run; return when to look again."""
        if self._at_work():
            return time.monotonic() + _LOOK
        began = time.monotonic()
        try:
            ready, young = self._survey()
        except (DatumError, OSError) as exc:
            self._say({"trouble": str(exc)})
            return time.monotonic() + min(self._pause, _AGAIN)
        if self._at_work():  # begun while it was listed: half a batch was seen
            return time.monotonic() + _LOOK
        self._say({"looked": time.time()})
        took = time.monotonic() - began
        self._rested = time.monotonic() + _REST * took
        if ready:
            arrived = sorted(self._noticed.arrived)
            self._say({"ready": ready, "settle": self._settle, "arrived": arrived})
            self._told.get()  # one batch after the other
            self._noticed.forget(began - self._settle)
            return max(time.monotonic(), self._rested)
        if self._by_time and not self._every and why_not(self._roots) != self._why:
            self._noticed.close()
            self._notice()
        wait = self._pause if self._by_time else _ANYWAY
        if young:
            wait = min(wait, max(self._settle / 2, 0.1))
        return max(time.monotonic() + wait, self._rested)

    def _survey(self) -> tuple[int, int]:
        """How many datums would run now, and how many are not at rest; the first number is
        enough if there are any."""
        args = {
            "only": ["new"],
            "settle": self._settle,
            "arrived": sorted(self._noticed.arrived),
        }
        planner = Survey(self._conn, self._project, self._recipe, args).planner
        planner.compare.share(self._digests)
        ready = 0
        try:
            while not ready and (batch := planner.step()) is not None:
                ready = sum(1 for row in batch.rows if row)
        finally:
            planner.close()
        return ready, planner.still.young if planner.still else 0

    def _at_work(self) -> bool:
        """Whether a run is under way of it, or of what feeds it: then the batch is not whole."""
        names = [self._recipe.name, *self._ups]
        rows = [queries.latest_run(self._conn, name) for name in names]
        return any(row is not None and row.ended is None for row in rows)

    def _changed_above(self) -> bool:
        """Whether a transform that feeds it has run since the last look."""
        rows = [queries.latest_run(self._conn, name) for name in self._ups]
        seen = tuple((row.id, row.ended) if row else None for row in rows)
        changed, self._seen = seen != self._seen, seen
        return changed


def _folders(source: Input) -> list[bytes]:
    """Folders of this machine in which files of the user's are looked for."""
    found = {
        root
        for leaf in source.leaves
        if not isinstance(leaf, UpstreamInput)
        for root in leaf.roots.values()
        if root and not is_url(root)
    }
    return sorted(found)


def _places(folders: list[bytes]) -> list[tuple[int, int] | None]:
    """What tells each folder from another in its place; None of one that is not there."""
    found: list[tuple[int, int] | None] = []
    for folder in folders:
        try:
            status = os.stat(folder)
        except OSError:
            found.append(None)
        else:
            found.append((status.st_dev, status.st_ino))
    return found


def _has_files(source: Input) -> bool:
    return any(not isinstance(leaf, UpstreamInput) for leaf in source.leaves)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
