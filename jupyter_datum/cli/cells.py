"""A transform's code as it stands in its notebook, recorded by the notebook's own kernel."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import RunError, UsageError
from ..inputs.cells import note_cell
from ..ledger.queries import RunRow
from ..notebook.namesake import saved_cell
from ..project import Project, find
from ..transform.marked import LOAD_EXTENSION, Marked
from ..transform.optionline import parse_line
from ..transform.options import of_the_run
from ..transform.recipe import Recipe, read_recipe
from .commands import latest
from .kernel import started
from .run import NotebookCell, start_of, wanted_cells

#: How the name of a notebook's file ends.
NOTEBOOK: Final = ".ipynb"


def cell_of(recipe: Recipe) -> Marked | None:
    """The transform's cell as it stands in the notebook; None if it is not known."""
    return saved_cell(recipe.notebook, recipe.name) if recipe.notebook else None


class Told(NamedTuple):
    """A transform's cell, and what the kernel has recorded of it, or why it could not."""

    cell: NotebookCell
    recipe: Recipe | None
    options: Mapping[str, Any]
    error: str


def by_kernel(path: Path, name: str | None) -> tuple[Project, list[Told]]:
    """Have the notebook's kernel record transforms as they stand, without running them: this one,
    or all; and note what it needs, so that its plan knows that.

    Raises
    ------
    DatumError
        If there is no such transform, a cell that is none raises, or nothing could be recorded.
    """
    digests = list(_recorded(path, wanted_cells(path, name)))
    project = find(start_of(path))
    if project is None:
        raise RunError(f"the kernel of {path.name} recorded nothing: {digests[-1][2]}")
    found = []
    for cell, digest, error in digests:
        recipe = read_recipe(project, digest) if digest is not None else None
        told = Told(cell, recipe, options_of(cell.marked), error)
        if recipe is not None:
            note_cell(recipe, told.options)
        if name in (None, cell.name):
            found.append(told)
    return project, found


def _recorded(
    path: Path, cells: list[NotebookCell]
) -> Iterator[tuple[NotebookCell, str | None, str]]:
    """Execute the cells that are no transforms, and have the others recorded; yield each of
    these with its recipe's name, or with why there is none."""
    asked = {"origin": "cli", "record": True}
    with started(path, quiet=True) as kernel:
        for cell in cells:
            if cell.marked is None:
                if kernel.execute(cell.code):
                    first = cell.code.lstrip("\n").partition("\n")[0]
                    raise RunError(f"the cell {first!r} of {path.name} raises {kernel.error}")
                continue
            if cell.marked.by == "metadata":
                kernel.execute(LOAD_EXTENSION)
            kernel.execute(cell.code, asked)
            yield cell, kernel.told.get("recipe"), kernel.error


def is_edited(recipe: Recipe) -> bool | None:
    """Whether the transform's cell says something else than was recorded; None if it is not
    known."""
    cell = cell_of(recipe)
    return None if cell is None else cell.source.strip("\n") != recipe.source.strip("\n")


def options_of(cell: Marked | None) -> Mapping[str, Any]:
    """What the cell says of a run of it."""
    if cell is None:
        return {}
    body = cell.source.lstrip("\n").partition("\n")[2] if cell.by == "magic" else ""
    return of_the_run(parse_line(cell.line, body))


def notebook_and_name(
    verb: str, notebook: str | None, name: str | None
) -> tuple[Path | None, str | None]:
    """Tell a notebook from a name: either may be left out.

    Raises
    ------
    UsageError
        If there are two and the first is no notebook.
    """
    if notebook is None or notebook.endswith(NOTEBOOK):
        return (None if notebook is None else Path(notebook)), name
    if name is not None:
        raise UsageError(f"{notebook!r} is no notebook: jupyter datum {verb} NOTEBOOK NAME")
    return None, notebook


def ran(conn: sqlite3.Connection, verb: str, name: str | None) -> RunRow:
    """Return the newest run of a transform, or of any.

    Raises
    ------
    UsageError
        If there is none; says what takes a notebook instead.
    """
    try:
        return latest(conn, name)
    except UsageError as exc:
        other = f"jupyter datum {verb} NOTEBOOK{NOTEBOOK} {name or ''}".strip()
        raise UsageError(f"{exc}. Before a first run: {other}") from None
