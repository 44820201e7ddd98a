"""Which version of a datum another one was made from: the one whose very bytes it has read.

The table ``edge`` says from which datums a datum was made, not from which version of each. Of
the versions that a datum has had, its row and those in ``past``, it is the one whose outputs
have the contents that were read. Where several have them, or nothing but a result was read, or
somebody had edited what was read, it is the newest that stood when the other one began.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..events import InputFile
from ..ledger.edges import inputs_digest
from ..ledger.former import name_at
from ..ledger.kept import STORE
from ..remote import is_url
from ..states import FINISHED
from . import files
from .model import File, Node, Some
from .now import Look

#: Former versions of a datum that are looked at.
_MOST: Final = 200
#: Files of a datum that are compared.
_FILES: Final = 100
#: Input files of which a digest over all is made.
_DIGESTED: Final = 10_000
_RUN: Final = (
    "r.uuid, r.pipeline, r.status, r.ended, (select count(*) from version v"
    " where v.transform = d.transform and v.id <= {0}.version)"
)
_SAID: Final = "{0}.version, {0}.state, {0}.attempt, {0}.began, {0}.seconds, {0}.content"


@dataclass(frozen=True)
class Outcome:
    """One version of a datum.

    Parameters
    ----------
    version : int
        Row id, of the code; `number` is what people call it.
    state, attempt : int
    began, seconds : float
    content : bytes or None
        Of its only input file.
    run, pipeline, run_status : str
    ended : float or None
        When its run ended.
    number : int
    digest : bytes or None
        Over its input files, where there were several (of a former one).
    outputs : list
        ``(rel, size, digest)`` (of a former one).
    present, restored : bool
    """

    version: int
    state: int
    attempt: int
    began: float
    seconds: float
    content: bytes | None
    run: str
    pipeline: str
    run_status: str
    ended: float | None
    number: int
    digest: bytes | None = None
    outputs: Sequence[tuple[bytes, int, bytes]] = ()
    present: bool = False
    restored: bool = False

    @property
    def contents(self) -> set[bytes]:
        """Digests of what it made (of a former one)."""
        return {digest for _, _, digest in self.outputs}


def is_good(state: int) -> bool:
    """Whether a datum in this state has made its outputs in this very version."""
    return state in FINISHED


def present(conn: sqlite3.Connection, datum: int) -> Outcome:
    """Return the version that stands."""
    row = conn.execute(
        f"select {_SAID.format('d')}, {_RUN.format('d')}, d.worker from datum d"
        " join run r on r.id = d.run where d.id = ?",
        (datum,),
    ).fetchone()
    return _outcome(row[:-1], present=True, restored=row[-1] == STORE)


def former(conn: sqlite3.Connection, datum: int) -> Iterator[Outcome]:
    """Yield the versions that it had before and that made something, newest first."""
    rows = conn.execute(
        f"select {_SAID.format('p')}, {_RUN.format('p')}, p.inputs, p.outputs from past p"
        " join datum d on d.id = p.datum join run r on r.id = p.run"
        f" where p.datum = ? and p.state in ({', '.join(str(int(s)) for s in FINISHED)})"
        " order by p.began desc, p.run desc limit ?",
        (datum, _MOST),
    ).fetchall()
    for *said, outputs in rows:
        made = [(os.fsencode(p), n, bytes.fromhex(d)) for p, n, d in json.loads(outputs or "[]")]
        yield _outcome(said, outputs=made)


def _outcome(said: Sequence[Any], **more: Any) -> Outcome:
    return Outcome(*said, **more)


def has_former(conn: sqlite3.Connection, datum: int) -> bool:
    """Return whether the datum was anything else before."""
    sql = "select exists (select 1 from past where datum = ?)"
    return bool(conn.execute(sql, (datum,)).fetchone()[0])


# -- which of them another one has read ------------------------------------------------------


def read_by(conn: sqlite3.Connection, datum: int, reader: Node) -> Outcome | None:
    """Return the version of a datum that `reader` was made from; None if it is not known."""
    now = present(conn, datum)
    if is_good(now.state) and not has_former(conn, datum):
        return now
    before = list(former(conn, datum))
    found = [now, *before] if is_good(now.state) else before
    made = [_made(conn, datum, each) for each in found]
    read = _read(conn, reader, made)
    fits = [
        each
        for each, mine in zip(found, made, strict=True)
        if all(mine.get(path) == content for path, content in read.items())
    ]
    if not fits and len(before) == _MOST:  # one of those that are not looked at
        return None
    started = conn.execute("select started from run where uuid = ?", (reader.run,)).fetchone()
    since = started[0] if started else 0.0
    stood = (each for each in fits or found if _stood(each, reader, since))
    one = next(stood, fits[-1] if read and fits else None)
    # Brought back, it is the very same again.
    again = one is not None and now.restored and one.run == now.run
    return replace(one, present=True) if one is not None and again else one


def _stood(each: Outcome, reader: Node, started: float) -> bool:
    """Whether a version stood when the reader was listed. Workers' clocks may differ: what ran
    before the reader's run, or fed it as it ran, is not measured by them."""
    if each.restored:
        return each.began <= reader.began
    ended = each.ended is not None and each.ended <= started
    together = bool(each.pipeline) and each.pipeline == reader.pipeline
    return ended or together or each.began + each.seconds <= reader.began


def _made(conn: sqlite3.Connection, datum: int, each: Outcome) -> dict[bytes, bytes]:
    """What a version made: the path of each of its files with its digest, the first of them.

    Objects in a store are left out: what is recorded of one that was read is no digest.
    """
    if each.present:
        rows = conn.execute(
            "select path, digest from output where datum = ? limit ?", (datum, _FILES)
        ).fetchall()
    else:
        (out,) = conn.execute(
            "select t.out from datum d join transform t on t.id = d.transform where d.id = ?",
            (datum,),
        ).fetchone()
        rows = [(os.path.join(out or b"", rel), content) for rel, _, content in each.outputs]
    return {path: content for path, content in rows if not is_url(path)}


def _read(
    conn: sqlite3.Connection, reader: Node, made: Iterable[dict[bytes, bytes]]
) -> dict[bytes, bytes]:
    """What the reader has read of these files, with the contents that they had."""
    paths = dict.fromkeys(path for each in made for path in list(each)[:_FILES])
    first = {file.path: file.content for file in reader.inputs.first if not is_url(file.path)}
    found = {path: first[path] for path in paths if path in first}
    if reader.now in ("", "earlier") and reader.inputs.more:  # its files stand in the ledger
        (transform,) = conn.execute(
            "select transform from datum where id = ?", (reader.id,)
        ).fetchone()
        found |= _looked_up(conn, reader.id, transform, [p for p in paths if p not in found])
    return found


def _looked_up(
    conn: sqlite3.Connection, datum: int, transform: int, paths: Sequence[bytes]
) -> dict[bytes, bytes]:
    """The same of a datum of many files: a look at an index for each."""
    found = {}
    for name, root in files.roots_of(conn, transform).items():
        for path in paths:
            row = conn.execute(
                "select content from input where rel = ? and datum = ? and name = ?",
                (files.below(path, root), datum, name),
            ).fetchone()
            if row is not None:
                found[path] = row[0]
    return found


# -- what it had read itself -----------------------------------------------------------------


def inputs_then(
    conn: sqlite3.Connection, datum: int, transform: int, told: Outcome, look: Look
) -> Some[File]:
    """Return the files that a version was made from. Of a former one that had others than the
    datum has now, and several, they are not known any more."""
    found = files.inputs(conn, datum, transform, look)
    if told.present:
        return found
    key, content = conn.execute("select key, content from datum where id = ?", (datum,)).fetchone()
    if told.content is not None:
        if told.content == content:
            return found
        roots = files.roots_of(conn, transform)
        if len(roots) != 1 or (found.first and found.first[0].rel != key):
            return Some([], 0, "unknown")
        rel = name_at(conn, datum, "key", key, told.began)
        path = files.joined(next(iter(roots.values())), rel)
        return Some([files.once(conn, path, rel, told.content, look)], 1)
    if told.digest is None or told.digest == digest_of(conn, datum):
        return found
    return Some([], 0, "unknown")


def digest_of(conn: sqlite3.Connection, datum: int) -> bytes:
    rows: list[tuple[Any, ...]] = conn.execute(
        "select name, rel, size, mtime_ns, ctime_ns, inode, content from input where datum = ?"
        " order by ordinal limit ?",
        (datum, _DIGESTED + 1),
    ).fetchall()
    return inputs_digest(map(InputFile._make, rows)) if len(rows) <= _DIGESTED else b""
