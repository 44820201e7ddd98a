"""Everything that is read from the ledger: by key or by id, with a limit, never by OFFSET.

Pure reads over a connection, for runner, kernel, server and CLI alike.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..errors import RunError
from ..events import InputFile
from ..states import DatumState
from .keytext import BETWEEN as BETWEEN
from .keytext import datum_name as datum_name
from .keytext import is_digest as is_digest
from .keytext import key_bytes as key_bytes
from .keytext import key_text as key_text
from .known import BY_KEY, after_key
from .known import count_known as count_known
from .known import first_keys as first_keys
from .known import inputs_of as inputs_of
from .known import known as known
from .known import known_by_id as known_by_id
from .known import known_ids as known_ids
from .known import lookup as lookup
from .known import next_datum as next_datum
from .known import outputs_of as outputs_of
from .known import settled_in as settled_in
from .rows import DATUM as _DATUM
from .rows import RUN as _RUN
from .rows import AttemptRow as AttemptRow
from .rows import Counts as Counts
from .rows import DatumDetail as DatumDetail
from .rows import DatumRow as DatumRow
from .rows import FailureGroup as FailureGroup
from .rows import OutputRow as OutputRow
from .rows import RunRow as RunRow
from .rows import TransformRow as TransformRow
from .rows import datum_row as _datum
from .versions import equivalent_versions as equivalent_versions

_HOLD_A_RESULT: Final = (DatumState.SUCCESS, DatumState.RECOVERED)


# -- runs ----------------------------------------------------------------------------------


def run_by_uuid(conn: sqlite3.Connection, uuid: str) -> RunRow | None:
    """Return the run with this public name."""
    return _one_run(conn, _RUN + "where r.uuid = ?", (uuid,))


def runs_of_pipeline(conn: sqlite3.Connection, pipeline: str) -> list[RunRow]:
    """Return the runs with this pipeline's id (not empty), in the order in which they began."""
    sql = _RUN + "where r.pipeline = ? and r.pipeline <> '' order by r.id limit 1000"
    return [RunRow._make(row) for row in conn.execute(sql, (pipeline,))]


def latest_run(conn: sqlite3.Connection, name: str) -> RunRow | None:
    """Return the newest run of transform `name`."""
    return _one_run(conn, _RUN + "where t.name = ? order by r.id desc limit 1", (name,))


def runs(
    conn: sqlite3.Connection,
    *,
    transform: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[RunRow]:
    """Return runs (of one transform), newest first; `before` is the id of the last one seen."""
    which = "" if transform is None else "r.transform = ? and "
    rows = conn.execute(
        f"{_RUN} where {which} r.id < ? order by r.id desc limit ?",
        (*([] if transform is None else [transform]), before or 2**62, limit),
    )
    return [RunRow(*row) for row in rows]


def counts(conn: sqlite3.Connection, run: int) -> Counts:
    """Return how many datums of a run are in which state: one row, whatever their number.

    Raises
    ------
    RunError
        If there is no such run.
    """
    row = conn.execute(
        f"select {', '.join(Counts._fields)} from run where id = ?", (run,)
    ).fetchone()
    if row is None:
        raise RunError(f"there is no run {run}")
    return Counts(*row)


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


def transforms(
    conn: sqlite3.Connection, *, after: str = "", limit: int = 1000
) -> list[TransformRow]:
    """Return transforms by name, after name `after`."""
    rows = conn.execute(
        "select id, name, notebook, out, created from transform where name > ?"
        " order by name limit ?",
        (after, limit),
    )
    return [TransformRow(*row) for row in rows]


def transform(conn: sqlite3.Connection, name: str) -> TransformRow | None:
    """Return the transform of this name."""
    sql = "select id, name, notebook, out, created from transform where name = cast(? as text)"
    row = conn.execute(sql, (os.fsencode(name),)).fetchone()
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


def out_of(conn: sqlite3.Connection, transform: int) -> bytes | None:
    """Return the output folder of a transform."""
    row = conn.execute("select out from transform where id = ?", (transform,)).fetchone()
    return row[0] if row else None


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
    """Return the groups that a transform's datums are in now, whichever run failed them.

    What :func:`failure_groups` tells of a run stays as it ended; a datum that a later run
    mended is not counted here.
    """
    rows = conn.execute(
        "select min(id), signature, type, message, place, phase, sum(n), min(first), max(last),"
        " max(one) from (select f.*, (select count(*) from datum d where d.failure = f.id) n,"
        " (select max(d.id) from datum d where d.failure = f.id) one"
        " from failure f join run r on r.id = f.run where r.transform = ? and f.datums > 0)"
        " where n > 0 group by signature order by sum(n) desc, min(id) limit ?",
        (transform, limit),
    )
    return [FailureGroup(*row) for row in rows]


def failed_count(conn: sqlite3.Connection, transform: int) -> int:
    """Return how many datums of a transform are failed now."""
    sql = "select count(*) from datum where transform = ? and state = 3"
    return int(conn.execute(sql, (transform,)).fetchone()[0])


def failed_datums(
    conn: sqlite3.Connection,
    transform: int,
    *,
    run: int | None = None,
    group: int | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[DatumRow]:
    """Return failed datums of a transform by id, after id `after`.

    Parameters
    ----------
    conn : sqlite3.Connection
    transform : int
    run, group : int, optional
        Only those that this run, or this failure group of a run, has failed.
    after, limit : int
    """
    if group is not None:
        where, values = "d.failure = ? and d.failure is not null", [group]
    elif run is not None:
        where, values = "d.transform = ? and d.state = 3 and d.run = ?", [transform, run]
    else:
        where, values = "d.transform = ? and d.state = 3", [transform]
    rows = conn.execute(
        f"select {_DATUM} from datum d where {where} and d.id > ? order by d.id limit ?",
        (*values, after, limit),
    )
    return [_datum(row) for row in rows]


# -- datums --------------------------------------------------------------------------------


def datums_page(
    conn: sqlite3.Connection,
    transform: int,
    *,
    after: bytes | None = None,
    limit: int = 100,
    state: DatumState | None = None,
) -> list[DatumRow]:
    """Return datums of a transform by key, after key `after`; only those in `state` if given."""
    if state is None or state is DatumState.SUCCESS:  # most datums: the others are passed over
        which = "" if state is None else f"and d.state = {state:d}"
        sql = f"select {_DATUM} {BY_KEY} {after_key(after)} {which} order by k.key limit ?"
    else:
        sql = (
            f"select {_DATUM} from datum d where d.transform = ? and d.key {after_key(after)}"
            f" and d.state = {state:d} and d.state <> 2 order by d.key limit ?"
        )
    return [_datum(row) for row in conn.execute(sql, (transform, after or b"", limit))]


def datum_by_id(conn: sqlite3.Connection, datum: int) -> DatumRow | None:
    """Return one datum."""
    row = conn.execute(f"select {_DATUM} from datum d where d.id = ?", (datum,)).fetchone()
    return _datum(row) if row else None


def datum_by_text(conn: sqlite3.Connection, transform: int, text: str) -> DatumRow | None:
    """Return the datum whose key is `text`, or is shown as `text`."""
    found = datum_by_key(conn, transform, os.fsencode(text))
    if found is None and (BETWEEN in text or "\\x" in text):
        return datum_by_key(conn, transform, key_bytes(text))
    return found


def datum_by_key(conn: sqlite3.Connection, transform: int, key: bytes) -> DatumRow | None:
    """Return one datum by its key."""
    row = conn.execute(f"select {_DATUM} {BY_KEY} = ?", (transform, key)).fetchone()
    return _datum(row) if row else None


def datum_detail(conn: sqlite3.Connection, datum: int) -> DatumDetail | None:
    """Return all that is recorded of one datum: inputs, outputs, attempts with tracebacks."""
    row = datum_by_id(conn, datum)
    if row is None:
        return None
    name = conn.execute(
        "select t.name from datum d join transform t on t.id = d.transform where d.id = ?",
        (datum,),
    ).fetchone()[0]
    outputs = [OutputRow(*output) for output in sorted(outputs_of(conn, [datum]).get(datum, []))]
    return DatumDetail(row, name, _inputs(conn, row), outputs, attempts(conn, datum))


def _inputs(conn: sqlite3.Connection, datum: DatumRow) -> list[InputFile]:
    rows = conn.execute(
        "select name, rel, size, mtime_ns, ctime_ns, inode, content from input"
        " where datum = ? order by ordinal",
        (datum.id,),
    )
    if several := [InputFile(*row) for row in rows]:
        return several
    rows = conn.execute(
        "select '', key, size, mtime_ns, ctime_ns, inode, content from datum"
        " where id = ? and content is not null",
        (datum.id,),
    )
    return [InputFile(*row) for row in rows]


def attempts(conn: sqlite3.Connection, datum: int, *, limit: int = 50) -> list[AttemptRow]:
    """Return a datum's attempts, newest first."""
    rows = conn.execute(
        "select run, attempt, state, epoch, worker, began, seconds, failure, message, traceback,"
        " phase, place, log, partial from attempt where datum = ?"
        " order by run desc, attempt desc limit ?",
        (datum, limit),
    )
    return [AttemptRow(row[0], row[1], DatumState(row[2]), *row[3:]) for row in rows]


def attempts_in(conn: sqlite3.Connection, run: int, datums: Sequence[int]) -> dict[int, int]:
    """Return how many attempts of a run are recorded of those of `datums` that have any."""
    rows = conn.execute(
        "select a.datum, max(a.attempt) from json_each(?) j cross join attempt a"
        " on a.datum = j.value and a.run = ? group by a.datum",
        (json.dumps(list(datums)), run),
    )
    return dict(rows.fetchall())


def unsettled_attempts(conn: sqlite3.Connection, run: int) -> set[int]:
    """Return the datums that were tried in a run and have no outcome yet, ever."""
    rows = conn.execute(
        "select distinct datum from attempt a where run = ?"
        " and not exists (select 1 from datum d where d.id = a.datum)",
        (run,),
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
            f"select {_DATUM} from json_each(?) j cross join datum d on d.id = j.value"
            " where d.state in (2, 4)",
            (json.dumps(part),),
        )
        found = {row[0]: row for row in rows}
        yield from (_datum(found[datum]) for datum in part if datum in found)


def results_by_key(
    conn: sqlite3.Connection, transform: int, *, batch: int = 2_000
) -> Iterator[DatumRow]:
    """Yield all datums of a transform that hold a success, in key order, page by page."""
    after: bytes | None = None
    while rows := datums_page(conn, transform, after=after, limit=batch):
        yield from (row for row in rows if row.state in _HOLD_A_RESULT)
        after = rows[-1].key


def workers(conn: sqlite3.Connection, run: int) -> list[dict[str, Any]]:
    """Return the workers of a run that are not gone."""
    cursor = conn.execute(
        "select worker, pid, host, up, position, key, since, done, state, memory, device, behind"
        " from worker where run = ? and state != 'gone' order by worker",
        (run,),
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
