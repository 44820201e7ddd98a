"""What a datum's outcome was made with."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace

from ..errors import SignatureError
from ..ledger.listings import listed_run
from ..ledger.queries import DatumRow
from ..project import Project
from ..transform.moved import here
from ..transform.recipe import Recipe, payloads_of, read_recipe


def recipe_of(conn: sqlite3.Connection, project: Project, row: DatumRow) -> Recipe:
    """Return the recipe of the run that a datum's outcome is of, as to where the project lies.

    The input's data (a table of the kernel, items) of a run that is long over is not kept: then
    the input is that of the newest whole listing, in which the datum is as it was, or is not.

    Raises
    ------
    SignatureError
        If it is not this user's.
    """
    digest, transform = conn.execute(
        "select r.recipe, r.transform from run r where r.id = ?", (row.run,)
    ).fetchone() or ("", 0)
    recipe = here(read_recipe(project, digest), project)
    if all(project.payload(name).exists() for name in payloads_of(project, digest).data):
        return recipe
    with contextlib.suppress(SignatureError):
        if newest := listed_run(conn, project, transform):
            return replace(recipe, input=here(read_recipe(project, newest.recipe), project).input)
    return recipe
