"""Lists a foreign input in a process of its own.

What lists such an input is the user's code, or a library that takes a lot of memory: it may
raise, hang or crash. So it happens in a child (:mod:`.lister_child`), which streams what it
finds through a pipe. The pipe is what bounds its memory: who lists faster than is planned
waits. Here it is read by a thread, so that the runner, which has other runs too, never waits.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

import msgpack

from ..errors import InputError
from ..events import Stat
from ..inputs.base import Input, Listed
from ..project import Project
from ..transform.recipe import Recipe, recipe_digest
from .cluster import Watch
from .eventual import ALL, Eventual, ThreadedInput
from .standin import StandIn
from .streams import Link

#: Length and kind of a message of the child.
HEAD: Final = struct.Struct(">Ic")
ROWS, END, ERROR = b"r", b"e", b"x"
#: Messages that wait to be planned, at most; each has some thousand datums or 256 KB.
_WAITING: Final = 8

_new = tuple.__new__  # a million datums pass here


class ForeignInput(StandIn):
    """A foreign input, for whoever must not list it itself.

    Parameters
    ----------
    source : Input
    project : Project
    recipe : Recipe
        Of which `source` is the input; it has been written.
    environment : mapping
        Variables that the child gets beside this process's.
    watch : Watch
        Told of the child: who ends it if this process dies.
    follows : mapping
        Runs at work that it lists as they go (:mod:`.streams`).
    """

    kind = "foreign"

    def __init__(
        self,
        source: Input,
        project: Project,
        recipe: Recipe,
        environment: Mapping[str, str],
        watch: Watch,
        follows: Mapping[str, str],
    ) -> None:
        super().__init__(source)
        self._follows = dict(follows)
        self._project = project
        self._recipe = recipe
        self._environment = environment
        self._watch = watch
        self._lister: Lister | None = None

    def list(self, exclude: frozenset[bytes], errors: list[str]) -> Iterator[Listed]:
        command = [
            self._recipe.interpreter,
            "-m",
            "jupyter_datum.runner.lister_child",
            str(self._project.root),
            recipe_digest(self._recipe),
            json.dumps(self._follows),
            *map(os.fsdecode, sorted(exclude)),
        ]
        process = _start(command, self._project, self._environment)
        self._lister = Lister(process, self.describe(), str(self._project.log), errors, self._watch)
        return self._lister

    def notes(self) -> tuple[str, ...]:
        return self._lister.notes if self._lister else ()

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        told = self._lister.nothing if self._lister else None
        return told or self._source.nothing_found()


def listed_apart(
    source: Input,
    project: Project,
    recipe: Recipe,
    environment: Mapping[str, str] | None = None,
    watch: Watch | None = None,
    link: Link | None = None,
) -> Input:
    """Return `source`, or what lists it without making anybody wait: if it is foreign, in a
    process of its own; if it follows runs at work, in a thread."""
    follows = link.follows if link else {}
    if source.foreign:
        return ForeignInput(source, project, recipe, environment or {}, watch or Watch(), follows)
    return ThreadedInput(source, link.close) if link and follows else source


class Lister(Eventual):
    """The datums that a child lists, as they come.

    Parameters
    ----------
    process : Popen
        Its standard output is read, its standard input is held open.
    name : str
        Of the input, for people.
    log : str
        Where the child writes its tracebacks.
    errors : list of str
        What the child could not list is appended here.
    watch : Watch
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        name: str,
        log: str,
        errors: list[str],
        watch: Watch,
    ) -> None:
        self.notes: tuple[str, ...] = ()
        self.nothing: tuple[str, str, tuple[str, ...]] | None = None
        self._process = process
        self._name = name
        self._log = log
        self._errors = errors
        self._watch = watch
        self._rows: deque[Listed] = deque()
        self._messages: queue.Queue[tuple[bytes, bytes]] = queue.Queue(_WAITING)
        self._ended = self._closed = False
        watch.add(process.pid)
        threading.Thread(target=self._read, name="lister", daemon=True).start()

    def __next__(self) -> Listed:
        while not self._rows:
            if self._ended:
                raise StopIteration
            self._take(*self._messages.get())
        return self._rows.popleft()

    def ready(self, *, wait: bool) -> int:
        with contextlib.suppress(queue.Empty):
            while not self._rows and not self._ended:
                self._take(*self._messages.get(block=wait))
        return ALL if self._ended else len(self._rows)

    def close(self) -> None:
        """End the child, with all that it has started."""
        if self._closed:
            return
        self._closed = self._ended = True
        with contextlib.suppress(OSError):
            if sys.platform != "win32":
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
        self._process.wait()
        self._watch.discard(self._process.pid)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def __del__(self) -> None:
        self.close()

    # -- messages ------------------------------------------------------------------------

    def _take(self, kind: bytes, body: bytes) -> None:
        if kind == ROWS:
            self._rows.extend(_listed(body))
            return
        if kind != END:
            self.close()
            raise InputError(_unpack(body) if kind == ERROR else self._died())
        errors, notes, nothing = _unpack(body)
        self._errors.extend(errors)
        self.notes = tuple(notes)
        self.nothing = (nothing[0], nothing[1], tuple(nothing[2])) if nothing else None
        self._ended = True

    def _died(self) -> str:
        code = self._process.returncode
        how = f"with exit code {code}" if code >= 0 else f"by {_signal(-code)}"
        return f"the process that lists {self._name} ended {how}; its last words are in {self._log}"

    def _read(self) -> None:
        """Read messages until there are no more; a child that dies leaves an empty one."""
        stream = self._process.stdout
        assert stream is not None
        kind = b""
        with contextlib.suppress(OSError, ValueError):  # the pipe was closed: nobody listens
            while kind not in (END, ERROR):
                kind, body = _message(stream)
                if not kind:
                    self._process.wait()  # how it ended is the message
                self._pass(kind, body)
                if not kind:
                    return

    def _pass(self, kind: bytes, body: bytes) -> None:
        while not self._closed:
            with contextlib.suppress(queue.Full):
                self._messages.put((kind, body), timeout=0.2)
                return


def _start(
    command: list[str], project: Project, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    try:
        with project.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=project.root,
                env={**os.environ, **environment},
                start_new_session=True,
            )
    except OSError as exc:
        raise InputError(f"cannot start {command[0]!r} to list the input: {exc}") from exc


def _message(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Read one message; an empty one where the stream ends, in the middle of one or not."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return b"", b""
    length, kind = HEAD.unpack(head)
    body = stream.read(length)
    return (kind, body) if len(body) == length else (b"", b"")


def _listed(body: bytes) -> Iterator[Listed]:
    for key, files, value, captures, upstream in _unpack(body, use_list=False):
        if files:
            files = tuple([(name, rel, _new(Stat, stat)) for name, rel, stat in files])
        yield _new(Listed, (key, files, value, captures, upstream))


def _unpack(body: bytes, **options: Any) -> Any:
    return msgpack.unpackb(
        body, raw=False, strict_map_key=False, unicode_errors="surrogateescape", **options
    )


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
