"""What came before: former outcomes of datums, and the datums that they were made from.

A first run of files or items pays for none of it: its datums are new, and come from no
other transform.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from blake3 import blake3

from ..events import Done, Failed, InputFile
from ..outputs.names import fold
from ..states import FINISHED, DatumState
from .fence import RunKey
from .kept import STORE
from .some import Some

#: Values in one IN list.
_IN: Final = 500


# -- former outcomes -------------------------------------------------------------------------


def keep_past(conn: sqlite3.Connection, run: RunKey, ids: Iterable[int]) -> None:
    """Copy the rows of those of these datums that another run has settled: they are about
    to get another outcome. Part of the transaction that gives it to them."""
    some = Some(identity for identity in ids if identity < run.fresh)
    if not some:
        return
    source = f"from {some.rows} and d.run <> ?"
    # Datums that hold no more than their row says go in one statement: 1 us each, not 4.
    several = "d.content is null" if some.any_in(conn, "input") else "0"
    more = f"({several} or (d.outputs > 0 and d.state = {DatumState.SUCCESS:d}))"
    held = f"case when d.state <> {DatumState.FAILED:d} then"
    values = (*some.values, run.id)
    if conn.execute("select exists (select 1 from kept)").fetchone()[0]:
        # What was brought back stands there from its first time: told is when it was there last.
        conn.execute(
            f"delete from past where (datum, run) in (select d.id, d.run {source} and d.worker = ?"
            " and d.began > (select p.began from past p where p.datum = d.id and p.run = d.run))",
            (*values, STORE),
        )
    conn.execute(
        f"insert or ignore into past ({_PAST}, metrics, result_kind, result) select"
        " d.id, d.run, d.version, d.state, d.attempt, d.began, d.seconds, d.content, d.seen,"
        f" {held} d.metrics end, {held} d.result_kind end, {held} d.result end"
        f" {source} and not {more}",
        values,
    )
    if conn.execute("select exists (select 1 from holds)").fetchone()[0]:
        conn.execute(
            "insert or ignore into loose (digest)"
            f" select d.result {source} and substr(d.result_kind, -5) = '-file'",
            values,
        )
    _keep_more(conn, run.transform, f"{source} and {more}", values)
    _unmake(conn, some, source, values)


def _unmake(conn: sqlite3.Connection, some: Some, source: str, values: Sequence[int | str]) -> None:
    """No former run has settled these last any more."""
    if not some.unbroken:
        sql = f"delete from made where (run, datum) in (select d.run, d.id {source})"
        conn.execute(sql, values)
        return
    for (former,) in conn.execute(f"select distinct d.run {source}", values).fetchall():
        sql = "delete from made where run = ? and datum between ? and ?"
        conn.execute(sql, (former, *some.values))


_PAST: Final = "datum, run, version, state, attempt, began, seconds, content, seen"


def _keep_more(
    conn: sqlite3.Connection, transform: int, source: str, values: Sequence[int | str]
) -> None:
    """Copy rows of datums with outputs, or several files."""
    rows = conn.execute(
        "select d.id, d.run, d.version, d.state, d.attempt, d.began, d.seconds, d.content, d.seen,"
        f" d.outputs, d.metrics, d.result_kind, d.result {source}",
        values,
    ).fetchall()
    several = _inputs(conn, [row[0] for row in rows if row[7] is None])
    made = _outputs(conn, transform, [row[0] for row in rows if _holds_outputs(row)])
    conn.executemany(
        f"insert or ignore into past ({_PAST}, inputs, outputs, metrics, result_kind, result)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*row[:9], several.get(row[0]), made.get(row[0]), *_held(row)) for row in rows],
    )


def _held(row: Sequence[Any]) -> Sequence[Any]:
    """Metrics and result: of a failed datum they are an earlier success's, as outputs are."""
    return row[10:] if row[3] != DatumState.FAILED else (None, None, None)


def _holds_outputs(row: Sequence[Any]) -> bool:
    """A failed datum's outputs are those of an earlier success, which stands in `past`."""
    return bool(row[9] and row[3] in FINISHED)


def _inputs(conn: sqlite3.Connection, datums: Sequence[int]) -> dict[int, bytes]:
    """A digest over all files of each datum that has several."""
    found: dict[int, Any] = {}
    for part in _parts(datums):
        rows = conn.execute(
            "select datum, name, rel, content from input"
            f" where datum in ({_marks(part)}) order by datum, ordinal",
            part,
        )
        for datum, name, rel, content in rows:
            digest_file(found.setdefault(datum, blake3()), name, rel, content)
    return {datum: hasher.digest() for datum, hasher in found.items()}


def inputs_digest(files: Iterable[InputFile]) -> bytes:
    """Return the digest that `past` holds of a datum with several files."""
    hasher = blake3()
    for file in files:
        digest_file(hasher, file.name, file.rel, file.content)
    return hasher.digest()


def digest_file(hasher: Any, name: str, rel: bytes, content: bytes) -> None:
    """Add one file to a digest over several."""
    for part in (name.encode(), rel, content):
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)


def _outputs(conn: sqlite3.Connection, transform: int, datums: Sequence[int]) -> dict[int, str]:
    """What each datum owns, as JSON: path relative to the output folder, size, digest."""
    if not datums:
        return {}
    row = conn.execute("select out from transform where id = ?", (transform,)).fetchone()
    start = (row[0] or b"") if row else b""
    found: dict[int, list[tuple[str, int, str]]] = {}
    for part in _parts(datums):
        rows = conn.execute(
            "select datum, path, size, digest from output"
            f" where datum in ({_marks(part)}) order by path",
            part,
        )
        for datum, path, size, digest in rows:
            rel = os.fsdecode(os.path.relpath(path, start) if start else path)
            found.setdefault(datum, []).append((rel, size, bytes(digest).hex()))
    return {datum: json.dumps(files) for datum, files in found.items()}


# -- edges -----------------------------------------------------------------------------------


def put_edges(
    conn: sqlite3.Connection, run: RunKey, records: Sequence[Done] | Sequence[Failed]
) -> None:
    """Write which datums these were made from: those that their input named, and the makers
    of files that they found in another transform's output folder."""
    fed = fed_roots(conn, run.transform)
    told = any(record.upstream for record in records)
    if not told and not fed:
        some = Some(r.datum for r in records if r.datum < run.fresh)
        if some and some.any_in(conn, "edge"):
            conn.execute(
                f"delete from edge where down in (select d.id from {some.rows})", some.values
            )
        return
    edges = {(record.datum, up) for record in records for up in record.upstream}
    if fed:
        edges |= _by_path(conn, fed, records)
    conn.executemany("delete from edge where down = ?", [(r.datum,) for r in records])
    conn.executemany(
        "insert or ignore into edge (down, up) values (?, ?)",
        sorted(edge for edge in edges if edge[0] != edge[1]),
    )


def _by_path(
    conn: sqlite3.Connection,
    fed: Mapping[str, bytes],
    records: Sequence[Done] | Sequence[Failed],
) -> set[tuple[int, int]]:
    paths: dict[bytes, list[int]] = {}
    for record in records:
        for file in record.inputs:
            if file.name in fed:
                paths.setdefault(os.path.join(fed[file.name], file.rel), []).append(record.datum)
    makers = makers_of(conn, list(paths))
    return {(down, up) for path, up in makers.items() for down in paths[path]}


def makers_of(conn: sqlite3.Connection, paths: Sequence[bytes]) -> dict[bytes, int]:
    """Return which datum owns each of these absolute paths, of those that one does."""
    by_fold = {fold(path, True): path for path in paths}
    by_fold.update((path, path) for path in paths)
    found: dict[bytes, int] = {}
    for part in _parts(list(by_fold)):
        rows = conn.execute(
            f"select folded, datum from output where folded in ({_marks(part)})", part
        )
        found.update((by_fold[folded], datum) for folded, datum in rows)
    return found


def put_roots(conn: sqlite3.Connection, transform: int, roots: Mapping[str, bytes]) -> None:
    """Record the absolute folder of each input of a transform, as of its newest run."""
    conn.execute("delete from root where transform = ?", (transform,))
    conn.executemany(
        "insert into root (transform, name, path) values (?, ?, ?)",
        [(transform, name, path) for name, path in roots.items()],
    )


def fed_roots(conn: sqlite3.Connection, transform: int) -> dict[str, bytes]:
    """Return those input folders of a transform in which others put (or may put) outputs."""
    roots = conn.execute("select name, path from root where transform = ?", (transform,))
    outs = conn.execute(
        "select out from transform where id <> ? and out is not null", (transform,)
    ).fetchall()
    return {
        name: path
        for name, path in roots
        if any(_overlap(os.path.normpath(path), os.path.normpath(out)) for (out,) in outs)
    }


def _overlap(one: bytes, other: bytes) -> bool:
    shorter, longer = sorted((one.rstrip(b"/") + b"/", other.rstrip(b"/") + b"/"), key=len)
    return longer.startswith(shorter)


def _parts(values: Sequence[Any]) -> Iterable[list[Any]]:
    iterator = iter(values)
    while part := list(islice(iterator, _IN)):
        yield part


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
