"""Publishing to where a URL says: the same redo log, with uploads in the place of renames.

(1) check what stands there and who owns it; (2) sync the staged files, which lie on this
machine; (3) commit what is about to be uploaded; (4) upload each object whole under its final
name, with its hash and its attempt as metadata, then remove what the former version made and
this one does not; (6) commit success, with the store's word for what each object is; (7) only
then forget. An upload done twice is one done once, so whatever was committed in (3) is
uploaded again by the next runner.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...events import Done, OutputFile
from ...ledger.db import transaction
from ...ledger.edges import keep_past
from ...ledger.writes import RunKey, check_epoch
from ...remote import is_url
from ..disk import disk_errors, lstat, sync_files, write_anew
from ..names import is_below
from ..porter import Parcel, Porter, Seen
from ..staging import pool
from . import redo
from .judge import Judge, Rules, Verdict, edited, staged_file, unknown
from .moves import Move, carry_out, is_unedited
from .publisher import Commit, Publisher
from .recovery import announced_moves


class RemoteJudge(Judge):
    """Judges one group whose outputs go to a URL.

    Parameters
    ----------
    conn, rules, group, announced
        As of :class:`~.judge.Judge`; ``rules.out`` is the URL.
    staging : bytes
        Folder of this machine in which the staged files lie.
    look : callable
        What stands under some URLs.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        rules: Rules,
        group: Sequence[Done],
        announced: Mapping[tuple[int, int], Sequence[Move]],
        staging: bytes,
        look: Callable[[Iterable[bytes]], dict[bytes, Seen | None]],
    ) -> None:
        finals = [os.path.join(rules.out, o.rel) for done in group for o in done.outputs]
        former = redo.former_outputs(conn, [done.datum for done in group])
        olds = [old.path for owned in former.values() for old in owned]
        self._there = look([*finals, *(path for path in olds if is_below(path, rules.out))])
        super().__init__(conn, rules, group, announced, pool(staging))

    def _move(self, done: Done, output: OutputFile) -> Move | str:
        found = staged_file(self._pool, output)
        if isinstance(found, str):
            return found
        final = os.path.join(self._rules.out, output.rel)
        return Move(done.datum, done.attempt, found[0], final, output.size, None, output.digest)

    def _on_disk(self, done: Done, move: Move, owner: redo.Owned | None) -> str | None:
        there = self._there.get(move.final)
        if there is None or self._rules.replace or there.digest == move.digest:
            return None
        if owner is None:
            return unknown(move.final)
        same = (there.size, there.token) == (owner.size, owner.mtime_ns)
        if same or self._rules.replace_edited or there.digest == owner.digest:
            return None
        return edited(move.final)

    def _is_as_made(self, old: redo.Owned) -> bool:
        if not is_url(old.path):  # the transform had a folder of this machine then
            return is_unedited(old.path, old.size, old.mtime_ns, old.digest, old.ctime_ns)
        there = self._there.get(old.path)
        return there is not None and (there.size, there.token) == (old.size, old.mtime_ns)


class RemotePublisher(Publisher):
    """Publishes the outputs of one run to a URL.

    Parameters
    ----------
    conn : sqlite3.Connection
    run, replace, replace_edited, is_stale
        As of :class:`~.publisher.Publisher`.
    out : bytes
        The URL.
    staging : bytes
        Folder of this machine in which workers stage.
    porter : Porter
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        *,
        run: RunKey,
        out: bytes,
        staging: bytes,
        porter: Porter,
        **rules: Any,
    ) -> None:
        super().__init__(conn, run=run, out=None, **rules)
        self._out = out.rstrip(b"/")
        self._rules = replace(self._rules, out=self._out)
        self._staging = staging
        self._porter = porter
        self._tokens: dict[Move, int] = {}

    # -- the steps that differ -------------------------------------------------------------

    def _prepare(self, group: Sequence[Done]) -> None:
        if any(done.outputs for done in group):
            os.makedirs(pool(self._staging), exist_ok=True)
        for key, moves in list(self._announced.items()):
            if any(m.staged and m not in self._tokens and lstat(m.staged) is None for m in moves):
                with transaction(self._conn):
                    check_epoch(self._conn, self._run)
                    redo.forget(self._conn, self._run, [key[0]])
                del self._announced[key]
        for done in group if self._doubted else ():
            for output in done.outputs:
                path = os.path.join(pool(self._staging), os.fsencode(output.staged))
                if path in self._doubted and not write_anew(path, output.digest):
                    os.unlink(path)

    def _judge(self, group: Sequence[Done]) -> Judge:
        return RemoteJudge(
            self._conn, self._rules, group, self._announced, self._staging, self._look
        )

    def _sync(self, moves: Iterable[Move]) -> None:
        staged = [move.staged for move in moves if move.staged]
        if staged:
            self._doubted.update(staged)
            folder = pool(self._staging)
            sync_files(staged, (folder, os.path.dirname(folder)))
            self._doubted.difference_update(staged)

    def _carry_out(self, moves: Sequence[Move]) -> None:
        puts = [move for move in moves if move.staged and move not in self._tokens]
        for move, seen in zip(puts, self._put(puts), strict=True):
            self._tokens[move] = seen.token
        gone = [m for m in moves if not m.staged and m not in self._carried]
        self._porter.remove([self._rel(m.final) for m in gone if is_below(m.final, self._out)])
        for move in gone:
            if not is_url(move.final):
                carry_out(move, os.path.dirname(move.final))
        self._carried.update(gone)

    def _placed(self, moves: Sequence[Move]) -> list[Move]:
        return [move._replace(mtime_ns=self._tokens.get(move, 0)) for move in moves]

    def _forget(self, judge: Judge) -> None:
        super()._forget(judge)
        for move in judge.moves:
            self._tokens.pop(move, None)
            if move.staged:
                _unlink(move.staged)

    # -- what a former runner has left ------------------------------------------------------

    def roll_forward(self, commit: Commit) -> int:
        moves, dones = announced_moves(self._conn, self._run)
        if not moves:
            return 0
        with disk_errors(self._out):
            whole = self._rolled(moves)
            verdicts = [Verdict(done, True, None) for done in dones if done.datum in whole]
            made = [move for mine in whole.values() for move in mine]
            with transaction(self._conn):
                check_epoch(self._conn, self._run)
                keep_past(self._conn, self._run, whole)
                redo.put_outputs(self._conn, self._run.transform, whole, made, self._fold)
                redo.forget(self._conn, self._run, {move.datum for move in moves})
                commit(self._conn, verdicts)
        for move in moves:
            if move.staged:
                _unlink(move.staged)
        return len(verdicts)

    def _rolled(self, moves: Sequence[Move]) -> dict[int, list[Move]]:
        """Carry out the steps of every datum that is whole. One of which a file is neither
        staged nor uploaded has to run again."""
        there = self._look(move.final for move in moves)
        seen = {move: there[move.final] for move in moves}
        lost = {
            move.datum
            for move in moves
            if move.staged and lstat(move.staged) is None and not _is_ours(seen[move], move)
        }
        self._take_back([move for move in moves if move.datum in lost], seen)
        kept = [move for move in moves if move.datum not in lost]
        puts = [move for move in kept if move.staged and lstat(move.staged) is not None]
        seen.update(zip(puts, self._put(puts), strict=True))
        gone = [move for move in kept if not move.staged and _is_ours(seen[move], move)]
        self._porter.remove([self._rel(move.final) for move in gone])
        found: dict[int, list[Move]] = {}
        for move in kept:
            now = seen[move]
            token = now.token if now is not None else 0
            found.setdefault(move.datum, []).append(move._replace(mtime_ns=token))
        return found

    def _take_back(self, moves: Sequence[Move], seen: Mapping[Move, Seen | None]) -> None:
        """Remove what was uploaded of datums that cannot be published as a whole."""
        for move in moves:
            now, owner = seen[move], redo.owner(self._conn, move.final)
            vouched = owner is not None and owner.digest == move.digest
            if move.staged and not vouched and now is not None and now.digest == move.digest:
                self._porter.remove([self._rel(move.final)])

    # -- the store ---------------------------------------------------------------------------

    def _look(self, urls: Iterable[bytes]) -> dict[bytes, Seen | None]:
        wanted = list(dict.fromkeys(urls))
        below = [url for url in wanted if is_below(url, self._out)]
        found = self._porter.look([self._rel(url) for url in below])
        return {**dict.fromkeys(wanted), **dict(zip(below, found, strict=True))}

    def _put(self, moves: Sequence[Move]) -> list[Seen]:
        run = self._run.id
        return self._porter.put(
            [
                Parcel(m.staged, self._rel(m.final), m.digest, f"{run}-{m.datum}-{m.attempt}")
                for m in moves
            ]
        )

    def _rel(self, url: bytes) -> bytes:
        return url[len(self._out) + 1 :]


def _is_ours(seen: Seen | None, move: Move) -> bool:
    """Whether what stands there is what `move` is about; without a hash, by its size."""
    if seen is None or seen.size != move.size:
        return False
    return seen.digest == move.digest if seen.digest else bool(move.staged)


def _unlink(path: bytes) -> None:
    try:
        os.unlink(path)
    except OSError:  # swept later
        pass
