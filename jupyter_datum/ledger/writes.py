"""What a runner writes: runs, and what became of their datums.

Plain functions over a connection, each a transaction by itself or a part of the one that
is open: so rows of datums, failure groups, counters, workers, status and who owns which
output become durable in one commit. Everything about a run checks the epoch first: a
runner that was taken for dead, and is not, writes nothing. The rows of datums themselves
are written in :mod:`.outcomes`; callers find all of it here.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ..errors import RunError
from ..events import Stat
from ..states import RunStatus
from .db import transaction
from .edges import put_roots
from .fence import Fenced, RunKey, check_epoch, storable
from .fold import count_day
from .keys import allocate_datums, index_keys
from .outcomes import put_failures, put_successes
from .versions import put_texts

#: Columns of a run that count its datums; set as a whole, or added to.
COUNTS: Final = ("total", "running", "success", "failed", "recovered", "skipped", "cancelled")
#: Columns of a run that only grow.
SUMS: Final = ("executions", "late", "seconds", "saved")
#: Columns of a run that may be set while it lasts.
FIELDS: Final = (
    "status", "message", "note", "planned", "saved", "workers", "ended", "feed",
    "devices",
)  # fmt: skip
_WORKER: Final = (
    "pid", "host", "up", "position", "key", "since", "done", "state", "cause", "memory",
    "device", "behind", "gone",
)  # fmt: skip


# -- transforms and versions -----------------------------------------------------------------


def transform_id(
    conn: sqlite3.Connection,
    name: str,
    notebook: str | None = None,
    cell: str | None = None,
    out: bytes | None = None,
) -> int:
    """Return the row id of the transform `name`, made or brought up to date."""
    path = os.fsencode(notebook) if notebook else None
    with transaction(conn):
        conn.execute(
            "insert into transform (name, notebook, cell, out, created) values (?, ?, ?, ?, ?)"
            " on conflict (name) do update set notebook = coalesce(excluded.notebook, notebook),"
            " cell = coalesce(excluded.cell, cell), out = excluded.out",
            (name, path, cell, out, time.time()),
        )
        return _id(conn, "select id from transform where name = ?", name)


def version_id(
    conn: sqlite3.Connection,
    transform: int,
    fingerprint: bytes,
    parts: Mapping[str, str],
    source: str,
    python: str,
    packages: Mapping[str, str],
    texts: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Return the row id of a version of a transform's code, made if it is new; `texts` are
    those of its helpers, by part."""
    with transaction(conn):
        kept = put_texts(conn, texts)
        conn.execute(
            "insert into version (transform, fingerprint, parts, source, python, packages, created,"
            " texts) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (transform, fingerprint)"
            # One that an older version of the package has written knows no texts.
            " do update set texts = excluded.texts where texts = '{}'",
            (
                transform, fingerprint, json.dumps(dict(parts)), storable(source), python,
                json.dumps(dict(packages)), time.time(), kept,
            ),
        )  # fmt: skip
        query = "select id from version where transform = ? and fingerprint = ?"
        return _id(conn, query, transform, fingerprint)


def _id(conn: sqlite3.Connection, query: str, *values: object) -> int:
    return int(conn.execute(query, values).fetchone()[0])


# -- runs ------------------------------------------------------------------------------------


def create_run(
    conn: sqlite3.Connection,
    *,
    uuid: str,
    transform: int,
    version: int,
    recipe: str,
    interpreter: str,
    engine: str,
    workers: int,
    options: Mapping[str, Any],
    origin: str,
    requested: float,
    epoch: int,
    user: str = "",
    pipeline: str = "",
) -> int:
    """Insert a run that begins now, and return its row id.

    Raises
    ------
    RunError
        If there is a run with this uuid: a request is carried out once.
    """
    row = (
        uuid, transform, version, recipe, interpreter, engine, workers,
        json.dumps(dict(options)), origin, user, RunStatus.RUNNING.value, epoch, requested,
        time.time(), pipeline,
    )  # fmt: skip
    with transaction(conn):
        if conn.execute("select 1 from run where uuid = ?", (uuid,)).fetchone():
            raise RunError(f"run {uuid[:8]} was started already")
        index_keys(conn)
        cursor = conn.execute(
            "insert into run (uuid, transform, version, recipe, interpreter, engine, workers,"
            " options, origin, user, status, epoch, requested, started, pipeline)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        return int(cursor.lastrowid or 0)


def take_over(conn: sqlite3.Connection, run: RunKey) -> None:
    """Make the run this runner's; the one that held it is fenced from here on.

    Raises
    ------
    Fenced
        If a later runner holds it.
    """
    with transaction(conn):
        cursor = conn.execute(
            "update run set epoch = ?1, running = 0 where id = ?2 and epoch <= ?1",
            (run.epoch, run.id),
        )
        if cursor.rowcount != 1:
            check_epoch(conn, run)
        conn.execute("update worker set state = 'gone', position = null where run = ?", (run.id,))
        index_keys(conn)


def note_dirty(conn: sqlite3.Connection, run: RunKey, datums: int) -> None:
    """Count datums of which an input changed while it was processed. Part of the caller's
    transaction, in which :func:`update_run` has checked the epoch."""
    conn.execute(
        "update run set note = json_set(coalesce(note, '{}'), '$.dirty',"
        " coalesce(json_extract(note, '$.dirty'), 0) + ?) where id = ?",
        (datums, run.id),
    )


def note_batch(conn: sqlite3.Connection, run: RunKey, text: str) -> None:
    """Say why batches are smaller than was asked for (see :func:`note_dirty`)."""
    conn.execute(
        "update run set note = json_set(coalesce(note, '{}'), '$.batch', ?) where id = ?",
        (text, run.id),
    )


def update_run(
    conn: sqlite3.Connection,
    run: RunKey,
    *,
    counts: Mapping[str, int] | None = None,
    executions: int = 0,
    late: int = 0,
    seconds: float = 0.0,
    **fields: Any,
) -> None:
    """Bring the row of a run up to date.

    Parameters
    ----------
    conn : sqlite3.Connection
    run : RunKey
    counts : mapping, optional
        New values of :data:`COUNTS`; what is not named stays.
    executions, late : int
        Attempts that came to an end, and late records that were dropped, since last time.
    seconds : float
        Of user code, since last time.
    **fields
        New values of :data:`FIELDS`.

    Raises
    ------
    Fenced
        If the run is another runner's.
    """
    new = {**(counts or {}), **fields}
    _known(new, (*COUNTS, *FIELDS))
    more = {"executions": executions, "late": late, "seconds": seconds}
    more = {name: value for name, value in more.items() if value}
    changes = [f"{name} = ?" for name in new] + [f"{name} = {name} + ?" for name in more]
    with transaction(conn):
        check_epoch(conn, run)
        if changes:
            values = (*new.values(), *more.values(), run.id)
            conn.execute(f"update run set {', '.join(changes)} where id = ?", values)


def add_counters(conn: sqlite3.Connection, run: RunKey, **deltas: float) -> None:
    """Add to columns of :data:`COUNTS` and :data:`SUMS`."""
    _known(deltas, (*COUNTS, *SUMS))
    changes = ", ".join(f"{name} = {name} + ?" for name in deltas)
    with transaction(conn):
        check_epoch(conn, run)
        conn.execute(f"update run set {changes} where id = ?", (*deltas.values(), run.id))


def _known(given: Iterable[str], names: Sequence[str]) -> None:
    if unknown := set(given).difference(names):
        raise ValueError(f"a run has no column {sorted(unknown)} to be set; there are: {names}")


def change_options(conn: sqlite3.Connection, run: RunKey, changes: Mapping[str, Any]) -> None:
    """Record that options of a run are others now."""
    with transaction(conn):
        check_epoch(conn, run)
        row = conn.execute("select options from run where id = ?", (run.id,)).fetchone()
        text = json.dumps({**json.loads(row[0]), **changes})
        conn.execute("update run set options = ? where id = ?", (text, run.id))


def set_status(
    conn: sqlite3.Connection, run: RunKey, status: RunStatus, message: str | None = None
) -> None:
    """Show `status`, with a sentence why."""
    update_run(conn, run, status=status.value, message=message)


def end_run(
    conn: sqlite3.Connection,
    run: RunKey,
    status: RunStatus,
    message: str | None = None,
    counts: Mapping[str, int] | None = None,
) -> None:
    """Record that the run has ended, and how."""
    final = {**(counts or {}), "running": 0}
    with transaction(conn):
        index_keys(conn)
        update_run(conn, run, counts=final, status=status.value, message=message, ended=time.time())
        count_day(conn, run.id)


def put_workers(
    conn: sqlite3.Connection, run: RunKey, rows: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write what workers are at, by worker name: columns of the table ``worker``."""
    values = [
        (run.id, name, *(row.get(column) for column in _WORKER)) for name, row in rows.items()
    ]
    with transaction(conn):
        check_epoch(conn, run)
        conn.executemany(
            f"insert or replace into worker (run, worker, {', '.join(_WORKER)})"
            f" values (?, ?{', ?' * len(_WORKER)})",
            values,
        )


# -- datums ----------------------------------------------------------------------------------


def refresh(
    conn: sqlite3.Connection,
    files: Sequence[tuple[int, Stat, bool]],
    several: Sequence[tuple[Stat, int, int]],
    outputs: Sequence[tuple[int, bytes, int, int | None]],
) -> None:
    """Record new stat tuples of files whose content is as before (touched).

    Parameters
    ----------
    conn : sqlite3.Connection
    files : sequence
        ``(datum, stat, sure)`` of single input files.
    several : sequence
        ``(stat, datum, ordinal)`` of files of datums with several.
    outputs : sequence
        ``(datum, path, mtime_ns, ctime_ns)``.
    """
    if not (files or several or outputs):
        return
    with transaction(conn):
        conn.executemany(
            "update datum set size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?, sure = ?"
            " where id = ?",
            [(*stat, sure, datum) for datum, stat, sure in files],
        )
        conn.executemany(
            "update input set size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?"
            " where datum = ? and ordinal = ?",
            [(*stat, datum, ordinal) for stat, datum, ordinal in several],
        )
        conn.executemany(
            "update datum set sure = 1 where id = ?", {(datum,) for _, datum, _ in several}
        )
        conn.executemany(
            "update output set mtime_ns = ?, ctime_ns = ? where datum = ? and path = ?",
            [(mtime_ns, ctime_ns, datum, path) for datum, path, mtime_ns, ctime_ns in outputs],
        )


def put_gone(conn: sqlite3.Connection, rows: Sequence[tuple[int, int]], *, n: int = 5_000) -> None:
    """Record ``(datum, run)`` of datums that a whole listing lacked: see ``datum.gone``."""
    for start in range(0, len(rows), n):
        with transaction(conn):
            conn.executemany(
                "update datum set gone = ? where id = ?",
                [(run, datum) for datum, run in rows[start : start + n]],
            )


def put_back(conn: sqlite3.Connection, datums: Sequence[int]) -> None:
    """Record that gone datums are there again."""
    with transaction(conn):
        conn.executemany("update datum set gone = null where id = ?", [(d,) for d in datums])


__all__ = [
    "Fenced",
    "RunKey",
    "add_counters",
    "allocate_datums",
    "change_options",
    "check_epoch",
    "create_run",
    "end_run",
    "index_keys",
    "put_back",
    "put_failures",
    "put_gone",
    "put_roots",
    "put_successes",
    "put_workers",
    "refresh",
    "set_status",
    "take_over",
    "transform_id",
    "update_run",
    "version_id",
]
