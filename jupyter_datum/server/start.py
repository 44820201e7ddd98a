"""What a run of a notebook's transform takes: its recorded code, or a kernel that captures."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any, Final

from ..errors import DatumError, UsageError
from ..ledger import queries
from ..ledger.queries import RunRow
from ..project import Project
from ..runner.ask import ask_again, recorded
from ..transform.marked import Marked, find_marked, is_skipped, marked_cell
from ..transform.optionline import parse_line
from ..transform.options import OF_THE_RUN, Options
from ..transform.order import check_no_circle, in_order, needs
from ..transform.reach import reached
from ..transform.recipe import Recipe
from .errors import refused
from .reader import Reader

_WORDS: Final = (
    "only", "engine", "workers", "gpus", "batch", "on_error", "tries", "timeout", "sample",
)  # fmt: skip


def of_line(cells: list[dict[str, Any]], name: str) -> Marked:
    """Return the cell that is marked as `name`.

    Raises
    ------
    ApiError
        ``refused`` if there is none, or its mark has a mistake.
    """
    try:
        found = find_marked(cells, name)
        _ = found.code
        parse_line(found.line, found.source.partition("\n")[2] if found.by == "magic" else "")
    except UsageError as exc:
        raise refused(str(exc)) from None
    return found


def text_of(asked: Mapping[str, Any]) -> str:
    """Return the options of one run as they are written on a cell's line."""
    words = [" --force"] if asked.get("force") else []
    for name in _WORDS:
        if name in asked:
            words.append(f" --{name.replace('_', '-')} {_word(name, asked)}")
    return "".join(words)


def _word(name: str, asked: Mapping[str, Any]) -> str:
    value = asked[name]
    if name == "workers" and "workers_min" in asked:
        return f"{asked['workers_min']}..{value}"
    if name == "timeout":
        return f"{value}s"
    return ",".join(value) if isinstance(value, list) else str(value)


def chosen(cells: list[dict[str, Any]], name: str | None, *, with_its: bool) -> list[Marked]:
    """Return the cells of the transforms to be run, in the order in which they need each other.

    Parameters
    ----------
    cells : list of dict
        Of the notebook.
    name : str or None
        A transform; None for all.
    with_its : bool
        And those that it needs.

    Raises
    ------
    ApiError
        ``refused`` if there is none, one has a mistake, or one comes from itself.
    """
    if name is not None and not with_its:
        return [of_line(cells, name)]
    found = [
        (cell, marked_cell(i, cell))
        for i, cell in enumerate(cells)
        if cell.get("cell_type") == "code" and not is_skipped(cell)
    ]
    marks = {mark.name: mark for _, mark in found if mark and mark.name}
    if not marks:
        raise refused("the notebook has no transform: no cell begins with %%datum NAME")
    each_needs = needs(marks.values())
    try:
        check_no_circle(each_needs)
    except UsageError as exc:
        raise refused(str(exc)) from None
    wanted = (
        marks.keys()
        if name is None
        else reached(found, of_line(cells, name).name or "", each_needs).names
    )
    names = [each for each in marks if each in wanted]
    return [of_line(cells, names[i] or "") for i in in_order(names, each_needs)]


def recorded_runs(
    conn: sqlite3.Connection,
    reader: Reader,
    targets: list[Marked],
    asked: Mapping[str, Any],
    run: str,
) -> bool:
    """Ask for runs of `targets`, the last of which is `run`, with the code that was recorded
    last, if that is what the cells say now.

    Returns
    -------
    bool
        False if a cell was never executed, has changed since, or cannot be run again as
        it was recorded.
    """
    if conn.execute("select 1 from request where uuid = ?", (run,)).fetchone():
        return True  # a click that was sent twice
    if not is_plain(str(asked.get("engine", ""))):
        return False  # an address has to be signed: it goes onto the cell's line
    rows = []
    for target in targets:
        row = queries.latest_run(conn, target.name or "")
        if row is None or not _is_as_recorded(conn, reader.project, row, target):
            return False
        rows.append(row)
    together = {"pipeline": uuid.uuid4().hex} if len(rows) > 1 else {}
    args = {**asked, "origin": "server", **together}
    for row in rows[:-1]:
        ask_again(conn, reader.project, row, args)
    ask_again(conn, reader.project, rows[-1], args, run)
    return True


def is_plain(engine: str) -> bool:
    """Whether an engine is a name, which nobody has to sign, and no address nor a file."""
    return "://" not in engine and "/" not in engine and not engine.endswith(".json")


def _is_as_recorded(
    conn: sqlite3.Connection, project: Project, row: RunRow, target: Marked
) -> bool:
    source = queries.version_source(conn, row.version) or ""
    if source.strip("\n") != target.source.strip("\n"):
        return False
    try:
        recipe = recorded(project, row)
    except DatumError:
        return False
    return not recipe.environment and (target.by == "magic" or _same_options(recipe, target))


def _same_options(recipe: Recipe, target: Marked) -> bool:
    """Whether a cell's metadata, which is no part of its source, says what it said then."""
    said = parse_line(target.line).to_json()
    then = Options.from_json(recipe.options).to_json()
    return {k: v for k, v in said.items() if k not in OF_THE_RUN} == {
        k: v for k, v in then.items() if k not in OF_THE_RUN
    }
