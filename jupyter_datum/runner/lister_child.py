"""``python -m jupyter_datum.runner.lister_child PROJECT RECIPE [EXCLUDED ...]``: list an input.

The recipe's signature is checked here, before anything of it is looked at. Datums go to
standard output as messages; what user code prints goes to standard error, the runner's log.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgpack

from ..errors import DatumError, ProjectError
from ..inputs import input_from_json
from ..inputs.base import Input, Listed
from ..project import Project, find
from ..transform.recipe import Recipe, read_recipe
from .lister import END, ERROR, HEAD, ROWS

#: Datums, bytes and seconds after which a message is sent.
_ROWS: Final = 2_000
_BYTES: Final = 256 << 10
_SECONDS: Final = 0.05

_pack = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape").pack


def main(root: str, digest: str, *excluded: str) -> int:
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
    if os.path.isdir(recipe.cwd):
        os.chdir(recipe.cwd)
    return input_from_json(recipe.input, project)


def _stream(out: BinaryIO, listing: Iterator[Listed]) -> int:
    count = size = 0
    rows: list[bytes] = []
    since = time.monotonic()
    for listed in listing:
        rows.append(_pack(tuple(listed)))
        size += len(rows[-1])
        now = time.monotonic()
        if len(rows) >= _ROWS or size >= _BYTES or now - since > _SECONDS:
            count += _flush(out, rows)
            since, size = time.monotonic(), 0
    return count + _flush(out, rows)


def _flush(out: BinaryIO, rows: list[bytes]) -> int:
    count = len(rows)
    if rows:
        _send(out, ROWS, _array(count) + b"".join(rows))
        rows.clear()
    return count


def _array(n: int) -> bytes:
    """The head of a msgpack array of `n` things."""
    return bytes(msgpack.Packer().pack_array_header(n))


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
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
