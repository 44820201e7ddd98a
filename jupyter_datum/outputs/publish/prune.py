"""Outputs of datums that are gone: removed when a user says so, if nobody has edited them."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from ...errors import RunError
from ...ledger.db import transaction
from ...ledger.former import Former, put_former, rel_of
from ...ledger.known import recorded_outputs
from ...remote import is_url
from ..disk import holds, lstat
from ..names import folders_above, is_below
from ..standing import Standing, Status

#: Datums in one transaction: some milliseconds of unlinking.
_BATCH: Final = 200
_SHOWN: Final = 20
#: `datum.dirty` of a datum whose outputs were removed: it is new if it ever comes back.
_PRUNED: Final = 2


@dataclass
class Pruned:
    """What was removed, and what was left.

    Parameters
    ----------
    datums, files, size : int
        Removed, and their bytes.
    edited : int
        Files that somebody has edited since they were made: left, and still listed.
    outside : int
        Files outside the transform's output folders: left.
    renamed : int
        Datums that are there under another name: left.
    kept : list of bytes
        Paths of the first files that were left.
    """

    datums: int = 0
    files: int = 0
    size: int = 0
    edited: int = 0
    outside: int = 0
    renamed: int = 0
    kept: list[bytes] = field(default_factory=list)

    def _leave(self, path: bytes) -> None:
        if len(self.kept) < _SHOWN:
            self.kept.append(path)


class Keeps(Protocol):
    """Keeps what is about to go, by content."""

    def before(self, datums: Iterable[int]) -> None:
        """Put aside what these datums have made."""

    def write(self, conn: sqlite3.Connection, datums: Iterable[int]) -> None:
        """Record what was put aside of these, in the transaction in which it goes."""


class _Places(NamedTuple):
    """Where the outputs are that may go."""

    folders: list[bytes]
    far: Sequence[Standing]

    def lstat(self, path: bytes) -> os.stat_result | Status | None:
        if not is_url(path):
            return lstat(path)
        try:
            there = self.of(path)
            return there.lstat(path) if there else _UNKNOWN
        except FileNotFoundError:
            return None

    def of(self, path: bytes) -> Standing | None:
        return next((each for each in self.far if each.holds(path)), None)

    def hold(self, path: bytes) -> bool:
        if is_url(path):
            return self.of(path) is not None
        return any(is_below(_real(path), folder) for folder in self.folders)


#: Of an object in a place that this user has not signed for: nothing is asked of its store.
_UNKNOWN: Final = Status(-1, -1)


class _File(NamedTuple):
    path: bytes
    #: Its stat when it was found to be as it was made; None if it is gone already.
    stat: tuple[int, int, int] | None
    size: int
    digest: bytes


def count_orphans(conn: sqlite3.Connection, transform: int, *, left: bool = False) -> int:
    """Return how many datums are gone and not pruned; `left`: those that left the input too."""
    row = conn.execute(
        f"select count(*) from datum where transform = ? and gone is not null and {_which(left)}",
        (transform,),
    ).fetchone()
    return int(row[0])


def prune(
    conn: sqlite3.Connection,
    transform: int,
    folders: Sequence[bytes],
    *,
    left: bool = False,
    run: int = 0,
    far: Sequence[Standing] = (),
    keeper: Keeps | None = None,
    renamed: Collection[int] = (),
) -> Pruned:
    """Remove the outputs of datums that are gone; their rows stay, for their history.

    Parameters
    ----------
    conn : sqlite3.Connection
    transform : int
    folders : sequence of bytes
        Output folders that this user has signed for: the ledger alone removes nothing.
    left : bool
        Also of those that left the input when its expression changed.
    run : int
        The run that asks, if one does.
    far : sequence of Standing
        Of those output folders that are URLs.
    keeper : Keeps, optional
        Keeps what goes, if the transform keeps former versions.
    renamed : collection of int
        Datums of these that are to be left: they are there under another name.

    Raises
    ------
    RunError
        If another run of the transform is at work.
    """
    done = Pruned(renamed=len(renamed))
    out = conn.execute("select out from transform where id = ?", (transform,)).fetchone()[0]
    real = _Places([os.path.realpath(f) for f in folders if not is_url(f)], far)
    after = 0
    while ids := _page(conn, transform, after, left):
        first, after = ids[0], ids[-1]
        ids = [datum for datum in ids if datum not in renamed]
        outputs = recorded_outputs(conn, ids)
        found = {datum: _looked_at(outputs.get(datum, []), real, done) for datum in ids}
        if keeper is not None:
            keeper.before(ids)
        with transaction(conn):
            _check_idle(conn, transform, run)
            gone = set(_page(conn, transform, first - 1, left, after - first + 1))
            for datum in filter(gone.__contains__, ids):
                put_former(conn, transform, _remove(conn, datum, found[datum], out, real, done))
            if keeper is not None:
                keeper.write(conn, filter(gone.__contains__, ids))
    return done


def _which(left: bool) -> str:
    return f"dirty <> {_PRUNED}" + ("" if left else " and gone > 0")


def _page(
    conn: sqlite3.Connection, transform: int, after: int, left: bool, n: int = _BATCH
) -> list[int]:
    rows = conn.execute(
        "select id from datum where transform = ? and gone is not null"
        f" and {_which(left)} and id > ? order by id limit ?",
        (transform, after, n),
    )
    return [row[0] for row in rows]


def _check_idle(conn: sqlite3.Connection, transform: int, run: int) -> None:
    sql = "select 1 from run where transform = ? and ended is null and id <> ? limit 1"
    if conn.execute(sql, (transform, run)).fetchone():
        raise RunError("it is running: prune when the run has ended")


def _looked_at(
    rows: Sequence[tuple[bytes, int, int, bytes, int | None]], places: _Places, done: Pruned
) -> list[_File]:
    """Return the files that may go; reading those in doubt takes long, so this is done
    before any lock is taken."""
    found = []
    for path, size, mtime_ns, digest, ctime_ns in rows:
        status = places.lstat(path)
        if status is None:
            found.append(_File(path, None, size, digest))
        elif not places.hold(path):
            done.outside += 1
            done._leave(path)
        elif status.st_size == size and (
            (status.st_mtime_ns == mtime_ns and ctime_ns in (None, status.st_ctime_ns))
            or holds(path, digest)
        ):
            stat = (status.st_size, status.st_mtime_ns, status.st_ino)
            found.append(_File(path, stat, size, digest))
        else:
            done.edited += 1
            done._leave(path)
    return found


def _real(path: bytes) -> bytes:
    """A path whose folders are no links."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _remove(
    conn: sqlite3.Connection,
    datum: int,
    files: list[_File],
    out: bytes | None,
    places: _Places,
    done: Pruned,
) -> list[Former]:
    """Remove the files of a datum; return what they were."""
    now = time.time()
    removed = [file for file in files if _unlinked(file, places, done)]
    conn.executemany(
        "delete from output where datum = ? and path = ?", [(datum, f.path) for f in removed]
    )
    rest = conn.execute("select count(*) from output where datum = ?", (datum,)).fetchone()[0]
    conn.execute(
        f"update datum set outputs = ?1, dirty = iif(?1, dirty, {_PRUNED}) where id = ?2",
        (rest, datum),
    )
    done.datums += not rest
    return [
        Former(datum, "output", rel_of(file.path, out), now, None, file.size, file.digest)
        for file in removed
    ]


def _unlinked(file: _File, places: _Places, done: Pruned) -> bool:
    """Remove one file, if it is still what was looked at."""
    status = places.lstat(file.path)
    if status is None:
        return True
    if file.stat != (status.st_size, status.st_mtime_ns, status.st_ino):
        done.edited += 1
        return False
    if (far := places.of(file.path)) is not None:
        far.remove(file.path)
    else:
        os.unlink(file.path)
        _remove_empty(file.path, places.folders)
    done.files += 1
    done.size += status.st_size
    return True


def _remove_empty(path: bytes, folders: list[bytes]) -> None:
    real = _real(path)
    for out in folders:
        if is_below(real, out):
            for folder in folders_above(real, out):
                try:
                    os.rmdir(folder)
                except OSError:
                    return
