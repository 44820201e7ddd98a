"""What an engine is: workers that take bytes and give bytes back.

An engine knows nothing of datums, of the ledger, of state or of notebooks. It is told
to start workers, to send one of them a datum set (bytes that it does not read), and it
reports what happened. Everything else (order, tries, time-outs, blame) is decided above
it, once, for all engines.

To write one: subclass :class:`Engine`, add a line to
:data:`jupyter_datum.engines.ENGINES` (or an entry point of the group
``jupyter_datum.engines``); ``tests/engines/test_contract.py`` then holds it to what is
promised here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, NamedTuple

from ..devices import Slot
from ..errors import UsageError

#: More workers than any cluster has: all that there are.
EVERY: Final = 1 << 16
#: Within so many seconds a worker is up, if the settings do not say.
START_SECONDS: Final = 60.0


class Up(NamedTuple):
    """A worker can be sent sets from now on.

    ``pid`` is None where the worker is on another host or not a process of ours; ``device``
    names what it was given to compute on, and is empty where it was given nothing.
    """

    worker: str
    pid: int | None
    host: str
    device: str = ""


class Down(NamedTuple):
    """A worker is gone for good; its name never comes back.

    ``cause`` is for people: ``"killed by SIGSEGV"``, ``"exited with code 3"``, ``"lost"``.
    """

    worker: str
    cause: str
    #: Whether its journal tells all that it began; False where it is not seen from here.
    certain: bool = True


class Returned(NamedTuple):
    """A set came back; ``data`` is what the worker's function returned."""

    worker: str
    set_id: int
    data: bytes


class Refused(NamedTuple):
    """A set was not begun, and will not be by this worker (``reason`` is for people)."""

    worker: str
    set_id: int
    reason: str


class Log(NamedTuple):
    """A line of the engine itself, for the runner's log."""

    text: str


class Waiting(NamedTuple):
    """No worker can start, since somebody else has what it needs; ``reason`` says who."""

    reason: str


class Told(NamedTuple):
    """A worker whose journal is not seen from here says what it is at; `data` is what it would
    have journaled last, or empty: its set is executed, and what that has left is on its way."""

    worker: str
    data: bytes


class Late(NamedTuple):
    """A set came back from a worker whose :class:`Down` was told before: nothing of it counts,
    but that it came."""

    set_id: int
    data: bytes


Event = Up | Down | Returned | Refused | Log | Waiting | Told | Late


@dataclass(frozen=True)
class EngineSettings:
    """What every engine needs to start a worker.

    Parameters
    ----------
    project_dir : str
        The project's ``.datum`` folder.
    environment : mapping of str to str
        Variables set in a worker **before its first import** (thread limits, devices).
    options : mapping
        The engine's own (a profile, an address); what it does not know is a
        :exc:`~jupyter_datum.errors.UsageError`.
    slots : sequence of slot, optional
        Variables of one worker each, over the common ones: its devices. There are never
        more workers than slots; the slot of one that is gone is its successor's.
    start_within : float
        Seconds after which a worker that was asked for and is not up counts as one that
        could not be started.
    """

    project_dir: str
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    slots: Sequence[Slot] | None = None
    start_within: float = START_SECONDS


def check_options(engine: str, options: Iterable[str], knows: Iterable[str]) -> None:
    """Refuse options that an engine does not know.

    Raises
    ------
    UsageError
        Names them, and those that there are.
    """
    if unknown := set(options) - set(knows):
        there = ", ".join(sorted(knows)) or "none"
        raise UsageError(
            f"engine {engine!r} knows no option {', '.join(sorted(unknown))}; there are: {there}"
        )


class Engine(ABC):
    """Workers somewhere, in the runner's hands.

    All methods are called from one thread, the runner's. None of them blocks for longer
    than starting takes; :meth:`events` waits at most its timeout.
    """

    name: ClassVar[str]
    #: Options that it knows.
    knows: ClassVar[frozenset[str]] = frozenset()
    #: Whether its workers are processes of this machine that it starts: such workers share
    #: the machine's cores with those of other runs. An engine may set it for itself.
    here: bool = False

    def __init__(self, settings: EngineSettings) -> None:
        check_options(self.name, settings.options, self.knows)
        self.settings = settings

    @property
    def start_within(self) -> float:
        """Seconds within which a first worker is up, or none will be."""
        return self.settings.start_within

    def output(self) -> str:
        """Return the end of what a worker has printed that did not come up, for people."""
        return ""

    @abstractmethod
    def start(self, n: int) -> None:
        """Begin to bring up `n` workers; each is reported by an :class:`Up` when ready.

        Raises
        ------
        EngineNotInstalledError
            If the engine's package is missing.
        EngineError
            If the engine cannot be started.
        """

    @abstractmethod
    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """Have `worker` call :func:`jupyter_datum.engines.worker.execute` with `data`.

        Sets of one worker are executed one after another, in the order sent. A set sent to
        a worker that has died in the meantime is answered by that worker's :class:`Down`.
        """

    @abstractmethod
    def events(self, timeout: float) -> list[Event]:
        """Return what has happened, in order, after waiting up to `timeout` seconds for the
        first thing to happen. Nothing is reported twice; after :class:`Down` nothing more
        comes from that worker."""

    @abstractmethod
    def scale(self, n: int) -> None:
        """Have `n` workers: starts what is missing (also in place of dead ones); of too many,
        idle ones go first and a busy one goes after its set."""

    @abstractmethod
    def kill(self, worker: str) -> None:
        """End `worker` now, and what it started (SIGKILL to its process group and descendants).

        Its :class:`Down` follows. Other workers and their sets are not touched."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back; leaves no process behind. Twice is safe."""

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
