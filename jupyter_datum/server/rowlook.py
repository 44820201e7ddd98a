"""The row of a table that a datum is, or the rows: looked up in the table as it is now, by a
process of its own (:mod:`.row_child`)."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..inputs import Input
from ..inputs.rows import RowsInput
from ..project import Project
from ..remote import is_url
from .child import heard
from .paths import contents_path
from .tables import COLUMNS, ROWS

#: Seconds within which the answer has to come.
WITHIN: Final = 20.0
_MODULE: Final = "jupyter_datum.server.row_child"
_UNTOLD: Final = (
    "it was not found in the time and the memory that a look may take: open the datum in the "
    "notebook to see it"
)


def table_of(source: Input | None, root: Path | None) -> dict[str, Any] | None:
    """Return the table whose row a datum is, as a file is told; None if it is none."""
    if not isinstance(source, RowsInput):
        return None
    where = source.where
    path = None if where.file is None else contents_path(root, os.fsencode(where.file))
    shown = where.file or where.query or where.label
    rel = path or (os.path.basename(shown) if where.file else shown)
    return {"name": source.name, "rel": rel, "size": None, "path": path}


def asked(
    source: Input | None, key: bytes, project: Project, root: Path | None
) -> tuple[dict[str, Any] | None, str]:
    """Return what the process is asked, and why it is not: one of the two."""
    if not isinstance(source, RowsInput):
        return None, "it is no row of a table"
    where, spec = source.where, source.to_json()
    if where.query is not None:
        return None, "it is a row of a query, which only a run asks"
    if where.file is not None:
        if is_url(where.file) or is_url(source.how.root or ""):
            return None, "its table lies, or names files, in an object store: no look goes there"
        if contents_path(root, os.fsencode(where.file)) is None:
            return None, "its table lies outside of the folder that this server shows"
        spec["rows"] = os.path.realpath(where.file)
    spec.pop("frame", None)  # rows as such: nobody here needs pandas for them
    place = {"root": str(project.root), "uuid": project.uuid}
    return {"input": spec, "key": key.hex(), "project": place}, ""


def look(question: Mapping[str, Any], began: float) -> dict[str, Any]:
    """Return what the row holds; `began` is when the datum was begun."""
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(question).encode())
        file.seek(0)
        try:
            told = heard(_MODULE, file, WITHIN)
        except OSError as exc:
            return {"why": f"it cannot be looked up: {exc.strerror or exc}"}
    return {**_facts(question, began), **(_UNHEARD if told is None else _checked(told))}


_UNHEARD: Final = {"why": _UNTOLD}


def _facts(question: Mapping[str, Any], began: float) -> dict[str, Any]:
    """Of the table's file: what is kept of a kernel's does not change."""
    path = question["input"]["rows"]
    try:
        status = os.stat(path) if isinstance(path, str) else None
    except OSError:
        status = None
    if status is None:
        return {}
    modified = status.st_mtime
    return {"size": status.st_size, "modified": modified, "changed": modified > began}


def _checked(told: bytes) -> dict[str, Any]:
    """What the process has said, if it is what it may say."""
    try:
        found: Any = json.loads(told)
        if isinstance(found.get("why"), str):
            return {"why": str(found["why"])}
        kind, columns, rows = found["kind"], found["columns"], found["rows"]
        most = COLUMNS if kind == "record" else ROWS
        if kind not in ("record", "table") or len(columns) > COLUMNS or len(rows) > most:
            raise ValueError
        return {
            "kind": kind,
            "columns": [str(name) for name in columns],
            "rows": [[str(value) for value in row] for row in rows],
            "more": bool(found["more"]),
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return _UNHEARD
