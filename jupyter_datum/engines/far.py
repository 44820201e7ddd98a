"""The worker's side where the project's folder is not seen: a small project of its own.

What a set needs (recipe, code, captured values) is brought here once per version; what it leaves
(outputs, large results, what was printed) is taken from here in pieces. In between the worker does
what any worker does, in a temporary folder.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgpack

from ..errors import EngineError
from ..events import Begun, DatumSet, SetReturn, begun_frame, outcomes, pack_return, unpack_set
from ..outputs.staging import FAILED, FOLDER
from ..project import PROTOCOL, Project
from .life import Life
from .worker import SLOW, Session

#: Bytes that travel in one message, each way.
PIECE: Final = 4 << 20

#: Seconds between two words of a worker at work, and how long the first one has to get out.
TELL: Final = 0.25
FIRST_WORD: Final = 0.02
#: A set ends with the datum that is at work after so many seconds: nothing tells a worker which
#: does not see the folder that the run pauses, or that the rest was given to another one.
LONGEST: Final = SLOW
#: What its words are known by.
KEY: Final = "jupyter-datum"

#: What a set leaves, by where it goes: staged outputs, what failed attempts left, results.
AREAS: Final = ("pool", "failed", "results", "log")


class FarSession(Session):
    """As :class:`~.worker.Session`; the kernel's working folder need not be here, and what is
    journaled here is told, since nobody sees it.

    Parameters
    ----------
    teller : Teller
    recycles : bool
        As of :class:`~.worker.Session`.
    """

    def __init__(self, teller: Teller, *, recycles: bool) -> None:
        super().__init__(own=False, guest=True, recycles=recycles)
        self.teller = teller

    def _move(self, folder: str) -> None:
        with suppress(OSError):
            super()._move(folder)

    def _enter(self, datum_set: DatumSet) -> Life:
        life = super()._enter(datum_set)
        life.heard = self.teller.note
        life.until = time.monotonic() + LONGEST
        return life


class Teller:
    """Tells the runner what this worker is at, through the cluster's own connections.

    A thread of its own does, a few times a second: user code has the worker's. A call into C
    that keeps the interpreter's lock silences it and the library's threads alike; so the first
    word of a set is waited for, for a moment.

    Parameters
    ----------
    channel : str
        A key of :data:`CHANNELS`.
    engine : str
        As this worker was greeted.
    """

    def __init__(self, channel: str, engine: str) -> None:
        self._open = CHANNELS[channel]
        self._engine = engine
        self._say: Callable[[bytes], None] | None = None
        self._begun = b""
        self._told = b""

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While a set is executed."""
        ended = threading.Event()
        with suppress(Exception):  # without it a hang is seen later, and that is all
            self._say = self._open(self._engine)
            threading.Thread(target=self._tick, args=(ended,), daemon=True).start()
        self._begun = self._told = b""
        try:
            yield
        finally:
            ended.set()
            self._say = None

    def note(self, frames: bytes) -> None:
        """Take what was journaled."""
        records, _ = outcomes(frames)
        last = records[-1] if records else None
        if not isinstance(last, Begun):
            return
        first = not self._begun
        self._begun = begun_frame(*last)
        if first and self._say is not None:
            self._tell()
            time.sleep(FIRST_WORD)

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(TELL):
            self._tell()

    def _tell(self) -> None:
        say, begun = self._say, self._begun
        if say is not None and begun != self._told:
            self._told = begun
            with suppress(Exception):  # the connection is gone: so is this worker, soon
                say(begun)


def _by_dask(engine: str) -> Callable[[bytes], None]:
    from distributed import get_worker

    worker = get_worker()
    return lambda data: worker.log_event(topic_of(engine), {"data": data})


def _by_ipyparallel(_: str) -> Callable[[bytes], None]:
    from ipykernel.zmqshell import ZMQInteractiveShell

    shell: Any = ZMQInteractiveShell.instance()
    shell.data_pub.set_parent(shell.kernel.get_parent("shell"))
    return lambda data: shell.data_pub.publish_data({KEY: data})


#: Library -> what says something to its clients, made in the thread of a call.
CHANNELS: Final[dict[str, Callable[[str], Callable[[bytes], None]]]] = {
    "dask": _by_dask,
    "ipyparallel": _by_ipyparallel,
}


def topic_of(engine: str) -> str:
    """Return the topic of Dask's events under which workers speak to an engine."""
    return f"{KEY}-{engine}"


class Mirror:
    """A project as one far worker has it."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="jupyter-datum-far-"))
        self._dir = self.root / ".datum"
        for name in ("recipes", "payloads", "results", "runs"):
            (self._dir / name).mkdir(mode=0o700, parents=True)
        self._project = Project(self.root, "")
        self._logged: dict[Path, int] = {}
        atexit.register(self.close)

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.root, ignore_errors=True)
        atexit.unregister(self.close)

    def take(self, uuid: str, name: str, offset: int, piece: bytes) -> None:
        """Keep a piece of a file: ``recipes/...`` or ``payloads/...``."""
        (self._dir / "project.json").write_text(json.dumps({"uuid": uuid, "protocol": PROTOCOL}))
        with (self._dir / name).open("ab" if offset else "wb") as file:
            file.write(piece)

    def run(self, session: Session, data: bytes) -> bytes:
        """Execute a set; return its answer with a list of what it left, and the small of it."""
        datum_set = unpack_set(data)
        folder = self._project.run(datum_set.run)
        for name in ("j", "claims", "logs"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        out = None if datum_set.out is None else os.fsencode(self.root / "out")
        here = datum_set._replace(project_dir=str(self._dir), out=out)
        answer: SetReturn = session.run(here)
        left = [(area, name, size) for area, name, _, size in self._left(datum_set)]
        room, small = PIECE, {}
        for n, (area, name, size) in enumerate(left):
            if size <= room:
                small[n] = self.read(datum_set.run, datum_set.epoch, datum_set.worker, area, name,
                                     0, size)  # fmt: skip
                room -= size
        return bytes(msgpack.packb([pack_return(answer), left, small]))

    def _left(self, datum_set: DatumSet) -> Iterator[tuple[str, str, Path, int]]:
        for area in AREAS[:-1]:
            top = self._area(area)
            for path in sorted(p for p in top.rglob("*") if p.is_file()):
                if not path.name.startswith("."):
                    yield area, path.name, path, path.stat().st_size
        log = self._log(datum_set.run, datum_set.epoch, datum_set.worker)
        size = log.stat().st_size - self._logged.get(log, 0) if log.exists() else 0
        if size:
            yield "log", "log", log, size

    def _area(self, area: str) -> Path:
        staging = self.root / "out" / os.fsdecode(FOLDER)
        places = {"pool": staging / "pool", "failed": staging / os.fsdecode(FAILED)}
        return places.get(area, self._dir / "results")

    def _log(self, run: str, epoch: int, worker: str) -> Path:
        return self._project.worker_log(run, epoch, worker)

    def _path(self, run: str, epoch: int, worker: str, area: str, name: str) -> Path:
        if area == "log":
            return self._log(run, epoch, worker)
        return self._project.result(name) if area == "results" else self._area(area) / name

    def read(
        self, run: str, epoch: int, worker: str, area: str, name: str, offset: int, size: int
    ) -> bytes:
        """Return a piece of what a set left."""
        path = self._path(run, epoch, worker, area, name)
        start = self._logged.get(path, 0) if area == "log" else 0
        with path.open("rb") as file:
            file.seek(start + offset)
            return file.read(size)

    def forget(self, run: str, epoch: int, worker: str, left: list[tuple[str, str, int]]) -> None:
        """Remove what has arrived."""
        for area, name, size in left:
            path = self._path(run, epoch, worker, area, name)
            if area == "log":
                self._logged[path] = self._logged.get(path, 0) + size
            else:
                path.unlink(missing_ok=True)


def check_mirror(mirror: Mirror | None) -> Mirror:
    """Return `mirror`.

    Raises
    ------
    EngineError
        If there is none: the worker was restarted.
    """
    if mirror is None:
        raise EngineError("the worker was restarted")
    return mirror


def arguments(datum_set: DatumSet) -> tuple[Any, ...]:
    """Return what names the life of a worker in a run."""
    return datum_set.run, datum_set.epoch, datum_set.worker
