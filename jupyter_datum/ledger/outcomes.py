"""What became of datums: their rows, attempts, inputs, and the groups of alike failures.

A million first successes are the normal case and pay for nothing else: their statement
binds the columns that they have. Everything else is looked at only where it occurs.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ..events import Done, Failed, InputFile, LogSegment, Result
from ..states import DatumState
from .db import transaction
from .edges import keep_past, put_edges
from .fence import RunKey, check_epoch, storable
from .keys import note_settled
from .loose import note_files
from .some import Some

Row = tuple[Any, ...]

_BASE: Final = ("id", "key", "position", "began", "seconds", "worker", "result_kind", "result")
_FILE: Final = ("size", "mtime_ns", "ctime_ns", "inode", "content", "outputs")
_REST: Final = ("attempt", "dirty", "log", "metrics", "seen")
#: Everything that a success says about its datum; a failure leaves the former result.
_SAID: Final = (*_BASE[2:], *_FILE, *_REST, "failure")
_NO_FILE: Final = (None, None, None, None, None)
_NO_RESULT: Final = (None, None)


def put_successes(conn: sqlite3.Connection, run: RunKey, rows: Sequence[tuple[Done, str]]) -> None:
    """Record datums that succeeded, each with the name of its worker (3 to 4 us each).

    Raises
    ------
    Fenced
        If the run is another runner's.
    """
    with transaction(conn):
        check_epoch(conn, run)
        ids = [done.datum for done, _ in rows]
        keep_past(conn, run, ids)
        left = _groups_of(conn, run, ids)
        _insert_successes(conn, run, rows)
        note_settled(conn, run, ids)
        _put_inputs(conn, [(done.datum, done.key, done.inputs) for done, _ in rows])
        _put_displays(conn, run, [done for done, _ in rows])
        _note_files(conn, [done.result for done, _ in rows], ids)
        put_edges(conn, run, [done for done, _ in rows])
        late = [row for row in rows if row[0].attempt > 1]
        _put_attempts(conn, (_late_success(run, *row) for row in late))
        _mark_recovered(conn, [done.datum for done, _ in late if done.recovered])
        _regroup(conn, left, Counter())


def put_failures(
    conn: sqlite3.Connection, run: RunKey, rows: Sequence[tuple[Failed, str, bool]]
) -> None:
    """Record failed attempts, each with the name of its worker and whether it was the last.

    Where another try follows only the attempt is recorded. A datum that failed for good
    keeps the result and the outputs of its last success; its state marks them.

    Raises
    ------
    Fenced
        If the run is another runner's.
    """
    with transaction(conn):
        check_epoch(conn, run)
        groups = _put_groups(conn, run, [failed for failed, _, _ in rows])
        final = [(failed, worker) for failed, worker, last in rows if last]
        ids = [failed.datum for failed, _ in final]
        keep_past(conn, run, ids)
        left = _groups_of(conn, run, ids)
        conn.executemany(_failure_sql(run), [_failure_row(*row, groups) for row in final])
        note_settled(conn, run, ids)
        _put_inputs(conn, [(failed.datum, failed.key, failed.inputs) for failed, _ in final])
        put_edges(conn, run, [failed for failed, _ in final])
        _put_attempts(conn, (_failed_attempt(run, f, worker, groups) for f, worker, _ in rows))
        _put_failed_displays(conn, run, [failed for failed, _, _ in rows])
        _regroup(conn, left, Counter(groups[_signature(failed)] for failed, _ in final))


# -- rows of datums --------------------------------------------------------------------------


def _insert_successes(
    conn: sqlite3.Connection, run: RunKey, rows: Iterable[tuple[Done, str]]
) -> None:
    bare: list[Row] = []
    files: list[Row] = []
    rest: list[Row] = []
    for (
        position, datum, key, attempt, epoch, _, began, seconds,
        inputs, outputs, result, log, metrics, dirty, seen, *_,
    ), worker in rows:  # fmt: skip
        row = (
            datum,
            key,
            position,
            began,
            seconds,
            worker,
            *(result[:2] if result else _NO_RESULT),
        )
        plain = attempt == 1 and log is None and not metrics and not dirty and not seen
        if plain and not inputs and not outputs:
            bare.append(row)
            continue
        row += (*(inputs[0][2:7] if len(inputs) == 1 else _NO_FILE), len(outputs))
        if plain:
            files.append(row)
        else:
            said = json.dumps(metrics) if metrics else None
            rest.append((*row, attempt, dirty, _log(epoch, worker, log), said, seen))
    if bare:
        conn.executemany(_success_sql(run, _BASE), bare)
    if files:
        conn.executemany(_success_sql(run, _BASE + _FILE), files)
    if rest:
        conn.executemany(_success_sql(run, _BASE + _FILE + _REST), rest)


def _mark_recovered(conn: sqlite3.Connection, ids: Sequence[int]) -> None:
    conn.executemany(
        f"update datum set state = {DatumState.RECOVERED:d} where id = ?", [(i,) for i in ids]
    )


def _success_sql(run: RunKey, columns: Sequence[str]) -> str:
    first = ("", "") if "attempt" in columns else ("attempt, ", "1, ")
    said = ", ".join(f"{name} = excluded.{name}" for name in _SAID)
    return (
        f"insert into datum (transform, state, version, run, {first[0]}{', '.join(columns)})"
        f" values ({run.transform:d}, {DatumState.SUCCESS:d}, {run.version:d}, {run.id:d},"
        f" {first[1]}{', '.join('?' * len(columns))})"
        " on conflict (id) do update set gone = null, sure = 0,"
        f" state = excluded.state, version = excluded.version, run = excluded.run, {said}"
    )


_FAILED: Final = (
    "id", "key", "position", "began", "seconds", "worker", "attempt",
    "size", "mtime_ns", "ctime_ns", "inode", "content", "failure", "log",
)  # fmt: skip


def _failure_sql(run: RunKey) -> str:
    said = ", ".join(f"{name} = excluded.{name}" for name in _FAILED[2:])
    return (
        f"insert into datum (transform, state, version, run, {', '.join(_FAILED)})"
        f" values ({run.transform:d}, {DatumState.FAILED:d}, {run.version:d}, {run.id:d},"
        f" {', '.join('?' * len(_FAILED))})"
        " on conflict (id) do update set state = excluded.state, version = excluded.version,"
        f" run = excluded.run, dirty = 0, gone = null, sure = 0, {said}"
    )


def _failure_row(failed: Failed, worker: str, groups: dict[str, int]) -> Row:
    content = failed.inputs[0][2:7] if len(failed.inputs) == 1 else _NO_FILE
    return (
        failed.datum, failed.key, failed.position, failed.began, failed.seconds, worker,
        failed.attempt, *content, groups[_signature(failed)],
        _log(failed.epoch, worker, failed.log),
    )  # fmt: skip


def _log(epoch: int, worker: str, log: LogSegment | None) -> str | None:
    return f"{epoch}-{worker}:{log.offset}:{log.length}:{log.cut}" if log else None


def _put_inputs(
    conn: sqlite3.Connection, rows: Sequence[tuple[int, bytes, tuple[InputFile, ...]]]
) -> None:
    """Rows for datums of several files. A single one stands in the datum's own row, and its
    path is the key; where the key is another (a group of one), it has a row too."""
    several = [
        (datum, inputs)
        for datum, key, inputs in rows
        if len(inputs) > 1 or (inputs and inputs[0].rel != key)
    ]
    some = Some(datum for datum, *_ in rows)
    if some.any_in(conn, "input"):
        conn.executemany("delete from input where datum = ?", [(datum,) for datum, *_ in rows])
    if several:
        conn.executemany(
            "insert into input values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((datum, i, *file) for datum, inputs in several for i, file in enumerate(inputs)),
        )


def _note_files(
    conn: sqlite3.Connection, results: Sequence[Result | None], ids: Sequence[int]
) -> None:
    found = [
        (result[1], identity)
        for result, identity in zip(results, ids, strict=True)
        if result and result[0] != "json" and result[0].endswith("-file")
    ]
    if found:
        note_files(conn, found)


def _put_displays(conn: sqlite3.Connection, run: RunKey, rows: Sequence[Done]) -> None:
    """What the cell displays, in place of what it displayed before."""
    shown = [(done.datum, run.id, *done.display[:2]) for done in rows if done.display]
    quiet = Some(done.datum for done in rows if not done.display)
    if quiet.any_in(conn, "display"):
        sql = f"delete from display where datum in (select d.id from {quiet.rows})"
        conn.execute(sql, quiet.values)
    if not shown:
        return
    conn.executemany(
        "insert into display (datum, run, kind, bundle) values (?, ?, ?, ?) on conflict (datum)"
        " do update set run = excluded.run, kind = excluded.kind, bundle = excluded.bundle",
        shown,
    )


def _put_failed_displays(conn: sqlite3.Connection, run: RunKey, rows: Sequence[Failed]) -> None:
    """What the cell had displayed when it failed, beside the attempt."""
    shown = [(f.datum, run.id, f.attempt, *f.display[:2]) for f in rows if f.display]
    if shown:
        conn.executemany("insert or replace into failed_display values (?, ?, ?, ?, ?)", shown)


# -- attempts --------------------------------------------------------------------------------


def _put_attempts(conn: sqlite3.Connection, rows: Iterable[Row]) -> None:
    conn.executemany(
        "insert or replace into attempt (datum, run, attempt, state, epoch, worker, began,"
        " seconds, failure, message, traceback, phase, place, log, partial)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _late_success(run: RunKey, done: Done, worker: str) -> Row:
    state = DatumState.RECOVERED if done.recovered else DatumState.SUCCESS
    return (
        done.datum, run.id, done.attempt, int(state), done.epoch, worker, done.began,
        done.seconds, None, None, None, None, None, _log(done.epoch, worker, done.log), None,
    )  # fmt: skip


def _failed_attempt(run: RunKey, failed: Failed, worker: str, groups: dict[str, int]) -> Row:
    failure = failed.failure
    partial = [(os.fsdecode(file.staged), os.fsdecode(file.rel)) for file in failed.partial]
    return (
        failed.datum, run.id, failed.attempt, int(DatumState.FAILED), failed.epoch, worker,
        failed.began, failed.seconds, groups[_signature(failed)], storable(failure.message),
        storable(failure.traceback), failure.phase, storable(failure.place),
        _log(failed.epoch, worker, failed.log), json.dumps(partial) if partial else None,
    )  # fmt: skip


# -- failures that are alike -----------------------------------------------------------------


def _signature(failed: Failed) -> str:
    return storable(failed.failure.signature)


def _put_groups(conn: sqlite3.Connection, run: RunKey, rows: Iterable[Failed]) -> dict[str, int]:
    """Make a group for each signature that has none, and return the row id of each.

    Attempts that another one follows have a group too: there it counts no datum.
    """
    first: dict[str, Failed] = {}
    last: dict[str, float] = {}
    for failed in rows:
        signature = _signature(failed)
        first.setdefault(signature, failed)
        last[signature] = max(last.get(signature, 0.0), failed.began + failed.seconds)
    conn.executemany(
        "insert into failure (run, signature, type, message, place, phase, datums, first, last,"
        " sample) values (?, ?, ?, ?, ?, ?, 0, ?, ?, ?) on conflict (run, signature)"
        " do update set last = max(last, excluded.last)",
        [
            (
                run.id, signature, storable(f.failure.type), storable(f.failure.message),
                storable(f.failure.place), f.failure.phase, f.began, last[signature], f.datum,
            )
            for signature, f in first.items()
        ],
    )  # fmt: skip
    query = "select id from failure where run = ? and signature = ?"
    return {s: int(conn.execute(query, (run.id, s)).fetchone()[0]) for s in first}


def _groups_of(conn: sqlite3.Connection, run: RunKey, ids: Sequence[int]) -> Counter[int]:
    """How many of these datums stand in each group of this run, before they change."""
    some = "select exists (select 1 from failure where run = ? and datums > 0)"
    if not conn.execute(some, (run.id,)).fetchone()[0]:
        return Counter()
    rows = conn.execute(
        "select d.failure, count(*) from json_each(?) j cross join datum d on d.id = j.value"
        " where d.run = ? and d.failure is not null group by d.failure",
        (json.dumps(list(ids)), run.id),
    )
    return Counter(dict(rows.fetchall()))


def _regroup(conn: sqlite3.Connection, left: Counter[int], joined: Counter[int]) -> None:
    """Keep the counts of groups exact, and their sample one of theirs."""
    changes = [(joined[g] - left[g], g) for g in left.keys() | joined.keys()]
    conn.executemany(
        "update failure set datums = datums + ?, sample = coalesce("
        "(select min(d.id) from datum d where d.failure = failure.id), sample) where id = ?",
        changes,
    )
