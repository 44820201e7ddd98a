"""Everything that is read from the ledger: by key or by id, with a limit, never by OFFSET.

Pure reads over a connection, for runner, kernel, server and CLI alike.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from ..states import DatumState

#: Columns of :func:`known` and :func:`lookup`, in order.
_KNOWN: Final = (
    "key, id, state, version, size, mtime_ns, ctime_ns, inode, content, seconds, outputs,"
    " dirty, run"
)


class RunRow(NamedTuple):
    """A run with the name of its transform; ``note`` is JSON text."""

    id: int
    uuid: str
    name: str
    transform: int
    version: int
    recipe: str
    interpreter: str
    engine: str
    workers: int
    options: str
    origin: str
    status: str
    message: str | None
    note: str | None
    epoch: int
    requested: float
    started: float | None
    ended: float | None
    planned: int
    total: int
    running: int
    success: int
    failed: int
    recovered: int
    skipped: int
    cancelled: int
    executions: int
    late: int
    seconds: float
    saved: float

    @property
    def pending(self) -> int:
        """Datums known and not begun."""
        settled = self.success + self.failed + self.recovered + self.skipped + self.cancelled
        return self.total - self.running - settled


_RUN: Final = (
    "select r.id, r.uuid, t.name, r.transform, r.version, r.recipe, r.interpreter, r.engine,"
    " r.workers, r.options, r.origin, r.status, r.message, r.note, r.epoch, r.requested,"
    " r.started, r.ended, r.planned, r.total, r.running, r.success, r.failed, r.recovered,"
    " r.skipped, r.cancelled, r.executions, r.late, r.seconds, r.saved"
    " from run r join transform t on t.id = r.transform "
)


class FailureGroup(NamedTuple):
    """Failures that are alike, in one run. ``datums`` is exact."""

    id: int
    signature: str
    type: str
    message: str
    place: str
    phase: str
    datums: int
    first: float
    last: float
    sample: int


class DatumRow(NamedTuple):
    """The latest outcome of a datum."""

    id: int
    key: bytes
    state: DatumState
    version: int
    run: int
    position: int
    attempt: int
    began: float
    seconds: float
    worker: str | None
    content: bytes | None
    dirty: int
    failure: int | None
    outputs: int
    log: str | None
    metrics: str | None
    result_kind: str | None
    result: bytes | None


_DATUM: Final = (
    "select id, key, state, version, run, position, attempt, began, seconds, worker, content,"
    " dirty, failure, outputs, log, metrics, result_kind, result from datum "
)


class AttemptRow(NamedTuple):
    """An attempt that is not a first one that succeeded."""

    run: int
    attempt: int
    state: DatumState
    epoch: int
    worker: str | None
    began: float
    seconds: float
    failure: int | None
    message: str | None
    traceback: str | None
    phase: str | None
    place: str | None
    log: str | None
    partial: str | None


class TransformRow(NamedTuple):
    """A transform; ``out`` is its absolute output folder."""

    id: int
    name: str
    notebook: bytes | None
    out: bytes | None
    created: float


# -- runs ----------------------------------------------------------------------------------


def run_by_uuid(conn: sqlite3.Connection, uuid: str) -> RunRow | None:
    """Return the run with this public name."""
    return _one_run(conn, _RUN + "where r.uuid = ?", (uuid,))


def latest_run(conn: sqlite3.Connection, name: str) -> RunRow | None:
    """Return the newest run of transform `name`."""
    return _one_run(conn, _RUN + "where t.name = ? order by r.id desc limit 1", (name,))


def runs(conn: sqlite3.Connection, *, before: int | None = None, limit: int = 50) -> list[RunRow]:
    """Return runs, newest first; `before` is the id of the last one seen."""
    rows = conn.execute(
        _RUN + "where r.id < ? order by r.id desc limit ?",
        (before if before is not None else 2**62, limit),
    )
    return [RunRow(*row) for row in rows]


def unfinished_runs(conn: sqlite3.Connection, interpreter: str) -> list[RunRow]:
    """Return the runs of `interpreter` that have not ended, oldest first."""
    rows = conn.execute(
        _RUN + "where r.ended is null and r.interpreter = ? order by r.id", (interpreter,)
    )
    return [RunRow(*row) for row in rows]


def _one_run(conn: sqlite3.Connection, sql: str, args: tuple[Any, ...]) -> RunRow | None:
    row = conn.execute(sql, args).fetchone()
    return RunRow(*row) if row else None


# -- transforms ----------------------------------------------------------------------------


def transforms(conn: sqlite3.Connection) -> list[TransformRow]:
    """Return all transforms by name."""
    rows = conn.execute("select id, name, notebook, out, created from transform order by name")
    return [TransformRow(*row) for row in rows]


def transform(conn: sqlite3.Connection, name: str) -> TransformRow | None:
    """Return the transform of this name."""
    row = conn.execute(
        "select id, name, notebook, out, created from transform where name = ?", (name,)
    ).fetchone()
    return TransformRow(*row) if row else None


def transform_of_out(conn: sqlite3.Connection, out: bytes) -> str | None:
    """Return the name of the transform that owns output folder `out`: the one that has made
    files there; one that only named it once owns nothing."""
    row = conn.execute(
        "select t.name from transform t where t.out = ?"
        " and exists (select 1 from output o where o.transform = t.id) limit 1",
        (out,),
    ).fetchone()
    return str(row[0]) if row else None


def version_source(conn: sqlite3.Connection, version: int) -> str | None:
    """Return the source of a version of a cell."""
    row = conn.execute("select source from version where id = ?", (version,)).fetchone()
    return str(row[0]) if row else None


def version_parts(conn: sqlite3.Connection, version: int) -> dict[str, str]:
    """Return the parts of a version's fingerprint: what they differ in is what changed."""
    row = conn.execute("select parts from version where id = ?", (version,)).fetchone()
    return dict(json.loads(row[0])) if row else {}


def version_of(conn: sqlite3.Connection, transform: int, fingerprint: bytes) -> int | None:
    """Return the version of a transform that has this fingerprint."""
    row = conn.execute(
        "select id from version where transform = ? and fingerprint = ?", (transform, fingerprint)
    ).fetchone()
    return int(row[0]) if row else None


def latest_version(conn: sqlite3.Connection, transform: int) -> int | None:
    """Return the version that the newest run of `transform` used."""
    row = conn.execute(
        "select version from run where transform = ? order by id desc limit 1", (transform,)
    ).fetchone()
    return int(row[0]) if row else None


# -- failures ------------------------------------------------------------------------------


def failure_groups(conn: sqlite3.Connection, run: int, *, limit: int = 100) -> list[FailureGroup]:
    """Return the groups of a run that hold datums, largest first."""
    rows = conn.execute(
        "select id, signature, type, message, place, phase, datums, first, last, sample"
        " from failure where run = ? and datums > 0 order by datums desc, id limit ?",
        (run, limit),
    )
    return [FailureGroup(*row) for row in rows]


def failed_groups(
    conn: sqlite3.Connection, transform: int, *, limit: int = 100
) -> list[FailureGroup]:
    """Return the groups that a transform's datums are in now, whichever run failed them."""
    rows = conn.execute(
        "select min(f.id), f.signature, f.type, f.message, f.place, f.phase, sum(f.datums),"
        " min(f.first), max(f.last), f.sample from failure f join run r on r.id = f.run"
        " where r.transform = ? and f.datums > 0 group by f.signature"
        " order by sum(f.datums) desc, min(f.id) limit ?",
        (transform, limit),
    )
    return [FailureGroup(*row) for row in rows]


def failed_datums(
    conn: sqlite3.Connection, transform: int, *, after: int = 0, limit: int = 100
) -> list[DatumRow]:
    """Return failed datums of a transform by id, after id `after`."""
    rows = conn.execute(
        _DATUM + "where transform = ? and state = 3 and id > ? order by id limit ?",
        (transform, after, limit),
    )
    return [_datum(row) for row in rows]


# -- datums --------------------------------------------------------------------------------


def datums_page(
    conn: sqlite3.Connection, transform: int, *, after: bytes | None = None, limit: int = 100
) -> list[DatumRow]:
    """Return datums of a transform by key, after key `after`."""
    rows = conn.execute(
        _DATUM + "where transform = ? and key > ? order by key limit ?",
        (transform, after if after is not None else b"", limit),
    )
    return [_datum(row) for row in rows]


def datum_by_id(conn: sqlite3.Connection, datum: int) -> DatumRow | None:
    """Return one datum."""
    row = conn.execute(_DATUM + "where id = ?", (datum,)).fetchone()
    return _datum(row) if row else None


def datum_by_key(conn: sqlite3.Connection, transform: int, key: bytes) -> DatumRow | None:
    """Return one datum by its key."""
    row = conn.execute(_DATUM + "where transform = ? and key = ?", (transform, key)).fetchone()
    return _datum(row) if row else None


def attempts(conn: sqlite3.Connection, datum: int, *, limit: int = 50) -> list[AttemptRow]:
    """Return a datum's attempts, newest first."""
    rows = conn.execute(
        "select run, attempt, state, epoch, worker, began, seconds, failure, message, traceback,"
        " phase, place, log, partial from attempt where datum = ?"
        " order by run desc, attempt desc limit ?",
        (datum, limit),
    )
    return [AttemptRow(row[0], row[1], DatumState(row[2]), *row[3:]) for row in rows]


def _datum(row: Sequence[Any]) -> DatumRow:
    return DatumRow(row[0], row[1], DatumState(row[2]), *row[3:])


# -- for the planner -----------------------------------------------------------------------


def known(
    conn: sqlite3.Connection, transform: int, after: bytes | None, limit: int
) -> list[tuple[Any, ...]]:
    """Return what is known of datums by key, after key `after`: for merging with a listing."""
    return conn.execute(
        f"select {_KNOWN} from datum where transform = ? and key > ? order by key limit ?",  # noqa: S608
        (transform, after if after is not None else b"", limit),
    ).fetchall()


def lookup(
    conn: sqlite3.Connection, transform: int, keys: Sequence[bytes]
) -> dict[bytes, tuple[Any, ...]]:
    """Return what is known of the datums with these keys."""
    found: dict[bytes, tuple[Any, ...]] = {}
    for start in range(0, len(keys), _IN):
        part = keys[start : start + _IN]
        marks = ",".join("?" * len(part))
        rows = conn.execute(
            f"select {_KNOWN} from datum where transform = ? and key in ({marks})",  # noqa: S608
            (transform, *part),
        )
        found.update((row[0], row) for row in rows)
    return found


#: Values in one IN list; SQLite's own bound is 32,766.
_IN: Final = 2_000


def outputs_of(
    conn: sqlite3.Connection, datums: Sequence[int]
) -> dict[int, list[tuple[bytes, int, int, bytes]]]:
    """Return ``(path, size, mtime_ns, digest)`` of the outputs of each datum."""
    found: dict[int, list[tuple[bytes, int, int, bytes]]] = {}
    for start in range(0, len(datums), _IN):
        part = datums[start : start + _IN]
        marks = ",".join("?" * len(part))
        rows = conn.execute(
            "select datum, path, size, mtime_ns, digest from output"  # noqa: S608
            f" where datum in ({marks}) order by datum, path",
            part,
        )
        for datum, *output in rows:
            found.setdefault(datum, []).append(tuple(output))
    return found


def settled_in(conn: sqlite3.Connection, run: int, datums: Sequence[int]) -> set[int]:
    """Return those of `datums` whose outcome in `run` is recorded already."""
    rows = conn.execute(
        "select id from datum where run = ? and id in (select value from json_each(?))",
        (run, json.dumps(list(datums))),
    )
    return {row[0] for row in rows}


# -- results -------------------------------------------------------------------------------


def results(
    conn: sqlite3.Connection, ids: Sequence[int], *, batch: int = 2_000
) -> Iterator[DatumRow]:
    """Yield the datums with these ids that hold a success, in the order of `ids`."""
    for start in range(0, len(ids), batch):
        part = list(ids[start : start + batch])
        rows = conn.execute(
            _DATUM + "where id in (select value from json_each(?)) and state in (2, 4)",
            (json.dumps(part),),
        )
        found = {row[0]: row for row in rows}
        yield from (_datum(found[datum]) for datum in part if datum in found)


def workers(conn: sqlite3.Connection, run: int) -> list[dict[str, Any]]:
    """Return the workers of a run that are not gone."""
    cursor = conn.execute(
        "select worker, pid, host, up, position, since, done, state from worker"
        " where run = ? and state != 'gone' order by worker",
        (run,),
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def key_text(key: bytes) -> str:
    """Return a datum's key for people: escaped where it is not UTF-8 or not printable."""
    text = os.fsencode(key) if isinstance(key, str) else key
    shown = text.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
