"""``jupyter datum run NOTEBOOK [NAME]``: the notebook's own kernel, its cells in order.

Code cells are executed as they stand; a marked cell so becomes a run. With a name only that
transform runs, and the cells above it that are not transforms. The notebook's file is not
changed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..ledger import db, queries
from ..ledger.queries import RunRow
from ..notebook import render
from ..notebook.public import status_json
from ..project import Project, find
from ..runner.ask import recorded
from ..transform.options import parse_line
from .commands import exit_code, follow
from .kernel import started


def run(args: argparse.Namespace) -> int:
    """Run the transforms of a notebook; return the exit code."""
    path = Path(args.notebook)
    cells = _code_cells(path)
    names = [name for name in map(transform_name, cells) if name]
    if not names:
        raise UsageError(f"{args.notebook} has no cell that begins with %%datum")
    if args.name and args.name not in names:
        raise UsageError(
            f"{args.notebook} has no transform {args.name!r}; there are: {', '.join(names)}"
        )
    began = time.time()
    wanted = list(_wanted(cells, args.name))
    broken = _execute(path, wanted, args)
    executed = [name for name in map(transform_name, wanted) if name]
    return _report(path, executed, began, broken=broken, as_json=args.json)


def _execute(path: Path, cells: list[str], args: argparse.Namespace) -> bool:
    """Execute cells in order, up to the first that breaks and is not a transform; return
    whether any did."""
    broken = False
    changed = [_changed(source, args) for source in cells]  # a wrong value is said first
    with started(path, quiet=args.json) as kernel:
        for source, text in zip(cells, changed, strict=True):
            broken = kernel.execute(text) or broken
            if broken and not transform_name(source):
                break
    return broken


def transform_name(source: str) -> str | None:
    """Return the name of the transform that a cell is marked as, or None."""
    first = source.lstrip("\n").partition("\n")[0]
    if not first.startswith("%%datum ") or first.startswith("%%datum_setup"):
        return None
    words = first.split()
    return words[1] if len(words) > 1 and words[1].isidentifier() else None


def _code_cells(path: Path) -> list[str]:
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise UsageError(f"there is no notebook {str(path)!r}") from None
    except Exception as exc:
        raise UsageError(f"{str(path)!r} cannot be read as a notebook: {exc}") from exc
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def _wanted(cells: list[str], name: str | None) -> Iterator[str]:
    for source in cells:
        own = transform_name(source)
        if name is None or own is None or own == name:
            yield source
        if name is not None and own == name:
            return


def _changed(source: str, args: argparse.Namespace) -> str:
    """Put the command's options behind the cell's own; the last one counts."""
    if transform_name(source) is None:
        return source
    extra = ""
    given = (("--engine", args.engine), ("--workers", args.workers), ("--only", args.only))
    for flag, value in given:
        extra += f" {flag} {value}" if value is not None else ""
    extra += " --force" if args.force else ""
    parse_line("x -i y" + extra)  # a wrong value is said before anything runs
    first, newline, rest = source.lstrip("\n").partition("\n")
    return first + extra + newline + rest


def _start(path: Path) -> Path:
    return Path(os.environ.get("DATUM_PROJECT") or path.resolve().parent)


def _report(path: Path, names: list[str], began: float, *, broken: bool, as_json: bool) -> int:
    """Print what became of the transforms; those sent to the background are waited for."""
    project = find(_start(path))
    if project is None:
        return 1
    with contextlib.closing(db.connect(project)) as conn:
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
    return 1 if bad or broken or not rows else 0


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
        f"succeeded   {row.success + row.recovered:,}",
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
