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
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..ledger import db, queries
from ..ledger.queries import RunRow
from ..notebook import render
from ..notebook.public import status_json
from ..project import find
from ..states import RunStatus
from ..transform.options import parse_line


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
    last = _newest_run(path)
    broken = False
    with _kernel(path) as kernel:
        for source in _wanted(cells, args.name):
            broken = _execute(kernel, _changed(source, args), quiet=args.json) or broken
            if broken and not transform_name(source):
                break
    return _report(path, last, broken=broken, as_json=args.json)


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


@contextlib.contextmanager
def _kernel(path: Path) -> Iterator[Any]:
    import nbformat
    from jupyter_client.manager import KernelManager

    spec = nbformat.read(path, as_version=4).metadata.get("kernelspec", {})
    manager = KernelManager(kernel_name=spec.get("name", "python3"))
    folder = path.resolve().parent
    environment = {**os.environ, "JPY_SESSION_NAME": str(path.resolve())}
    manager.start_kernel(cwd=str(folder), env=environment)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _execute(client: Any, source: str, *, quiet: bool) -> bool:
    """Execute a cell, its output to ours; return whether it raised."""
    printed: set[str] = set()

    def show(message: dict[str, Any]) -> None:
        kind, content = message["header"]["msg_type"], message["content"]
        if quiet:
            return
        if kind == "stream":
            getattr(sys, content["name"]).write(content["text"])
        elif kind == "update_display_data" and sys.stderr.isatty():
            line = content["data"].get("text/plain", "").partition("\n")[0]
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif kind == "error" and content["ename"] != "RunFailedError":
            print("\n".join(content["traceback"]), file=sys.stderr)
        elif kind == "execute_result":
            printed.add(content["data"].get("text/plain", ""))

    reply = client.execute_interactive(source, allow_stdin=False, output_hook=show)
    if sys.stderr.isatty() and not quiet:
        print("\r\033[K", end="", file=sys.stderr)
    for text in printed:
        print(text)
    content = reply["content"]
    return bool(content["status"] == "error" and content.get("ename") != "RunFailedError")


def _newest_run(path: Path) -> int:
    """The newest run's id before anything is executed; 0 if there is none."""
    project = find(_start(path))
    if project is None or not project.ledger.exists():
        return 0
    with contextlib.closing(db.connect(project)) as conn:
        rows = queries.runs(conn, limit=1)
    return rows[0].id if rows else 0


def _start(path: Path) -> Path:
    return Path(os.environ.get("DATUM_PROJECT") or path.resolve().parent)


def _report(path: Path, last: int, *, broken: bool, as_json: bool) -> int:
    project = find(_start(path))
    if project is None:
        return 1
    with contextlib.closing(db.connect(project)) as conn:
        rows = [row for row in queries.runs(conn, limit=100) if row.id > last][::-1]
        groups = {row.id: queries.failure_groups(conn, row.id) for row in rows}
        outs = {row.name: queries.transform(conn, row.name) for row in rows}
    if as_json:
        print(json.dumps([status_json(row, groups[row.id]) for row in rows], indent=1))
    else:
        for row in rows:
            found = outs[row.name]
            out = os.fsdecode(found.out) if found and found.out else None
            print("\n".join(_summary(row, groups[row.id], out)))
    bad = any(row.status != RunStatus.SUCCESS for row in rows)
    return 1 if bad or broken or not rows else 0


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
