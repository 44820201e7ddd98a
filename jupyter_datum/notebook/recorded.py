"""A datum that the ledger knows, made again for the kernel: found by what people call it."""

from __future__ import annotations

import sqlite3

from ..datum import Datum
from ..errors import RunError
from ..inputs import datum_of, input_from_json
from ..inputs.lazy import loader
from ..inputs.named import datum_named
from ..ledger import queries
from ..ledger.files import plan_pages
from ..ledger.queries import DatumRow
from ..project import Project
from ..transform.recipe import Recipe
from .place import KernelPlace
from .render import one_line

#: In front of a number that the ledger gave, where a key says nothing or cannot be typed.
ID = "id:"


def find_datum(
    conn: sqlite3.Connection, project: Project, name: str, which: str | int
) -> DatumRow | None:
    """Return a datum of transform `name`: ``failed`` (the first one), its key, its place in
    the newest run, ``id:N``, or an item itself."""
    transform = queries.transform(conn, name)
    if transform is None:
        return None
    if isinstance(which, int):
        return _by_place(conn, project, name, which) if which >= 0 else None
    if which == "failed":
        failed = queries.failed_datums(conn, transform.id, limit=1)
        return failed[0] if failed else None
    found = queries.datum_by_text(conn, transform.id, which)
    if found is None and which.startswith(ID) and which[len(ID) :].isdecimal():
        return _by_id(conn, transform.id, int(which[len(ID) :]))
    if found is None and which.isdecimal():  # a place, also where items are numbers
        found = _by_place(conn, project, name, int(which))
    return found or datum_named(conn, transform.id, which)


class LeftError(RunError):
    """A recorded datum that the input has no more."""


def called(datum: Datum, key: bytes) -> str:
    """Return what people call a datum that is at hand: its key, or the item itself."""
    text = queries.key_text(key)
    return one_line(repr(datum.value)) if queries.is_digest(text) else text


def _by_id(conn: sqlite3.Connection, transform: int, identity: int) -> DatumRow | None:
    row = queries.datum_by_id(conn, identity)
    mine = row and queries.datum_by_key(conn, transform, row.key)
    return row if mine and mine.id == identity else None


def _by_place(conn: sqlite3.Connection, project: Project, name: str, place: int) -> DatumRow | None:
    run = queries.latest_run(conn, name)
    for ids in plan_pages(project.run(run.uuid) / "plan") if run else ():
        if place < len(ids):
            return queries.datum_by_id(conn, ids[place])
        place -= len(ids)
    return None


def datum_at(
    conn: sqlite3.Connection,
    project: Project,
    row: DatumRow,
    recipe: Recipe,
    *,
    kind: type[Datum] = Datum,
) -> tuple[Datum, KernelPlace]:
    """Return a recorded datum for a person to work with, and what stands behind it.

    Raises
    ------
    LeftError
        If the input has it no more.
    """
    source = input_from_json(recipe.input, project)
    listed = source.find(row.key)
    if listed is None:
        text = queries.key_text(row.key)
        shown = "this datum" if queries.is_digest(text) else text
        raise LeftError(f"{shown} is no longer in {source.describe()}")
    several = queries.inputs_of(conn, [row.id]).get(row.id, [])
    contents = {(name, rel): content for name, rel, _, content in several}
    first = row.content or b""
    place = KernelPlace(source, project)
    datum = datum_of(
        source, listed, row.position, row.attempt, place=place, kind=kind,
        contents=tuple(contents.get((name, rel), first) for name, rel, _ in listed.files),
        code=recipe.fingerprint, load=loader(recipe.input, project),
    )  # fmt: skip
    return datum, place
