"""What a new runner does about the groups and the staging of those before it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from ...events import Done, frames
from ...ledger.db import transaction
from ...ledger.edges import keep_past
from ...ledger.writes import RunKey, check_epoch
from ...states import DatumState
from ..disk import disk_errors, lstat, sync_folder
from ..names import file_system_folds, fold
from ..staging import FAILED, FOLDER, pool
from . import redo
from .judge import Verdict
from .moves import Move, all_folders, carry_out, is_placed, is_torn, ordered

Fold = Callable[[bytes], bytes]
_GONE: Final = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


# -- rolling forward -------------------------------------------------------------------------


def roll_forward(
    conn: sqlite3.Connection,
    run: RunKey,
    out: bytes | None,
    commit: Callable[[sqlite3.Connection, list[Verdict]], None],
) -> int:
    """Finish what an older runner had announced for `run`; return how many datums.

    A datum of which a file is lost (neither staged nor in its place) is left out: what it
    has placed is taken back, and it has to run again.

    Parameters
    ----------
    conn : sqlite3.Connection
    run : RunKey
        With the epoch of the new runner, which has taken the run over already.
    out : bytes or None
        The run's output folder.
    commit : callable
        As for :meth:`Publisher.publish`.

    Raises
    ------
    Fenced
        If a still newer runner holds the run.
    OutputError
        If the disk is full or broken; it can be tried again.
    """
    moves, dones = announced_moves(conn, run)
    if not moves:
        return 0
    root = os.path.abspath(out) if out is not None else b""
    with disk_errors(out):
        folded = _folding(root)
        whole = _carried_out(conn, moves, root, folded)
        for folder in sorted(all_folders(moves, root)):
            sync_folder(folder)
        verdicts = [Verdict(done, True, None) for done in dones if done.datum in whole]
        made = [move for datum in whole.values() for move in datum]
        with transaction(conn):
            check_epoch(conn, run)
            keep_past(conn, run, whole)
            redo.put_outputs(conn, run.transform, whole, made, folded)
            redo.forget(conn, run, {move.datum for move in moves})
            commit(conn, verdicts)
    return len(verdicts)


def stranded(conn: sqlite3.Connection, epoch: int) -> list[RunKey]:
    """Return the ended runs that have left something in the redo log (their disk was full,
    say), as keys of the runner of `epoch`: take them over and roll them forward."""
    rows = conn.execute(
        "select id, transform, version from run where ended is not null"
        " and id in (select run from publishing) order by id"
    )
    return [RunKey(run, transform, version, epoch) for run, transform, version in rows]


def announced_moves(conn: sqlite3.Connection, run: RunKey) -> tuple[list[Move], list[Done]]:
    """Return the steps that stand in the redo log for a run, and the records they came with."""
    moves: list[Move] = []
    dones: list[Done] = []
    rows = conn.execute(
        "select datum, attempt, staged, final, size, digest, record from publishing"
        " where run = ? order by id",
        (run.id,),
    )
    for datum, attempt, staged, final, size, digest, record in rows:
        moves.append(Move(datum, attempt, staged, final, size, None, digest))
        dones += [done for done, _ in frames(record) if isinstance(done, Done)]
    return moves, dones


def _folding(out: bytes) -> Fold:
    if not out:
        return lambda path: path
    os.makedirs(_staging(out), exist_ok=True)
    folds = file_system_folds(_staging(out))
    return lambda path: fold(path, folds)


def _carried_out(
    conn: sqlite3.Connection, moves: Sequence[Move], out: bytes, folded: Fold
) -> dict[int, list[Move]]:
    """Carry out the steps of every datum that is whole; return them, with final times."""
    by_datum: dict[int, list[Move]] = {}
    for move in moves:
        by_datum.setdefault(move.datum, []).append(move)
    torn = {datum for datum, mine in by_datum.items() if is_torn(mine)}
    for move in ordered(moves, out):
        try:
            if move.datum not in torn:
                carry_out(move, out)
        except _GONE:  # somebody made a folder of that name, or removed the file just now
            torn.add(move.datum)
    for datum in torn:
        take_back(conn, by_datum[datum], folded)
    return {d: list(map(_timed, mine)) for d, mine in by_datum.items() if d not in torn}


def _timed(move: Move) -> Move:
    status = lstat(move.final) if move.staged else None
    # Gone or edited since: a time that no file has, so that the next plan looks at it.
    if status is None:
        return move._replace(mtime_ns=0)
    return move._replace(mtime_ns=status.st_mtime_ns, ctime_ns=status.st_ctime_ns)


def take_back(conn: sqlite3.Connection, moves: Iterable[Move], folded: Fold) -> None:
    """Remove what was placed of a datum that cannot be published as a whole: nothing stands
    under a final name that no success vouches for."""
    for move in moves:
        if move.staged and lstat(move.staged) is None and is_placed(move):
            owner = redo.owner(conn, folded(move.final))
            if owner is None or owner.digest != move.digest:
                os.unlink(move.final)


# -- sweeping --------------------------------------------------------------------------------


def sweep(
    conn: sqlite3.Connection, out: bytes, live: int | None, staging: bytes | None = None
) -> None:
    """Remove what is of no use any more from the staging of an output folder.

    That of the runner of epoch `live` stays, of runners whose runs into this folder have
    not ended, what the redo log names, and what the last run's failed attempts have left to
    be looked at. What cannot be removed is left to the next time. `staging` is where the
    staging is, if `out` is a URL.
    """
    rows = conn.execute(
        "select r.epoch from run r join transform t on t.id = r.transform"
        " where r.ended is null and t.out = ?",
        (out,),
    )
    folder = out if staging is None else staging
    epochs = {live, *(row[0] for row in rows)}
    named = {row[0] for row in conn.execute("select staged from publishing")}
    for entry in _entries(_staging(folder)):
        if entry.name not in (os.path.basename(pool(folder)), FAILED):
            _sweep(entry, epochs)
    for entry in _entries(pool(folder)):
        if entry.path not in named:
            _sweep(entry, epochs)
    for entry in _entries(os.path.join(_staging(folder), FAILED)):
        if not _is_last_failure(conn, entry.name):
            _remove(entry)
    for empty in (pool(folder), os.path.join(_staging(folder), FAILED), _staging(folder)):
        with suppress(OSError):
            os.rmdir(empty)  # if it is empty; workers make it again


def _is_last_failure(conn: sqlite3.Connection, name: bytes) -> bool:
    """Whether a kept file is of a datum that is still failed, and of its last run."""
    try:
        epoch, datum, attempt, _ = map(int, name.split(b"-"))
    except ValueError:
        return False
    row = conn.execute(
        "select 1 from datum d join attempt a on a.datum = d.id and a.run = d.run"
        " where d.id = ? and d.state = ? and a.epoch = ? and a.attempt = ?",
        (datum, DatumState.FAILED, epoch, attempt),
    ).fetchone()
    return row is not None


def _sweep(entry: os.DirEntry[bytes], epochs: set[int | None]) -> None:
    head = entry.name.partition(b"-")[0]
    if not head.isdigit() or int(head) not in epochs:
        _remove(entry)


def _remove(entry: os.DirEntry[bytes]) -> None:
    with suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            os.unlink(entry.path)


def _entries(folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _staging(out: bytes) -> bytes:
    return os.path.join(out, FOLDER)
