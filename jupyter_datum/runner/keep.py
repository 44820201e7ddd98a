"""Former versions of outputs and results, kept by content (option keep): going back to one
runs nothing.

What is about to be replaced is linked into ``.datum/store``, which costs no copy: its name
in the output folder goes to the new version right after. What is brought back is a clone
where the file system can, else a copy, checked against its digest; never a link, since a
user may edit what lies in the output folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from blake3 import blake3

from ..errors import SignatureError
from ..events import Done, InputFile, OutputFile, Result
from ..hashing import file_digest, seen_digest
from ..inputs.base import Input, Listed
from ..ledger import queries, writes
from ..ledger.db import transaction
from ..ledger.edges import inputs_digest
from ..ledger.kept import STORE, KeptRow, kept_of, put_kept, set_back, sweep_kept, unstored
from ..ledger.known import recorded_outputs
from ..outputs.names import is_below
from ..outputs.publish import Publisher, Verdict
from ..outputs.publish.moves import is_unedited
from ..outputs.staging import pool
from ..project import Project
from ..remote import is_url
from ..settings import History
from ..transform.moved import here
from ..transform.options import Options
from ..transform.recipe import Recipe, read_recipe
from .merge import Known

#: Datums brought back in one group.
_GROUP: Final = 200
#: Newest runs whose output folders are known.
_LOOKED_BACK: Final = 1_000
#: Linux's ioctl that clones a file without copying it (btrfs, XFS, ZFS).
_FICLONE: Final = 0x40049409


class Candidate(NamedTuple):
    """A datum that would run, as it is listed and as it is known."""

    position: int
    listed: Listed
    known: Known


class Keeper:
    """Keeps and brings back, for one run.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    key : RunKey
    out : bytes or None
        Absolute output folder.
    keep : int
        Former versions kept of each datum; 0: what is there may be brought back all the same.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        project: Project,
        key: writes.RunKey,
        out: bytes | None,
        keep: int,
    ) -> None:
        self._conn = conn
        self._project = project
        self._key = key
        self._out = out
        self._keep = keep
        self._versions = queries.equivalent_versions(conn, key.version)
        self._pending: dict[int, KeptRow] = {}
        self._former: set[bytes] | None = None
        #: Tells of a run whether what it has made counts as made now.
        self.suits: Callable[[int], bool] = lambda run: True
        #: Whether there is anything to be brought back.
        self.holds = bool(conn.execute("select exists (select 1 from kept)").fetchone()[0])

    @classmethod
    def beside_runs(
        cls, conn: sqlite3.Connection, project: Project, transform: int, recipe: Recipe
    ) -> Keeper:
        """Return one that keeps for a transform while none of its runs is at work."""
        out = os.fsencode(recipe.out) if recipe.out and not is_url(recipe.out) else None
        keep = Options.from_json(recipe.options).keep
        return cls(conn, project, writes.RunKey(0, transform, 0, 0), out, keep)

    # -- keeping -------------------------------------------------------------------------

    def before(self, datums: Iterable[int]) -> None:
        """Link what these datums have made into the store: it is about to be replaced."""
        if not self._keep:
            return
        ids = [datum for datum in datums if datum not in self._pending]
        rows = self._successes(ids)
        outputs = recorded_outputs(self._conn, [row[0] for row in rows])
        several = queries.inputs_of(self._conn, [row[0] for row in rows if row[2] is None])
        for datum, version, content, seen, run, seconds, metrics, kind, result in rows:
            kept = self._linked(outputs.get(datum, []))
            if kept is None:
                continue
            files = several.get(datum, [])
            inputs = content or _digest_of([InputFile(n, r, *s, c) for n, r, s, c in files])
            self._pending[datum] = KeptRow(
                datum, kept_hash(inputs, seen, version), version, run, seconds, time.time(),
                json.dumps(kept), metrics, kind, result,
            )  # fmt: skip

    def write(self, conn: sqlite3.Connection, datums: Iterable[int]) -> None:
        """Record what was kept of these datums, in the transaction that replaces them."""
        if not self._pending:
            return
        rows = [self._pending.pop(datum) for datum in list(datums) if datum in self._pending]
        if rows:
            put_kept(conn, rows, self._keep)

    def _successes(self, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        return self._conn.execute(
            "select d.id, d.version, d.content, d.seen, d.run, d.seconds, d.metrics,"
            " d.result_kind, d.result from json_each(?) j cross join datum d on d.id = j.value"
            " where d.state = 2 and d.dirty = 0 and d.run <> ?",
            (json.dumps(list(ids)), self._key.id),
        ).fetchall()

    def _linked(
        self, outputs: Sequence[tuple[bytes, int, int, bytes, int | None]]
    ) -> list[tuple[str, int, str]] | None:
        """Link files into the store; None if one of them is not what was made."""
        kept = []
        for path, size, mtime_ns, digest, ctime_ns in outputs:
            root = self._root(path)
            if root is None or not is_unedited(path, size, mtime_ns, digest, ctime_ns):
                return None
            kept.append((os.fsdecode(os.path.relpath(path, root)), size, digest.hex()))
        for (path, *_), (_, _, digest_hex) in zip(outputs, kept, strict=True):
            _store(path, self._project.stored(digest_hex))
        return kept

    def _root(self, path: bytes) -> bytes | None:
        """The output folder in which a file stands: the present one, or a former one, from
        where it comes back into the present one."""
        if self._out is None:
            return None
        if is_below(path, self._out):
            return self._out
        if self._former is None:
            self._former = _former_folders(self._conn, self._project, self._key.transform)
        above = [folder for folder in self._former if is_below(path, folder)]
        return max(above, key=len, default=None)

    # -- bringing back -------------------------------------------------------------------

    def bring_back(self, candidates: Sequence[Candidate], source: Input) -> set[int]:
        """Give datums the result that a former version of them had; return their ids.

        Those whose present input and code no kept version was made from are left to run,
        and so are those whose files are not in the store any more, or not as they were.
        """
        back: set[int] = set()
        for start in range(0, len(candidates), _GROUP):
            group = candidates[start : start + _GROUP]
            back |= self._group(self.wanted(group, source))
        return back

    def wanted(
        self, group: Sequence[Candidate], source: Input
    ) -> list[tuple[Candidate, tuple[InputFile, ...], bytes | None, KeptRow]]:
        """Return those that a kept version fits, with their inputs as they are now."""
        known = kept_of(self._conn, [c.known.id for c in group])
        found = []
        for candidate in group:
            rows = {row.hash: row for row in known.get(candidate.known.id, ())}
            files = _hashed(candidate.listed, source) if rows else None
            if files is None:
                continue
            listed = candidate.listed
            seen = None if source.told_by_key else seen_digest(listed.value, listed.captures)
            inputs = files[0].content if len(files) == 1 else _digest_of(files)
            hashes = [kept_hash(inputs, seen, version) for version in self._versions]
            row = next((rows[h] for h in hashes if h in rows), None)
            if row is not None and row.version in self._versions and self.suits(row.run):
                found.append((candidate, files, seen, row))
        return found

    def _group(
        self, wanted: Sequence[tuple[Candidate, tuple[InputFile, ...], bytes | None, KeptRow]]
    ) -> set[int]:
        dones: list[Done] = []
        rows: dict[int, KeptRow] = {}
        for candidate, files, seen, row in wanted:
            done = self._done(candidate, files, seen, row)
            if done is not None:
                dones.append(done)
                rows[done.datum] = row
        if not dones:
            return set()
        publisher = Publisher(self._conn, run=self._key, out=self._out, before=self.before)
        back: set[int] = set()

        def write(conn: sqlite3.Connection, verdicts: list[Verdict]) -> None:
            good = [verdict.done for verdict in verdicts if verdict.ok]
            writes.put_successes(conn, self._key, [(done, STORE) for done in good])
            set_back(conn, self._key, [rows[done.datum] for done in good])
            self.write(conn, [done.datum for done in good])
            back.update(done.datum for done in good)

        publisher.publish(dones, write)
        return back

    def _done(
        self,
        candidate: Candidate,
        files: tuple[InputFile, ...],
        seen: bytes | None,
        row: KeptRow,
    ) -> Done | None:
        """The record of a kept version, its files staged; None if one is gone or damaged."""
        outputs = []
        for i, (rel, size, digest) in enumerate(json.loads(row.outputs)):
            name = f"{self._key.epoch}-{row.datum}-0-{i}"
            if self._out is None or not self._staged(name, digest):
                return None
            outputs.append(OutputFile(name, os.fsencode(rel), size, bytes.fromhex(digest)))
        result = row.result_kind and Result(row.result_kind, row.result or b"", 0)
        return Done(
            candidate.position, row.datum, candidate.listed.key, 1, self._key.epoch, 0,
            time.time(), row.seconds, files, tuple(outputs), result or None, None,
            json.loads(row.metrics) if row.metrics else None, False, seen, None,
            candidate.listed.upstream,
        )  # fmt: skip

    def _staged(self, name: str, digest: str) -> bool:
        assert self._out is not None
        folder = pool(self._out)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, os.fsencode(name))
        try:
            _copy(self._project.stored(digest), path)
            if file_digest(path) == bytes.fromhex(digest):
                return True
        except OSError:
            pass
        with contextlib.suppress(OSError):
            os.unlink(path)
        return False


def kept_hash(inputs: bytes, seen: bytes | None, version: int) -> bytes:
    """Return what a kept version was made from, in 16 bytes."""
    return blake3(b"\0".join([inputs, seen or b"", b"%d" % version])).digest(length=16)


def sweep_store(conn: sqlite3.Connection, project: Project, limits: History) -> int:
    """Let go of what is too old or too much, and remove what nothing needs any more; return
    how many files went."""
    sweep_kept(conn, time.time(), limits.keep_seconds, limits.keep_bytes)
    gone = 0
    while digests := unstored(conn):
        for digest in digests:
            with contextlib.suppress(FileNotFoundError):
                project.stored(digest.hex()).unlink()
        with transaction(conn):
            # Whoever needs one of them again since has counted it, and stores it anew.
            conn.executemany(
                "delete from store where digest = ? and refs <= 0", [(d,) for d in digests]
            )
        gone += len(digests)
    return gone


def _former_folders(conn: sqlite3.Connection, project: Project, transform: int) -> set[bytes]:
    """Output folders that a transform has had, as far as signed recipes tell."""
    rows = conn.execute(
        "select distinct recipe from (select recipe from run where transform = ?"
        " order by id desc limit ?)",
        (transform, _LOOKED_BACK),
    )
    found = set()
    for (digest,) in rows:
        with contextlib.suppress(SignatureError):
            out = here(read_recipe(project, digest), project).out
            found.update([os.fsencode(out)] if out and not is_url(out) else [])
    return found


def _digest_of(files: Sequence[InputFile]) -> bytes:
    return inputs_digest(files) if files else b""


def _hashed(listed: Listed, source: Input) -> tuple[InputFile, ...] | None:
    """The input files as they are, by the stat that was looked at before; None if one cannot
    be read."""
    roots = source.roots
    try:
        return tuple(
            InputFile(name, rel, *stat, _content(os.path.join(roots[name], rel)))
            for name, rel, stat in listed.files
        )
    except OSError:
        return None


def _content(path: bytes) -> bytes:
    return bytes(32) if path.endswith(b"/") else file_digest(path)


def _store(path: bytes, stored: Path) -> None:
    if stored.exists():
        return
    stored.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = stored.with_name(f"{stored.name}.{os.getpid()}")
    try:
        os.link(path, stored)
    except FileExistsError:
        return
    except OSError:  # another file system, or one without links
        _copy(path, part)
        part.replace(stored)


def _copy(source: bytes | Path, target: bytes | Path) -> None:
    """Clone a file, or copy it."""
    with open(source, "rb") as read, open(target, "wb") as write:
        if sys.platform == "linux":
            import fcntl

            with contextlib.suppress(OSError):
                fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
                return
        shutil.copyfileobj(read, write, 1 << 20)
