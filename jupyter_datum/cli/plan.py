"""``jupyter datum plan``: what would run now, and why; nothing does.

``plan NAME`` takes the code that ran last, if the cell in its notebook still says it: no kernel
is needed. ``plan NOTEBOOK [NAME]``, and that of a cell which was edited since, takes what
``jupyter datum run`` would: the notebook's own kernel executes the cells that are no
transforms, and the transforms are recorded, as they stand, without being run.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DatumError, RunError, UsageError
from ..inputs.cells import note_cell
from ..ledger import db, queries
from ..ledger.queries import RunRow
from ..notebook.public import plan_text
from ..notebook.submit import of_the_run
from ..project import Project, find
from ..runner.preview import preview
from ..transform.marked import LOAD_EXTENSION, Marked, find_marked
from ..transform.optionline import parse_line
from ..transform.recipe import Recipe, read_recipe
from ..words import when
from .commands import latest, ledger
from .kernel import started
from .run import NotebookCell, start_of, wanted_cells

_NOTEBOOK = ".ipynb"


class _Planned(NamedTuple):
    """A recipe to be planned, the options of the run, and whose code it is."""

    recipe: Recipe
    options: Mapping[str, Any]
    code: dict[str, Any]


def plan(args: argparse.Namespace) -> int:
    """Say what would run now and why; 1 if that cannot be said of all that was asked for."""
    notebook, name = args.notebook, args.name
    if notebook is not None and not notebook.endswith(_NOTEBOOK):
        if name is not None:
            raise UsageError(f"{notebook!r} is no notebook: jupyter datum plan NOTEBOOK NAME")
        notebook, name = None, notebook
    if notebook is not None:
        return _by_kernel(Path(notebook), name, as_json=args.json)
    with ledger(args.project) as (project, conn):
        row = _ran(conn, name)
        recipe = read_recipe(project, row.recipe)
        cell = _cell_of(recipe)
        if cell is None or cell.source.strip("\n") == recipe.source.strip("\n"):
            says = f"planned with the code of run {row.id} ({when(row.started)})"
            code = {"run": row.id, "edited": None if cell is None else False, "says": says}
            one = _Planned(recipe, _options(cell), code)
            _show(conn, project, [one], many=False, as_json=args.json)
            return 0
    return _by_kernel(Path(recipe.notebook or ""), row.name, as_json=args.json)


def _ran(conn: sqlite3.Connection, name: str | None) -> RunRow:
    try:
        return latest(conn, name)
    except UsageError as exc:
        other = f"jupyter datum plan NOTEBOOK{_NOTEBOOK} {name or ''}".strip()
        raise UsageError(f"{exc}. Before a first run: {other}") from None


def _cell_of(recipe: Recipe) -> Marked | None:
    """The transform's cell as it stands in the notebook; None if it is not known."""
    import nbformat

    try:
        notebook = nbformat.read(Path(recipe.notebook or ""), as_version=4)
        return find_marked(notebook.cells, recipe.name)
    except Exception:  # it is gone, is no notebook, or has no such cell
        return None


def _options(cell: Marked | None) -> Mapping[str, Any]:
    """What the cell says of a run of it."""
    if cell is None:
        return {}
    body = cell.source.lstrip("\n").partition("\n")[2] if cell.by == "magic" else ""
    return of_the_run(parse_line(cell.line, body))


# -- by the notebook's kernel --------------------------------------------------------------


def _by_kernel(path: Path, name: str | None, *, as_json: bool) -> int:
    cells = wanted_cells(path, name)
    recorded = [told for told in _recorded(path, cells) if name in (None, told.cell.name)]
    project = find(start_of(path))
    if project is None:
        raise RunError(f"the kernel of {path.name} recorded nothing: {recorded[-1].error}")
    says = f"planned with the cell as it stands in {path.name}"
    with contextlib.closing(db.connect(project)) as conn:
        planned: list[_Planned | _Told] = []
        for told in recorded:
            if told.recipe is None:
                planned.append(told)
                continue
            row = queries.latest_run(conn, told.cell.name or "")
            code = {"run": row.id if row else None, "edited": None, "says": says}
            recipe = read_recipe(project, told.recipe)
            options = _options(told.cell.marked)
            note_cell(recipe, options)
            planned.append(_Planned(recipe, options, code))
        return 0 if _show(conn, project, planned, many=name is None, as_json=as_json) else 1


class _Told(NamedTuple):
    """A transform's cell, and the recipe that the kernel has recorded, or why it could not."""

    cell: NotebookCell
    recipe: str | None
    error: str


def _recorded(path: Path, cells: list[NotebookCell]) -> Iterator[_Told]:
    """Execute the cells that are no transforms, and have the others recorded.

    Raises
    ------
    RunError
        If a cell that is no transform raises.
    """
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
            yield _Told(cell, kernel.told.get("recipe"), kernel.error)


# -- showing -------------------------------------------------------------------------------


def _show(
    conn: sqlite3.Connection,
    project: Project,
    planned: list[_Planned | _Told],
    *,
    many: bool,
    as_json: bool,
) -> bool:
    """Print plans; return whether all could be made."""
    made = []
    for each in planned:
        try:
            made.append(_made(conn, project, each, as_json=as_json))
        except DatumError as exc:
            if not many:
                raise
            name = each.cell.name if isinstance(each, _Told) else each.recipe.name
            made.append({"name": name, "error": str(exc)})
            if not as_json:
                print(f"{name}: {exc}")
    if as_json:
        print(json.dumps(made if many else made[0], indent=1))
    return not any("error" in each for each in made)


def _made(
    conn: sqlite3.Connection, project: Project, planned: _Planned | _Told, *, as_json: bool
) -> dict[str, Any]:
    if isinstance(planned, _Told):
        raise RunError(f"it cannot be recorded: {planned.error}")
    recipe, options, code = planned
    told: dict[str, Any] = {"name": recipe.name, "code": code}
    if as_json:
        return told | dataclasses.asdict(preview(conn, project, recipe, options))
    print(plan_text(conn, project, recipe, options))
    print(code["says"])
    return told
