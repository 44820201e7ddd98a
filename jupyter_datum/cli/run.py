"""``jupyter datum run NOTEBOOK [NAME]``: the notebook's own kernel, its cells in order.

Code cells are executed as they stand; a marked cell so becomes a run, one that is marked by
its metadata too. The runs go on side by side, as a pipeline; a cell that may read what they
make waits for them (:mod:`~jupyter_datum.transform.order`). With a name only that transform
and those that it needs run, and the cells above that are no transforms. Cells tagged
``datum-skip`` are left out. The notebook's file is not changed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import RunError, SignatureError, UsageError
from ..ledger import db, queries, requests
from ..ledger.noted import noted
from ..ledger.queries import RunRow
from ..notebook import render
from ..notebook.public import status_json
from ..project import Project, find
from ..runner.ask import recorded
from ..runner.environment import PIPELINE
from ..runner.pipeline import cancel_pipeline, members
from ..states import RunStatus
from ..transform.marked import LOAD_EXTENSION, Marked, is_skipped, kernel_code, marked_cell
from ..transform.optionline import parse_line
from ..transform.order import (
    check_no_circle,
    in_order,
    needs,
    reads,
    reads_nothing,
)
from ..transform.reach import reached
from ..transform.recipe import read_recipe
from ..words import in_shell
from .commands import exit_code, follow
from .kernel import started

#: Seconds that cancelled runs have to end.
_CANCEL_WITHIN: Final = 20.0
#: Cells that were left out, and notebooks that there are, that are named.
_NAMED: Final = 3


def run(args: argparse.Namespace) -> int:
    """Run the transforms of a notebook; return the exit code."""
    path = Path(args.notebook)
    wanted = wanted_cells(path, args.name)
    began = time.time()
    broken = _execute(path, wanted, args, began)
    executed = [cell.marked.name for cell in wanted if cell.marked and cell.marked.name]
    return _report(path, executed, began, broken=broken, as_json=args.json)


def wanted_cells(path: Path, name: str | None) -> list[NotebookCell]:
    """Return the cells of a notebook that are executed for a transform, or for all, in order.

    Raises
    ------
    UsageError
        If it cannot be read, has no such transform, or one comes from itself.
    """
    cells = _code_cells(path)
    names = [cell.name for cell in cells if cell.name]
    if not names:
        raise UsageError(
            f"{path} has no transform: no cell begins with %%datum NAME, and none is marked by its "
            "metadata"
        )
    if name and name not in names:
        raise UsageError(f"{path} has no transform {name!r}; there are: {', '.join(names)}")
    return _wanted(cells, name)


def _execute(path: Path, cells: list[NotebookCell], args: argparse.Namespace, began: float) -> bool:
    """Execute cells in order, up to the first that breaks and is not a transform; return
    whether any did. What they start has ended then."""
    broken = False
    asked = {"origin": "cli", "options": f"{_extra(args)} --background"}
    texts = [cell.code for cell in cells]
    with _pipeline() as together, started(path, quiet=args.json) as kernel:
        running: list[str] = []
        refused: list[str] = []
        try:
            for cell, text in zip(cells, texts, strict=True):
                if missing := cell.looks_at(refused):
                    _tell_stopped(cell, missing)
                    break
                if running and cell.may_read(running):
                    _settled(path, running, began)
                    running = []
                if cell.marked and cell.marked.by == "metadata":
                    kernel.execute(LOAD_EXTENSION)
                raised = kernel.execute(text, asked)
                broken = raised or broken
                if cell.name:
                    (refused if raised else running).append(cell.name)
                if broken and cell.marked is None:
                    break
            _settled(path, running, began)  # as long as the kernel lives: it knows the environment
        except KeyboardInterrupt:
            _cancel(path, together)
            raise
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


@contextlib.contextmanager
def _pipeline() -> Iterator[str]:
    """One id for all that this command runs; the kernel has it from the environment."""
    before = os.environ.get(PIPELINE)
    together = os.environ[PIPELINE] = before or uuid.uuid4().hex
    try:
        yield together
    finally:
        if before is None:
            del os.environ[PIPELINE]


def _cancel(path: Path, together: str) -> None:
    """Cancel what this command has started, and wait a moment for it to end."""
    if (project := find(start_of(path))) is None:
        return
    with contextlib.closing(db.connect(project)) as conn:
        cancel_pipeline(conn, project, together)
        until = time.monotonic() + _CANCEL_WITHIN
        while members(conn, project, together) and time.monotonic() < until:
            time.sleep(0.05)


class NotebookCell(NamedTuple):
    """A code cell as nbformat has it, and what it is marked as."""

    cell: Mapping[str, Any]
    marked: Marked | None

    @property
    def code(self) -> str:
        """What the kernel executes."""
        return self.marked.code if self.marked else kernel_code(self.cell)

    @property
    def name(self) -> str | None:
        return self.marked.name if self.marked else None

    def looks_at(self, refused: list[str]) -> str | None:
        """The first of these transforms that it names, if it is none itself: one that did not
        begin is bound to no name."""
        words = set(re.findall(r"\w+", self.code)) if self.marked is None else set()
        return next((name for name in refused if name in words), None)

    def may_read(self, running: list[str]) -> bool:
        """Whether it may read what transforms at work make, other than as its input."""
        if self.marked is None:
            return not reads_nothing(self.cell, running)
        return self.name in running or reads(self.marked, running)


def _code_cells(path: Path) -> list[NotebookCell]:
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise UsageError(f"there is no notebook {str(path.absolute())!r}{_there(path)}") from None
    except IsADirectoryError:
        raise UsageError(f"{str(path)!r} is a folder{_there(path / path.name)}") from None
    except OSError as exc:
        raise UsageError(f"{str(path)!r} cannot be read: {exc.strerror}") from exc
    except Exception as exc:
        raise UsageError(
            f"{str(path)!r} cannot be read as a notebook: {exc}. JupyterLab keeps the last saved "
            "state but one in .ipynb_checkpoints beside it"
        ) from exc
    return [
        NotebookCell(cell, marked_cell(index, cell))
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and not is_skipped(cell)
    ]


def _there(path: Path) -> str:
    """Which notebooks there are where this one was looked for."""
    names = sorted(each.name for each in path.parent.glob("*.ipynb") if each.is_file())
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"; there are: {', '.join(names[:_NAMED])}{more}" if names else ""


def _wanted(cells: list[NotebookCell], name: str | None) -> list[NotebookCell]:
    """Those to be executed, in order: a transform comes after those that it needs.

    Raises
    ------
    UsageError
        If a transform comes from itself.
    """
    each_needs = needs(cell.marked for cell in cells if cell.marked)
    check_no_circle(each_needs)
    if name is not None:
        cells = _for_one(cells, name, each_needs)
    return [cells[i] for i in in_order([cell.name for cell in cells], each_needs)]


def _for_one(
    cells: list[NotebookCell], name: str, each_needs: dict[str, list[str]]
) -> list[NotebookCell]:
    found = reached([(cell.cell, cell.marked) for cell in cells], name, each_needs)
    last = max(i for i, cell in enumerate(cells) if cell.name in found.names)
    there = [cell for i, cell in enumerate(cells[: last + 1]) if i not in found.left_out]
    _tell_left_out([cells[i] for i in sorted(found.left_out) if i < last])
    return [cell for cell in there if cell.name is None or cell.name in found.names]


def _tell_left_out(cells: list[NotebookCell]) -> None:
    if not cells:
        return
    firsts = [render.one_line(cell.code.strip().partition("\n")[0]) for cell in cells[:_NAMED]]
    more = f" and {len(cells) - _NAMED} more" if len(cells) > _NAMED else ""
    what = "it reads" if len(cells) == 1 else "they read"
    print(
        f"left out, as {what} transforms that do not run here: {', '.join(firsts)}{more}",
        file=sys.stderr,
    )


def _tell_stopped(cell: NotebookCell, missing: str) -> None:
    first = render.one_line(cell.code.strip().partition("\n")[0])
    print(f"stopped before the cell {first!r}: {missing} did not begin", file=sys.stderr)


def _extra(args: argparse.Namespace) -> str:
    """The command's options, as text; they count more than the cell's own."""
    extra = ""
    for name in ("engine", "workers", "give_back", "only"):
        value = getattr(args, name)
        extra += f" --{name.replace('_', '-')} {value}" if value is not None else ""
    extra += " --force" if args.force else ""
    parse_line("x -i y" + extra)  # a wrong value is said before anything runs
    return extra


def start_of(path: Path) -> Path:
    """Return the folder from which upwards a notebook's project is."""
    return Path(os.environ.get("DATUM_PROJECT") or path.resolve().parent)


def _settled(path: Path, names: list[str], began: float) -> tuple[list[RunRow], list[str]]:
    """Wait for the newest runs of these transforms; return them, and what was refused."""
    project = find(start_of(path))
    if project is None or not names:
        return [], []
    with contextlib.closing(db.connect(project)) as conn:
        refused = _refused(project, conn, names, began)
        return [_ended(project, conn, row) for row in _runs_since(conn, names, began)], refused


def _report(path: Path, names: list[str], began: float, *, broken: bool, as_json: bool) -> int:
    """Print what became of the transforms; those at work are waited for."""
    project = find(start_of(path))
    if project is None:
        return 2
    rows, refused = _settled(path, names, began)
    for sentence in refused:
        print(in_shell(sentence), file=sys.stderr)
    with contextlib.closing(db.connect(project)) as conn:
        groups = {row.id: queries.failure_groups(conn, row.id) for row in rows}
        outs = {row.name: queries.transform(conn, row.name) for row in rows}
    if as_json:
        print(json.dumps([status_json(row, groups[row.id]) for row in rows], indent=1))
    else:
        for row in rows:
            found = outs[row.name]
            out = os.fsdecode(found.out) if found and found.out else None
            print(in_shell("\n".join(_summary(row, groups[row.id], out))))
    if not rows:
        return 2  # nothing could begin
    bad = any(exit_code(row) or row.status == RunStatus.RUNNING for row in rows)
    return 1 if bad or broken or refused else 0


def _refused(
    project: Project, conn: sqlite3.Connection, names: list[str], began: float
) -> list[str]:
    """Wait for those runs of these transforms that were asked for and that no runner has
    begun yet: they have no row. Return a sentence for each that was refused."""
    refused = []
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
            refused.append(f"{recipe.name}: {exc}")
    return refused


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
    skipped = render.skipped_of(row)
    left = skipped.failed + skipped.left
    lines = [
        f"transform   {row.name} (engine {row.engine}, {render.counted(row.workers, 'worker')})",
        f"datums      {row.total:,}",
        f"succeeded   {row.success:,}",
        *([f"recovered   {row.recovered:,}"] if row.recovered else []),
        f"failed      {row.failed:,}",
        *(f"    {line[2:]}" for line in render.group_lines(groups, row.failed)),
        *([f"restored    {skipped.restored:,}"] if skipped.restored else []),
        f"unchanged   {skipped.unchanged:,}",
        *([f"left        {left:,} as they are"] if left else []),
        f"time        {render.span(seconds)}, {render.counted(round(tried / seconds), 'datum')}/s",
    ]
    if out and os.path.isdir(out):
        lines.append(f"outputs     {out}")
    if row.late:
        lines.append(f"late        {render.late_line(row)}")
    lines += [f"note        {render.one_line(said, 400)}" for said in noted(row)]
    if row.message:
        lines.append(f"message     {render.one_line(row.message, render.SENTENCE)}")
    if row.status == RunStatus.PAUSED:
        lines.append(f"next        {render.way_on(row)}")
    return lines
