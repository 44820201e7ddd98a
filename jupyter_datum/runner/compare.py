"""Is a datum as it was when its result was made? Its input, what its cell saw, its outputs.

By stat where that decides, by content where it does not; each answer is a reason of the
plan. What only needs its stat tuple written anew is gathered for that.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..events import Stat
from ..hashing import RACY_NS, Digests, file_digest, is_racy, seen_digest
from ..inputs.base import Input, Listed
from ..ledger import queries
from ..ledger.known import recorded_outputs
from ..states import DatumState
from .merge import PRUNED, Known, Pair
from .selection import (
    AT_REST,
    CHANGED,
    DIRTY,
    EDITED,
    ENVIRONMENT,
    FAILED,
    FORCED,
    MISSING,
    NEW,
    RECOVERED,
    STALE,
    TOUCHED,
    UNCHANGED,
)
from .surroundings import Surroundings

_SUCCESS: Final = int(DatumState.SUCCESS)
#: Of a datum that brought neither a value nor captures; then none is recorded, or this one.
_NOTHING: Final = seen_digest(None, {})
#: Folders of outputs that are kept in mind.
_FOLDERS: Final = 10_000
#: Reasons for which a datum runs if nobody has edited its outputs, told without a look at
#: these.
_WOULD_RUN: Final = frozenset({CHANGED, DIRTY})


class Comparer:
    """Finds the reason of each datum.

    Parameters
    ----------
    conn : sqlite3.Connection
    run : int
        Row id of the run; a datum that failed in it under a former runner stays failed.
    source : Input
    versions : frozenset of int
        Versions of the code whose results count: the present one and its equivalents.
    now_ns : callable
        The clock, for files that changed a moment ago.
    force : bool
        Everything runs.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        run: int,
        source: Input,
        versions: frozenset[int],
        now_ns: Callable[[], int],
        *,
        force: bool = False,
    ) -> None:
        self._conn = conn
        self._run = run
        self._source = source
        self._roots = source.roots
        self._digests = Digests()
        self._versions = versions
        self._now_ns = now_ns
        self._force = force
        self._outputs: dict[int, list[tuple[bytes, int, int, bytes, int | None]]] = {}
        self._inputs: dict[int, list[tuple[str, bytes, Stat, bytes]]] = {}
        #: Tells results of another environment.
        self.surroundings: Surroundings | None = None
        #: Looks at an output; those behind a URL have another one.
        self.lstat: Callable[[bytes], Any] = os.lstat
        #: The folder in which outputs have to stand, with a slash behind; empty: in any.
        self.out = b""
        #: Folder -> where it lies, with no link in it, and a slash behind.
        self._real: dict[bytes, bytes] = {}
        #: (id, stat, sure) of single files whose content is as before.
        self.touched: list[tuple[int, Stat, bool]] = []
        #: (stat, id, ordinal) of files of datums with several.
        self.files_touched: list[tuple[Stat, int, int]] = []
        #: (id, path, mtime_ns, ctime_ns) of outputs whose content is as made.
        self.outputs_touched: list[tuple[int, bytes, int, int | None]] = []
        #: How many datums were made by each other version of the code.
        self.stale: Counter[int] = Counter()
        #: Why datums would run whose outputs were edited by hand.
        self.beside: Counter[str] = Counter()
        #: Which file of a datum with several has changed, or which output, the last one asked.
        self.which: dict[int, bytes] = {}

    def share(self, digests: Digests) -> None:
        """Use digests of who compares again and again."""
        self._digests = digests

    def restored(self, known: Known, reason: str) -> None:
        """Note that a datum with this reason got a former result back: it is none of those
        that others have made."""
        if reason == STALE:
            self.stale[known.version] -= 1
        elif reason == ENVIRONMENT and self.surroundings is not None:
            self.surroundings.restored(known.run)

    def remarks(self) -> list[str]:
        """Return what is to be said of datums that nothing runs for."""
        said = self.surroundings.note() if self.surroundings is not None else None
        more = ", ".join(f"{reason} {n:,}" for reason, n in sorted(self.beside.items()))
        advice = "--replace-edited makes them anew"
        edited = (
            f"of those whose output was edited by hand also: {more} ({advice})" if more else None
        )
        return [each for each in (edited, said) if each]

    def reasons(self, pairs: Sequence[Pair]) -> list[str]:
        """Return the reason of each pair."""
        self.which.clear()
        if not any(row for _, row in pairs):
            return [NEW] * len(pairs)
        self._inputs = self._recorded_inputs(pairs)
        self._outputs = self._recorded_outputs(pairs)
        plain = self._source.told_by_key and not self._force
        versions, stand, found = self._versions, self._stand, []
        for listed, row in pairs:  # a million pass here, most of them as they were
            if row is None:
                found.append(NEW)
                continue
            files = listed[1]
            same = plain and row[2] == _SUCCESS and not row[11] and row[13] is None
            if same and files:
                same = row[15] and len(files) == 1 and row[4:8] == files[0][2]
            if same and (not row[10] or stand(row[1], row[10])):
                found.append(UNCHANGED if row[3] in versions else STALE)
                if row[3] not in versions:
                    self.stale[row[3]] += 1
            elif self._force and row[12] != self._run and row[11] != PRUNED:
                found.append(FORCED)
            else:
                found.append(self._reason(listed, Known._make(row)))
        if self.surroundings is not None:
            self.surroundings.judge(pairs, found)
        return found

    def _reason(self, listed: Listed, known: Known) -> str:
        reason = self._why(listed, known)
        if reason == STALE:
            self.stale[known.version] += 1
        if reason in _WOULD_RUN and known.outputs and self._outputs_are(known) == EDITED:
            self.beside[reason] += 1
            return EDITED
        if reason == EDITED and known.version not in self._versions:
            self.beside[STALE] += 1
        return reason

    def _why(self, listed: Listed, known: Known) -> str:
        """Why a datum runs or not, cheapest question first."""
        if known.dirty == PRUNED:
            return NEW
        if known.run == self._run and known.state == DatumState.FAILED:
            return UNCHANGED  # failed for good in this run, under a former runner
        if self._force and known.run != self._run:
            return FORCED
        if known.state == DatumState.RECOVERED:
            return RECOVERED
        if known.state != DatumState.SUCCESS:
            return FAILED
        if known.dirty:
            return DIRTY
        reason = self._input_reason(listed, known)
        if known.version not in self._versions and reason in AT_REST:
            return STALE  # of other input or without its outputs it is more than that
        return reason

    def _input_reason(self, listed: Listed, known: Known) -> str:
        before = len(self.touched)
        if listed.files and not self._same_input(listed, known):
            return CHANGED
        told = self._source.told_by_key
        seen = _NOTHING if told else seen_digest(listed.value, listed.captures)
        if (known.seen or _NOTHING) != seen:  # a pattern with other captures is of other keys
            return CHANGED
        reason = self._outputs_are(known) if known.outputs else UNCHANGED
        if reason == UNCHANGED and len(self.touched) > before:
            moved = self.touched[-1][1] != known[4:8]
            return TOUCHED if moved else UNCHANGED
        return reason

    # -- input files ---------------------------------------------------------------------

    def _same_input(self, listed: Listed, known: Known) -> bool:
        """Compare by stat, and by content where stat differs or was looked at too soon."""
        if len(listed.files) > 1 or known.content is None:
            return self._same_inputs(listed, known)
        stat = (known.size, known.mtime_ns, known.ctime_ns, known.inode)
        file = listed.files[0]
        if (before := self._inputs.get(known.id)) and before[0][:2] != file[:2]:
            self.which[known.id] = file[1]
            return False  # the same key, another file: of a group of one, of a manifest
        if file[2] == stat and known.sure:
            return True
        now = self._now_ns()
        if not self._same_content(file, known.content):
            return False
        self.touched.append((known.id, file[2], not is_racy(file[2], now)))
        return True

    def _same_inputs(self, listed: Listed, known: Known) -> bool:
        """The same of several files: names, places and order count too."""
        before = self._inputs.get(known.id, ())
        if len(before) != len(listed.files):
            return False
        latest = known.began * 1e9 - RACY_NS
        now, touched = self._now_ns(), []
        for i, (file, (name, rel, stat, content)) in enumerate(
            zip(listed.files, before, strict=True)
        ):
            sure = known.sure or max(stat.mtime_ns, stat.ctime_ns) < latest
            if file[:2] == (name, rel) and file[2] == stat and sure:
                continue
            if file[:2] != (name, rel) or not self._same_content(file, content):
                self.which[known.id] = file[1]
                return False
            touched.append((file[2], known.id, i))
        if touched and not any(is_racy(stat, now) for stat, *_ in touched):
            self.files_touched += touched
        return True

    def _same_content(self, file: tuple[str, bytes, Stat], content: bytes) -> bool:
        name, rel, stat = file
        if rel.endswith(b"/"):
            return True  # a folder is what its files are
        try:
            return self._digests.of(os.path.join(self._roots[name], rel), stat) == content
        except OSError:
            return False  # the worker will say what is wrong with it

    # -- outputs -------------------------------------------------------------------------

    def _stand(self, datum: int, count: int) -> bool:
        """Whether all outputs are there as they were made, by their stat."""
        rows = self._outputs.get(datum, ())
        if len(rows) != count:
            return False
        lstat, out = self.lstat, self.out
        for path, size, mtime_ns, _, ctime_ns in rows:
            if not path.startswith(out):
                return False
            try:
                now = lstat(path)
            except OSError:
                return False
            if now.st_size != size or now.st_mtime_ns != mtime_ns:
                return False
            if ctime_ns is not None and now.st_ctime_ns != ctime_ns:
                return False  # an editor can put back the time of the content, not this one
        return True

    def _outputs_are(self, known: Known) -> str:
        """UNCHANGED, MISSING or EDITED; what was only touched is as it was."""
        rows = self._outputs.get(known.id, ())
        reason = UNCHANGED if len(rows) == known.outputs else MISSING
        for path, size, mtime_ns, digest, ctime_ns in rows:
            if not self._in_place(path):
                reason = MISSING
                self.which.setdefault(known.id, path)
            try:
                now = self.lstat(path)
            except OSError:
                reason = MISSING
                self.which.setdefault(known.id, path)
                continue
            same = ctime_ns in (None, now.st_ctime_ns)
            if same and (now.st_size, now.st_mtime_ns) == (size, mtime_ns):
                continue
            if now.st_size != size or not _holds(path, digest):
                self.which[known.id] = path
                return EDITED
            self.outputs_touched.append((known.id, path, now.st_mtime_ns, now.st_ctime_ns))
        return reason

    def _in_place(self, path: bytes) -> bool:
        """Whether an output stands where the transform's outputs belong now: ``-o`` may be
        another folder than it was, or the same by another name."""
        if path.startswith(self.out):
            return True
        folder, name = os.path.split(path)
        if folder not in self._real:  # few folders hold many outputs
            if len(self._real) >= _FOLDERS:
                self._real.clear()
            self._real[folder] = os.path.join(os.path.realpath(folder), b"")
        if self.out not in self._real:
            self._real[self.out] = os.path.join(os.path.realpath(self.out), b"")
        return (self._real[folder] + name).startswith(self._real[self.out])

    # -- a batch at a time ---------------------------------------------------------------

    def _recorded_inputs(
        self, pairs: Sequence[Pair]
    ) -> dict[int, list[tuple[str, bytes, Stat, bytes]]]:
        # A single file that has the key for its path is told by that.
        several = [
            row[1]
            for (key, files, *_), row in pairs
            if row and files and (len(files) > 1 or files[0][1] != key)
        ]
        return queries.inputs_of(self._conn, several) if several else {}

    def _recorded_outputs(
        self, pairs: Sequence[Pair]
    ) -> dict[int, list[tuple[bytes, int, int, bytes, int | None]]]:
        made = [] if self._force else [row[1] for _, row in pairs if row and row[10]]
        return recorded_outputs(self._conn, made) if made else {}


def _holds(path: bytes, digest: bytes) -> bool:
    try:
        return file_digest(path) == digest
    except OSError:
        return False
