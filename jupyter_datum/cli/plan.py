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
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DatumError, RunError
from ..ledger import db, queries
from ..notebook.display import tell
from ..notebook.public import plan_text
from ..project import Project
from ..runner.ahead import Needs
from ..runner.foreseen import Ahead
from ..runner.preview import preview
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from ..words import in_shell, when
from .cells import Told, by_kernel, cell_of, is_edited, notebook_and_name, options_of, ran
from .commands import ledger


class _Planned(NamedTuple):
    """A recipe to be planned, the options of the run, and whose code it is."""

    recipe: Recipe
    options: Mapping[str, Any]
    code: dict[str, Any]


def plan(args: argparse.Namespace) -> int:
    """Say what would run now and why; 1 if that cannot be said of all that was asked for."""
    path, name = notebook_and_name("plan", args.notebook, args.name)
    if path is not None:
        return _by_kernel(path, name, as_json=args.json)
    with ledger(args.project) as (project, conn):
        row = ran(conn, "plan", name)
        recipe = read_recipe(project, row.recipe)
        now = here(recipe, project)
        needs = Needs(conn, project)
        before = (needs.recipe(name) for name in needs.before(recipe))
        edited = [is_edited(here(each, project)) for each in (now, *before) if each is not None]
        if not any(edited):
            says = f"planned with the code of run {row.id} ({when(row.started)})"
            code = {"run": row.id, "edited": edited[0], "says": says}
            one = _Planned(recipe, options_of(cell_of(now)), code)
            _show(conn, project, [one], many=False, as_json=args.json)
            return 0
    return _by_kernel(Path(now.notebook or ""), row.name, as_json=args.json)


def _by_kernel(path: Path, name: str | None, *, as_json: bool) -> int:
    project, found = by_kernel(path, name)
    says = f"planned with the cell as it stands in {path.name}"
    with contextlib.closing(db.connect(project)) as conn:
        planned: list[_Planned | Told] = []
        for told in found:
            if told.recipe is None:
                planned.append(told)
                continue
            row = queries.latest_run(conn, told.recipe.name)
            code = {"run": row.id if row else None, "edited": None, "says": says}
            planned.append(_Planned(told.recipe, told.options, code))
        return 0 if _show(conn, project, planned, many=name is None, as_json=as_json) else 1


# -- showing -------------------------------------------------------------------------------


def _show(
    conn: sqlite3.Connection,
    project: Project,
    planned: list[_Planned | Told],
    *,
    many: bool,
    as_json: bool,
) -> bool:
    """Print plans; return whether all could be made."""
    made: list[dict[str, Any]] = []
    known: dict[str, Ahead] = {}
    for each in planned:
        try:
            made.append(_made(conn, project, each, known, as_json=as_json))
        except DatumError as exc:
            if not many:
                raise
            name = each.cell.name if isinstance(each, Told) else each.recipe.name
            made.append({"name": name, "error": str(exc)})
            if not as_json:
                tell(in_shell(f"{name}: {exc}"))
    if as_json:
        print(json.dumps(made if many else made[0], indent=1))
    return not any("error" in each for each in made)


def _made(
    conn: sqlite3.Connection,
    project: Project,
    planned: _Planned | Told,
    known: dict[str, Ahead],
    *,
    as_json: bool,
) -> dict[str, Any]:
    if isinstance(planned, Told):
        raise RunError(f"it cannot be recorded: {planned.error}")
    recipe, options, code = planned
    told: dict[str, Any] = {"name": recipe.name, "code": code}
    if as_json:
        return told | dataclasses.asdict(preview(conn, project, recipe, options, known=known))
    tell(in_shell(plan_text(conn, project, recipe, options, known)))
    tell(code["says"])
    return told
