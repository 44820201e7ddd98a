"""What the engines share that start a cluster on this machine: Dask and ipyparallel.

Both packages can start workers themselves, and we do not let them. A Dask Nanny sets a
worker's variables only after the worker has imported numpy, starts a dead worker again
under its old name, and imports the runner's ``__main__`` once more; ipyparallel needs half
a minute to notice that an engine has died. So the packages' own worker programs run in
:class:`~.children.Children`, and only messages go through the package (a :class:`Hub`).
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from typing import ClassVar, Final, NamedTuple

from ..errors import EngineError, EngineNotInstalledError
from .base import Down, Engine, EngineSettings, Event, Log, Refused, Returned, Up
from .children import Children
from .slots import Slots

#: How long :meth:`LocalEngine.close` waits for a package to let go of its connections.
CLOSE_SECONDS: Final = 15.0
#: How long answers that a worker sent before its death get to arrive before it is told.
LAST_WORDS_SECONDS: Final = 0.1
#: So many workers in a row may fail to start before that is an error.
START_TRIES: Final = 3


class Ready(NamedTuple):
    """A worker has registered with its hub, which can reach it."""

    worker: str


class Lost(NamedTuple):
    """A worker is of no use any more: it failed outside of user code, or was cut off."""

    worker: str
    cause: str


class Exited(NamedTuple):
    """A worker's process has ended."""

    worker: str
    cause: str


class HubLost(NamedTuple):
    """The scheduler or controller is gone, or never came up."""

    hub: Hub
    cause: str
    output: str


Message = Event | Ready | Lost | Exited | HubLost
Tell = Callable[[Message], None]


def require(engine: str, package: str) -> None:
    """Raise :exc:`EngineNotInstalledError` if `package` is missing; imports nothing."""
    if find_spec(package) is None:
        raise EngineNotInstalledError(engine, package)


def _with_output(text: str, output: str) -> str:
    return f"{text}. The end of its output:\n{output}" if output else text


class Hub(ABC):
    """A scheduler or controller with our connection to it: one life of a cluster.

    :meth:`open` runs in a thread of its own, all else in the runner's. What happens is
    told by ``tell``, from any thread.
    """

    def __init__(
        self, name: str, environment: Mapping[str, str], tell: Tell, start_within: float
    ) -> None:
        self.tell = tell
        self.start_within = start_within
        self._shutting = threading.Event()
        self.children = Children(name, environment, self.exited)
        self._opening = threading.Thread(target=self._open, daemon=True)
        self._opening.start()

    def _open(self) -> None:
        try:
            self.open()
        except BaseException as exc:
            self.lost(exc)

    def lost(self, exc: BaseException) -> None:
        """Tell that the hub cannot be reached."""
        self.tell(HubLost(self, f"{type(exc).__name__}: {exc}", ""))

    def exited(self, child: str, cause: str) -> None:
        """Tell that a child has ended; a hub with a process of its own looks for that one."""
        self._shutting.wait(LAST_WORDS_SECONDS)
        self.tell(Exited(child, cause))

    def shut(self) -> None:
        """Give everything back, whatever state it is in. Who still opens it can start nothing
        any more, and is not waited for: to import a library may take half a minute."""
        self._shutting.set()
        self.children.close()
        if self._opening.is_alive():
            threading.Thread(target=self._close_opened, daemon=True).start()
        else:
            self._close_opened()

    def _close_opened(self) -> None:
        self._opening.join()
        with suppress(Exception):
            self.close()

    @abstractmethod
    def open(self) -> None:
        """Bring it up and connect; returns or raises. :class:`Ready` is told from then on."""

    @abstractmethod
    def spawn(self, worker: str, number: int, slot: Mapping[str, str]) -> int:
        """Start the process of `worker`, which waits for the hub; return its pid.

        `slot` are variables of its own.
        """

    @abstractmethod
    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """Have a ready worker execute a set."""

    @abstractmethod
    def forget(self, worker: str) -> None:
        """Take back what was sent to `worker`: it is gone."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect; also after :meth:`open` has failed."""


@dataclass
class _Worker:
    pid: int
    hub: Hub
    deadline: float
    up: bool = False
    leaving: bool = False
    #: Why we ended it ourselves, if we did.
    ended: str | None = None
    sets: set[int] = field(default_factory=set)


class LocalEngine(Engine):
    """An engine whose cluster is started here; a subclass names its :class:`Hub`."""

    here = True
    hub_class: ClassVar[type[Hub]]

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self._happened: SimpleQueue[Message] = SimpleQueue()
        self._workers: dict[str, _Worker] = {}
        self._numbers = itertools.count(1)
        self._slots = Slots(settings.slots)
        self._hub: Hub | None = None
        self._closing: list[threading.Thread] = []
        self._trouble: EngineError | None = None
        self._failed_starts = 0

    def start(self, n: int) -> None:
        """See :meth:`Engine.start`; all is brought up at once, in the background."""
        self.scale(n)

    def scale(self, n: int) -> None:
        """See :meth:`Engine.scale`. Brings up a new cluster if the old one was lost."""
        here = {name: w for name, w in self._workers.items() if w.ended is None}
        for worker in here.values():
            worker.leaving = False
        self._slots.owed = max(0, n - len(here))
        self._spawn_owed()
        # The last to be useful go first: those that still start, then idle ones.
        rank = sorted(here, key=lambda name: (here[name].up, bool(here[name].sets)))
        for name in rank[: max(0, len(here) - n)]:
            here[name].leaving = True
            self._let_go(name)

    def _spawn_owed(self) -> None:
        """Start who is wanted, as far as there are devices; the others when there are."""
        try:
            while self._slots.owed and self._spawn():
                self._slots.owed -= 1
        except OSError as exc:
            raise EngineError(f"engine {self.name!r} cannot start a process: {exc}") from exc

    def _spawn(self) -> bool:
        number = next(self._numbers)
        worker = f"{self.name[0]}{number}"
        slot = self._slots.take(worker)
        if slot is None:
            return False
        if self._hub is None:
            self._failed_starts = 0
            self._hub = self.hub_class(
                self.name,
                self.settings.environment,
                self._happened.put,
                self.settings.start_within,
            )
        pid = self._hub.spawn(worker, number, slot)
        deadline = time.monotonic() + self.settings.start_within
        self._workers[worker] = _Worker(pid, self._hub, deadline)
        return True

    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """See :meth:`Engine.send`."""
        there = self._workers.get(worker)
        if there is None:
            return  # its Down has been reported
        if there.leaving:
            self._happened.put(Refused(worker, set_id, "the worker is being given back"))
            return
        there.sets.add(set_id)
        try:
            there.hub.send(worker, set_id, data)
        except Exception as exc:
            there.hub.lost(exc)

    def events(self, timeout: float) -> list[Event]:
        """See :meth:`Engine.events`.

        Raises
        ------
        EngineError
            If no worker can be started, with the end of what was printed. Once.
        """
        until = time.monotonic() + timeout
        self._end_late_starters()
        if self._slots.due():
            self._spawn_owed()
        found = self._slots.waiting()
        while self._trouble is None:
            left = until - time.monotonic()
            wait = not found and left > 0
            try:
                found += self._heed(self._happened.get(wait, left if wait else None))
            except Empty:
                break
            except (EngineError, OSError) as exc:
                self._trouble = exc if isinstance(exc, EngineError) else EngineError(str(exc))
        if self._trouble is not None and not found:
            trouble, self._trouble = self._trouble, None
            raise trouble
        return found

    def _heed(self, message: Message) -> list[Event]:
        if isinstance(message, Ready):
            return self._ready(message.worker)
        if isinstance(message, Lost):
            return self._lost(message.worker, message.cause)
        if isinstance(message, Exited):
            return self._exited(message.worker, message.cause)
        if isinstance(message, HubLost):
            return self._hub_lost(*message)
        if isinstance(message, Returned | Refused):
            worker = self._workers.get(message.worker)
            if worker is None:
                return []  # after its Down nothing more comes from a worker
            worker.sets.discard(message.set_id)
            self._let_go(message.worker)
        return [message]

    def _ready(self, name: str) -> list[Event]:
        worker = self._workers.get(name)
        if worker is None or worker.up or worker.ended:
            return []
        worker.up, self._failed_starts = True, 0
        return [Up(name, worker.pid, socket.gethostname(), self._slots.device(name))]

    def _lost(self, name: str, cause: str) -> list[Event]:
        if name not in self._workers:
            return []
        self._end(name, f"lost: {cause}")
        return [Log(f"worker {name} is of no use any more: {cause}")]

    def _exited(self, name: str, cause: str) -> list[Event]:
        worker = self._workers.pop(name, None)
        if worker is None:
            return []
        raced = self._slots.lost(name)
        self._slots.give_back(name)
        if worker.hub is self._hub:
            worker.hub.forget(name)
        if worker.up:
            return [Down(name, worker.ended or cause)]
        if worker.leaving or worker.hub is not self._hub:
            return []
        if raced:  # somebody else was quicker to the device: no fault of anybody's
            self._slots.owed += 1
            return [Log(f"worker {name} gives way: its device was taken meanwhile")]
        return self._failed_start(name, worker.hub, worker.ended or cause)

    def _failed_start(self, name: str, hub: Hub, cause: str) -> list[Event]:
        self._failed_starts += 1
        text = f"worker {name} of engine {self.name!r} did not start: {cause}"
        text = _with_output(text, hub.children.output(name))
        if self._failed_starts < START_TRIES:
            self._slots.owed += 1
            self._spawn_owed()
        elif not self._workers:
            raise EngineError(text)
        return [Log(text)]

    def _hub_lost(self, hub: Hub, cause: str, output: str) -> list[Event]:
        if hub is not self._hub:
            return []
        self._leave_hub(hub)
        text = f"the cluster of engine {self.name!r} is gone: {cause}"
        was_up = any(worker.up for worker in self._workers.values())
        for worker in self._workers.values():
            worker.ended = worker.ended or f"lost with its cluster: {cause}"
        if not was_up:  # not a loss but a start that went wrong
            raise EngineError(_with_output(text, output))
        return [Log(text)]

    def _leave_hub(self, hub: Hub) -> None:
        self._hub = None
        self._closing.append(threading.Thread(target=hub.shut, daemon=True))
        self._closing[-1].start()

    def _end_late_starters(self) -> None:
        now = time.monotonic()
        for name, worker in self._workers.items():
            if not worker.up and worker.ended is None and worker.deadline < now:
                self._end(name, f"was not ready after {self.settings.start_within:g} s")

    def _let_go(self, name: str) -> None:
        worker = self._workers[name]
        if worker.leaving and not worker.sets:
            self._end(name, "given back")

    def _end(self, name: str, why: str) -> None:
        worker = self._workers[name]
        worker.ended = worker.ended or why
        worker.hub.children.kill(name)

    def kill(self, worker: str) -> None:
        """See :meth:`Engine.kill`."""
        if worker in self._workers:
            self._end(worker, "killed by SIGKILL")

    def output(self) -> str:
        """See :meth:`Engine.output`."""
        starting = ((n, w.hub.children) for n, w in self._workers.items() if not w.up)
        return next((text for n, children in starting if (text := children.output(n))), "")

    def close(self) -> None:
        """See :meth:`Engine.close`."""
        if self._hub is not None:
            self._leave_hub(self._hub)
        for closing in self._closing:
            closing.join(CLOSE_SECONDS)
        self._closing.clear()
        self._workers.clear()
