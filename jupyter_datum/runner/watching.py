"""The runner's side of watched transforms: a child that looks, and runs of what it finds.

A batch is one run. It is asked for as any other, with the code that the transform ran last;
what comes meanwhile is the next batch. A watch is there until it is stopped: while there is
one the runner does not end for want of work, and the next runner takes it up.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sqlite3
import subprocess
import threading
import uuid
from typing import Any, Final

from ..errors import DatumError, LedgerError
from ..inputs.chains import upstream_names
from ..ledger import queries, requests
from ..ledger.requests import Request
from ..ledger.watches import WatchRow, begin_watch, set_watch, watch, watches
from ..project import Project
from ..transform.recipe import Recipe, read_recipe
from .cluster import Watch
from .handover import Receiver

#: Seconds between two looks.
_LOOK: Final = 0.1
#: Seconds between two notes that a child has looked.
_NOTE: Final = 5.0
#: Times in a row that a child that ends is started anew, and seconds before the first.
_TRIES: Final = 5
_BACKOFF: Final = 0.5


class Watched:
    """One transform that is watched.

    Parameters
    ----------
    row : WatchRow
    """

    def __init__(self, row: WatchRow) -> None:
        self.row = row
        self.child: subprocess.Popen[bytes] | None = None
        self.says: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.run: str | None = None
        self.runs = row.runs
        self.deaths = 0
        self.due = 0.0
        self.noted = 0.0
        self.message: str | None = row.message


class Watches:
    """All that a runner watches.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    interpreter : str
    receiver : Receiver
        Knows the values of environment variables, told under the watch's name.
    guard : Watch
        Told of each child: who ends it if this process dies.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        project: Project,
        interpreter: str,
        receiver: Receiver,
        guard: Watch,
    ) -> None:
        self._conn, self._project, self._interpreter = conn, project, interpreter
        self._receiver, self._guard = receiver, guard
        self._there: dict[str, Watched] = {}
        self._looked = 0.0
        self._asked = False

    @property
    def active(self) -> bool:
        """Whether anything is watched."""
        return bool(self._there)

    def take_up(self) -> None:
        """Go on with what an older runner has watched."""
        for row in watches(self._conn, interpreter=self._interpreter):
            self._there[row.transform] = Watched(row)

    def begin(self, request: Request) -> None:
        """Watch a transform, as it is asked for.

        Raises
        ------
        SignatureError
            If its recipe was not signed by this user.
        """
        recipe = read_recipe(self._project, request.recipe or "")
        every = request.args.get("every")
        self._drop(recipe.name)
        row = begin_watch(
            self._conn,
            transform=recipe.name,
            interpreter=self._interpreter,
            request=str(request.run),
            recipe=str(request.recipe),
            settle=float(request.args["settle"]),
            every=None if every is None else float(every),
        )
        self._there[recipe.name] = Watched(row)

    def stop(self, request: Request) -> None:
        """Watch a transform no more; a run under way goes on."""
        name = str(request.args.get("transform"))
        self._drop(name)
        if watch(self._conn, name) is not None:
            set_watch(self._conn, name, state="stopped", message=None)

    def step(self, now: float) -> bool:
        """Hear what the children say, and ask for the runs that are due; return whether any
        was asked for."""
        if not self._there or now - self._looked < _LOOK:
            return False
        self._looked = now
        for watched in list(self._there.values()):
            try:
                self._step(watched, now)
            except (LedgerError, sqlite3.Error) as exc:  # locked, or a full disk: it passes
                print(f"the watch of {watched.row.transform} waits: {exc}", flush=True)
            except DatumError as exc:
                self._fail(watched, str(exc))
        asked, self._asked = self._asked, False
        return asked

    def close(self) -> None:
        """End the children; what is watched stays so, for the next runner."""
        for watched in self._there.values():
            self._end(watched)

    # -- one of them ---------------------------------------------------------------------

    def _step(self, watched: Watched, now: float) -> None:
        if watched.child is None:
            if now >= watched.due:
                self._start(watched)
            return
        with contextlib.suppress(queue.Empty):
            while True:
                self._heard(watched, watched.says.get_nowait(), now)
        if watched.run is not None and self._over(watched.run):
            watched.run = None
            self._tell(watched, "done")
        if watched.child is not None and watched.child.poll() is not None:
            self._died(watched, now)

    def _heard(self, watched: Watched, said: dict[str, Any], now: float) -> None:
        name = watched.row.transform
        if "ready" in said:
            self._ask(watched, said)
        elif "how" in said:
            set_watch(self._conn, name, how=said["how"])
        elif "looked" in said:
            watched.deaths = 0
            if now - watched.noted > _NOTE or watched.message:
                watched.noted, watched.message = now, None
                set_watch(self._conn, name, looked=said["looked"], message=None)
        elif "trouble" in said and said["trouble"] != watched.message:
            watched.message = said["trouble"]
            set_watch(self._conn, name, message=watched.message)
        elif "failed" in said:
            watched.message = said["failed"]

    def _ask(self, watched: Watched, said: dict[str, Any]) -> None:
        """Ask for a run of what has come, unless the code is another by now: then its input
        may be too, and is looked at first."""
        row = watched.row
        if self._renewed(watched):
            return
        if self._is_fed(row.recipe):  # what feeds it has begun since: the batch is not whole
            self._tell(watched, "later")
            return
        run = uuid.uuid4().hex
        self._receiver.lend(row.request, run)
        args = {
            "origin": "watch", "only": ["new"], "settle": said["settle"],
            "arrived": said["arrived"],
        }  # fmt: skip
        try:
            requests.ask(
                self._conn, uuid=run, interpreter=self._interpreter, kind="run",
                run=run, recipe=row.recipe, args=args,
            )  # fmt: skip
        except LedgerError:
            self._receiver.forget(run)
            self._tell(watched, "later")
            raise
        watched.run, watched.runs = run, watched.runs + 1
        set_watch(self._conn, row.transform, runs=watched.runs)
        self._asked = True

    def _is_fed(self, digest: str) -> bool:
        """Whether a run is under way of a transform that feeds this one."""
        names = upstream_names(read_recipe(self._project, digest).input)
        rows = (queries.latest_run(self._conn, name) for name in names)
        return any(row is not None and row.ended is None for row in rows)

    def _renewed(self, watched: Watched) -> bool:
        """Whether the transform has run with other code, or another input, since: then that
        is what is watched from now on."""
        latest = queries.latest_run(self._conn, watched.row.transform)
        if latest is None or latest.recipe == watched.row.recipe:
            return False
        if latest.interpreter != self._interpreter:
            return False
        self._end(watched)
        watched.row = watched.row._replace(recipe=latest.recipe)
        set_watch(self._conn, watched.row.transform, recipe=latest.recipe)
        return True

    def _over(self, run: str) -> bool:
        row = queries.run_by_uuid(self._conn, run)
        if row is not None:
            return row.ended is not None
        return requests.answered(self._conn, run)[0] == "refused"

    # -- children ------------------------------------------------------------------------

    def _start(self, watched: Watched) -> None:
        self._renewed(watched)
        recipe = read_recipe(self._project, watched.row.recipe)
        with self._project.log.open("ab") as log:
            watched.child = child = subprocess.Popen(
                [
                    recipe.interpreter, "-m", "jupyter_datum.runner.watch_child",
                    str(self._project.root),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._project.root,
                env=self._environment(watched, recipe),
                start_new_session=True,
            )  # fmt: skip
        self._guard.add(child.pid)
        watched.says = queue.SimpleQueue()
        row = watched.row
        self._tell(
            watched, json.dumps({"recipe": row.recipe, "settle": row.settle, "every": row.every})
        )
        threading.Thread(target=_listen, args=(child, watched.says), daemon=True).start()

    def _environment(self, watched: Watched, recipe: Recipe) -> dict[str, str]:
        told = self._receiver.values(watched.row.request) or {}
        return {**os.environ, **told, **recipe.variables}

    def _tell(self, watched: Watched, line: str) -> None:
        if watched.child is not None and watched.child.stdin is not None:
            with contextlib.suppress(OSError):  # that it is dead is seen at the next step
                watched.child.stdin.write(f"{line}\n".encode())
                watched.child.stdin.flush()

    def _died(self, watched: Watched, now: float) -> None:
        self._end(watched)
        watched.deaths += 1
        if watched.deaths > _TRIES:
            self._fail(watched, watched.message or f"its process ended; see {self._project.log}")
        watched.due = now + _BACKOFF * 2**watched.deaths

    def _fail(self, watched: Watched, message: str) -> None:
        self._drop(watched.row.transform)
        set_watch(self._conn, watched.row.transform, state="failed", message=message)

    def _drop(self, name: str) -> None:
        watched = self._there.pop(name, None)
        if watched is not None:
            self._end(watched)
            self._receiver.forget(watched.row.request)

    def _end(self, watched: Watched) -> None:
        child, watched.child, watched.run = watched.child, None, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._guard.discard(child.pid)


def _listen(child: subprocess.Popen[bytes], says: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Read what a child says until it ends."""
    assert child.stdout is not None
    with contextlib.suppress(OSError, ValueError):  # closed by who has ended it
        for line in child.stdout:
            says.put(json.loads(line))


def waiting_for(conn: sqlite3.Connection, interpreter: str) -> bool:
    """Return whether a runner is needed: something is asked for, left unfinished, or watched."""
    asked = requests.open_requests(conn, interpreter)
    left = asked or queries.unfinished_runs(conn, interpreter)
    return bool(left or watches(conn, interpreter=interpreter))


__all__ = ["Watches", "waiting_for"]
