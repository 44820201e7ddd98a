"""Writes outputs to where a URL says: in a process of its own, with the run's environment.

So neither the libraries of a store, nor its slowness, nor a run's credentials are ever in the
runner's process. The child (:mod:`.porter_child`) ends when this process does.
"""

from __future__ import annotations

import contextlib
import os
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import msgpack

from ..undebugged import undebugged

#: Length of a message.
HEAD: Final = struct.Struct(">I")
#: Seconds without any answer after which the child is given up.
PATIENCE: Final = 600.0
_ERRORS: Final = {
    "FileNotFoundError": FileNotFoundError,
    "PermissionError": PermissionError,
    "OSError": OSError,
}


class Seen(NamedTuple):
    """An object as it stands: ``token`` changes with its content, ``digest`` is its 32-byte
    BLAKE3 where it was written by us and the store keeps that."""

    size: int
    token: int
    digest: bytes


class Parcel(NamedTuple):
    """A file to be written: where it lies, its path under the output URL, its digest, and
    which attempt made it."""

    source: bytes
    rel: bytes
    digest: bytes
    attempt: str


class Porter:
    """One output URL of one run.

    Parameters
    ----------
    url : str
        Of the folder.
    environment : mapping
        Variables that the child gets beside this process's.
    log : Path
        Where it writes what it cannot say otherwise.
    """

    def __init__(self, url: str, environment: Mapping[str, str], log: Path) -> None:
        self.url = url
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes] = queue.Queue()

    def check(self) -> None:
        """See that the place can be reached.

        Raises
        ------
        OSError
            In a sentence, if not.
        """
        self._ask("check", [])

    def look(self, rels: Sequence[bytes]) -> list[Seen | None]:
        """Return what stands under each path.

        Raises
        ------
        OSError
            If the store does not answer.
        """
        found = self._ask("look", list(rels)) if rels else []
        return [None if row is None else Seen(*row) for row in found]

    def put(self, parcels: Sequence[Parcel]) -> list[Seen]:
        """Write files, each whole under its final name.

        Raises
        ------
        OSError
            If one could not be written; others may be. It can be done again.
        """
        return [Seen(*row) for row in self._ask("put", list(map(list, parcels)))] if parcels else []

    def remove(self, rels: Sequence[bytes]) -> None:
        """Remove objects, those that are there.

        Raises
        ------
        OSError
        """
        if rels:
            self._ask("remove", list(rels))

    def listing(self) -> Iterator[list[tuple[bytes, int, int]]]:
        """Yield pages of all that stands there: path, size and token.

        Raises
        ------
        OSError
        """
        self._send("list", [])
        while page := self._answer():
            yield [(rel, size, token) for rel, size, token in page]

    def close(self) -> None:
        """End the child."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    # -- messages --------------------------------------------------------------------------

    def _ask(self, what: str, rows: list[Any]) -> Any:
        self._send(what, rows)
        return self._answer()

    def _send(self, what: str, rows: list[Any]) -> None:
        if self._process is None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        body = msgpack.packb([what, rows])
        try:
            self._process.stdin.write(HEAD.pack(len(body)) + body)
            self._process.stdin.flush()
        except OSError as exc:
            raise self._died() from exc

    def _answer(self) -> Any:
        try:
            body = self._answers.get(timeout=PATIENCE)
        except queue.Empty:
            self.close()
            raise OSError(f"{self.url} did not answer within {PATIENCE:.0f} s") from None
        if not body:
            raise self._died()
        kind, answer = msgpack.unpackb(body)
        if kind != "ok":
            raise _ERRORS.get(kind, OSError)(answer)
        return answer

    def _died(self) -> OSError:
        self.close()
        return OSError(f"the process that writes to {self.url} has died; see {self._log}")

    def _start(self) -> None:
        self._answers = queue.Queue()
        with self._log.open("ab") as log, undebugged():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_datum.outputs.porter_child", self.url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        assert self._process.stdout is not None
        reader = (self._process.stdout, self._answers)
        threading.Thread(target=_read, args=reader, name="porter", daemon=True).start()


def _read(stream: IO[bytes], answers: queue.Queue[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while (body := read_message(stream)) is not None:
            answers.put(body)
    answers.put(b"")


def read_message(stream: IO[bytes]) -> bytes | None:
    """Read one message; None where the stream ends."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None
