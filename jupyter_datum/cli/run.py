"""``jupyter datum run NOTEBOOK [NAME]``: the notebook's own kernel, its cells in order.

Code cells are executed as they stand; a marked cell so becomes a run, one that is marked by
its metadata too. With a name only that transform runs, and the cells above it that are not
transforms. Cells tagged ``datum-skip`` are left out. The notebook's file is not changed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import RunError, SignatureError, UsageError
from ..ledger import db, queries, requests
from ..ledger.queries import RunRow
from ..notebook import render
from ..notebook.public import status_json
from ..project import Project, find
from ..runner.ask import recorded
from ..transform.marked import LOAD_EXTENSION, Marked, is_skipped, marked_cell
from ..transform.optionline import parse_line
from ..transform.recipe import read_recipe
from .commands import exit_code, follow
from .kernel import started


def run(args: argparse.Namespace) -> int:
    """Run the transforms of a notebook; return the exit code."""
    path = Path(args.notebook)
    cells = _code_cells(path)
    names = [cell.marked.name for cell in cells if cell.marked and cell.marked.name]
    if not names:
        raise UsageError(
            f"{args.notebook} has no transform: no cell begins with %%datum NAME, and none is "
            "marked by its metadata"
        )
    if args.name and args.name not in names:
        raise UsageError(
            f"{args.notebook} has no transform {args.name!r}; there are: {', '.join(names)}"
        )
    began = time.time()
    wanted = list(_wanted(cells, args.name))
    broken = _execute(path, wanted, args)
    executed = [cell.marked.name for cell in wanted if cell.marked and cell.marked.name]
    return _report(path, executed, began, broken=broken, as_json=args.json)


def _execute(path: Path, cells: list[_Cell], args: argparse.Namespace) -> bool:
    """Execute cells in order, up to the first that breaks and is not a transform; return
    whether any did."""
    broken = False
    extra = _extra(args)
    texts = [cell.marked.code if cell.marked else cell.source for cell in cells]
    with started(path, quiet=args.json) as kernel:
        for cell, text in zip(cells, texts, strict=True):
            if cell.marked and cell.marked.by == "metadata":
                kernel.execute(LOAD_EXTENSION)
            broken = kernel.execute(text, {"origin": "cli", "options": extra}) or broken
            if broken and cell.marked is None:
                break
    return broken


def names_in(path: Path) -> list[str]:
    """Return the names of a notebook's transforms, in its order.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    cells = _code_cells(path)
    return [cell.marked.name for cell in cells if cell.marked and cell.marked.name]


class _Cell(NamedTuple):
    """A code cell, and what it is marked as."""

    source: str
    marked: Marked | None


def _code_cells(path: Path) -> list[_Cell]:
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise UsageError(f"there is no notebook {str(path)!r}") from None
    except Exception as exc:
        raise UsageError(f"{str(path)!r} cannot be read as a notebook: {exc}") from exc
    return [
        _Cell(cell.source, marked_cell(index, cell))
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and not is_skipped(cell)
    ]


def _wanted(cells: list[_Cell], name: str | None) -> Iterator[_Cell]:
    for cell in cells:
        own = cell.marked.name if cell.marked else None
        if name is None or own is None or own == name:
            yield cell
        if name is not None and own == name:
            return


def _extra(args: argparse.Namespace) -> str:
    """The command's options, as text; they count more than the cell's own."""
    extra = ""
    for name in ("engine", "workers", "give_back", "only"):
        value = getattr(args, name)
        extra += f" --{name.replace('_', '-')} {value}" if value is not None else ""
    extra += " --force" if args.force else ""
    parse_line("x -i y" + extra)  # a wrong value is said before anything runs
    return extra


def _start(path: Path) -> Path:
    return Path(os.environ.get("DATUM_PROJECT") or path.resolve().parent)


def _report(path: Path, names: list[str], began: float, *, broken: bool, as_json: bool) -> int:
    """Print what became of the transforms; those sent to the background are waited for."""
    project = find(_start(path))
    if project is None:
        return 1
    with contextlib.closing(db.connect(project)) as conn:
        refused = not _begun(project, conn, names, began)
        rows = [_ended(project, conn, row) for row in _runs_since(conn, names, began)]
        groups = {row.id: queries.failure_groups(conn, row.id) for row in rows}
        outs = {row.name: queries.transform(conn, row.name) for row in rows}
    if as_json:
        print(json.dumps([status_json(row, groups[row.id]) for row in rows], indent=1))
    else:
        for row in rows:
            found = outs[row.name]
            out = os.fsdecode(found.out) if found and found.out else None
            print("\n".join(_summary(row, groups[row.id], out)))
    bad = any(exit_code(row) for row in rows)
    return 1 if bad or broken or refused or not rows else 0


def _begun(project: Project, conn: sqlite3.Connection, names: list[str], began: float) -> bool:
    """Wait for those runs of these transforms that were asked for and that no runner has
    begun yet: they have no row. Return False if one was refused."""
    fine = True
    for asked in requests.not_begun(conn, began):
        try:
            recipe = read_recipe(project, asked.recipe or "")
        except SignatureError:  # somebody else's
            continue
        if recipe.name not in names:
            continue
        try:
            follow(project, conn, str(asked.run), recipe.interpreter)
        except RunError as exc:
            print(f"{recipe.name}: {exc}", file=sys.stderr)
            fine = False
    return fine


def _runs_since(conn: sqlite3.Connection, names: list[str], began: float) -> list[RunRow]:
    """The newest run of each name that was at work after `began`: started since, or found
    running and waited for."""
    found = (queries.latest_run(conn, name) for name in dict.fromkeys(names))
    return [row for row in found if row and (row.ended is None or row.ended >= began)]


def _ended(project: Project, conn: sqlite3.Connection, row: RunRow) -> RunRow:
    if row.ended is not None:
        return row
    return follow(project, conn, row.uuid, recorded(project, row).interpreter)


def _summary(row: RunRow, groups: list[Any], out: str | None) -> list[str]:
    seconds = max((row.ended or time.time()) - (row.started or 0), 1e-9)
    tried = row.success + row.failed + row.recovered
    lines = [
        f"transform   {row.name} (engine {row.engine}, {row.workers} workers)",
        f"datums      {row.total:,}",
        f"succeeded   {row.success:,}",
        *([f"recovered   {row.recovered:,}"] if row.recovered else []),
        f"failed      {row.failed:,}",
        *(f"    {line.strip()}" for line in render.group_lines(groups)),
        f"unchanged   {row.skipped:,}",
        f"time        {render.span(seconds)}, {tried / seconds:,.0f} datums/s",
    ]
    if out and os.path.isdir(out):
        lines.append(f"outputs     {out}")
    if row.message:
        lines.append(f"message     {render.one_line(row.message)}")
    return lines
