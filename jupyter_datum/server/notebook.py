"""The transforms of a saved notebook: read through nbformat, never executed."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any, Final

from ..errors import UsageError
from ..ledger import queries
from ..transform.options import Options, parse_line
from .errors import refused
from .paths import read_part
from .reads import Facts

#: Bytes of a notebook that is read; parsing holds up other Python threads.
LARGEST: Final = 64 << 20
_MAGIC: Final = re.compile(r"%%datum(?:[ \t]+(.*))?")


def read_transforms(path: Path) -> list[dict[str, Any]]:
    """Return the marked cells of a notebook, in its order.

    Raises
    ------
    ApiError
        ``refused`` if it is no notebook.
    """
    found = []
    for index, cell in enumerate(_cells(path)):
        if cell.get("cell_type") == "code" and (marked := _marked(cell)) is not None:
            found.append({"index": index, **marked, "run": None, "changed": None})
    return found


def _cells(path: Path) -> list[dict[str, Any]]:
    import nbformat  # some tens of milliseconds, for those who ask

    data = read_part(path, 0, LARGEST + 1)
    if data is None or len(data) > LARGEST:
        raise refused(f"the notebook has more than {LARGEST >> 20} MB, or cannot be read")
    try:
        cells = list(nbformat.reads(data.decode("utf-8"), as_version=4).cells)
    except Exception as exc:  # nbformat raises whatever a broken file leads it to
        raise refused(f"the file cannot be read as a notebook ({type(exc).__name__})") from exc
    return [cell for cell in cells if isinstance(cell, dict)]


def _marked(cell: dict[str, Any]) -> dict[str, Any] | None:
    source = cell.get("source")
    if not isinstance(source, str):
        return None
    line = magic_line(source)
    mark = (cell.get("metadata") or {}).get("datum")
    identity = cell.get("id") if isinstance(cell.get("id"), str) else None
    if line is not None:
        name, options = _of_magic(line, source)
    elif isinstance(mark, dict) and isinstance(mark.get("name"), str):
        name, options = mark["name"], {k: v for k, v in mark.items() if k != "name"}
    else:
        return None
    marked = "metadata" if line is None else "magic"
    return {
        "name": name, "cell_id": identity, "line": line or "", "source": source,
        "options": options, "marked": marked,
    }  # fmt: skip


def magic_line(source: str) -> str | None:
    """Return what stands behind ``%%datum`` in a cell that begins with it, or None."""
    found = _MAGIC.fullmatch(source.lstrip("\n").partition("\n")[0].rstrip())
    return None if found is None else found[1] or ""


def _of_magic(line: str, source: str) -> tuple[str | None, dict[str, Any]]:
    """Name and options; of a line with a mistake the name, if it begins with one."""
    body = source.lstrip("\n").partition("\n")[2]
    try:
        options: Options = parse_line(line, body)
    except UsageError:
        first = line.split()[:1]
        return (first[0] if first and first[0].isidentifier() else None), {}
    fields = options.to_json()
    return fields.pop("name", None), fields


def with_runs(
    conn: sqlite3.Connection, facts: Facts, transforms: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return transforms with their latest runs, and whether their cells differ from these."""
    return [_with_run(conn, facts, transform) for transform in transforms]


def _with_run(conn: sqlite3.Connection, facts: Facts, transform: dict[str, Any]) -> dict[str, Any]:
    row = queries.latest_run(conn, transform["name"]) if transform["name"] else None
    if row is None:
        return transform
    recorded = queries.version_source(conn, row.version) or ""
    changed = recorded.strip("\n") != transform["source"].strip("\n")
    return {**transform, "run": facts.run(row), "changed": changed}
