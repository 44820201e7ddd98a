"""The connection to a cluster that is not ours to start worker by worker, and what it tells."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from ..errors import EngineError
from .guest import Hello
from .orphans import JobNote
from .processes import OomWatch

#: How long a library may take to let go of its connections.
CLOSE_SECONDS: Final = 15.0


class Joined(NamedTuple):
    """A worker is in the cluster; `key` is the library's name of it."""

    key: str
    threads: int = 1


class Left(NamedTuple):
    """It is not any more."""

    key: str
    cause: str
    #: Whether its nanny starts it anew, under another key.
    returns: bool = False


class Saying(NamedTuple):
    """A worker says what it is at, in the middle of a call (:class:`.far.Teller`)."""

    key: str
    data: bytes


class Answered(NamedTuple):
    """A call was answered, or failed."""

    key: str
    #: A set's id; None: the greeting.
    set_id: int | None
    value: Any
    error: BaseException | None


class PostLost(NamedTuple):
    """The scheduler or controller cannot be reached."""

    post: Post
    cause: str


Message = Joined | Left | Answered | Saying | PostLost
Tell = Callable[[Message], None]


class Post(ABC):
    """The connection to a cluster. :meth:`open` runs in a thread of its own."""

    #: How its workers say something in the middle of a call: a key of :data:`.far.CHANNELS`.
    channel: ClassVar[str]

    def __init__(self, options: Mapping[str, Any], tell: Tell) -> None:
        self.options = options
        self.tell = tell
        self._note = JobNote(options["id"])
        self._memory = OomWatch()
        #: What workers have said of themselves.
        self.met: dict[str, Hello] = {}
        #: What the library has complained of last, where it starts workers in this process.
        self.complaint = ""
        self.closed = threading.Event()
        self._opening = threading.Thread(target=self._open, daemon=True)
        self._opening.start()

    def _open(self) -> None:
        try:
            self.open()
            if not self.closed.is_set():
                self.watch()
        except Exception as exc:
            said = str(exc) if isinstance(exc, EngineError) else f"{type(exc).__name__}: {exc}"
            self.tell(PostLost(self, said))

    def shut(self) -> None:
        """Let go of it, whatever state it is in."""
        self.closed.set()
        self._opening.join(CLOSE_SECONDS)
        with contextlib.suppress(Exception):
            self.close()
            self._note.close()

    def killed_for_memory(self, worker: Hello) -> bool:
        """Return whether this host's kernel has lately killed for want of memory, and may have
        killed `worker`."""
        return worker.host == socket.gethostname() and self._memory.rose()

    def note_jobs(self) -> None:
        """Write down which jobs there are, for the case that nobody is left to give them back;
        :meth:`watch` does it again and again."""
        self._note.write(self.jobs())

    def jobs(self) -> list[tuple[str, ...]]:
        """Return what would cancel each batch job of the cluster."""
        return []

    @property
    def logs(self) -> Path | None:
        """The folder in which the cluster's jobs write what they print, if there is one."""
        return None

    @abstractmethod
    def open(self) -> None:
        """Connect; returns or raises."""

    @abstractmethod
    def watch(self) -> None:
        """Tell who comes and goes, until :attr:`closed`."""

    @abstractmethod
    def call(self, key: str, set_id: int | None, function: Callable[..., Any], *args: Any) -> None:
        """Have a worker call `function`; :class:`Answered` follows."""

    @abstractmethod
    def forget(self, key: str) -> None:
        """Take back what was sent to a worker: it is gone."""

    def kill(self, key: str, pid: int) -> str | None:
        """End a worker, whom the cluster replaces; return why that is not possible, or None."""
        return "this cluster does not let single workers be ended"

    def recycles(self, key: str) -> bool:
        """Return whether a worker that is worn may be ended, since its cluster is ours and starts
        another one. One of the user's may hold more than our datums."""
        return False

    def scale(self, n: int) -> None:  # noqa: B027
        """Have the cluster itself grow or shrink, if it is ours to ask."""

    def release(self, key: str) -> None:  # noqa: B027
        """A worker is not wanted any more; one of ours is given back."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect; a cluster that we brought up is given back."""
