"""Removes files that nothing needs any more, when a run has ended.

A row that lets go of a file says so (:func:`sweep_results`). What a process had made when it
died, before a commit named it, nobody says: that is found by looking (:func:`sweep_orphans`).
So are captured code and data of runs that are long over (:func:`sweep_recorded`): a table of
the kernel that runs each night leaves a copy each night.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

from ..ledger.db import transaction
from ..ledger.kept import stored
from ..ledger.loose import forget_loose, loose_files, named_files, recipes_in_use, runs_go_on
from ..project import Project
from ..transform.recipe import payloads_of

#: Seconds for one sweep; what is left waits for the next one.
_WITHIN: Final = 1.0
#: Files looked at in one transaction.
_STEP: Final = 200
#: Seconds after which a file that was never finished is nobody's.
_UNFINISHED: Final = 3_600.0
#: Seconds for which a recipe or payload may wait for the run that it was recorded for.
_RECORDED: Final = 86_400.0
_DIGEST: Final = re.compile(r"(?:[0-9a-f]{2}){16,64}")
_PART: Final = re.compile(r"\.\d+\.\d+\.part|[0-9a-f]{32,128}\.\d+")


def sweep_results(conn: sqlite3.Connection, project: Project, within: float = _WITHIN) -> int:
    """Remove result files that were let go; return how many.

    Nothing is removed while any run goes on: what it has just found to be there already
    it names only when it commits.
    """
    end = time.monotonic() + within
    removed = 0
    while time.monotonic() < end and not runs_go_on(conn):
        names = loose_files(conn)
        if not names:
            break
        named = named_files(conn, names)
        for name in names:
            removed += name not in named and _remove(project, name)
        forget_loose(conn, names)
    return removed


def sweep_orphans(conn: sqlite3.Connection, project: Project) -> Generator[None, None, bool]:
    """Remove files that no row names; a short step at a time. Whether all were looked at: not
    if a run has begun meanwhile, which may be about to name what it has just made.

    No run begins within a step: that needs the ledger's write lock, which a step holds.
    """
    for base, named in (("results", _named_results), ("store", _named_stored)):
        for folder in _folders(project.dir / base):
            for names in _batches(folder):
                with transaction(conn):
                    if runs_go_on(conn):
                        return False
                    known = named(conn, [name for name in names if _is_digest(name)])
                    for name in names:
                        if name not in known and (_is_digest(name) or _is_left(folder / name)):
                            _unlink(folder / name)
                yield
    return True


def sweep_recorded(conn: sqlite3.Connection, project: Project) -> Iterator[None]:
    """Remove recipes and payloads that no run, request or watch needs any more, a short step at
    a time.

    Of runs whose maps are kept all stays; of older ones the data of the input goes, and the
    code where no datum's outcome is of them. Recipes stay with their runs: they tell what each
    was. What was recorded, or recorded again, within a day may be about to run.
    """
    used = recipes_in_use(conn)
    needed = set[str]()
    for i, digest in enumerate(used.whole | used.code):
        found = payloads_of(project, digest)
        needed |= found.code | found.data if digest in used.whole else found.code
        if i % _STEP == _STEP - 1:
            yield
    recipes = {f"{digest}.json" for digest in used.whole | used.code | used.rest}
    for base, names in (("payloads", needed), ("recipes", recipes)):
        folder = project.dir / base
        for batch in _batches(folder):
            for name in batch:
                if name not in names and _is_older(folder / name, _RECORDED):
                    _unlink(folder / name)
            yield


def _folders(base: Path) -> list[Path]:
    """The folder itself, where files lie until they are whole, and those below it."""
    try:
        below = sorted(entry.path for entry in os.scandir(base) if entry.is_dir())
    except OSError:
        return []
    return [base, *map(Path, below)]


def _batches(folder: Path) -> Iterator[list[str]]:
    try:
        names = [e.name for e in os.scandir(folder) if e.is_file(follow_symlinks=False)]
    except OSError:
        return
    for start in range(0, len(names), _STEP):
        yield names[start : start + _STEP]


def _named_results(conn: sqlite3.Connection, names: Sequence[str]) -> set[str]:
    return {name.decode() for name in named_files(conn, [name.encode() for name in names])}


def _named_stored(conn: sqlite3.Connection, names: Sequence[str]) -> set[str]:
    return {digest.hex() for digest in stored(conn, [bytes.fromhex(name) for name in names])}


def _is_digest(name: str) -> bool:
    return _DIGEST.fullmatch(name) is not None


def _is_left(path: Path) -> bool:
    """Whether a file was never finished, and is nobody's work at this moment."""
    return _PART.fullmatch(path.name) is not None and _is_older(path, _UNFINISHED)


def _is_older(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > seconds
    except OSError:
        return False


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _remove(project: Project, name: bytes) -> bool:
    text = name.decode("ascii", "replace")
    if not text.isalnum():  # a digest, and nothing that leads elsewhere
        return False
    path = project.result(text)
    try:
        path.unlink()
    except OSError:
        return False
    with contextlib.suppress(OSError):  # others lie there still
        os.rmdir(path.parent)
    return True
