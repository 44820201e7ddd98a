"""Takes a group of datums from staging to their final names, in the order that is safe."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace as changed

from ...events import Done
from ...ledger.db import transaction
from ...ledger.edges import keep_past
from ...ledger.versions import equivalent_versions
from ...ledger.writes import RunKey, check_epoch
from ..disk import disk_errors, sync_files, sync_folder, write_anew
from ..names import file_system_folds, fold
from ..staging import pool
from . import redo
from .judge import Judge, Rules, Verdict
from .moves import Move, carry_out, is_torn, ordered, placed
from .recovery import roll_forward, take_back

#: Writes what else is to become durable in the very same transaction.
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
    replace_edited : bool
        Whether files that we made, and that were edited since, are (``--replace-edited``).
    is_stale : callable, optional
        Tells of a datum (by row id) that holds a success of this very version whether it is
        to be run again all the same (its input changed), or has left the input: then its
        paths are free to a new maker. Without it they are not.
    before : callable, optional
        Told of datums (by row id) whose former outputs are about to be replaced.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        *,
        run: RunKey,
        out: bytes | None,
        replace: bool = False,
        replace_edited: bool = False,
        is_stale: Callable[[int], bool] | None = None,
        before: Callable[[Iterable[int]], None] | None = None,
    ) -> None:
        self._conn = conn
        self._run = run
        self._out = os.path.abspath(out) if out is not None else b""
        same = equivalent_versions(conn, run.version)
        self._rules = Rules(
            run,
            self._out,
            replace=replace,
            replace_edited=replace_edited,
            is_stale=is_stale,
            versions=same,
        )
        self._before = before
        self._grounded = False
        # What a try that failed leaves to the next one:
        self._announced: dict[tuple[int, int], list[Move]] = {}
        self._carried: set[Move] = set()
        self._doubted: set[bytes] = set()  # staged files that a failed sync may have lost
        self._touched: set[bytes] = set()  # folders changed and not synced

    def publish(self, group: Sequence[Done], commit: Commit) -> list[Verdict]:
        """Publish `group` and have `commit` write its rows in the very same transaction.

        Parameters
        ----------
        group : sequence of Done
        commit : callable
            Called with the connection and the verdicts, in the order of `group`.

        Raises
        ------
        Fenced
            If the run belongs to another runner; nothing is published then.
        OutputError
            If the disk is full or broken. The group, or a larger one that holds it, can be
            published again later.
        """
        with disk_errors(self._out or None):
            self._prepare(group)
            judge = self._judge(group)
            if judge.fresh:
                judge = self._announce(group, judge)
            if self._before is not None:
                self._before([v.done.datum for v in judge.verdicts if v.ok])
            self._carry_out(judge.moves)
            self._conclude(judge, commit)
        self._forget(judge)
        return judge.verdicts

    # -- 1: check --------------------------------------------------------------------------

    def _prepare(self, group: Sequence[Done]) -> None:
        if any(done.outputs for done in group):
            self._stand_on_ground()
        for key, moves in list(self._announced.items()):
            if is_torn(move for move in moves if move not in self._carried):
                take_back(self._conn, moves, self._fold)
                with transaction(self._conn):
                    check_epoch(self._conn, self._run)
                    redo.forget(self._conn, self._run, [key[0]])
                del self._announced[key]
        if self._doubted:
            self._write_doubted_anew(group)

    def _stand_on_ground(self) -> None:
        """Make the output folder, and find out what it lies on."""
        if self._grounded or not self._out:
            return
        os.makedirs(pool(self._out), exist_ok=True)
        folds = file_system_folds(os.path.dirname(pool(self._out)))
        self._rules = changed(self._rules, folds=folds)
        self._touched.update((self._out, os.path.dirname(self._out)))
        self._grounded = True

    def _write_doubted_anew(self, group: Sequence[Done]) -> None:
        """A failed sync is never repeated and trusted: what it may have lost is written
        once more, or is gone and its datum refused."""
        for done in group:
            for output in done.outputs:
                path = os.path.join(pool(self._out), os.fsencode(output.staged))
                if path in self._doubted and not write_anew(path, output.digest):
                    os.unlink(path)

    def _judge(self, group: Sequence[Done]) -> Judge:
        return Judge(self._conn, self._rules, group, self._announced)

    # -- 2: sync ---------------------------------------------------------------------------

    def _sync(self, moves: Iterable[Move]) -> None:
        staged = [move.staged for move in moves if move.staged]
        if not staged:
            return
        self._doubted.update(staged)
        folder = pool(self._out)
        sync_files(staged, (folder, os.path.dirname(folder)))
        self._doubted.difference_update(staged)

    # -- 3: commit what is about to be done ------------------------------------------------

    def _announce(self, group: Sequence[Done], judge: Judge) -> Judge:
        """Write the redo log. Judging may take long (it reads files), so it is done without
        the lock, and again if another run took one of the paths meanwhile."""
        self._sync(judge.fresh)
        with transaction(self._conn):
            check_epoch(self._conn, self._run)
            if judge.overtaken():
                synced = set(judge.fresh)
                judge = self._judge(group)
                self._sync(set(judge.fresh) - synced)
            dones = [v.done for v in judge.verdicts if v.ok]
            redo.announce(self._conn, self._run, judge.fresh, dones)
        for move in judge.fresh:
            self._announced.setdefault((move.datum, move.attempt), []).append(move)
        return judge

    # -- 4 and 5: rename, remove, sync the folders -----------------------------------------

    def _carry_out(self, moves: Sequence[Move]) -> None:
        for move in ordered(moves, self._out):
            if move not in self._carried:
                self._touched |= carry_out(move, self._out)
                self._carried.add(move)
        for folder in sorted(self._touched) if moves else ():
            sync_folder(folder)
            self._touched.discard(folder)

    # -- 6 and 7: commit success, forget ---------------------------------------------------

    def _conclude(self, judge: Judge, commit: Commit) -> None:
        with transaction(self._conn):
            check_epoch(self._conn, self._run)
            if judge.changes_files:
                datums = judge.accepted
                keep_past(self._conn, self._run, datums)
                moves = self._placed(judge.moves)
                redo.put_outputs(self._conn, self._run.transform, datums, moves, self._fold)
                redo.forget(self._conn, self._run, (v.done.datum for v in judge.verdicts))
            commit(self._conn, judge.verdicts)

    def _placed(self, moves: Sequence[Move]) -> Sequence[Move]:
        """The steps with what is recorded of the files that they have made."""
        return list(map(placed, moves))

    def roll_forward(self, commit: Commit) -> int:
        """Finish what an older runner had announced; return how many datums.

        See :func:`~.recovery.roll_forward`.
        """
        return roll_forward(self._conn, self._run, self._out or None, commit)

    def _forget(self, judge: Judge) -> None:
        for move in judge.moves:
            self._announced.pop((move.datum, move.attempt), None)
        self._carried.difference_update(judge.moves)

    def _fold(self, path: bytes) -> bytes:
        return fold(path, self._rules.folds)
