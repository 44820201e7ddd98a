"""Where a transform's outputs are, by what this user has signed and not by the ledger's word.

Rows of the ledger are signed by nobody: who may write to its file could send this user's
credentials to any store by naming it there.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from ..errors import SignatureError
from ..ledger import queries
from ..project import Project
from ..transform.moved import here
from ..transform.recipe import read_recipe

#: Runs whose signed recipes are asked for output folders; a transform seldom has two.
_RUNS: Final = 50


def output_folders(conn: sqlite3.Connection, project: Project, transform: int) -> list[bytes]:
    """Return the output folders and URLs of a transform that this user has signed for."""
    folders = set()
    for row in queries.runs(conn, transform=transform, limit=_RUNS):
        try:
            recipe = here(read_recipe(project, row.recipe), project)
        except SignatureError:
            continue
        if recipe.out and recipe.name == row.name:
            folders.add(os.fsencode(recipe.out))
    return sorted(folders)
