"""The verbs by which a user decides about results that are there: prune, move, equivalent."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import RunError, UsageError
from ..ledger import db
from ..notebook.display import tell
from ..project import Project
from ..runner import upkeep
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from ..words import in_shell
from .cells import by_kernel, is_edited, notebook_and_name, ran
from .commands import latest, ledger
from .run import names_in


def prune(args: argparse.Namespace) -> int:
    """Remove the outputs of vanished inputs; 1 if something had to stay."""
    with ledger(args.project) as (project, conn):
        name = latest(conn, args.name).name
        done = upkeep.prune_gone(conn, project, name, everything=args.all)
    fields = dataclasses.asdict(done)
    fields["kept"] = [os.fsdecode(path) for path in done.kept]
    _show(args, fields, upkeep.pruned_lines(name, done))
    return 1 if done.edited or done.outside else 0


def move(args: argparse.Namespace) -> int:
    """Have renamed inputs keep their results; 1 if one could not."""
    with ledger(args.project) as (project, conn):
        name = latest(conn, args.name).name
        moved = upkeep.move_renamed(conn, project, name)
    _show(args, moved._asdict(), upkeep.moved_lines(name, moved))
    return 1 if moved.refused else 0


def equivalent(args: argparse.Namespace) -> int:
    """Let the code as it stands in the notebook count as the one that made the results."""
    path, name = notebook_and_name("equivalent", args.notebook, args.name)
    if path is None:
        with ledger(args.project) as (project, conn):
            row = ran(conn, "equivalent", name)
            recipe = here(read_recipe(project, row.recipe), project)
            if not is_edited(recipe):
                return _mark(args, conn, project, recipe)
        path, name = Path(recipe.notebook or ""), recipe.name
    project, found = by_kernel(path, name or _only(path))
    if found[0].recipe is None:
        raise RunError(f"{found[0].cell.name} cannot be recorded: {found[0].error}")
    with contextlib.closing(db.connect(project)) as conn:
        return _mark(args, conn, project, found[0].recipe)


def _only(path: Path) -> str | None:
    """The transform of a notebook that has one; a mark is made about one at a time."""
    names = names_in(path)
    if len(names) > 1:
        raise UsageError(
            f"{path} has {len(names)} transforms, {', '.join(names)}: jupyter datum equivalent "
            f"{path} NAME"
        )
    return names[0] if names else None


def _mark(
    args: argparse.Namespace, conn: sqlite3.Connection, project: Project, recipe: Recipe
) -> int:
    done = upkeep.equivalent(conn, project, recipe.name, recipe, undo=args.undo)
    fields = {"parts": done.parts, "undone": done.undone, **done.mark._asdict()}
    _show(args, fields, upkeep.equivalent_lines(recipe.name, done))
    return 0


def _show(args: argparse.Namespace, fields: dict[str, Any], lines: Sequence[str]) -> None:
    if args.json:
        print(json.dumps(fields, indent=1))
    else:
        tell(in_shell("\n".join(lines)))
