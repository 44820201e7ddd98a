"""serial: one datum after another, the reference for all other engines.

The worker is the kernel that asked for the run, as long as it waits for it: so that
breakpoints work. Without one it is a child process. Both take their sets from a folder
(:mod:`.inbox`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Final

from ..errors import EngineError
from ..locks import is_locked
from .base import Down, Engine, EngineSettings, Event, Refused, Up
from .children import begin
from .inbox import END, ENDED, UP, Inbox
from .processes import WORKER_MARK, OomWatch, death_cause, kill_left, kill_tree

#: Seconds between two looks into the inbox, and at the kernel's lock.
_LOOK: Final = 0.002
_LOOK_AT_LOCK: Final = 0.2
#: Seconds that a kernel has to end the datum that it is at.
_TO_END: Final = 3.0

_numbers = itertools.count(1)


class _Child(Inbox):
    """A process of ours."""

    def __init__(self, name: str, inbox: Path, environment: dict[str, str]) -> None:
        super().__init__(name, inbox)
        self._mark = f"{os.getpid()}-{name}-{next(_numbers)}"
        self._oom = OomWatch()
        self._killed = False
        self._process = begin(inbox, {**environment, WORKER_MARK: self._mark})
        self.pid = self._process.pid

    @property
    def up(self) -> bool:
        return (self.inbox / UP).exists()

    def cause(self) -> str | None:
        code = self._process.poll()
        if code is None:
            return None
        return death_cause(code, out_of_memory=not self._killed and self._oom.rose())

    def kill(self) -> None:
        if self._process.poll() is None:
            self._killed = True
            kill_tree(self._process.pid)

    def bury(self) -> None:
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        kill_left(self._process.pid, self._mark)
        super().bury()


class _Kernel(Inbox):
    """The kernel that holds `lock`. Nobody kills a kernel: it is asked to interrupt its datum,
    and left alone if that does not help (a call into C that does not come back)."""

    def __init__(self, name: str, inbox: Path, lock: Path) -> None:
        super().__init__(name, inbox)
        self._lock = lock
        self._asked: float | None = None
        self._looked = 0.0
        self.left_alone = False

    def cause(self) -> str | None:
        now = time.monotonic()
        if self._asked is not None and (not self.busy or (self.inbox / ENDED).exists()):
            return "interrupted"
        if self._asked is not None and now > self._asked + _TO_END:
            self.left_alone = True
            return "left alone: it goes on in the kernel, which only a restart ends"
        if now - self._looked < _LOOK_AT_LOCK:
            return None
        self._looked = now
        return None if is_locked(self._lock) else "the kernel no longer waits for this run"

    def kill(self) -> None:
        if self._asked is None:
            self._asked = time.monotonic()
            with contextlib.suppress(FileNotFoundError):  # the run's folder is gone
                (self.inbox / END).touch()


class SerialEngine(Engine):
    """One worker: the kernel that waits, else a child process.

    Options: ``inbox``, the folder where a kernel takes its sets, and ``lock``, the file
    whose lock it holds while it does.
    """

    name = "serial"
    knows = frozenset({"inbox", "lock"})

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self._worker: Inbox | None = None
        #: Whether it was reported.
        self._up = False
        self._names = itertools.count(1)
        self._news: list[Event] = []
        self._folder: Path | None = None
        self._left_alone = False

    def start(self, n: int) -> None:
        """See :meth:`Engine.start`."""
        self.scale(n)

    def scale(self, n: int) -> None:
        """See :meth:`Engine.scale`; there is never more than one worker."""
        if n > 0 and self._worker is None:
            self._worker, self._up = self._new(), False
        elif self._worker is not None:
            self._worker.leaving = n <= 0
            self._let_go()

    def _new(self) -> Inbox:
        number = next(self._names)
        lock, inbox = self.settings.options.get("lock"), self.settings.options.get("inbox")
        if lock and inbox and not self._left_alone and is_locked(Path(lock)):
            return _Kernel(f"k{number}", Path(inbox), Path(lock))
        name = f"s{number}"
        try:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="jupyter-datum-"))
            return _Child(name, self._folder / name, dict(self.settings.environment))
        except OSError as exc:
            raise EngineError(f"engine 'serial' cannot start a process: {exc}") from exc

    def _let_go(self) -> None:
        if self._worker and self._worker.leaving and not self._worker.busy:
            self._worker.kill()

    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """See :meth:`Engine.send`."""
        there = self._worker
        if there is None or there.name != worker:
            return  # its Down has been reported
        if there.leaving:
            self._news.append(Refused(worker, set_id, "the worker is being given back"))
            return
        try:
            there.send(set_id, data)
        except FileNotFoundError:  # the run's folder is gone: nothing would be heard of it
            self._news.append(Refused(worker, set_id, "the inbox is gone"))

    def events(self, timeout: float) -> list[Event]:
        """See :meth:`Engine.events`."""
        until = time.monotonic() + timeout
        while not (found := self._look()) and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK))
        return found

    def _look(self) -> list[Event]:
        found, self._news = self._news, []
        worker = self._worker
        if worker is None:
            return found
        if not self._up and worker.up:
            found.append(self._is_up(worker))
        cause = worker.cause()  # first: what it said before its end is still taken
        found += worker.returned()
        if cause is not None:
            if not self._up:  # it died in its start: a worker that has lived for no datum
                found.append(self._is_up(worker))
            found.append(Down(worker.name, "given back" if worker.leaving else cause))
            self._bury()
        else:
            self._let_go()
        return found

    def _is_up(self, worker: Inbox) -> Up:
        self._up = True
        return Up(worker.name, worker.pid, socket.gethostname())

    def _bury(self) -> None:
        worker, self._worker = self._worker, None
        assert worker is not None
        self._left_alone = isinstance(worker, _Kernel) and worker.left_alone
        worker.bury()

    def kill(self, worker: str) -> None:
        """See :meth:`Engine.kill`. Of a kernel only the datum is ended, if it can be."""
        if self._worker is not None and self._worker.name == worker:
            self._worker.kill()

    def close(self) -> None:
        """See :meth:`Engine.close`."""
        if self._worker is not None:
            self._worker.kill()
            self._bury()
        self._news.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
