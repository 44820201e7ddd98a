"""A folder through which one worker gets its sets and answers: ``<n>.set``, ``<n>.ret``.

Used by the serial engine. The worker is a child process, or a kernel that waits for a run
in a cell: it holds a lock as long as it takes sets, which is how the engine knows that
somebody does. A file is whole when it is there: it is written under another name first.
"""

from __future__ import annotations

import _thread
import itertools
import os
import shutil
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

from ..errors import EngineError
from ..events import DatumSet, SetReturn, pack_return, unpack_set
from ..locks import try_lock
from .base import Event, Returned

#: A file in the folder: a process of its own takes sets from it now.
UP: Final = "up"
#: Files in the folder: the engine asks to have the set at work ended, and it has been.
END: Final = "end"
ENDED: Final = "ended"
#: Seconds between two looks into the folder: while sets come, and after a quiet second.
_BUSY: Final = 0.001
_QUIET: Final = 0.01
#: Seconds between two looks for :data:`END`, and between two interrupts of a datum that goes on.
_LOOK: Final = 0.1
_INSIST: Final = 1.0

_numbers = itertools.count(1)


class Executor(Protocol):
    """Runs sets (see :class:`jupyter_datum.engines.worker.Session`)."""

    interrupted: bool

    @property
    def in_user_code(self) -> bool:
        """Whether a KeyboardInterrupt would hit the datum at work."""

    def run(self, datum_set: DatumSet) -> SetReturn:
        """Execute a set."""

    def give_up(self) -> None:
        """Begin nothing more of the set at work, and record nothing more of it."""

    def leave(self) -> None:
        """Let go of files."""


class InboxWorker:
    """The worker's end of an inbox.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    executor : Executor
    lock : Path, optional
        Held until :meth:`close`.

    Raises
    ------
    EngineError
        If another process holds the lock.
    """

    def __init__(self, folder: Path, executor: Executor, lock: Path | None = None) -> None:
        self._folder = folder
        self._executor = executor
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = try_lock(lock) if lock else None
        if lock and self._lock is None:
            raise EngineError(f"another kernel takes the sets of this run already ({str(lock)!r})")

    def step(self) -> bool:
        """Execute the next set if there is one; return whether there was.

        Raises
        ------
        KeyboardInterrupt
            After an interrupt: the datum at work has failed by it, the rest of the set was
            not begun, and the set has been answered.
        JournalError
            If the journal cannot be written.
        """
        if (self._folder / END).exists():  # what waits is not this worker's any more
            self._has_ended()
            return False
        sets = numbered(self._folder, ".set")
        if not sets:
            return False
        path = self._folder / f"{sets[0]}.set"
        with suppress(FileNotFoundError):  # the runner may take the folder back at any time
            data = path.read_bytes()
            with self._interrupts() as ending:
                answer = self._executor.run(unpack_set(data))
            if ending.is_set():
                self._executor.interrupted = False
                self._executor.leave()  # it is silent for good
                self._has_ended()
                return True
            path.unlink()
            put(path.with_suffix(".ret"), pack_return(answer))
        if self._executor.interrupted:
            self._executor.interrupted = False
            raise KeyboardInterrupt
        return True

    def work(self) -> None:
        """Step for ever."""
        last = time.monotonic()
        while True:
            if self.step():
                last = time.monotonic()
            else:
                time.sleep(_BUSY if time.monotonic() - last < 1.0 else _QUIET)

    def close(self) -> None:
        """Take no more sets; twice is safe."""
        self._executor.leave()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _has_ended(self) -> None:
        with suppress(FileNotFoundError):
            (self._folder / ENDED).touch()

    @contextmanager
    def _interrupts(self) -> Iterator[threading.Event]:
        """SIGINT ends the datum at work; it never comes between a datum and its record. So does
        the engine, by a file; then the event given is set."""
        ending, over = threading.Event(), threading.Event()
        if threading.current_thread() is not threading.main_thread():
            yield ending
            return

        def interrupt(*_: Any) -> None:
            self._executor.interrupted = True
            if self._executor.in_user_code:
                raise KeyboardInterrupt

        before = signal.signal(signal.SIGINT, interrupt)
        looking = threading.Thread(target=self._heed_end, args=(ending, over), daemon=True)
        looking.start()
        try:
            yield ending
        finally:
            over.set()
            looking.join()  # no signal of its comes after this
            signal.signal(signal.SIGINT, before)

    def _heed_end(self, ending: threading.Event, over: threading.Event) -> None:
        """Interrupt the main thread if the engine wants the set at work ended, again and again:
        a datum may catch it. One that stands in C code for good cannot be ended."""
        while not over.wait(_INSIST if ending.is_set() else _LOOK):
            if ending.is_set() or (self._folder / END).exists():
                self._executor.give_up()
                ending.set()
                _interrupt_main()


def _interrupt_main() -> None:
    if hasattr(signal, "pthread_kill"):  # wakes it from a system call, too
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def numbered(folder: Path, suffix: str) -> list[int]:
    """Return the numbers of the whole files with this suffix, in order."""
    with suppress(FileNotFoundError):
        names = [os.path.splitext(name) for name in os.listdir(folder)]
        return sorted(int(stem) for stem, ext in names if ext == suffix and stem.isdigit())
    return []


def put(path: Path, data: bytes) -> None:
    """Write a file that is whole as soon as it is there."""
    part = path.with_name(f".{path.name}")
    part.write_bytes(data)
    part.replace(path)


class Inbox(ABC):
    """The engine's end of an inbox: somebody takes sets from it.

    Parameters
    ----------
    name : str
        The worker's.
    inbox : Path
        Made anew.
    """

    def __init__(self, name: str, inbox: Path) -> None:
        self.name = name
        self.inbox = inbox
        self.pid: int | None = None
        self.leaving = False
        self._sent: dict[int, int] = {}
        shutil.rmtree(inbox, ignore_errors=True)
        inbox.mkdir(mode=0o700, parents=True)

    @property
    def busy(self) -> bool:
        """Whether a set is not answered yet."""
        return bool(self._sent)

    def send(self, set_id: int, data: bytes) -> None:
        """Add a set to the folder."""
        number = next(_numbers)
        self._sent[number] = set_id
        put(self.inbox / f"{number}.set", data)

    def returned(self) -> Iterator[Event]:
        """Take the answers that have come."""
        for number in numbered(self.inbox, ".ret") if self._sent else ():
            path = self.inbox / f"{number}.ret"
            data = path.read_bytes()
            path.unlink()
            if number in self._sent:
                yield Returned(self.name, self._sent.pop(number), data)

    @property
    def up(self) -> bool:
        """Whether it takes sets."""
        return True

    @abstractmethod
    def cause(self) -> str | None:
        """Return why it is gone, or None if it is not."""

    @abstractmethod
    def kill(self) -> None:
        """End it."""

    def bury(self) -> None:
        """After its end: take back what it did not begin."""
        shutil.rmtree(self.inbox, ignore_errors=True)
