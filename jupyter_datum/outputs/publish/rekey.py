"""A renamed input keeps what was made of it: its datum gets the new key, its outputs follow."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ...errors import RunError
from ...ledger.db import transaction
from ...ledger.former import Former, put_former, rel_of
from ...ledger.known import outputs_of
from ..disk import lstat
from ..names import file_system_folds, fold, is_below
from . import redo

#: Datums in one transaction.
_BATCH: Final = 100


class Renamed(NamedTuple):
    """A datum whose file was renamed: its keys and the file's paths under the input's root,
    before and now; the digest of what the cell sees of it now beside the file, None where the
    key says that; its place in the input."""

    datum: int
    old: bytes
    new: bytes
    was: bytes
    rel: bytes
    seen: bytes | None
    place: int


class _Step(NamedTuple):
    """An output that follows its input."""

    path: bytes
    target: bytes
    size: int
    digest: bytes


class Moved(NamedTuple):
    """How many datums have their new key, how many outputs their new name, and why some
    do not (a sentence each); of how many datums the cell sees something else now beside the
    name."""

    datums: int
    files: int
    refused: list[str]
    seen: int = 0


def move_target(old: bytes, new: bytes, rel: bytes) -> bytes:
    """Return where output `rel` of a datum goes whose key becomes `new`.

    Outputs that are named after their input, as `datum.out_file` does, follow it; others
    stay where they are.
    """
    for before, after in ((old, new), (os.path.splitext(old)[0], os.path.splitext(new)[0])):
        if rel == before or (rel.startswith(before) and rel[len(before) :][:1] in (b".", b"/")):
            return after + rel[len(before) :]
    return rel


def rekey(
    conn: sqlite3.Connection,
    transform: int,
    out: bytes | None,
    renamed: Sequence[Renamed],
) -> Moved:
    """Give datums new keys; nothing is overwritten, nothing runs.

    Raises
    ------
    RunError
        If the transform is running.
    """
    datums = files = others = 0
    refused: list[str] = []
    folds = file_system_folds(out) if out and os.path.isdir(out) else False
    for start in range(0, len(renamed), _BATCH):
        with transaction(conn):
            sql = "select 1 from run where transform = ? and ended is null limit 1"
            if conn.execute(sql, (transform,)).fetchone():
                raise RunError("it is running: move when the run has ended")
            for each in renamed[start : start + _BATCH]:
                moved = _rekey(conn, transform, out, each, folds)
                if isinstance(moved, str):
                    refused.append(moved)
                else:
                    datums, files = datums + 1, files + moved
                    others += _sees(conn, each)
    return Moved(datums, files, refused, others)


def _sees(conn: sqlite3.Connection, each: Renamed) -> bool:
    """Record what the cell sees of a datum now; return whether that is another thing beside
    the file's name."""
    sql = "update input set rel = ? where datum = ? and rel = ?"
    conn.execute(sql, (each.rel, each.datum, each.was))
    if each.seen is None:
        return False
    sql = "update datum set seen = ? where id = ? and seen != ?"
    return bool(conn.execute(sql, (each.seen, each.datum, each.seen)).rowcount)


def _rekey(
    conn: sqlite3.Connection, transform: int, out: bytes | None, each: Renamed, folds: bool
) -> int | str:
    """Move one datum; return how many files were renamed, or why it stays."""
    old, new = each.old, each.new
    sql = "select datum from datum_key where transform = ? and key = ?"
    row = conn.execute(sql, (transform, old)).fetchone()
    if row != (each.datum,) or conn.execute(sql, (transform, new)).fetchone():
        return f"{os.fsdecode(new)!r} is recorded already"
    steps: list[_Step] = []
    for path, size, _, digest in outputs_of(conn, [each.datum]).get(each.datum, []):
        target = path
        if out and is_below(path, out):
            target = os.path.join(out, move_target(old, new, os.path.relpath(path, out)))
        if target != path:
            taken = lstat(target) is not None or redo.owner(conn, fold(target, folds)) is not None
            if taken:
                return f"{os.fsdecode(target)!r} exists: {os.fsdecode(old)!r} is not moved"
            steps.append(_Step(path, target, size, digest))
    for path, target, *_ in steps:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(path, target)
    _write(conn, transform, each, [(fold(step.target, folds), step) for step in steps])
    put_former(conn, transform, _names(each, out, steps))
    return len(steps)


def _write(
    conn: sqlite3.Connection, transform: int, each: Renamed, steps: Sequence[tuple[bytes, _Step]]
) -> None:
    conn.executemany(
        "update output set folded = ?, path = ?, ctime_ns = ? where datum = ? and path = ?",
        [
            (folded, step.target, os.lstat(step.target).st_ctime_ns, each.datum, step.path)
            for folded, step in steps
        ],
    )
    conn.execute("update datum set key = ?, gone = null where id = ?", (each.new, each.datum))
    conn.execute("delete from datum_key where transform = ? and key = ?", (transform, each.old))
    conn.execute("insert into datum_key values (?, ?, ?)", (transform, each.new, each.datum))


def _names(each: Renamed, out: bytes | None, steps: Sequence[_Step]) -> Iterator[Former]:
    """What is not called so any more."""
    now = time.time()
    yield Former(each.datum, "key", each.old, now, each.new)
    yield Former(each.datum, "input", each.was, now, each.rel)
    for path, target, size, digest in steps:
        was, rel = rel_of(path, out), rel_of(target, out)
        yield Former(each.datum, "output", was, now, rel, size, digest)
