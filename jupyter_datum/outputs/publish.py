"""Publishing: a redo log, in groups. Only the runner publishes.

The order decides (protocol 6): (1) check; (2) sync the staged files; (3) commit what is
about to be renamed; (4) rename, remove what the former version made and this one does not;
(5) sync the folders; (6) commit success, with the final stat; (7) only then forget. Killed
at any point, :func:`roll_forward` brings every group that was committed in (3) to (6), and
nothing is ever seen half.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from ..errors import OutputError
from ..events import Done, frame, frames
from ..hashing import file_digest
from ..ledger.db import transaction
from ..ledger.writes import RunKey, check_epoch
from .names import check_rel, file_system_folds, fold
from .staging import FOLDER, pool

#: Staged files in a group from which one ``syncfs`` is cheaper than an ``fsync`` for each.
_SYNC_ALL: Final = 8


class Verdict(NamedTuple):
    """What became of a datum: published, or refused with a sentence."""

    done: Done
    ok: bool
    reason: str | None


class Move(NamedTuple):
    """One step of a group: ``staged`` to ``final``; with ``staged`` empty, ``final`` goes."""

    datum: int
    attempt: int
    staged: bytes
    final: bytes
    size: int
    digest: bytes


Commit = Callable[[sqlite3.Connection, list[Verdict]], None]


class Publisher:
    """Publishes the outputs of one run.

    Parameters
    ----------
    conn : sqlite3.Connection
    run : RunKey
    out : bytes or None
        Absolute output folder.
    replace : bool
        Whether files that the ledger does not know, or that were edited by hand, are
        overwritten (``--force``).
    """

    def __init__(
        self, conn: sqlite3.Connection, *, run: RunKey, out: bytes | None, replace: bool = False
    ) -> None:
        self._conn = conn
        self._run = run
        self._out = out
        self._replace = replace
        self._folds: bool | None = None
        self._group = 0

    def publish(self, group: Sequence[Done], commit: Commit) -> list[Verdict]:
        """Publish `group` and have `commit` write its rows in the very same transaction.

        Raises
        ------
        Fenced
            If the run belongs to another runner; nothing is published then.
        OutputError
            If the disk is full or broken; the group can be published again later.
        """
        if any(done.outputs for done in group) or self._former(group):
            return self._publish_files(group, commit)
        verdicts = [Verdict(done, True, None) for done in group]
        with transaction(self._conn):
            check_epoch(self._conn, self._run)
            commit(self._conn, verdicts)
        return verdicts

    def _publish_files(self, group: Sequence[Done], commit: Commit) -> list[Verdict]:
        verdicts, moves = self._judge(group)
        try:
            self._sync([move.staged for move in moves if move.staged])
            self._announce(moves, [v.done for v in verdicts if v.ok])
            self._rename(moves)
            self._sync_folders(moves)
        except OSError as exc:
            raise _disk_error(exc) from exc
        self._conclude(moves, verdicts, commit)
        return verdicts

    # -- 1: who may write where ----------------------------------------------------------

    def _judge(self, group: Sequence[Done]) -> tuple[list[Verdict], list[Move]]:
        taken: dict[bytes, Done] = {}
        verdicts: list[Verdict] = []
        moves: list[Move] = []
        for done in group:
            reason = self._refusal(done, taken)
            verdicts.append(Verdict(done, reason is None, reason))
            if reason is None:
                mine = [self._move(done, i) for i in range(len(done.outputs))]
                taken.update((self._fold(move.final), done) for move in mine)
                moves += mine + self._leftovers(done, {move.final for move in mine})
        return verdicts, moves

    def _refusal(self, done: Done, taken: dict[bytes, Done]) -> str | None:
        for i, output in enumerate(done.outputs):
            reason = check_rel(output.rel)
            if reason is not None:
                return f"the output {_show(output.rel)} is refused: {reason}"
            move = self._move(done, i)
            if _size(move.staged) != output.size:
                return f"the staged file of {_show(output.rel)} is gone or has another size"
            reason = self._conflict(done, move, taken)
            if reason is not None:
                return reason
        return None

    def _conflict(self, done: Done, move: Move, taken: dict[bytes, Done]) -> str | None:
        folded = self._fold(move.final)
        other = taken.get(folded)
        if other is not None and other.datum != done.datum:
            return self._two(move.final, done, other.key)
        owner = self._owner(folded)
        if owner is not None and owner[0] != done.datum and not self._free(owner[0]):
            return self._owned(move.final, done, owner)
        if owner is not None and owner[0] == done.datum:
            return self._edited(move, owner)
        if owner is None:
            return self._unknown(move)
        return None

    def _owner(self, folded: bytes) -> tuple[int, int, int, int, bytes] | None:
        """``(datum, transform, size, mtime_ns, digest)`` of who owns a path."""
        row = self._conn.execute(
            "select datum, transform, size, mtime_ns, digest from output where folded = ?",
            (folded,),
        ).fetchone()
        return tuple(row) if row else None

    def _free(self, datum: int) -> bool:
        """Whether a former owner has to give its path up: it belongs to this transform, and
        this run has not made or kept it (it is stale, or gone from the input)."""
        row = self._conn.execute(
            "select transform, run, version from datum where id = ?", (datum,)
        ).fetchone()
        if row is None:
            return True
        transform, run, version = row
        return bool(
            transform == self._run.transform
            and run != self._run.id
            and version != self._run.version
        )

    def _edited(self, move: Move, owner: tuple[int, int, int, int, bytes]) -> str | None:
        """A file that was changed since we made it is not overwritten silently."""
        try:
            now = os.lstat(move.final)
        except OSError:
            return None
        if self._replace or (now.st_size, now.st_mtime_ns) == owner[2:4]:
            return None
        if file_digest(move.final) in (owner[4], move.digest):
            return None
        return (
            f"{_show(move.final)} was changed by hand since it was made; move it away, or "
            "run with --force to overwrite it"
        )

    def _unknown(self, move: Move) -> str | None:
        """A file that the ledger does not know: adopted if it is the same, else not touched."""
        if os.path.isdir(move.final):
            return f"{_show(move.final)} is a folder"
        parent = _file_above(move.final, self._out or b"")
        if parent is not None:
            return f"{_show(parent)} is a file, where {_show(move.final)} needs a folder"
        if self._replace or not os.path.lexists(move.final):
            return None
        if os.path.isfile(move.final) and file_digest(move.final) == move.digest:
            return None
        return (
            f"{_show(move.final)} exists and is not ours; move it away, or run with --force "
            "to overwrite it"
        )

    def _two(self, path: bytes, done: Done, other: bytes) -> str:
        return (
            f"two datums write {_show(path)}: {_show(done.key)} and {_show(other)}; "
            "use datum.out_file(), or another name for each"
        )

    def _owned(self, path: bytes, done: Done, owner: tuple[int, int, int, int, bytes]) -> str:
        row = self._conn.execute(
            "select t.name, d.key from datum d join transform t on t.id = d.transform"
            " where d.id = ?",
            (owner[0],),
        ).fetchone()
        if owner[1] == self._run.transform:
            return self._two(path, done, row[1] if row else b"?")
        return f"{_show(path)} belongs to transform {row[0] if row else '?'!r}"

    def _former(self, group: Sequence[Done]) -> bool:
        """Whether some datum of `group` has outputs of a former version."""
        if self._out is None:
            return False
        return any(self._outputs(done.datum) for done in group)

    def _outputs(self, datum: int) -> list[tuple[bytes, int, int]]:
        return self._conn.execute(
            "select path, size, mtime_ns from output where datum = ?", (datum,)
        ).fetchall()

    def _leftovers(self, done: Done, kept: set[bytes]) -> list[Move]:
        """What the former version made and this one does not; files edited since stay."""
        return [
            Move(done.datum, done.attempt, b"", path, size, b"")
            for path, size, mtime_ns in self._outputs(done.datum)
            if path not in kept and _is(path, size, mtime_ns)
        ]

    def _move(self, done: Done, i: int) -> Move:
        assert self._out is not None
        output = done.outputs[i]
        staged = os.path.join(pool(self._out), os.fsencode(output.staged))
        final = os.path.join(self._out, output.rel)
        return Move(done.datum, done.attempt, staged, final, output.size, output.digest)

    def _fold(self, path: bytes) -> bytes:
        if self._folds is None:
            assert self._out is not None
            os.makedirs(self._out, exist_ok=True)
            self._folds = file_system_folds(self._out)
        return fold(path, self._folds)

    # -- 2 to 5 --------------------------------------------------------------------------

    def _sync(self, staged: Sequence[bytes]) -> None:
        if self._out is not None and len(staged) > _SYNC_ALL and _syncfs(self._out):
            return
        for path in staged:
            _fsync(path)

    def _announce(self, moves: Sequence[Move], dones: Iterable[Done]) -> None:
        """Commit the redo log. The first row of a datum carries its record."""
        records = {done.datum: frame(done) for done in dones}
        with transaction(self._conn):
            check_epoch(self._conn, self._run)
            row = self._conn.execute("select coalesce(max(grp), 0) + 1 from publishing")
            self._group = int(row.fetchone()[0])
            run = self._run
            self._conn.executemany(
                "insert into publishing (grp, epoch, run, transform, datum, attempt, staged,"
                " final, size, digest, record) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (self._group, run.epoch, run.id, run.transform, *move,
                     records.pop(move.datum, b""))
                    for move in moves
                ],
            )  # fmt: skip

    def _rename(self, moves: Sequence[Move]) -> None:
        for move in moves:
            carry_out(move)

    def _sync_folders(self, moves: Sequence[Move]) -> None:
        for folder in sorted({os.path.dirname(move.final) for move in moves}):
            _fsync(folder)

    # -- 6 and 7 -------------------------------------------------------------------------

    def _conclude(self, moves: Sequence[Move], verdicts: list[Verdict], commit: Commit) -> None:
        with transaction(self._conn):
            check_epoch(self._conn, self._run)
            put_outputs(self._conn, self._run.transform, moves, self._fold)
            self._conn.execute("delete from publishing where grp = ?", (self._group,))
            commit(self._conn, verdicts)


def carry_out(move: Move) -> None:
    """Do one step of a group; doing it twice is doing it once."""
    if not move.staged:
        try:
            os.unlink(move.final)
        except FileNotFoundError:
            pass
        return
    try:
        os.rename(move.staged, move.final)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(move.final), exist_ok=True)
        if os.path.lexists(move.staged):
            os.rename(move.staged, move.final)
        elif _size(move.final) != move.size or file_digest(move.final) != move.digest:
            raise


def put_outputs(
    conn: sqlite3.Connection,
    transform: int,
    moves: Sequence[Move],
    folded: Callable[[bytes], bytes],
) -> None:
    """Write who owns which path now, with the final stat. Inside a transaction."""
    made = [move for move in moves if move.staged]
    conn.executemany(
        "delete from output where datum = ?", [(datum,) for datum in {m.datum for m in moves}]
    )
    rows = []
    for move in made:
        status = os.lstat(move.final)
        rows.append(
            (folded(move.final), move.final, transform, move.datum, status.st_size,
             status.st_mtime_ns, move.digest)
        )  # fmt: skip
    conn.executemany("insert or replace into output values (?, ?, ?, ?, ?, ?, ?)", rows)


def roll_forward(conn: sqlite3.Connection, run: RunKey, out: bytes, commit: Commit) -> int:
    """Finish the groups of `run` that an older runner had announced; return how many datums.

    `run` has the epoch of the new runner, which has taken the run over already.
    """
    rows = conn.execute(
        "select datum, attempt, staged, final, size, digest, record from publishing"
        " where run = ? order by id",
        (run.id,),
    ).fetchall()
    if not rows:
        return 0
    moves = [Move(*row[:6]) for row in rows]
    whole = _carried_out(moves)
    dones = [record for row in rows if row[6] for record, _ in frames(row[6])]
    verdicts = [
        Verdict(done, True, None)
        for done in dones
        if isinstance(done, Done) and done.datum in whole
    ]
    folds = file_system_folds(out)
    for folder in sorted({os.path.dirname(move.final) for move in moves}):
        if os.path.isdir(folder):
            _fsync(folder)
    with transaction(conn):
        check_epoch(conn, run)
        kept = [move for move in moves if move.datum in whole]
        put_outputs(conn, run.transform, kept, lambda path: fold(path, folds))
        conn.execute("delete from publishing where run = ?", (run.id,))
        commit(conn, verdicts)
    return len(verdicts)


def _carried_out(moves: Sequence[Move]) -> set[int]:
    """Carry `moves` out; return the datums of which every file stands in its place."""
    broken: set[int] = set()
    for move in moves:
        try:
            carry_out(move)
        except OSError:  # neither staged nor final: that datum runs again
            broken.add(move.datum)
    return {move.datum for move in moves} - broken


def sweep(conn: sqlite3.Connection, out: bytes, live: int | None) -> None:
    """Remove staging of runners other than that of epoch `live`, but what a failed attempt
    left to be looked at and what the redo log still names."""
    folder = os.path.join(out, FOLDER)
    named = {row[0] for row in conn.execute("select staged from publishing")}
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            full = os.path.join(path, name)
            if not name.startswith(b"failed-") and full not in named and _epoch(path, name) != live:
                os.unlink(full)
        for name in folders:
            if _epoch(path, name) != live:
                _rmdir(os.path.join(path, name))
    _rmdir(folder)


def _epoch(path: bytes, name: bytes) -> int | None:
    """The epoch in a staging name: of the pool's files, or of a worker's private folder."""
    for part in (name, *reversed(path.split(b"/"))):
        head = part.partition(b"-")[0]
        if head.isdigit():
            return int(head)
    return None


def _rmdir(path: bytes) -> None:
    try:
        os.rmdir(path)
    except OSError:
        pass  # not empty, or gone


def _file_above(path: bytes, out: bytes) -> bytes | None:
    """The file that stands where a parent folder of `path` has to be, if there is one."""
    parent = os.path.dirname(path)
    while len(parent) > len(out):
        if os.path.isfile(parent) or os.path.islink(parent):
            return parent
        parent = os.path.dirname(parent)
    return None


def _size(path: bytes) -> int | None:
    try:
        return os.lstat(path).st_size
    except OSError:
        return None


def _is(path: bytes, size: int, mtime_ns: int) -> bool:
    try:
        now = os.lstat(path)
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (size, mtime_ns)


def _fsync(path: bytes) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _syncfs(path: bytes) -> bool:
    """Sync the whole file system of `path`; False where there is no such call."""
    if not sys.platform.startswith("linux"):
        return False
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return int(ctypes.CDLL(None, use_errno=True).syncfs(handle)) == 0
    finally:
        os.close(handle)


def _disk_error(exc: OSError) -> OutputError:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        what = "the disk is full"
    elif exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        what = "the output folder cannot be written"
    else:
        what = f"outputs cannot be published ({exc})"
    return OutputError(
        f"{what}: {exc.filename!r}. What is finished stays; free it and run the cell again"
    )


def _show(path: bytes) -> str:
    return repr(path.decode("utf-8", "backslashreplace"))
