"""Lineage, history and overview for a browser: what the ledger knows, paths confined.

Of files that the server does not show neither the path is told nor whether they are there.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from ..errors import RunError, UsageError
from ..ledger import queries
from ..lineage.ask import lineage
from ..lineage.graph import graph
from ..lineage.history import history
from ..lineage.model import Origin, Some
from ..lineage.now import READ, Look, nowhere
from ..lineage.overview import overview
from ..lineage.questions import QUESTIONS, ask
from ..lineage.report import report
from ..lineage.users import users, uses
from ..project import Project
from ..remote import is_url
from ..words import text_of
from .errors import bad_request, not_found
from .paths import LONGEST, contents_path, inside

#: Files that one answer looks at.
_LOOKED: Final = 400


def of_datum(
    conn: sqlite3.Connection, datum: int, root: Path | None, up: int, down: int
) -> dict[str, Any]:
    """Return where a datum comes from, and what was made from it."""
    try:
        found = lineage(conn, datum, up=up, down=down, look=_shown(root))
    except RunError as exc:
        raise not_found("datum") from exc
    return found.to_json(lambda path: contents_path(root, path))


def of_path(
    conn: sqlite3.Connection, path: str, root: Path | None, up: int, down: int
) -> dict[str, Any]:
    """Return the same of a file below the root; what the ledger does not know has no origin."""
    place = place_of(path, root)
    try:
        found = lineage(conn, str(place), up=up, down=down, look=_shown(root))
    except RunError:
        found = Origin(path, None, None, Some())
    return found.to_json(lambda path: contents_path(root, path)) | {"asked": path}


def of_graph(conn: sqlite3.Connection, project: Project, root: Path | None) -> dict[str, Any]:
    """Return the transforms, what feeds them, and the folders and files at their ends."""

    def told(path: bytes) -> dict[str, Any]:
        top = root is not None and os.path.realpath(path) == os.fsencode(root)
        shown = "/" if top else contents_path(root, path)
        return {"name": _called(path, project, shown), "path": shown}

    return graph(conn, told=told)


def of_users(
    conn: sqlite3.Connection,
    path: str,
    root: Path | None,
    transform: str | None,
    after: int,
    limit: int,
) -> dict[str, Any]:
    """Return a page of the datums that have read a file below the root; the first page also
    counts them by transform."""
    place = os.fsencode(place_of(path, root))
    page = users(conn, place, transform=transform, after=after, limit=limit, look=nowhere).to_json(
        lambda file: contents_path(root, file)
    )
    found = uses(conn, place) if not after else []
    return {"asked": path, "transforms": [use.to_json() for use in found], **page}


def of_history(
    conn: sqlite3.Connection, datum: int, old: int | None = None, new: int | None = None
) -> dict[str, Any]:
    """Return every version of a datum, and how two of its codes differ, by default the last."""
    try:
        found = history(conn, datum)
    except RunError as exc:
        raise not_found("datum") from exc
    try:
        return found.to_json(old, new)
    except RunError as exc:
        raise bad_request(str(exc)) from exc


def of_transform(conn: sqlite3.Connection, project: Project, name: str | None) -> dict[str, Any]:
    """Return how many datums a transform has, how long one takes, how many are new."""
    try:
        return overview(conn, project, _name(conn, name)).to_json()
    except RunError as exc:
        raise not_found("transform") from exc


def report_on(conn: sqlite3.Connection, project: Project, name: str | None) -> tuple[str, str]:
    """Return the report on a transform, and its name: one page that needs nothing else."""
    which = _name(conn, name)
    try:
        return which, report(conn, project, which, places=False)
    except RunError as exc:
        raise not_found("transform") from exc


def outputs(
    conn: sqlite3.Connection,
    name: str | None,
    which: str | None,
    after: str | None,
    limit: int,
    root: Path | None,
) -> dict[str, Any]:
    """Return a page of outputs that are old, orphans, edited, or from a run with failures."""
    row = queries.transform(conn, _name(conn, name))
    if row is None:
        raise not_found("transform")
    question = which or next(iter(QUESTIONS))
    if after is not None and question != "edited" and not after.isdecimal():
        raise bad_request("'after' is what the page before ended with")
    try:
        page = ask(conn, row.id, question, after=after, limit=limit, look=_all(root))
    except UsageError as exc:
        raise bad_request(str(exc)) from exc
    found = [
        {**each._asdict(), "path": contents_path(root, os.fsencode(each.path))}
        for each in page.found
    ]
    return {"which": question, "outputs": found, "next": _text(page.after)}


def place_of(path: str, root: Path | None) -> Path:
    """Return the absolute path of a contents path: below the root, though it need not be there."""
    if root is None or not path or len(os.fsencode(path)) > LONGEST or "\0" in path:
        raise bad_request("'path' is a path below the folder that the server shows")
    place = Path(os.path.normpath(root.joinpath(path.lstrip("/"))))
    if not inside(place, root):
        raise not_found("file")
    return place


def _called(path: bytes, project: Project, shown: str | None) -> str:
    """What people call a folder or file: of one that lies elsewhere, its own name alone."""
    base = os.path.join(os.fsencode(project.root), b"")
    if is_url(path) or path.startswith(base):
        return text_of(path.removeprefix(base))
    if shown in (None, "/"):
        return text_of(os.path.basename(os.path.normpath(path)))
    return str(shown)


def _text(after: int | str | None) -> str | None:
    return None if after is None else str(after)


def _name(conn: sqlite3.Connection, name: str | None) -> str:
    """The transform asked for, or the one that ran last."""
    if name:
        return name
    rows = queries.runs(conn, limit=1)
    if not rows:
        raise not_found("transform")
    return rows[0].name


def _all(root: Path | None) -> Look:
    return lambda path: READ if contents_path(root, path) is not None else 0


def _shown(root: Path | None) -> Look:
    """Look at files that the server shows, and at no more of them than an answer is worth: a
    file that was touched is read to tell whether it is still the same."""
    left = iter(range(_LOOKED))
    return lambda path: (
        READ if contents_path(root, path) is not None and next(left, None) is not None else 0
    )
