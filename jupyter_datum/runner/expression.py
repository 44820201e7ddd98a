"""Is an input expression the one that an earlier run had?

Only then does it mean anything that a datum is not listed any more. Where the project lies
does not count, nor what a name or the memory of the kernel held.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from typing import Any

from ..errors import SignatureError
from ..project import Project
from ..transform.recipe import Recipe, read_recipe

#: Fields of an input that say what it held, not how it was written.
_CONTENT = frozenset({"count", "digest", "kept"})


def expression(recipe: Recipe) -> str:
    """Return a recipe's input as it was written, wherever the project lay."""
    return json.dumps(_plain(recipe.input, recipe.path), sort_keys=True)


def _plain(value: Any, root: str) -> Any:
    if isinstance(value, dict):
        if "items" in value and "label" in value:
            return {"items": value["label"]}
        return {k: _plain(v, root) for k, v in value.items() if k not in _CONTENT}
    if isinstance(value, list):
        return [_plain(item, root) for item in value]
    if isinstance(value, str) and (value == root or value.startswith(root + os.sep)):
        return "." + value[len(root) :]
    return value


def same_expression(
    conn: sqlite3.Connection, project: Project, recipe: Recipe
) -> Callable[[int], bool]:
    """Return a function that tells of a run, by row id, whether its input expression was
    that of `recipe`; of a run whose recipe is gone or not ours it was not."""
    mine = expression(recipe)
    known: dict[str, bool] = {}
    asked: dict[int, bool] = {}

    def look(digest: str) -> bool:
        try:
            return expression(read_recipe(project, digest)) == mine
        except SignatureError:
            return False

    def same(run: int) -> bool:
        if run not in asked:
            row = conn.execute("select recipe from run where id = ?", (run,)).fetchone()
            digest = row[0] if row else ""
            if digest not in known:
                known[digest] = look(digest)
            asked[run] = known[digest]
        return asked[run]

    return same
