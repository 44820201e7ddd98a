"""``python -m jupyter_datum.runner.lister_child PROJECT RECIPE FOLLOWS [EXCLUDED ...]``.

Lists an input. The recipe's signature is checked here, before anything of it is looked at.
Datums go to standard output as messages; what user code prints goes to standard error, the
runner's log.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgpack

from ..errors import DatumError, ProjectError
from ..inputs import input_from_json
from ..inputs.base import Input, Listed
from ..project import Project, find
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from .lister import END, ERROR, HEAD, ROWS
from .streams import Link

#: Datums, bytes and seconds after which a message is sent.
_ROWS: Final = 2_000
_BYTES: Final = 256 << 10
_SECONDS: Final = 0.05

_pack = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape").pack


def main(root: str, digest: str, follows: str, *excluded: str) -> int:
    """List, and say how it went; 0 also if it went wrong and that could be said."""
    faulthandler.enable()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what is printed must not come between the messages
    threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    name = "the input"
    try:
        project = find(Path(root))
        if project is None:
            raise ProjectError(f"no project at {root!r}")
        recipe = read_recipe(project, digest)
        source = _source(recipe, project)
        name = source.describe()
        Link(source, json.loads(follows))
        errors: list[str] = []
        count = _stream(out, source.list(frozenset(map(os.fsencode, excluded)), errors))
        nothing = None if count or errors else source.nothing_found()
        _send(out, END, _pack((errors, source.notes(), nothing)))
    except BrokenPipeError:  # nobody wants to know any more
        return 1
    except BaseException as exc:
        traceback.print_exc()
        _send(out, ERROR, _pack(_sentence(name, exc, str(Path(root) / ".datum" / "runner.log"))))
    return 0


def _source(recipe: Recipe, project: Project) -> Input:
    """Make this process what the kernel is, as far as the input can tell."""
    first = list(recipe.sys_path)
    sys.path[:] = first + [path for path in sys.path if path not in first]
    folder = here(recipe, project).cwd
    if os.path.isdir(folder):
        os.chdir(folder)
    return input_from_json(here(recipe, project).input, project)


def _stream(out: BinaryIO, listing: Iterator[Listed]) -> int:
    """Send all datums; return how many there were."""
    batch = _Batch(out)
    try:
        for listed in listing:
            batch.add(_pack(tuple(listed)))
    finally:  # after it nobody else may write
        count = batch.end()
    return count


class _Batch:
    """Datums gathered to be sent together; a thread sends what has waited for a moment,
    since the next one may take its time.

    Parameters
    ----------
    out : file
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._rows: list[bytes] = []
        self._size = self._sent = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def add(self, row: bytes) -> None:
        """Take one more."""
        with self._lock:
            self._rows.append(row)
            self._size += len(row)
            if len(self._rows) >= _ROWS or self._size >= _BYTES:
                self._flush()

    def end(self) -> int:
        """Send the rest; return how many there were in all."""
        self._ended.set()
        with self._lock:
            self._flush()
        return self._sent

    def _tick(self) -> None:
        while not self._ended.wait(_SECONDS):
            with self._lock, contextlib.suppress(BrokenPipeError):  # add() will meet it too
                self._flush()

    def _flush(self) -> None:
        if self._rows:
            rows, self._rows, self._size = self._rows, [], 0
            head = msgpack.Packer().pack_array_header(len(rows))
            _send(self._out, ROWS, bytes(head) + b"".join(rows))
            self._sent += len(rows)


def _send(out: BinaryIO, kind: bytes, body: Any) -> None:
    data = memoryview(HEAD.pack(len(body), kind) + bytes(body))
    while data:
        data = data[out.write(data) :]


def _sentence(name: str, exc: BaseException, log: str) -> str:
    if isinstance(exc, DatumError):
        return str(exc)
    text = " ".join(str(exc).split())
    what = f"{type(exc).__name__}: {text}" if text else type(exc).__name__
    return f"{name} cannot be listed: {what} (the traceback is in {log})"


def _end_with_parent(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():  # else it is somebody else's group
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
