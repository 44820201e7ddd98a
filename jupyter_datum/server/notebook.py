"""The transforms of a saved notebook: read through nbformat, never executed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

from ..errors import UsageError
from ..ledger import queries
from ..transform.marked import Marked, line_of, marked_cell
from ..transform.needs import needed
from .errors import refused
from .paths import read_part
from .reads import Facts

#: Bytes of a notebook that is read; parsing holds up other Python threads.
LARGEST: Final = 64 << 20


def read_transforms(path: Path) -> list[dict[str, Any]]:
    """Return the marked cells of a notebook, in its order.

    Raises
    ------
    ApiError
        ``refused`` if it is no notebook.
    """
    cells = enumerate(read_notebook(path)[1])
    marks = [found for index, cell in cells if (found := marked_cell(index, cell)) is not None]
    names = {marked.name for marked in marks if marked.name}
    return [_json(marked, names) for marked in marks]


def read_mark(mark: Any) -> dict[str, Any]:
    """Return what the metadata ``datum`` of a cell says as a line, or what is wrong with it.

    ``mistakes`` are those of single options, by the option: each has its own, so that a form
    tells all of them at once. ``field`` is the first of them, where there is one.
    """
    if not isinstance(mark, dict) or not isinstance(mark.get("name"), str) or not mark["name"]:
        return {"line": "", "mistake": None, "field": None, "mistakes": {}}
    try:
        return {"line": line_of(mark), "mistake": None, "field": None, "mistakes": {}}
    except UsageError as exc:
        mistakes = _at_fault(mark)
        field = next(iter(mistakes), None)
        mistake = mistakes[field] if field else str(exc)
        return {"line": "", "mistake": mistake, "field": field, "mistakes": mistakes}


def _at_fault(mark: dict[str, Any]) -> dict[str, str]:
    """The options that are a mistake beside a name that is none, each with what is wrong."""
    found = {}
    for key, value in mark.items():
        try:
            line_of({"name": value} if key == "name" else {"name": "x", key: value})
        except UsageError as exc:
            found[key] = str(exc)
    return found


def read_notebook(path: Path) -> tuple[str | None, list[dict[str, Any]]]:
    """Return a notebook's kernelspec, by name, and its cells (errors: :func:`read_transforms`)."""
    import nbformat  # some tens of milliseconds, for those who ask

    data = read_part(path, 0, LARGEST + 1)
    if data is None or len(data) > LARGEST:
        raise refused(f"the notebook has more than {LARGEST >> 20} MB, or cannot be read")
    try:
        notebook = nbformat.reads(data.decode("utf-8"), as_version=4)
        cells, spec = list(notebook.cells), notebook.metadata.get("kernelspec") or {}
    except Exception as exc:  # nbformat raises whatever a broken file leads it to
        raise refused(f"the file cannot be read as a notebook ({type(exc).__name__})") from exc
    name = spec.get("name") if isinstance(spec, dict) else None
    return (
        name if isinstance(name, str) else None,
        [cell if isinstance(cell, dict) else {} for cell in cells],
    )


def _json(marked: Marked, names: set[str]) -> dict[str, Any]:
    others = names - {marked.name}
    return {
        "index": marked.position, "name": marked.name, "cell_id": marked.cell_id,
        "line": marked.line, "source": marked.source, "options": marked.options,
        "marked": marked.by, "mistake": marked.mistake,
        "needs": needed(marked.options.get("input"), others), "run": None, "changed": None,
    }  # fmt: skip


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
