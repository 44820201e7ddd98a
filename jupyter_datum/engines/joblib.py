"""joblib: worker processes of this machine, by loky.

Each worker is an executor of its own with one process: so a crash breaks that one alone,
each may have its own environment, and one that hangs can be killed by its pid. loky fails
all futures of an executor whose process died, the queued ones too; our contract says the
same: they are answered by the worker's :class:`~.base.Down`.
"""

from __future__ import annotations

import gc
import itertools
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from multiprocessing import resource_tracker as mp_tracker
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

from joblib.externals.loky import process_executor
from joblib.externals.loky.backend import resource_tracker
from joblib.externals.loky.process_executor import (
    BrokenProcessPool,
    ProcessPoolExecutor,
    ShutdownExecutorError,
)

from ..errors import EngineError
from . import worker as worker_module
from .base import Down, Engine, EngineSettings, Event, Log, Refused, Returned, Up
from .processes import WORKER_MARK, OomWatch, death_cause, kill_left, kill_tree
from .slots import Slots

#: Seconds between two looks whether a process has ended, while waiting for events.
_LOOK: Final = 0.02
#: Seconds that an idle worker gets to end by itself, and a dead one's last words to arrive.
_PATIENCE: Final = 5.0
#: So many workers in a row may fail to start before that is an error.
_START_TRIES: Final = 3

_marks = itertools.count(1)


class _Ready(NamedTuple):
    worker: str


class _Lost(NamedTuple):
    """A future of this worker's failed: its process is dead, or of no use any more."""

    worker: str


_Message = _Ready | _Lost | Returned | Refused


def _prepare() -> None:
    """The first call in a worker process."""
    # loky ends a worker that has grown by 300 MB and starts another one in its place. A
    # model is no leak, and what is in memory is why the second datum is faster.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    worker_module.prepare()


class _Worker:
    """One executor with its one process."""

    def __init__(self, name: str, environment: dict[str, str], tell: SimpleQueue[Any]) -> None:
        self.name = name
        self._tell = tell
        self._mark = f"{os.getpid()}-{next(_marks)}"
        environment = {**environment, WORKER_MARK: self._mark}
        self._executor = ProcessPoolExecutor(1, initializer=_prepare, env=environment)
        self._submit(lambda _: _Ready(name), os.getpid)
        (self._process,) = self._executor._processes.values()
        self._thread = self._executor._executor_manager_thread
        self._queue = self._executor._call_queue
        self.pid: int = self._process.pid
        #: Sent and not answered.
        self.sets: set[int] = set()
        self.up = self.lost = self.killed = False
        #: To be given back, and since when it has had nothing left to do then.
        self.leaving = False
        self.asked: float | None = None
        #: When the process was seen to have ended.
        self.ended: float | None = None

    def send(self, set_id: int, data: bytes) -> None:
        """Queue a set."""
        self.sets.add(set_id)
        self._submit(partial(Returned, self.name, set_id), worker_module.execute, data)

    def _submit(self, message: Callable[[Any], _Message], *call: Any) -> None:
        try:
            future = self._executor.submit(*call)
        except (BrokenProcessPool, ShutdownExecutorError):
            self._tell.put(_Lost(self.name))
            return

        def tell(future: Future[Any]) -> None:  # in a thread of loky's
            lost = future.exception() is not None
            self._tell.put(_Lost(self.name) if lost else message(future.result()))

        future.add_done_callback(tell)

    def exit_code(self) -> int | None:
        """Return how the process ended, or None while it lives."""
        code: int | None = self._process.exitcode
        return code

    def leave(self) -> None:
        """Have the process end by itself."""
        self.asked = time.monotonic()
        self._executor.shutdown(wait=False)

    def kill(self) -> None:
        """End the process and what it started."""
        if self.exit_code() is None:
            kill_tree(self.pid)

    def bury(self) -> None:
        """After its end: nothing that it started may stay, nor a thread that served it."""
        self.ended = time.monotonic()
        kill_left(self.pid, self._mark)
        # A set that did not fit into the pipe keeps its sender waiting as long as the pipe
        # has a reader, and this process has one too.
        self._queue._reader.close()

    def forget(self) -> None:
        """Once the process has ended, end loky's threads for it; they take milliseconds."""
        self._executor.shutdown(wait=False, kill_workers=True)
        self._thread.join(_PATIENCE)
        if self._queue._thread is not None:
            self._queue._thread.join(_PATIENCE)
        self._process.join(0)  # or multiprocessing remembers it, and it its semaphores


class JoblibEngine(Engine):
    """loky processes of this machine; the default."""

    name = "joblib"
    here = True

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self._happened: SimpleQueue[_Message] = SimpleQueue()
        self._workers: dict[str, _Worker] = {}
        self._numbers = itertools.count(1)
        self._slots = Slots(settings.slots)
        self._oom = OomWatch()
        self._failed_starts = 0
        self._trouble: EngineError | None = None

    def start(self, n: int) -> None:
        """See :meth:`Engine.start`."""
        self.scale(n)

    def scale(self, n: int) -> None:
        """See :meth:`Engine.scale`."""
        _users.add(self)
        here = [w for w in self._workers.values() if not (w.killed or w.leaving or w.ended)]
        self._slots.owed = max(0, n - len(here))
        self._start_owed()
        # The last to be useful go first: those that still start, then idle ones.
        for worker in sorted(here, key=lambda w: (w.up, len(w.sets)))[: max(0, len(here) - n)]:
            worker.leaving = True
            self._let_go(worker)

    def _start_owed(self) -> None:
        """Start who is wanted, as far as there are devices; the others when there are."""
        while self._slots.owed and self._start_one():
            self._slots.owed -= 1

    def _start_one(self) -> bool:
        name = f"w{next(self._numbers)}"
        slot = self._slots.take(name)
        if slot is None:
            return False
        try:
            worker = _Worker(name, {**self.settings.environment, **slot}, self._happened)
        except OSError as exc:
            raise EngineError(f"engine 'joblib' cannot start a process: {exc}") from exc
        self._workers[name] = worker
        return True

    def _let_go(self, worker: _Worker) -> None:
        if not worker.up:
            worker.kill()
        elif not worker.sets:
            worker.leave()

    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """See :meth:`Engine.send`."""
        there = self._workers.get(worker)
        if there is None:
            return  # its Down has been reported
        if there.leaving:
            self._happened.put(Refused(worker, set_id, "the worker is being given back"))
        else:
            there.send(set_id, data)

    def kill(self, worker: str) -> None:
        """See :meth:`Engine.kill`."""
        if there := self._workers.get(worker):
            there.killed = True
            there.kill()

    def events(self, timeout: float) -> list[Event]:
        """See :meth:`Engine.events`.

        Raises
        ------
        EngineError
            If no worker can be started. Once.
        """
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        if self._slots.due():
            self._start_owed()
        until = time.monotonic() + timeout
        found = [*self._slots.waiting(), *self._heard(0), *self._ended()]
        while not found and (left := until - time.monotonic()) > 0:
            found = [*self._heard(min(left, _LOOK)), *self._ended()]
        return found

    def _heard(self, timeout: float) -> Iterator[Event]:
        """What loky's threads have told, after waiting for the first of it."""
        with suppress(Empty):
            while True:
                message = self._happened.get(timeout=timeout)
                timeout = 0
                yield from self._heed(message)

    def _heed(self, message: _Message) -> Iterator[Event]:
        worker = self._workers.get(message.worker)
        if worker is None:
            return  # after its Down nothing more comes from a worker
        if isinstance(message, _Ready):
            worker.up, self._failed_starts = True, 0
            device = self._slots.device(worker.name)
            yield Up(worker.name, worker.pid, socket.gethostname(), device)
        elif isinstance(message, _Lost):
            worker.lost = True
            worker.kill()  # if it lives at all
        else:
            worker.sets.discard(message.set_id)
            if worker.leaving and worker.asked is None:
                self._let_go(worker)
            yield message

    def _ended(self) -> Iterator[Event]:
        """Who is dead. loky itself does not say so of an idle worker, nor of one whose
        children live on."""
        now = time.monotonic()
        for worker in list(self._workers.values()):
            if worker.exit_code() is None:
                if worker.asked is not None and now - worker.asked > _PATIENCE:
                    worker.kill()
                continue
            if worker.ended is None:
                worker.bury()
            # Answers that came before the end are reported before it.
            elif worker.lost or not worker.sets or now - worker.ended > _PATIENCE:
                yield self._down(worker)

    def _down(self, worker: _Worker) -> Event:
        del self._workers[worker.name]
        worker.forget()
        raced = self._slots.lost(worker.name)
        self._slots.give_back(worker.name)
        oom = not worker.killed and self._oom.rose()
        cause = death_cause(worker.exit_code(), out_of_memory=oom)
        if worker.up or worker.leaving:
            return Down(worker.name, "given back" if worker.leaving else cause)
        return self._failed_start(worker, cause, raced)

    def _failed_start(self, worker: _Worker, cause: str, raced: bool) -> Event:
        if raced:  # somebody else was quicker to the device: no fault of anybody's
            self._slots.owed += 1
            return Log(f"worker {worker.name} gives way: its device was taken meanwhile")
        self._failed_starts += 1
        text = f"worker {worker.name} of engine 'joblib' did not start: {cause}"
        if self._failed_starts < _START_TRIES:
            self._slots.owed += 1
            self._start_owed()
        elif not self._workers:
            self._trouble = EngineError(text)
        return Log(text)

    def close(self) -> None:
        """See :meth:`Engine.close`."""
        _end(self._workers)
        if self in _users:
            _users.remove(self)
            if not _users:
                _stop_trackers()


def _end(workers: dict[str, _Worker]) -> None:
    for worker in workers.values():
        worker.kill()
    for worker in workers.values():
        worker.bury()
        worker.forget()
    workers.clear()


#: Engines that may have processes.
_users: set[JoblibEngine] = set()


def _stop_trackers() -> None:
    """End the two helper processes that watch over semaphores; they start again at need."""
    gc.collect()  # semaphores are given back when they are collected
    trackers: list[Any] = [resource_tracker._resource_tracker, mp_tracker._resource_tracker]
    for tracker in trackers:
        if tracker._pid is None:
            continue
        # One that hangs in its own start would be waited for without end.
        timer = threading.Timer(_PATIENCE, kill_tree, (tracker._pid,))
        timer.start()
        tracker._stop()
        timer.cancel()
