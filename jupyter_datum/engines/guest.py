"""The worker's side in a process that is not ours: a worker of a cluster that the user gave.

It is left as it was found: what a set changes in the process (working folder, ``sys.path``,
variables, standard output, what :mod:`.hygiene` lists) is put back after it, descriptors are not
touched, and nothing here ends the process. If its cluster is ours, a :mod:`.warden` ends what its
datums leave running when it ends.
"""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import EngineError
from ..events import pack_return, unpack_set
from .far import FarSession, Mirror, Teller, check_mirror
from .processes import WORKER_MARK
from .wanted import lock_beside, while_wanted
from .warden import appoint
from .worker import Session


class Hello(NamedTuple):
    """What a worker says of itself."""

    pid: int
    host: str
    python: str
    version: str
    #: What it reads in the token file: whether it sees the project's folder.
    token: str


@dataclass
class _Guest:
    """What is kept for one engine of one runner."""

    session: Session
    environment: dict[str, str]
    #: Where the project's folder is not seen: what stands for it.
    mirror: Mirror | None = None
    #: ``sys.path`` as its transforms have it, once they are loaded.
    path: list[str] | None = None
    #: Held as long as somebody waits for what it does; None where that is not to be seen.
    lock: Path | None = None

    def close(self) -> None:
        """Let go of files."""
        self.session.leave()
        if self.mirror is not None:
            self.mirror.close()


#: So many engines may use a worker at once.
_KEPT: Final = 8
_guests: dict[str, _Guest] = {}
#: One set at a time, whatever number of threads the worker has: a cell may change folders.
_at_work = threading.Lock()


def hello(
    engine: str,
    token: str,
    environment: Mapping[str, str],
    channel: str,
    recycles: bool,
    asker: tuple[str, int],
) -> tuple[object, ...]:
    """Get ready for the sets of `engine`; the first call in a worker.

    Parameters
    ----------
    engine : str
        Unlike any other engine's.
    token : str
        Path of a file in the project's folder.
    environment : mapping of str to str
        Set while its datums are processed.
    channel : str
        How the cluster carries words in the middle of a call.
    recycles : bool
        Whether the cluster is ours: it starts a worker anew that asks to be replaced.
    asker : tuple of str and int
        Host and pid of the process that asks, which holds the lock beside the token.
    """
    with _at_work:
        if engine not in _guests:
            mark = f"{engine}-{os.getpid()}"
            if recycles:
                appoint(f"{WORKER_MARK}={mark}")
            for old in list(_guests)[: 1 - _KEPT]:  # of runners that died
                _guests.pop(old).close()
            _guests[engine] = _Guest(
                Session(own=False, guest=True, recycles=recycles),
                {**environment, WORKER_MARK: mark},
                lock=lock_beside(token, asker),
            )
        read = ""
        with contextlib.suppress(OSError):
            read = Path(token).read_text()
        if not read and _guests[engine].mirror is None:
            _guests[engine].mirror = Mirror()
            _guests[engine].session = FarSession(Teller(channel, engine), recycles=recycles)
    return tuple(
        Hello(os.getpid(), socket.gethostname(), python_version(), package_version(), read)
    )


def execute(engine: str, data: bytes) -> bytes:
    """Run a datum set, as :func:`.worker.execute` does.

    Raises
    ------
    EngineError
        If the worker was restarted: it has to be greeted again.
    JournalError
        If a record could not be written; the worker is of no use any more.
    """
    with _at_work:
        guest = _guests.get(engine)
        if guest is None:
            raise EngineError("the worker was restarted")
        with _as_found(guest), while_wanted(guest.lock, guest.session, guest.environment):
            return pack_return(guest.session.run(unpack_set(data)))


def leave(engine: str) -> None:
    """Forget `engine`: let go of its files and values."""
    with _at_work:
        guest = _guests.pop(engine, None)
        if guest is not None:
            guest.close()


# -- a worker that does not see the project's folder -----------------------------------------


def take_far(engine: str, *piece: Any) -> None:
    """Keep a piece of code or captured values (:meth:`.far.Mirror.take`)."""
    _mirror(engine).take(*piece)


def execute_far(engine: str, data: bytes) -> bytes:
    """Run a datum set; what it leaves stays here until it is fetched."""
    with _at_work:
        mirror = _mirror(engine)
        guest = _guests[engine]
        assert isinstance(guest.session, FarSession)
        with _as_found(guest), guest.session.teller.at_work():
            return mirror.run(guest.session, data)


def read_far(engine: str, *place: Any) -> bytes:
    """Return a piece of what a set left."""
    return _mirror(engine).read(*place)


def forget_far(engine: str, *what: Any) -> None:
    """Remove what has arrived."""
    _mirror(engine).forget(*what)


def _mirror(engine: str) -> Mirror:
    guest = _guests.get(engine)
    return check_mirror(guest.mirror if guest else None)


@contextlib.contextmanager
def _as_found(guest: _Guest) -> Iterator[None]:
    """Put variables, the working folder and ``sys.path`` back in the end."""
    variables, path, folder = dict(os.environ), list(sys.path), os.getcwd()
    os.environ.update(guest.environment)
    sys.path[:] = guest.path or path
    try:
        yield
    finally:
        guest.path, sys.path[:] = list(sys.path), path
        if dict(os.environ) != variables:
            os.environ.clear()
            os.environ.update(variables)
        with contextlib.suppress(OSError):
            os.chdir(folder)


def python_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def package_version() -> str:
    """Return the version of this package as it is installed here."""
    try:
        return version("jupyter-datum")
    except PackageNotFoundError:
        return ""


def greeting_problem(hello: Hello) -> str | None:
    """Return why a worker that said this cannot be used, or None."""
    if hello.python != python_version():
        return f"it has Python {hello.python}, the kernel has {python_version()}: use the same"
    if hello.version != package_version():
        return (
            f"it has jupyter-datum {hello.version or '?'}, the kernel has {package_version()}: "
            "install the same there"
        )
    return None
