"""The redo log and the table of owners: SQL only, always inside a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from ...events import Done, frame
from ...ledger.writes import RunKey
from .moves import Move


class Owned(NamedTuple):
    """A row of ``output``."""

    path: bytes
    transform: int
    datum: int
    size: int
    mtime_ns: int
    digest: bytes
    ctime_ns: int | None


def owner(conn: sqlite3.Connection, folded: bytes) -> Owned | None:
    """Return who owns a path."""
    row = conn.execute(
        "select path, transform, datum, size, mtime_ns, digest, ctime_ns from output"
        " where folded = ?",
        (folded,),
    ).fetchone()
    return Owned(*row) if row else None


def owners(conn: sqlite3.Connection, folded: Iterable[bytes]) -> dict[bytes, Owned | None]:
    """Return who owns each of some paths."""
    found: dict[bytes, Owned | None] = dict.fromkeys(folded)
    paths = list(found)
    for start in range(0, len(paths), _AT_ONCE):
        part = paths[start : start + _AT_ONCE]
        rows = conn.execute(
            "select folded, path, transform, datum, size, mtime_ns, digest, ctime_ns from output"
            f" where folded in ({', '.join('?' * len(part))})",
            part,
        )
        found.update((row[0], Owned(*row[1:])) for row in rows)
    return found


#: Values that one statement binds; SQLite before 3.32 takes no more than 999.
_AT_ONCE: Final = 500


def former_outputs(conn: sqlite3.Connection, datums: Sequence[int]) -> dict[int, list[Owned]]:
    """Return what former versions of `datums` have made."""
    found: dict[int, list[Owned]] = {}
    if not conn.execute("select exists (select 1 from output)").fetchone()[0]:
        return found
    rows = conn.execute(
        "select o.path, o.transform, o.datum, o.size, o.mtime_ns, o.digest, o.ctime_ns"
        " from json_each(?) j cross join output o on o.datum = j.value",
        (json.dumps(list(datums)),),
    )
    for row in rows:
        found.setdefault(row[2], []).append(Owned(*row))
    return found


def announced_by_others(
    conn: sqlite3.Connection, run: RunKey, datums: Iterable[int]
) -> dict[bytes, str]:
    """Return the paths that other datums are about to take, each with its transform's name.

    What an ended run has left is not on its way any more.
    """
    mine = set(datums)
    rows = conn.execute(
        "select p.final, p.run, p.datum, t.name from publishing p join run r on r.id = p.run"
        " join transform t on t.id = p.transform where r.ended is null and p.staged <> x''"
    )
    return {final: name for final, r, datum, name in rows if r != run.id or datum not in mine}


def announce(
    conn: sqlite3.Connection, run: RunKey, moves: Sequence[Move], dones: Iterable[Done]
) -> None:
    """Write what is about to be done. The first row of a datum carries its record."""
    records = {done.datum: frame(done) for done in dones}
    group = conn.execute("select coalesce(max(grp), 0) + 1 from publishing").fetchone()[0]
    conn.executemany(
        "insert into publishing (grp, epoch, run, transform, datum, attempt, staged, final,"
        " size, digest, record) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (group, run.epoch, run.id, run.transform, move.datum, move.attempt, move.staged,
             move.final, move.size, move.digest, records.pop(move.datum, b""))
            for move in moves
        ],
    )  # fmt: skip


def forget(conn: sqlite3.Connection, run: RunKey, datums: Iterable[int]) -> None:
    """Take `datums` out of the redo log."""
    conn.execute(
        "delete from publishing where run = ? and datum in (select value from json_each(?))",
        (run.id, json.dumps(list(datums))),
    )


def put_outputs(
    conn: sqlite3.Connection,
    transform: int,
    datums: Iterable[int],
    moves: Iterable[Move],
    fold: Callable[[bytes], bytes],
) -> None:
    """Write who owns which path now: `datums` own what `moves` made, and nothing else.

    Who loses a path to them has one output less, and is marked: it runs again if it is
    still an input's.
    """
    made = {fold(move.final): move for move in moves if move.staged}
    former = former_outputs(conn, list(datums))
    conn.executemany("delete from output where datum = ?", [(datum,) for datum in former])
    lost = [(owned.datum,) for owned in owners(conn, made).values() if owned is not None]
    conn.executemany("update datum set outputs = outputs - 1, dirty = 1 where id = ?", lost)
    conn.executemany(
        "insert or replace into output (folded, path, transform, datum, size, mtime_ns, digest,"
        " ctime_ns) values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (folded, move.final, transform, move.datum, move.size,
             move.mtime_ns, move.digest, move.ctime_ns)
            for folded, move in made.items()
        ],
    )  # fmt: skip
