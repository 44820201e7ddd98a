"""Who may write where: each datum of a group is let through, or refused with a sentence."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, NamedTuple

from ...events import Done, OutputFile
from ...ledger.db import data_version
from ...ledger.writes import RunKey
from ...states import DatumState
from ..disk import holds, lstat
from ..names import check_rel, fold, folders_above, show, show_key
from ..staging import pool
from . import redo
from .moves import Move, is_unedited

#: Outcomes in which a datum of this run keeps its paths.
_FINISHED: Final = (DatumState.SUCCESS, DatumState.RECOVERED)
Announced = Mapping[tuple[int, int], Sequence[Move]]


#: A named tuple from a tuple of the right length, without its maker's detour.
_new = tuple.__new__


class Verdict(NamedTuple):
    """What became of a datum: published, or refused with a sentence."""

    done: Done
    ok: bool
    reason: str | None


@dataclass(frozen=True)
class Rules:
    """What a judge goes by.

    Parameters
    ----------
    run : RunKey
    out : bytes
        Absolute output folder; empty if there is none.
    folds : bool
        Whether the file system takes ``a`` and ``A`` for one name.
    replace : bool
        Whether files that we did not make, or that were edited since, may be overwritten.
    replace_edited : bool
        Whether those that we made may be, edited since or not.
    versions : frozenset of int
        Versions of the code that count as this run's.
    is_stale : callable or None
        Whether a datum (by row id) that holds a success of this very version is to be run
        again all the same, or has left the input: then its paths are free.
    """

    run: RunKey
    out: bytes
    folds: bool = False
    replace: bool = False
    replace_edited: bool = False
    versions: frozenset[int] = frozenset()
    is_stale: Callable[[int], bool] | None = None


class Judge:
    """Judges one group. Reads the ledger and the disk, changes neither.

    Parameters
    ----------
    conn : sqlite3.Connection
    rules : Rules
    group : sequence of Done
    announced : mapping
        What was let through in an earlier try and stands in the redo log, by (datum,
        attempt): it is let through again as it was.
    staged : bytes
        Folder of the staged files, if it is not the output folder's own.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        rules: Rules,
        group: Sequence[Done],
        announced: Announced,
        staged: bytes = b"",
    ) -> None:
        self._conn = conn
        self._rules = rules
        self._announced = announced
        self._pool = staged or pool(rules.out)
        self._version = data_version(conn)
        self._group = {done.datum for done in group}
        self._former = redo.former_outputs(conn, list(self._group))
        self._claims: dict[bytes, str] = {}
        self._accepted: set[int] = set()
        self._files: dict[bytes, Done] = {}
        self._folders: dict[bytes, Done] = {}
        self._owners: dict[bytes, redo.Owned | None] = {}
        self._blocked: dict[bytes, str] = {}
        self.verdicts: list[Verdict] = []
        #: All steps of the group.
        self.moves: list[Move] = []
        #: Those that do not stand in the redo log yet.
        self.fresh: list[Move] = []
        if self._former or announced or any(done.outputs for done in group):
            self._claims = self._claimed()
            self._judge(group)
        else:
            self.verdicts = [_new(Verdict, row) for row in zip(group, repeat(True), repeat(None))]

    @property
    def changes_files(self) -> bool:
        """Whether the group makes files, or former versions of it did."""
        return bool(self.moves or self._former)

    @property
    def accepted(self) -> set[int]:
        """Datums that are let through."""
        return self._accepted

    def overtaken(self) -> bool:
        """Return whether somebody has taken or announced one of the paths since."""
        if data_version(self._conn) == self._version:
            return False  # nobody else has written anything
        claims = self._claimed()
        taken = any(path in claims for path in self._owners)
        return taken or redo.owners(self._conn, self._owners) != self._owners

    # -- the group -------------------------------------------------------------------------

    def _judge(self, group: Sequence[Done]) -> None:
        steps: dict[tuple[int, int], list[Move] | str] = {}
        for done in group:
            attempt = (done.datum, done.attempt)
            if (moves := self._announced.get(attempt)) is not None:
                self._accept(done, moves)
                self.moves += moves
            else:
                steps[attempt] = self._steps(done)
        finals = (move.final for mine in steps.values() if type(mine) is list for move in mine)
        self._owners = redo.owners(self._conn, map(self._fold, finals))
        for done in group:
            if (mine := steps.get((done.datum, done.attempt))) is None:
                self.verdicts.append(Verdict(done, True, None))
            else:
                self.verdicts.append(self._verdict(done, mine))
        self.fresh += self._leftovers()
        self.moves += self.fresh

    def _steps(self, done: Done) -> list[Move] | str:
        moves = []
        for output in done.outputs:
            move = self._move(done, output)
            if isinstance(move, str):
                return move
            moves.append(move)
        return moves

    def _verdict(self, done: Done, moves: list[Move] | str) -> Verdict:
        if done.datum in self._accepted:
            return Verdict(done, False, "another attempt of this datum is published already")
        if isinstance(moves, str):
            return Verdict(done, False, moves)
        for move in moves:
            if (reason := self._conflict(done, move)) is not None:
                return Verdict(done, False, reason)
        if len(moves) > 1 and len({self._fold(move.final) for move in moves}) < len(moves):
            return Verdict(done, False, "two of its outputs have one name on this file system")
        self._accept(done, moves)
        self.fresh += moves
        return Verdict(done, True, None)

    def _accept(self, done: Done, moves: Sequence[Move]) -> None:
        self._accepted.add(done.datum)
        for move in moves:
            if move.staged:
                path = self._fold(move.final)
                self._files[path] = done
                for folder in folders_above(path, self._fold(self._rules.out)):
                    self._folders[folder] = done

    def _leftovers(self) -> list[Move]:
        """What former versions made and these do not; what was edited since stays, and so
        does what another datum of the group makes now."""
        attempts = {v.done.datum: v.done.attempt for v in self.verdicts if v.ok}
        return [
            Move(
                datum,
                attempts[datum],
                b"",
                old.path,
                old.size,
                old.mtime_ns,
                old.digest,
                old.ctime_ns,
            )
            for datum, formers in self._former.items()
            for old in formers
            if (datum, attempts.get(datum, 0)) not in self._announced
            and datum in attempts
            and self._fold(old.path) not in self._files
            and self._is_as_made(old)
        ]

    def _is_as_made(self, old: redo.Owned) -> bool:
        return is_unedited(old.path, old.size, old.mtime_ns, old.digest, old.ctime_ns)

    # -- one file --------------------------------------------------------------------------

    def _move(self, done: Done, output: OutputFile) -> Move | str:
        """The step for one file, or why there is none: a record came from afar."""
        rules = self._rules
        if not rules.out:
            return "this transform has no output folder: give it one with -o FOLDER"
        found = staged_file(self._pool, output)
        if isinstance(found, str):
            return found
        staged, status = found
        final = os.path.join(rules.out, output.rel)
        size, mtime_ns = status.st_size, status.st_mtime_ns
        return Move(done.datum, done.attempt, staged, final, size, mtime_ns, output.digest)

    def _conflict(self, done: Done, move: Move) -> str | None:
        path = self._fold(move.final)
        reason = self._in_group(done, move.final, path)
        if reason is not None:
            return reason
        if path in self._claims:
            return f"{show(move.final)} is just being published by {self._claims[path]!r}"
        owner = self._owners[path]
        if owner is not None and owner.datum != done.datum and not self._is_free(owner.datum):
            return self._owned(move.final, done, owner)
        return self._on_disk(done, move, owner)

    def _in_group(self, done: Done, final: bytes, path: bytes) -> str | None:
        if (other := self._files.get(path)) is not None:
            return _two(final, _named(done), _named(other))
        if (other := self._folders.get(path)) is not None:
            return f"{show(final)} is a file here and a folder of {_named(other)}"
        for folder in folders_above(path, self._fold(self._rules.out)):
            if (other := self._files.get(folder)) is not None:
                return f"{show(final)} needs a folder where {_named(other)} has a file"
        return None

    def _is_free(self, datum: int) -> bool:
        """Whether a former owner has to give its path up: it belongs to this transform and
        is stale in this run, or is gone."""
        rules = self._rules
        row = self._conn.execute(
            "select transform, run, version, state, dirty from datum where id = ?", (datum,)
        ).fetchone()
        if row is None:
            return True
        transform, run, version, state, dirty = row
        if transform != rules.run.transform:
            return False
        if state not in _FINISHED:
            return True
        if run == rules.run.id:
            return False
        theirs = version != rules.run.version and version not in rules.versions
        if theirs or dirty or datum in self._group:
            return True
        return rules.is_stale is not None and rules.is_stale(datum)

    def _owned(self, path: bytes, done: Done, owner: redo.Owned) -> str:
        name, *which = self._conn.execute(
            "select t.name, d.key, d.position from datum d join transform t on t.id = d.transform"
            " where d.id = ?",
            (owner.datum,),
        ).fetchone()
        if owner.transform == self._rules.run.transform:
            return _two(path, _named(done), show_key(*which))
        return (
            f"{show(path)} of {_named(done)} belongs to {show_key(*which)} of transform "
            f"{name!r}; give this transform an output folder of its own with -o"
        )

    # -- what stands there -----------------------------------------------------------------

    def _on_disk(self, done: Done, move: Move, owner: redo.Owned | None) -> str | None:
        final = move.final
        if (reason := self._way_blocked(done, final)) is not None:
            return reason
        status = lstat(final)
        if status is None:
            return None
        if stat.S_ISDIR(status.st_mode):
            return None if self._goes_whole(done, final) else f"{show(final)} is a folder"
        if self._rules.replace:
            return None
        if owner is None:
            return None if holds(final, move.digest) else unknown(final)
        same = owner.ctime_ns in (None, status.st_ctime_ns)
        same = same and (status.st_size, status.st_mtime_ns) == (owner.size, owner.mtime_ns)
        if same or self._rules.replace_edited:
            return None
        return None if holds(final, owner.digest, move.digest) else edited(final)

    def _way_blocked(self, done: Done, final: bytes) -> str | None:
        """Why the folders above `final` cannot be used, if so."""
        for folder in reversed(folders_above(final, self._rules.out)):
            if folder not in self._blocked:
                self._blocked[folder] = self._look(folder)
            if self._blocked[folder] and not self._goes(done, folder):
                return (
                    f"{show(folder)} is {self._blocked[folder]} and not a folder for {show(final)}"
                )
        return None

    def _look(self, folder: bytes) -> str:
        status = lstat(folder)
        if status is None:
            return ""
        if stat.S_ISLNK(status.st_mode):
            return "a link"
        if not stat.S_ISDIR(status.st_mode):
            return "a file"
        here = lstat(self._rules.out)
        return "on another disk" if here is not None and here.st_dev != status.st_dev else ""

    def _goes(self, done: Done, path: bytes) -> bool:
        """Whether `path` is an output of this datum's former version that will be removed."""
        return any(
            old.path == path and is_unedited(path, old.size, old.mtime_ns, old.digest, old.ctime_ns)
            for old in self._former.get(done.datum, ())
        )

    def _goes_whole(self, done: Done, folder: bytes) -> bool:
        """Whether all files in a folder were made by this datum's former version."""
        return all(
            self._goes(done, os.path.join(path, name))
            for path, folders, files in os.walk(folder)
            for name in (*files, *(f for f in folders if os.path.islink(os.path.join(path, f))))
        )

    def _claimed(self) -> dict[bytes, str]:
        found = redo.announced_by_others(self._conn, self._rules.run, self._group)
        return {self._fold(path): name for path, name in found.items()}

    def _fold(self, path: bytes) -> bytes:
        return fold(path, self._rules.folds)


def _named(done: Done) -> str:
    return show_key(done.key, done.position)


def _two(path: bytes, one: str, other: str) -> str:
    return (
        "two datums write one file; use datum.out_file(), or another name for each: "
        f"{show(path)}, of {one} and {other}"
    )


def edited(path: bytes) -> str:
    """Say that an output of ours is another one by now."""
    return (
        f"{show(path)} was changed by hand since it was made; move it away, or run with "
        "--replace-edited to make it again"
    )


def unknown(path: bytes) -> str:
    """Say that something stands there which we did not make."""
    return f"{show(path)} exists and is not ours; move it away, or run with --force to overwrite it"


def staged_file(folder: bytes, output: OutputFile) -> tuple[bytes, os.stat_result] | str:
    """Return the file that a record says was staged in the pool `folder`, and what it is; or
    why it is not taken.

    The record came from a worker: nothing in it leads out of the pool or of the output folder.
    """
    reason = check_rel(output.rel)
    if reason is not None:
        return f"the output {show(output.rel)} is refused: {reason}"
    name = os.fsencode(output.staged)
    path = os.path.join(folder, name)
    status = lstat(path) if name and os.path.basename(name) == name else None
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != output.size:
        return f"the staged file of {show(output.rel)} is gone or has another size"
    return path, status
