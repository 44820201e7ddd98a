"""All that is recorded of one datum, and what it printed.

What the ledger names (logs, results) is looked for inside the project, and nowhere else.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ..errors import DatumError
from ..inputs import Input, input_from_json
from ..ledger import queries
from ..ledger.queries import DatumRow
from ..outcomes import item_of
from ..outcomes.displays import displayed
from ..outcomes.made import recipe_of
from ..project import Project
from ..results import word_of
from ..states import DatumState
from . import shapes
from .errors import not_found
from .paths import contents_path, read_part
from .reads import run_of
from .rowlook import table_of

#: Bytes of a log that are sent: its end.
LOG: Final = 1 << 16
#: Characters of an item.
ITEM: Final = 2000
#: Input and output files of a datum that are told one by one.
FILES: Final = 200


def datum(
    conn: sqlite3.Connection, project: Project, identity: int, root: Path | None
) -> dict[str, Any]:
    """Return all that is recorded of a datum (errors: :func:`run_of`)."""
    detail = queries.datum_detail(conn, identity)
    if detail is None:
        raise not_found("datum")
    row = detail.datum
    names = _run_names(conn, {row.run, *(attempt.run for attempt in detail.attempts)})
    attempts = [shapes.attempt_json(attempt, names.get(attempt.run)) for attempt in detail.attempts]
    if row.state == DatumState.SUCCESS and row.attempt == 1:
        attempts.insert(0, shapes.first_success(row, names.get(row.run)))
    source, out = source_of(conn, project, row)
    roots = source.roots if source is not None else {}
    return {
        **shapes.datum_json(row, names.get(row.run), 0),
        "attempts": attempts,
        "inputs": [_input(file, roots, root) for file in detail.inputs[:FILES]],
        "outputs": [_output(file.path, file.size, out, root) for file in detail.outputs[:FILES]],
        "files": [len(detail.inputs), len(detail.outputs)],
        "item": _item(source, row),
        "table": table_of(source, root),
        "result": shapes.result_text(row, _result_file(project, row)),
        "result_kind": word_of(row.result_kind) if row.result_kind else None,
        "metrics": shapes.metrics_json(row.metrics),
    }


def display(
    conn: sqlite3.Connection,
    project: Project,
    identity: int,
    run: str | None = None,
    attempt: int | None = None,
) -> dict[str, Any]:
    """Return what a datum's cell displayed: outputs with MIME bundles, nothing unpickled
    (errors: :func:`run_of`). By default in the latest attempt."""
    row = queries.datum_by_id(conn, identity)
    if row is None:
        raise not_found("datum")
    at = row.run if run is None else run_of(conn, run).id
    which = (at, row.attempt if attempt is None else attempt)
    return {"outputs": displayed(conn, project, row, which)}


def _run_names(conn: sqlite3.Connection, ids: set[int]) -> dict[int, str]:
    marks = ",".join("?" * len(ids))
    return dict(conn.execute(f"select id, uuid from run where id in ({marks})", [*ids]).fetchall())


def folders(
    conn: sqlite3.Connection, project: Project, row: DatumRow
) -> tuple[dict[str, bytes], bytes | None]:
    """Where a datum's inputs lie, by name, and its transform's output folder."""
    source, out = source_of(conn, project, row)
    return (source.roots if source is not None else {}), out


def source_of(
    conn: sqlite3.Connection, project: Project, row: DatumRow
) -> tuple[Input | None, bytes | None]:
    """What lists the datum, if that is known, and its transform's output folder."""
    (out,) = conn.execute(
        "select t.out from datum d join transform t on t.id = d.transform where d.id = ?",
        (row.id,),
    ).fetchone() or (None,)
    try:
        source = input_from_json(recipe_of(conn, project, row).input, project)
        source.roots  # noqa: B018 - a folder may be gone
    except (DatumError, OSError):  # or it is another user's recipe
        return None, out
    return source, out


def _item(source: Input | None, row: DatumRow) -> str | None:
    """The item that the datum is, where its key is but a digest; nothing is unpickled."""
    if not queries.is_digest(queries.key_text(row.key)):
        return None
    with suppress(DatumError, OSError):  # the items are gone
        text = item_of(source, row.key)
        return text if text is None or len(text) <= ITEM else text[:ITEM] + " ..."
    return None


def _input(file: Any, roots: dict[str, bytes], root: Path | None) -> dict[str, Any]:
    place = input_place(file.name, bytes(file.rel), roots)
    return {
        "name": file.name,
        "rel": queries.key_text(bytes(file.rel)),
        "size": file.size,
        "path": None if place is None else contents_path(root, place),
    }


def input_place(name: str, rel: bytes, roots: dict[str, bytes]) -> bytes | None:
    """Return the absolute path of an input file, None where its folder is not known."""
    base = roots.get(name) or (next(iter(roots.values()), None) if not name else None)
    return None if base is None else os.path.join(base, rel)


def _output(path: bytes, size: int, out: bytes | None, root: Path | None) -> dict[str, Any]:
    below = out is not None and path.startswith(os.path.join(out, b""))
    rel = path[len(os.path.join(out or b"", b"")) :] if below else path
    return {
        "name": queries.key_text(os.path.basename(path)),
        "rel": queries.key_text(rel),
        "size": size,
        "path": contents_path(root, path),
    }


def _result_file(project: Project, row: DatumRow) -> Path | None:
    """Where a large result lies; its name is a digest, and nothing else is taken for one."""
    name = bytes(row.result or b"").decode("ascii", "replace")
    return project.result(name) if name.isalnum() and len(name) <= 128 else None


def log(
    conn: sqlite3.Connection,
    project: Project,
    identity: int,
    run: str | None,
    attempt: int | None,
) -> dict[str, Any]:
    """Return the end of what a datum printed (errors: :func:`run_of`)."""
    row = queries.datum_by_id(conn, identity)
    if row is None:
        raise not_found("datum")
    at = row.run if run is None else run_of(conn, run).id
    text, uuid = _log_of(conn, row, at, attempt)
    segment = shapes.log_segment(text)
    if segment is None:
        return {"text": "", "size": 0, "cut": False}
    name, offset, length, cut = segment
    epoch, _, worker = name.partition("-")
    if not epoch.isdecimal() or not worker or worker != os.path.basename(worker):
        raise not_found("log")
    path = project.worker_log(uuid, int(epoch), worker)
    skipped = max(0, length - LOG)
    data = read_part(path, offset + skipped, length - skipped)
    if data is None:
        raise not_found("log")
    return {
        "text": data.decode("utf-8", "backslashreplace"),
        "size": length,
        "cut": bool(cut or skipped or len(data) < length - skipped),
    }


def _log_of(
    conn: sqlite3.Connection, row: DatumRow, run: int, attempt: int | None
) -> tuple[str | None, str]:
    """Where the log of an attempt lies, and the uuid of its run; the latest one by default."""
    uuid = conn.execute("select uuid from run where id = ?", (run,)).fetchone()
    if uuid is None or not str(uuid[0]).isalnum():
        raise not_found("run")
    if row.run == run and attempt in (None, row.attempt):
        return row.log, str(uuid[0])
    found = conn.execute(
        "select log from attempt where datum = ? and run = ? and attempt = coalesce(?, attempt)"
        " order by attempt desc limit 1",
        (row.id, run, attempt),
    ).fetchone()
    if found is None:
        raise not_found("attempt")
    return found[0], str(uuid[0])
