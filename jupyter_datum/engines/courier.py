"""The runner's side of a worker that does not see the project's folder: bytes instead of files.

An errand is a generator of calls to the worker. It brings recipe, code and captured values, once
per version; has the set executed; fetches what that left, in pieces, and puts each file where the
worker itself would have put it. So nobody after this knows the difference.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Final

import msgpack

from ..errors import EngineError
from ..events import DatumSet, SetReturn, pack_return, unpack_return, unpack_set
from ..locks import claim
from ..outputs.staging import FAILED, FOLDER
from ..project import Project
from ..transform.recipe import payloads_of, read_recipe
from . import guest
from .far import PIECE, arguments

Call = tuple[Callable[..., Any], tuple[Any, ...]]
Errand = Generator[Call, Any, bytes]

_STAGED: Final = re.compile(r"\d+-\d+-\d+-\d+")
_DIGEST: Final = re.compile(r"[0-9a-f]{16,64}")


def errand(engine: str, data: bytes, known: set[str]) -> Errand:
    """Yield what the worker has to be asked, one after another; return the set's answer.

    Parameters
    ----------
    engine : str
        As the worker was greeted.
    data : bytes
        The set.
    known : set of str
        Files of the project that the worker has; added to.
    """
    datum_set = unpack_set(data)
    project = _project(datum_set)
    if not _is_due(project, datum_set):
        return pack_return(SetReturn(datum_set.set_id, datum_set.generation, "refused", 0, 0, b""))
    for name, path in _needed(project, datum_set.recipe):
        if name not in known:
            yield from _bring(engine, project, name, path)
            known.add(name)
    bill = yield guest.execute_far, (engine, data)
    answer, left, small = _bill(bill)
    for n, (area, name, size) in enumerate(left):
        with _Arrival(project, datum_set, area, name) as arrival:
            if n in small:
                arrival.write(small[n])
                continue
            for offset in range(0, size, PIECE):
                place = (*arguments(datum_set), area, name, offset, min(PIECE, size - offset))
                arrival.write((yield guest.read_far, (engine, *place)))
    if left:
        yield guest.forget_far, (engine, *arguments(datum_set), left)
    _journal(project, datum_set, answer)
    return bytes(answer)


def _is_due(project: Project, datum_set: DatumSet) -> bool:
    """Claim a set for its worker, which cannot; False if it is not to be begun."""
    try:
        where = project.claim(datum_set.run, datum_set.set_id, datum_set.generation)
        return not project.halt(datum_set.run).exists() and claim(where)
    except FileNotFoundError:  # the run has ended, and its folder was cleaned
        return False


def told_in(bill: bytes) -> bytes:
    """Return the set's answer in what :func:`.guest.execute_far` gave."""
    return bytes(_bill(bill)[0])


def _bill(data: bytes) -> list[Any]:
    found: list[Any] = msgpack.unpackb(data, strict_map_key=False)
    return found


def _project(datum_set: DatumSet) -> Project:
    folder = Path(datum_set.project_dir)
    return Project(folder.parent, json.loads((folder / "project.json").read_text())["uuid"])


def _needed(project: Project, digest: str) -> Iterator[tuple[str, Path]]:
    """The recipe, whose signature is checked, and all payloads that it names."""
    read_recipe(project, digest)
    path = project.recipe(digest)
    yield f"recipes/{path.name}", path
    needed = payloads_of(project, digest)
    for name in sorted(needed.code | needed.data):
        path = project.payload(name)
        if path.is_file():
            yield f"payloads/{name}", path


def _bring(engine: str, project: Project, name: str, path: Path) -> Generator[Call, Any, None]:
    with path.open("rb") as file:
        offset = 0
        while (piece := file.read(PIECE)) or offset == 0:
            yield guest.take_far, (engine, project.uuid, name, offset, piece)
            offset += len(piece)
            if len(piece) < PIECE:
                return


class _Arrival:
    """A file on its way: under another name until it is whole."""

    def __init__(self, project: Project, datum_set: DatumSet, area: str, name: str) -> None:
        self._log = area == "log"
        self._path = _place(project, datum_set, area, name)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._part = self._path if self._log else self._path.with_name(f".{name}.part")
        self._file = self._part.open("ab" if self._log else "wb")

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._file.write(piece)

    def __enter__(self) -> _Arrival:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is None and not self._log:
            self._part.replace(self._path)
        elif not self._log:
            self._part.unlink(missing_ok=True)


def _place(project: Project, datum_set: DatumSet, area: str, name: str) -> Path:
    """Where the worker itself would have put it; what it says is a name, never a path."""
    if area == "log":
        return project.worker_log(*arguments(datum_set))
    if area == "results" and _DIGEST.fullmatch(name):
        return project.result(name)
    if area in ("pool", "failed") and datum_set.out is not None and _STAGED.fullmatch(name):
        folder = os.path.join(datum_set.out, FOLDER, FAILED if area == "failed" else b"pool")
        return Path(os.fsdecode(folder)) / name
    raise EngineError(f"a worker sent a file that has no place here: {area} {name!r}")


def _journal(project: Project, datum_set: DatumSet, answer: bytes) -> None:
    """Write down what is finished: should this process end now, it is not done again."""
    returned = unpack_return(answer)
    path = project.journal(*arguments(datum_set))
    with path.open("ab") as file:
        if file.tell() == returned.start:
            file.write(returned.frames)
