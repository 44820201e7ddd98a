"""A worker process between two datums: put back what one changed, and tell when it is worn.

Put back are the working folder, the file mode mask, environment variables, signal handlers
and a running alarm, filters of warnings, and what NumPy does about floating-point errors.
:mod:`random` and NumPy's own random state are seeded anew. What a datum changed that also
imported a module for the first time is taken for that import's doing, which happens only
once, and stays (not so folder and mask).

A worker that is a guest in somebody's cluster finds the process at each set as others have left
it, and leaves it so: their random numbers go on where they were.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final

from ..events import DatumSet, SetItem
from ..words import size
from .processes import memory_of, open_files

#: Work between two looks at what datums have changed: a look takes some microseconds.
EVERY: Final = 0.002
#: Seconds between two looks at open files: a look takes tens of microseconds.
_LOOK: Final = 0.25
#: Share of the files that a process may have open at which it is replaced.
_FULL: Final = 0.8

_SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGCHLD", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)


class Clean:
    """What a worker process is like when no datum is at work."""

    def __init__(self) -> None:
        self.folder = ""
        self.note()

    def note(self) -> None:
        """It is as it should be: its code has just been loaded."""
        with contextlib.suppress(OSError):
            self.folder = os.getcwd()
        self._mask = _mask()
        self._alarm = _alarm()
        self._note_imports()

    def _note_imports(self) -> None:
        self._modules = len(sys.modules)
        self._numpy: ModuleType | None = sys.modules.get("numpy")
        self._variables = _variables().copy()
        self._filters = list(warnings.filters)
        self._handlers = [signal.getsignal(number) for number in _SIGNALS]
        self._errors = self._numpy.geterr() if self._numpy else {}

    def restore(self) -> None:
        """Put back what was changed since (some 5 us where nothing was)."""
        os.umask(self._mask)
        with contextlib.suppress(OSError):
            os.chdir(self.folder)
        if len(sys.modules) != self._modules:
            self._note_imports()
            return
        if _variables() != self._variables:
            self._restore_variables()
        if warnings.filters != self._filters:
            warnings.filters[:] = self._filters  # type: ignore[index]
            with warnings.catch_warnings():  # its end tells those who remember filters
                pass
        if [signal.getsignal(number) for number in _SIGNALS] != self._handlers:
            self._restore_handlers()
        if not self._alarm and _alarm():
            signal.setitimer(signal.ITIMER_REAL, 0)
        if self._numpy is not None and self._numpy.geterr() != self._errors:
            self._numpy.seterr(**self._errors)

    def _restore_variables(self) -> None:
        wanted = dict(self._variables)
        for key in [key for key in _variables() if key not in wanted]:
            del os.environ[_decoded(key)]
        for key, value in wanted.items():
            if _variables().get(key) != value:
                os.environ[_decoded(key)] = _decoded(value)

    def _restore_handlers(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # only there can they be set: so they were not set by a datum
        for number, handler in zip(_SIGNALS, self._handlers, strict=True):
            if handler is not None:  # one that was not set by Python cannot be put back by it
                signal.signal(number, handler)

    def reseed(self) -> None:
        """Make random numbers independent of what ran before."""
        random.seed()
        if self._numpy is not None and "numpy.random" in sys.modules:
            self._numpy.random.seed()


def _mask() -> int:
    """The file mode mask; where the system shows it, without changing it for other threads."""
    with contextlib.suppress(OSError), open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _alarm() -> bool:
    """Whether one is running."""
    return hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0] > 0


class Dice:
    """The state of random numbers as others have left it."""

    def __init__(self) -> None:
        self._own = random.getstate()
        numpy = sys.modules.get("numpy.random")
        self._numpy = numpy.get_state() if numpy else None

    def put_back(self) -> None:
        """Have them go on from there."""
        random.setstate(self._own)
        numpy = sys.modules.get("numpy.random")
        if numpy is not None and self._numpy is not None:
            numpy.set_state(self._numpy)
        elif numpy is not None:  # imported meanwhile, and perhaps seeded
            numpy.seed()


def _variables() -> dict[Any, Any]:
    """The environment as it is kept, undecoded: to compare it takes 1 us, and not 30."""
    found: dict[Any, Any] = os.environ._data  # type: ignore[attr-defined]
    return found


def _decoded(text: Any) -> str:
    return os.fsdecode(text)


class Wear:
    """When a worker process should be replaced."""

    def __init__(self) -> None:
        self.datums = 0
        self._next = 0.0

    def spent(self, most: int) -> bool:
        """Whether it has processed its `most` datums (0: there is no such number)."""
        return 0 < most <= self.datums

    def reason(self, most: int, memory: int) -> str:
        """Return why it should be replaced, for people; empty if it need not be.

        Parameters
        ----------
        most : int
            Datums.
        memory : int
            Bytes. 0: as much as it likes.
        """
        if self.spent(most):
            return f"it has processed {self.datums:,} datums (--max-datums-per-worker)"
        if memory and (held := memory_of(os.getpid()) or 0) > memory:
            if not self.datums:  # so would be whoever came in its place
                return (
                    f"a worker holds {size(held)} of memory before its first datum, more than "
                    f"--memory-limit {size(memory)}: none could do anything. Allow more: "
                    f"--memory-limit {size(2 * held).replace(' ', '')}"
                )
            return f"it holds {size(held)} of memory (--memory-limit {size(memory)})"
        return self.many_files() if time.monotonic() >= self._next else ""

    def many_files(self) -> str:
        """Return how many it has open, if they are too many."""
        files, limit = open_files()
        if limit and files > _FULL * limit:
            self._next = 0.0
            return f"it has {files:,} files open, of {limit:,} that it may have"
        self._next = time.monotonic() + _LOOK
        return ""


class Upkeep:
    """Both for a process that is a worker and nothing else (`own`). In a kernel it does nothing;
    a `guest` finds the process anew with each set. Who `wears` tells when it is worn.

    ``due`` is when :meth:`restore` should be called next: so often that a look costs nothing
    beside the work since the last one.
    """

    def __init__(self, *, own: bool, guest: bool, wears: bool) -> None:
        self._clean = Clean() if own or guest else None
        self._wear = Wear() if wears else None
        self._guest = guest
        self._dice: Dice | None = None
        self.due = float("inf")

    def note(self) -> None:
        """A transform was loaded: the process is as it should be."""
        if self._clean:
            self._clean.note()

    def move(self, folder: str) -> None:
        """This is the working folder from now on."""
        if self._clean:
            self._clean.folder = folder

    def share(self, datum_set: DatumSet) -> Sequence[SetItem]:
        """Return those of a set's datums that this process may still take."""
        items = datum_set.items
        if self._wear and datum_set.most:
            return items[: max(0, datum_set.most - self._wear.datums)]
        return items

    def begin(self, now: float) -> None:
        """A set begins."""
        if self._clean and self._guest:
            self._clean.note()
            self._dice = Dice()
            self._clean.reseed()
        if self._clean:
            self.due = now + EVERY

    def restore(self, now: float) -> None:
        """Put back what datums have changed."""
        if self._clean:
            self._clean.restore()
            self.due = now + EVERY

    def end(self, datums: int) -> None:
        """A set of so many datums has ended."""
        if self._clean:
            self._clean.restore()
            self._dice.put_back() if self._dice else self._clean.reseed()
        if self._wear:
            self._wear.datums += datums

    @property
    def full(self) -> bool:
        """Whether it has so many files open that a datum may have failed of that."""
        return self._wear is not None and bool(self._wear.many_files())

    @property
    def fresh(self) -> bool:
        """Whether it has processed nothing yet."""
        return self._wear is not None and not self._wear.datums

    def worn(self, datum_set: DatumSet) -> str:
        """Return why the process should be replaced, empty if it need not be."""
        return self._wear.reason(datum_set.most, datum_set.memory) if self._wear else ""
