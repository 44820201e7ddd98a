"""What a run was: its code, input and options as they were recorded, and its environment."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from ..errors import DatumError
from ..inputs import input_from_json
from ..ledger.environments import environment_of
from ..ledger.queries import RunRow
from ..ledger.versions import texts_of
from ..project import Project
from ..transform.recipe import Recipe
from .code import constants
from .paths import contents_path
from .reads import recipe_of, run_of
from .shapes import json_object

#: Names of a kind that are told: a transform may reach thousands of functions.
_NAMES: Final = 500
#: Notes of the listing that are told, and characters of each.
_SENTENCES: Final = 20
_SENTENCE: Final = 500
#: Parts of a fingerprint that are the cell itself.
_CELL: Final = ("cell", "setup")
#: Options that say where the code comes from, and not how it is run.
_ELSEWHERE: Final = (
    "name", "input", "output", "depends", "origin", "pipeline", "background",
)  # fmt: skip


def spec(
    conn: sqlite3.Connection, project: Project, uuid: str, root: Path | None
) -> dict[str, Any]:
    """Return what a run was.

    What only the signed recipe tells is null where that is another user's, or gone.
    """
    row = run_of(conn, uuid)
    source, parts, number = _version(conn, row)
    python, packages = environment_of(conn, row.id)
    recipe = recipe_of(project, row)
    notebook, cell, out = _place(conn, row, root)
    return {
        "run": row.uuid,
        "id": row.id,
        "name": row.name,
        "source": source,
        "version": number,
        "notebook": notebook,
        "cell_id": cell,
        "input": _input(project, recipe) if recipe else None,
        "out": out,
        "options": _options(row, recipe),
        "parts": _parts(parts, constants(texts_of(conn, [row.version])[row.version])),
        "depends": list(recipe.options.get("depends") or []) if recipe else None,
        "untracked": recipe.untracked[:_NAMES] if recipe else None,
        "variables": sorted({*recipe.environment, *recipe.variables}) if recipe else None,
        "warnings": recipe.warnings[:_NAMES] if recipe else [],
        "notes": _sentences(row.note),
        "python": python,
        "packages": packages,
        "engine": row.engine,
        "devices": row.devices,
        "origin": row.origin,
        "user": _user(conn, row),
        "requested": row.requested,
        "started": row.started,
        "ended": row.ended,
    }


def _version(conn: sqlite3.Connection, row: RunRow) -> tuple[str, dict[str, str], int]:
    """Source and parts of a run's code, and the how manieth it is."""
    source, parts = conn.execute(
        "select source, parts from version where id = ?", (row.version,)
    ).fetchone() or ("", "{}")
    number = conn.execute(
        "select count(*) from version where transform = ? and id <= ?",
        (row.transform, row.version),
    ).fetchone()[0]
    return source, _texts(parts), number


def _place(
    conn: sqlite3.Connection, row: RunRow, root: Path | None
) -> tuple[str | None, str | None, str | None]:
    """The notebook's contents path, its cell, and the output folder, as far as it is shown."""
    found = conn.execute(
        "select notebook, cell, out from transform where id = ?", (row.transform,)
    ).fetchone() or (None, None, None)
    notebook, cell, out = found
    shown = contents_path(root, os.fsencode(notebook)) if notebook else None
    return shown, cell, contents_path(root, bytes(out)) if out else None


def _input(project: Project, recipe: Recipe) -> str | None:
    """The input as it was written; where it was not, as a person would write it."""
    if written := recipe.options.get("input"):
        return str(written)
    try:
        return input_from_json(recipe.input, project).describe()
    except (DatumError, OSError, ValueError, KeyError, TypeError):
        return None  # it was written by another version, or its table is gone


def _options(row: RunRow, recipe: Recipe | None) -> dict[str, Any]:
    """What was set, of the transform and for this run; what has its default was not recorded."""
    said = {**(recipe.options if recipe else {}), **json_object(row.options)}
    return {name: value for name, value in said.items() if name not in _ELSEWHERE}


def _parts(parts: dict[str, str], values: dict[str, str]) -> list[dict[str, str | None]]:
    """What the code reads or calls from outside, each with the beginning of its digest, and
    with what a number was."""
    names = sorted(name for name in parts if name not in _CELL)[:_NAMES]
    return [{"name": n, "digest": parts[n][:8], "value": values.get(n)} for n in names]


def _user(conn: sqlite3.Connection, row: RunRow) -> str:
    return str(conn.execute("select user from run where id = ?", (row.id,)).fetchone()[0])


def _sentences(note: str | None) -> list[str]:
    said = json_object(note).get("notes")
    found = said if isinstance(said, list) else []
    return [text[:_SENTENCE] for text in found[:_SENTENCES] if isinstance(text, str)]


def _texts(text: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in json_object(text).items()}
