"""Which transforms a project knows, by their names."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from ..errors import SignatureError
from ..ledger import db, queries, requests
from ..ledger.queries import DatumRow
from ..project import Project, find
from ..transform.recipe import Recipe, read_recipe
from .cells import noted_cells
from .items import item_keys
from .place import absolute, folder


def project_here() -> Project | None:
    """Return the project of the notebook's folder."""
    return find(Path(os.environ.get("DATUM_PROJECT") or folder()))


def asked_for(conn: sqlite3.Connection, project: Project) -> dict[str, Recipe]:
    """Return the recipes of transforms of which a run was asked for that has not begun."""
    found: dict[str, Recipe] = {}
    for request in requests.not_begun(conn, float("inf")):
        with contextlib.suppress(SignatureError):  # somebody else's
            recipe = read_recipe(project, request.recipe or "")
            found[recipe.name] = recipe
    return found


def known_transforms(project: Project) -> list[str]:
    """Return names of the transforms that have run, or were asked to."""
    if not project.ledger.exists():
        return []
    with contextlib.closing(db.connect(project)) as conn:
        names = [row.name for row in queries.transforms(conn)]
        return list(dict.fromkeys([*names, *asked_for(conn, project), *noted_cells(project)]))


def datum_named(conn: sqlite3.Connection, transform: int, text: str) -> DatumRow | None:
    """Return the datum whose key is `text`, is shown as `text`, or is that of such an item."""
    found = queries.datum_by_text(conn, transform, text)
    for key in item_keys(text) if found is None else ():
        found = found or queries.datum_by_key(conn, transform, key)
    return found


def is_transform(text: str) -> bool:
    """Return whether `text` is the name of a transform of this project, and of no file here,
    which is meant then."""
    if not text.isidentifier() or os.path.lexists(absolute(text)):
        return False
    project = project_here()
    return project is not None and text in known_transforms(project)
