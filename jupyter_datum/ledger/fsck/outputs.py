"""Outputs lie where they were published, as they were made, each with one owner."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import Final

from ...hashing import file_digest
from ...remote import is_url
from ...words import counted
from ..db import transaction
from .case import MEND, RERUN, Case, Finding

#: Sample paths shown in one finding.
_SHOWN: Final = 3


def owners(case: Case) -> Iterator[Finding]:
    """Every output path has one owner, which knows how many it has."""
    orphans = case.conn.execute(
        "select count(*) from output o left join datum d on d.id = o.datum"
        " where d.transform is not o.transform"
    ).fetchone()[0]
    if orphans:
        what = f"{orphans} output files are recorded for datums that are not there"
        sql = (
            "delete from output where not exists (select 1 from datum d"
            " where d.id = output.datum and d.transform = output.transform)"
        )
        yield case.mended(Finding("owners", what, MEND), sql)
    twice = case.conn.execute(
        "select path, count(*) from output group by path having count(*) > 1 limit 100"
    ).fetchall()
    for path, n in twice:
        what = f"{os.fsdecode(path)!r} has {n} owners"
        yield Finding("owners", what, "give each transform an output folder of its own")
    wrong = case.conn.execute(
        "select count(*) from datum d"
        " where d.outputs <> (select count(*) from output o where o.datum = d.id)"
    ).fetchone()[0]
    if wrong:
        what = f"{wrong} datums have not the number of outputs that they count"
        sql = "update datum set outputs = (select count(*) from output o where o.datum = datum.id)"
        yield case.mended(Finding("owners", what, MEND), sql)


def files(case: Case) -> Iterator[Finding]:
    """Every output lies at its place, with the recorded size and digest."""
    missing: list[bytes] = []
    changed: list[bytes] = []
    for folded, path, size, digest in _paged_outputs(case.conn):
        if is_url(path):
            continue
        state = _output_state(case, path, size, digest)
        if state is not None and _still(case, folded, digest):
            (missing if state == "missing" else changed).append(path)
    if missing:
        yield Finding("outputs", f"{counted(len(missing), 'output')} gone: {_some(missing)}", RERUN)
    if changed:
        what = f"{counted(len(changed), 'output')} not as made: {_some(changed)}"
        do = "if you edited them, move them away; then run the cell again (or with --force)"
        yield Finding("outputs", what, do)


def _output_state(case: Case, path: bytes, size: int, digest: bytes) -> str | None:
    try:
        if os.lstat(path).st_size != size:
            return "changed"
        return "changed" if case.digests and file_digest(path) != digest else None
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "changed"


def _still(case: Case, folded: bytes, digest: bytes) -> bool:
    """Whether the row still stands: a live runner may have published meanwhile."""
    row = case.conn.execute(
        "select 1 from output where folded = ? and digest = ?", (folded, digest)
    ).fetchone()
    return row is not None


def results(case: Case) -> Iterator[Finding]:
    """Results too large for a row lie in files; the datum is made again where one is gone."""
    rows = case.conn.execute(
        "select id, result from datum where state in (2, 4) and result_kind like '%-file'"
    )
    gone = [i for i, name in rows if not case.project.result(os.fsdecode(name)).is_file()]
    if gone:
        finding = Finding("results", f"the result files of {len(gone)} datums are gone", MEND)
        if case.repair:
            with transaction(case.conn):
                sql = "update datum set dirty = 1 where id = ?"
                case.conn.executemany(sql, [(i,) for i in gone])
            finding = finding._replace(do=RERUN, repaired=True)
        yield finding


def _paged_outputs(conn: sqlite3.Connection) -> Iterator[tuple[bytes, bytes, int, bytes]]:
    after = b""
    sql = (
        "select folded, path, size, digest from output where folded > ? order by folded limit 1000"
    )
    while rows := conn.execute(sql, (after,)).fetchall():
        yield from rows
        after = rows[-1][0]


def _some(paths: list[bytes]) -> str:
    shown = ", ".join(repr(os.fsdecode(path)) for path in paths[:_SHOWN])
    return shown + (", ..." if len(paths) > _SHOWN else "")
