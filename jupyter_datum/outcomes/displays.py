"""What a datum displayed: its outputs, and its result where that is a picture or JSON.

Reads JSON and bytes of images alone, so that a server may call it: nothing is unpickled.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from ..ledger.queries import DatumRow
from ..project import Project
from ..results.display import LIMIT
from ..states import FINISHED

#: Bytes of JSON that are shown of a result.
_JSON: Final = 64 << 10

_KINDS: Final = ("display_data", "execute_result")

Output = dict[str, Any]


def displayed(
    conn: sqlite3.Connection,
    project: Project,
    row: DatumRow,
    attempt: tuple[int, int] | None = None,
) -> list[Output]:
    """Return a datum's outputs, as a notebook's cell has them, the result last.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    row : DatumRow
    attempt : tuple of int, optional
        Id of the run, and number of the attempt; the latest one by default. Of one that failed
        the outputs are those until it failed. Of former successes none are kept.

    Returns
    -------
    list of dict
        ``output_type`` (``display_data`` or ``execute_result``), ``data``, ``metadata``.
    """
    latest = (row.run, row.attempt)
    if (attempt or latest) != latest or row.state not in FINISHED:
        return _until_it_failed(conn, project, row.id, attempt or latest)
    found = conn.execute(
        "select kind, bundle from display where datum = ? and run = ?", (row.id, row.run)
    ).fetchone()
    outputs = _outputs(_content(project, found[0], found[1])) if found else []
    kind = str(row.result_kind or "")
    if kind.startswith("png"):
        _add_picture(outputs, _content(project, kind, row.result))
    elif kind.startswith("json"):
        outputs.append(_result(_text(_content(project, kind, row.result, _JSON + 1))))
    return outputs


def _until_it_failed(
    conn: sqlite3.Connection, project: Project, datum: int, attempt: tuple[int, int]
) -> list[Output]:
    found = conn.execute(
        "select kind, bundle from failed_display where datum = ? and run = ? and attempt = ?",
        (datum, *attempt),
    ).fetchone()
    return _outputs(_content(project, found[0], found[1])) if found else []


def _outputs(data: bytes | None) -> list[Output]:
    """What the ledger holds, as far as it is what it should be: it may come from anyone."""
    try:
        parts = json.loads(data or b"[]")
    except (ValueError, RecursionError):
        return []
    return [
        {"output_type": part["output_type"], "data": part["data"], "metadata": {}}
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict)
        and part.get("output_type") in _KINDS
        and isinstance(part.get("data"), dict)
    ]


def _add_picture(outputs: list[Output], data: bytes | None) -> None:
    if not outputs or outputs[-1]["output_type"] != "execute_result":
        outputs.append(_result("an image"))
    if data and len(data) < LIMIT:
        outputs[-1]["data"]["image/png"] = base64.b64encode(data).decode()


def _result(text: str) -> Output:
    return {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}}


def _text(data: bytes | None) -> str:
    text = (data or b"")[:_JSON].decode("utf-8", "backslashreplace")
    return text + (" ..." if len(data or b"") > _JSON else "")


def _content(project: Project, kind: str, data: bytes | None, limit: int = LIMIT) -> bytes | None:
    """The bytes themselves, or those of the file that they name: a digest, and nothing else."""
    if not kind.endswith("-file"):
        return bytes(data or b"")
    name = bytes(data or b"").decode("ascii", "replace")
    if not name.isalnum() or len(name) > 128:
        return None
    return _read(project.result(name), limit)


def _read(path: Path, limit: int) -> bytes | None:
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read(limit)
