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
    recorded = _recorded(path, cells, quiet=as_json)
    project = find(start_of(path))
    if project is None:
        raise RunError(f"the kernel of {path.name} recorded nothing: it has no project")
    with contextlib.closing(db.connect(project)) as conn:
        found = [
            _Planned(
                read_recipe(project, digest), _options(cell.marked), _by_cell(path, conn, cell)
            )
            for cell, digest in recorded
            if name in (None, cell.name)
        ]
        fine = _show(conn, project, found, many=name is None, as_json=as_json)
    return 0 if fine else 1


def _by_cell(path: Path, conn: sqlite3.Connection, cell: NotebookCell) -> dict[str, Any]:
    row = queries.latest_run(conn, cell.name or "")
    says = f"planned with the cell as it stands in {path.name}"
    return {"run": row.id if row else None, "edited": None, "says": says}


def _recorded(
    path: Path, cells: list[NotebookCell], *, quiet: bool
) -> list[tuple[NotebookCell, str]]:
    """Execute the cells that are no transforms, and have the others recorded; return those
    with the digests of their recipes.

    Raises
    ------
    RunError
        If a cell raises.
    """
    found: list[tuple[NotebookCell, str]] = []
    asked = {"origin": "cli", "record": True}
    with started(path, quiet=quiet) as kernel:
        for cell in cells:
            if cell.marked:
                kernel.execute(LOAD_EXTENSION)
            kernel.execute(cell.code, asked if cell.marked else None)
            if kernel.error:
                what = f"the cell of {cell.name}" if cell.name else "a cell that it needs"
                raise RunError(f"{what} in {path.name} raises {kernel.error}")
            if cell.marked:
                found.append((cell, str(kernel.told["recipe"])))
    return found


# -- showing -------------------------------------------------------------------------------


def _show(
    conn: sqlite3.Connection,
    project: Project,
    planned: list[_Planned],
    *,
    many: bool,
    as_json: bool,
) -> bool:
    """Print plans; return whether all could be made."""
    made = [*_made(conn, project, planned, as_json=as_json)]
    if as_json:
        print(json.dumps(made if many else made[0], indent=1))
    return not any("error" in each for each in made)


def _made(
    conn: sqlite3.Connection, project: Project, planned: list[_Planned], *, as_json: bool
) -> Iterator[dict[str, Any]]:
    for recipe, options, code in planned:
        told: dict[str, Any] = {"name": recipe.name, "code": code}
        try:
            if as_json:
                told |= dataclasses.asdict(preview(conn, project, recipe, options))
            else:
                print(plan_text(conn, project, recipe, options))
                print(code["says"])
        except DatumError as exc:
            if len(planned) == 1:
                raise
            told["error"] = str(exc)
            if not as_json:
                print(f"{recipe.name}: {exc}")
        yield told
