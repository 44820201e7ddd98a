"""joblib's other backends: they say where workers run, and how many.

A backend takes calls and gives results; which of its processes has a call nobody can say. So each
call is a :func:`~.pilot.pilot`: it starts a worker process where the backend has put it, and looks
after it. That worker has a name, variables of its own, a process group; its death is named, and
it can be ended, whatever the backend does: threads, a pool, a cluster. Sets travel by a folder
(:mod:`.inbox`) that lies in the project's.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import shutil
import socket
import time
from pathlib import Path
from typing import Final

from ..errors import EngineError
from ..locks import is_locked, try_lock
from ..transform.engine import BACKENDS_HERE
from .base import Down, Engine, EngineSettings, Event, Log, Refused, Up
from .children import Children
from .guest import Hello, greeting_problem
from .inbox import UP, Inbox, put
from .pilot import ALIVE, END, ENDED, ENGINE, FAILED, HELLO, ORDER, TERMS
from .slots import Slots
from .terms import Terms

#: What makes a backend known that others have written.
KNOWN: Final = {
    "ray": "ray.util.joblib:register_ray",
    "spark": "joblibspark:register_spark",
    "ipyparallel": "ipyparallel.joblib:register",
}
#: Seconds between two looks into the folders, and at what changes seldom.
_LOOK: Final = 0.003
_SELDOM: Final = 0.1
#: Seconds that a call which is gone leaves its worker to end in.
_LAST_WORDS: Final = 1.0
#: So many workers in a row may fail to start before that is an error.
_TRIES: Final = 3
_HOST: Final = "joblib"


class _Worker(Inbox):
    """A worker, as its files tell."""

    def __init__(self, name: str, folder: Path, variables: dict[str, str], until: float) -> None:
        super().__init__(name, folder)
        self.until = until
        self.is_up = self.killed = False
        self._gone: float | None = None
        self._looked = 0.0
        (folder / ALIVE).touch()
        put(folder / TERMS, json.dumps(variables).encode())

    @property
    def up(self) -> bool:
        return (self.inbox / UP).exists()

    @property
    def hello(self) -> Hello:
        """What its call has told of it."""
        return Hello(*json.loads((self.inbox / HELLO).read_bytes()))

    @property
    def log(self) -> str:
        """The end of what it has printed."""
        path = self.inbox / "log"
        return path.read_text(errors="replace")[-2000:].strip() if path.exists() else ""

    def cause(self) -> str | None:
        now = time.monotonic()
        if now - self._looked < _SELDOM:
            return None
        self._looked = now
        if (self.inbox / ENDED).exists():
            return (self.inbox / ENDED).read_text()
        if not (self.inbox / HELLO).exists() or is_locked(self.inbox / ALIVE):
            return None
        # Its worker ends with its standard input, as soon as it hears of it.
        self._gone = self._gone or now
        lost = "lost: the backend has ended the call that looked after it"
        return lost if now - self._gone > _LAST_WORDS else None

    def kill(self) -> None:
        if not self.killed:
            self.killed = True
            with contextlib.suppress(FileNotFoundError):  # the project's folder is gone
                put(self.inbox / END, b"")


class BackendEngine(Engine):
    """Workers in the calls of a backend of joblib.

    Options: ``backend``, its name; ``factory``, ``module:name`` of its class or of what registers
    it; ``options`` and ``scheduler_host``, what it takes; ``start_timeout``.
    """

    name = "joblib"
    knows = frozenset({"backend", "factory", "options", "scheduler_host", "start_timeout"})

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        options = dict(settings.options)
        self._terms = Terms(self.name, settings)
        self._backend = str(options["backend"])
        self.here = self._backend in BACKENDS_HERE
        hosts = {k: options[k] for k in ("scheduler_host",) if k in options}
        self._about = {
            "backend": self._backend,
            "factory": options.get("factory") or KNOWN.get(self._backend),
            "options": {**hosts, **options.get("options", {})},
        }
        self._place = Path(settings.project_dir).resolve() / "jobs" / secrets.token_hex(8)
        self._lock: int | None = None
        self._host: Children | None = None
        self._host_ended: str | None = None
        self._workers: dict[str, _Worker] = {}
        self._orders: dict[int, list[str]] = {}
        self._names, self._numbers = itertools.count(1), itertools.count(1)
        self._slots = Slots(settings.slots)
        self._news: list[Event] = []
        self._failed_starts = 0
        self._trouble: EngineError | None = None

    @property
    def start_within(self) -> float:
        """See :attr:`Engine.start_within`."""
        return self._terms.start_within

    # -- how many ------------------------------------------------------------------------

    def start(self, n: int) -> None:
        """See :meth:`Engine.start`."""
        self.scale(n)

    def scale(self, n: int) -> None:
        """See :meth:`Engine.scale`."""
        here = [w for w in self._workers.values() if not (w.leaving or w.killed)]
        self._slots.owed = max(0, n - len(here))
        self._order()
        for worker in sorted(here, key=lambda w: (w.is_up, w.busy))[: max(0, len(here) - n)]:
            worker.leaving = True
            self._let_go(worker)

    def _order(self) -> None:
        """Have the backend make as many calls as there are workers wanted and devices free."""
        names = []
        while self._slots.owed and (name := self._new()):
            names.append(name)
            self._slots.owed -= 1
        if names:
            self._raise_host()
            number = next(self._numbers)
            self._orders[number] = names
            put(self._place / f"{number}{ORDER}", json.dumps(names).encode())

    def _new(self) -> str | None:
        name = f"b{next(self._names)}"
        slot = self._slots.take(name)
        if slot is None:
            return None
        common = dict(self.settings.environment) if self.here else self._terms.variables
        until = time.monotonic() + self.start_within
        folder = self._place / name
        self._workers[name] = _Worker(name, folder, {**common, **slot}, until)
        return name

    def _raise_host(self) -> None:
        if self._host is not None and self._host_ended is None:
            return
        if self._lock is None:
            self._lock = try_lock(self._place / ENGINE)
            put(self._place / TERMS, json.dumps(self._about).encode())
        if self._host is not None:
            self._host.close()
        for path in self._place.glob(f"*{ORDER}"):
            path.unlink()
        self._host_ended = None
        self._host = Children(_HOST, {}, self._ended)
        try:
            self._host.spawn(
                _HOST, "jupyter_datum.engines.pilot", str(self._place), extra={}, worker=False
            )
        except OSError as exc:
            raise EngineError(f"engine 'joblib' cannot start a process: {exc}") from exc

    def _ended(self, _: str, cause: str) -> None:  # in a thread
        self._host_ended = cause

    def _let_go(self, worker: _Worker) -> None:
        if worker.leaving and not worker.busy:
            worker.kill()

    # -- sets ----------------------------------------------------------------------------

    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """See :meth:`Engine.send`."""
        there = self._workers.get(worker)
        if there is None:
            return  # its Down has been reported
        if there.leaving:
            self._news.append(Refused(worker, set_id, "the worker is being given back"))
        else:
            there.send(set_id, data)

    def kill(self, worker: str) -> None:
        """See :meth:`Engine.kill`."""
        if there := self._workers.get(worker):
            there.kill()

    # -- what happens --------------------------------------------------------------------

    def events(self, timeout: float) -> list[Event]:
        """See :meth:`Engine.events`.

        Raises
        ------
        EngineError
            If no worker can be started. Once.
        """
        until = time.monotonic() + timeout
        while not (found := self._look()) and (left := until - time.monotonic()) > 0:
            if self._trouble is not None:
                break
            time.sleep(min(left, _LOOK))
        if self._trouble is not None and not found:
            trouble, self._trouble = self._trouble, None
            raise trouble
        return found

    def _look(self) -> list[Event]:
        found, self._news = self._news, []
        if self._slots.due():
            self._order()
        found += self._slots.waiting()
        for worker in list(self._workers.values()):
            if not worker.is_up and worker.up:
                found += self._up(worker)
            cause = worker.cause()  # first: what it said before its end is still taken
            found += worker.returned()
            if cause is not None:
                found += self._down(worker, cause)
            elif not worker.is_up and time.monotonic() > worker.until:
                found += self._down(worker, f"was not ready after {self.start_within:g} s")
            else:
                self._let_go(worker)
        return found + self._not_made()

    def _up(self, worker: _Worker) -> list[Event]:
        hello = worker.hello
        if problem := greeting_problem(hello):
            worker.kill()
            return self._down(worker, problem)
        worker.is_up, self._failed_starts = True, 0
        near = self.here and hello.host == socket.gethostname()
        device = self._slots.device(worker.name)
        return [Up(worker.name, hello.pid if near else None, hello.host, device)]

    def _down(self, worker: _Worker, cause: str) -> list[Event]:
        del self._workers[worker.name]
        raced = self._slots.lost(worker.name)
        self._slots.give_back(worker.name)
        text, log = f"worker {worker.name} of engine {self._text!r} did not start", worker.log
        if not worker.is_up:
            worker.kill()  # if its call is made at last, it is not for long
        else:
            worker.bury()
        if worker.is_up:
            return [Down(worker.name, "given back" if worker.leaving else cause)]
        if worker.leaving:
            return []
        if raced:  # somebody else was quicker to the device: no fault of anybody's
            self._slots.owed += 1
            return [Log(f"worker {worker.name} gives way: its device was taken meanwhile")]
        return self._failed_start(f"{text}: {cause}" + (f"\n{log}" if log else ""))

    def _failed_start(self, text: str) -> list[Event]:
        self._failed_starts += 1
        if self._failed_starts < _TRIES:
            self._slots.owed += 1
            self._order()
        elif not self._workers:
            self._trouble = EngineError(text)
        return [Log(text)]

    def _not_made(self) -> list[Event]:
        """What the backend itself has said, or that nobody is left who could make the calls."""
        found: list[Event] = []
        for number, names in list(self._orders.items()):
            path = self._place / f"{number}{FAILED}"
            waiting = [name for name in names if name in self._workers]
            if not waiting:
                del self._orders[number]
            elif path.exists() or (self._place / f"0{FAILED}").exists():
                path = path if path.exists() else self._place / f"0{FAILED}"
                found += self._backend_failed(path.read_text(), waiting)
                del self._orders[number]
        if self._host_ended and self._host and self._workers and not self._trouble and not found:
            why = self._host.output(_HOST) or self._host_ended
            waiting = [name for name, worker in self._workers.items() if not worker.is_up]
            found += self._backend_failed(why, waiting) if waiting else []
        return found

    def _backend_failed(self, why: str, waiting: list[str]) -> list[Event]:
        lost = [self._workers[name] for name in waiting if not self._workers[name].is_up]
        for worker in lost:
            del self._workers[worker.name]
            self._slots.give_back(worker.name)
            worker.kill()
        text = f"the backend {self._text!r} has made no call: {why}"
        if not self._workers:
            self._trouble = EngineError(text)
        return [Log(text)] if lost else []

    @property
    def _text(self) -> str:
        return f"joblib:{self._backend}"

    def output(self) -> str:
        """See :meth:`Engine.output`."""
        starting = (worker.log for worker in self._workers.values() if not worker.is_up)
        said = next((text for text in starting if text), "")
        return said or (self._host.output(_HOST) if self._host else "")

    def close(self) -> None:
        """See :meth:`Engine.close`."""
        for worker in self._workers.values():
            worker.kill()
        if not self.here:
            self._await_ends()
        if self._host is not None:
            self._host.close()
            self._host = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        self._workers.clear()
        self._orders.clear()
        shutil.rmtree(self._place, ignore_errors=True)

    def _await_ends(self) -> None:
        """Calls on other hosts have their own eyes: give them time to see."""
        until = time.monotonic() + 5 * _LAST_WORDS
        left = [worker for worker in self._workers.values() if worker.is_up]
        while left and time.monotonic() < until:
            time.sleep(_SELDOM)
            left = [w for w in left if not (w.inbox / ENDED).exists()]
