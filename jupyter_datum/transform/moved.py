"""A recipe that was recorded where its project lay before: what it says of folders, said of here.

For whoever lists, plans, or looks at files. What is *executed* goes by the recipe as it was
signed: in its payload may stand other paths of the old place
(:func:`~.recipe.check_here`).
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Final

from ..project import Project
from .recipe import Recipe

#: In front of an absolute path, in the address of a database.
_ADDRESS: Final = "sqlite:///"
#: Parts of an input that hold what datums are, not where they lie.
_VALUES: Final = frozenset({"grid", "items", "filters", "types", "storage_options"})


def here(recipe: Recipe, project: Project) -> Recipe:
    """Return `recipe` with the folders below its project's where the project lies now."""
    old, new = recipe.path, str(project.root)
    if old == new:
        return recipe

    def moved(text: str) -> str:
        return _moved(text, old, new)

    return replace(
        recipe,
        path=new,
        cwd=moved(recipe.cwd),
        input=_input(recipe.input, old, new),
        out=moved(recipe.out) if recipe.out else recipe.out,
        notebook=moved(recipe.notebook) if recipe.notebook else recipe.notebook,
        imports={name: moved(path) for name, path in recipe.imports.items()},
    )


def _input(spec: Any, old: str, new: str) -> Any:
    if isinstance(spec, dict):
        return {
            name: part if name in _VALUES else _input(part, old, new) for name, part in spec.items()
        }
    if isinstance(spec, list):
        return [_input(part, old, new) for part in spec]
    return _moved(spec, old, new) if isinstance(spec, str) else spec


def _moved(text: str, old: str, new: str) -> str:
    head = _ADDRESS if text.startswith(_ADDRESS) else ""
    path = text[len(head) :]
    if path == old or path.startswith(old + os.sep):
        return head + new + path[len(old) :]
    return text
