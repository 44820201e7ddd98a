"""The cells of this process's notebook as they stand now, be it that they have never run.

A plan knows them: of a transform that another one feeds, it says what that one has to do first.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..project import Project
from ..transform.recipe import Recipe


class NotedCell(NamedTuple):
    """A cell as it was executed or planned last, and what it says of a run of it (``sample``)."""

    recipe: Recipe
    args: Mapping[str, Any]


#: Of each project (its uuid): name -> cell.
_CELLS: dict[str, dict[str, NotedCell]] = {}


def note_cell(recipe: Recipe, args: Mapping[str, Any]) -> None:
    """Have plans know a cell as it stands now."""
    _CELLS.setdefault(recipe.project, {})[recipe.name] = NotedCell(recipe, args)


def noted_cells(project: Project) -> Mapping[str, NotedCell]:
    """Return the cells of a project that this process knows, by the names of transforms."""
    return MappingProxyType(_CELLS.get(project.uuid, {}))
