"""From a file in the file browser to the project that knows it: what made it, what read it.

The project in whose folder the file lies is asked first, then those that are open, then those
that ran last: outputs and inputs may lie anywhere below the root.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from .. import registry
from ..ledger import queries
from ..ledger.edges import makers_of
from ..lineage.users import uses
from .errors import ApiError, not_found
from .origins import place_of
from .projects import Projects
from .reader import Reader

#: Projects that are asked at most, and seconds after which no other one is.
_ASKED: Final = 16
_SECONDS: Final = 4.0
_NO_FILES: Final = "this server's files are not on a disk that it can read"


async def of_file(projects: Projects, path: str) -> dict[str, Any]:
    """Return which project knows the file at a contents path, and what of it.

    Parameters
    ----------
    projects : Projects
    path : str
        Contents path; the file need not be there any more.

    Raises
    ------
    ApiError
        If the path leads out of the folder that the server shows.
    """
    if projects.root is None:
        return _answer(path, message=_NO_FILES)
    places = await projects.call(_places, path, projects)
    asked, trouble = 0, ""
    async for reader in _readers(projects, places[0].parent):
        asked += 1
        try:
            found = await reader.read(lambda conn: _known(conn, places))
        except ApiError as exc:  # damaged, or newer: another one may know the file
            trouble = trouble or exc.message
            continue
        if found is not None:
            return _answer(path, project=reader.project.uuid, **found)
    if not asked:
        return _answer(path, message=f"nothing has run in the folder of {path!r} yet")
    return _answer(path, message=trouble or f"no run has made or read {path!r}")


def _answer(path: str, **found: Any) -> dict[str, Any]:
    return {"path": path, "project": None, "message": "", "made": None, "users": [], **found}


def _places(path: str, projects: Projects) -> list[Path]:
    """The path as it was given, and where it really is if that is another place below the root."""
    root = projects.root
    place = place_of(path, root)
    if not projects.shows(path):
        raise not_found("file")
    real = Path(os.path.realpath(place))
    inner = root is not None and root in real.parents
    return [place, real] if inner and real != place else [place]


async def _readers(projects: Projects, folder: Path) -> AsyncIterator[Reader]:
    """The ledgers that may know a file, the likely ones first."""
    end = time.monotonic() + _SECONDS
    names = [uuid async for uuid in _around(projects, folder)]
    names += [reader.project.uuid for reader in projects.readers]
    names += await projects.call(_registered)
    for name in list(dict.fromkeys(names))[:_ASKED]:
        if time.monotonic() > end:
            return
        try:
            yield await projects.reader(name)
        except ApiError:  # gone, or not ours to open
            continue


async def _around(projects: Projects, folder: Path) -> AsyncIterator[str]:
    """The projects in whose folders a folder lies, the innermost first."""
    for _ in range(_ASKED):
        found = await projects.near(folder)
        if found is None:
            return
        yield found.uuid
        folder = found.root.parent


def _registered() -> list[str]:
    return [str(fields.get("project")) for fields in registry.projects(_ASKED)]


def _known(conn: sqlite3.Connection, places: list[Path]) -> dict[str, Any] | None:
    """What a ledger knows of a file; None if it knows nothing."""
    for place in map(os.fsencode, places):
        made = _made(conn, place)
        users = [use.to_json() for use in uses(conn, place)]
        if made is not None or users:
            return {"made": made, "users": users}
    return None


def _made(conn: sqlite3.Connection, place: bytes) -> dict[str, Any] | None:
    """The datum that made a file, and the newest run of its transform."""
    datum = makers_of(conn, [place]).get(place)
    row = conn.execute(
        "select t.name, d.key, (select r.uuid from run r where r.transform = t.id"
        " order by r.id desc limit 1) from datum d join transform t on t.id = d.transform"
        " where d.id = ?",
        (datum or 0,),
    ).fetchone()
    if row is None:
        return None
    return {"datum": datum, "transform": row[0], "key": queries.key_text(row[1]), "run": row[2]}
