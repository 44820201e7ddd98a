"""What a runner writes: runs, and what became of their datums.

Plain functions over a connection, each a transaction by itself or a part of the one that
is open: so rows of datums, failure groups, counters, workers, status and who owns which
output become durable in one commit. Everything about a run checks the epoch first: a
runner that was taken for dead, and is not, writes nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..errors import RunError, RunnerError
from ..events import Stat
from ..states import RunStatus
from .db import transaction

#: Columns of a run that count its datums; set as a whole, or added to.
COUNTS: Final = ("total", "running", "success", "failed", "recovered", "skipped", "cancelled")
#: Columns of a run that only grow.
SUMS: Final = ("executions", "late", "seconds", "saved")
#: Columns of a run that may be set while it lasts.
FIELDS: Final = ("status", "message", "note", "planned", "saved", "workers", "ended")
_WORKER: Final = ("pid", "host", "up", "position", "key", "since", "done", "state", "cause")


class RunKey(NamedTuple):
    """A run as its writer names it: row ids, and the epoch of the runner that holds it."""

    id: int
    transform: int
    version: int
    epoch: int


class Fenced(RunnerError):
    """Another runner has taken the run over; nothing was written.

    Parameters
    ----------
    run : int
        Row id of the run.
    epoch, found : int
        Ours, and the one that holds the run now.
    """

    def __init__(self, run: int, epoch: int, found: int) -> None:
        super().__init__(run, epoch, found)

    def __str__(self) -> str:
        run, epoch, found = self.args
        return (
            f"run {run} is held by the runner of epoch {found}, this one has epoch {epoch}: "
            "it writes nothing more"
        )


def check_epoch(conn: sqlite3.Connection, run: RunKey) -> None:
    """Make sure that the run is still this runner's; part of each commit.

    Raises
    ------
    Fenced
        If it is not.
    """
    row = conn.execute("select epoch from run where id = ?", (run.id,)).fetchone()
    if row is None or row[0] != run.epoch:
        raise Fenced(run.id, run.epoch, row[0] if row else 0)


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
) -> int:
    """Return the row id of a version of a transform's code, made if it is new."""
    with transaction(conn):
        conn.execute(
            "insert into version (transform, fingerprint, parts, source, python, packages, created)"
            " values (?, ?, ?, ?, ?, ?, ?) on conflict (transform, fingerprint) do nothing",
            (
                transform, fingerprint, json.dumps(dict(parts)), text(source), python,
                json.dumps(dict(packages)), time.time(),
            ),
        )  # fmt: skip
        query = "select id from version where transform = ? and fingerprint = ?"
        return _id(conn, query, transform, fingerprint)


def _id(conn: sqlite3.Connection, query: str, *values: object) -> int:
    return int(conn.execute(query, values).fetchone()[0])


def text(value: str) -> str:
    """Return `value` as SQLite can hold it: what is no character is shown as an escape."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="backslashreplace").decode()
    return value


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
        time.time(),
    )  # fmt: skip
    with transaction(conn):
        if conn.execute("select 1 from run where uuid = ?", (uuid,)).fetchone():
            raise RunError(f"run {uuid[:8]} was started already")
        index_keys(conn)
        cursor = conn.execute(
            "insert into run (uuid, transform, version, recipe, interpreter, engine, workers,"
            " options, origin, user, status, epoch, requested, started)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        update_run(
            conn, run, counts=final, status=status.value, message=message, ended=time.time()
        )


def put_workers(
    conn: sqlite3.Connection, run: RunKey, rows: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write what workers are at, by worker name: columns of the table ``worker``."""
    values = [(run.id, name, *(row.get(column) for column in _WORKER)) for name, row in rows.items()]
    with transaction(conn):
        check_epoch(conn, run)
        conn.executemany(
            f"insert or replace into worker (run, worker, {', '.join(_WORKER)})"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )


# -- datums ----------------------------------------------------------------------------------


def allocate_datums(conn: sqlite3.Connection, n: int) -> int:
    """Take `n` new datum ids; return the first, the others follow it."""
    with transaction(conn):
        first = _id(conn, "select value from meta where name = 'next_datum'")
        conn.execute("update meta set value = ? where name = 'next_datum'", (first + n,))
    return first


def refresh_stats(conn: sqlite3.Connection, rows: Iterable[tuple[int, Stat]]) -> None:
    """Record new stat tuples of single input files whose content is as before (touched)."""
    with transaction(conn):
        conn.executemany(
            "update datum set size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? where id = ?",
            [(*stat, datum) for datum, stat in rows],
        )


def index_keys(conn: sqlite3.Connection) -> None:
    """Put the keys of all new datums into ``datum_key``, in key order (1 us each)."""
    with transaction(conn):
        if conn.execute("select exists (select 1 from unkeyed)").fetchone()[0]:
            conn.execute(
                "insert or ignore into datum_key (transform, key, datum)"
                " select d.transform, d.key, d.id from unkeyed u"
                " cross join datum d on d.id between u.lo and u.hi order by d.transform, d.key"
            )
            conn.execute("delete from unkeyed")


# Successes and failures are a module of their own, but a caller writes through this one.
from .outcomes import put_failures, put_successes  # noqa: E402

__all__ = [
    "Fenced",
    "RunKey",
    "add_counters",
    "allocate_datums",
    "check_epoch",
    "create_run",
    "end_run",
    "index_keys",
    "put_failures",
    "put_successes",
    "put_workers",
    "refresh_stats",
    "set_status",
    "take_over",
    "transform_id",
    "update_run",
    "version_id",
]
