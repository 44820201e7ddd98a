"""Every version of a datum over time, and what differs between two versions of its code."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, NamedTuple

from ..errors import RunError
from ..ledger import queries
from ..ledger.edges import inputs_digest
from ..ledger.former import former_names
from ..ledger.kept import STORE
from ..ledger.queries import datum_name, key_text
from ..ledger.versions import texts_of
from ..states import FINISHED, DatumState
from ..words import text_of
from . import formerly, steps
from .ask import _datum_of, nothing_known, place_of
from .codediff import HelperDiff, Reached, changed_parts, code_diff, helper_diffs
from .files import output_at
from .now import nowhere
from .past import no_code

#: Versions of one datum that are read; older ones are left out.
_MOST: Final = 500
_UNTOLD: Final = ("texts", "between")
#: Characters of the reason why one failed.
_LINE: Final = 300


@dataclass(frozen=True)
class Version:
    """One outcome of a datum.

    Parameters
    ----------
    run : str
        uuid.
    number : int
        Of the run, as people call it.
    at, seconds : float
        When it began, how long it took.
    state : str
    attempt : int
    code : int
        Number of the code's version, from 1.
    input : str
        Hash of its input's content, 16 hexadecimal digits; empty where there is none.
    changed : tuple of str
        What differs from the version before: ``input``, ``code``, ``value``.
    parts : tuple of str
        Which parts of the code do: ``the cell``, ``helpers.resize``, a captured name.
    outputs : list of (str, int, str)
        Path under the output folder, size, digest.
    restored : bool
        It was brought back then; `run` has made it once.
    message : str
        Why it failed, one line; empty if it did not, or if that is not known any more.
    pruned : float
        When its outputs were pruned; 0 if they were not.
    """

    run: str
    number: int
    at: float
    seconds: float
    state: str
    attempt: int
    code: int
    input: str
    changed: tuple[str, ...]
    parts: tuple[str, ...]
    outputs: list[tuple[str, int, str]]
    restored: bool = False
    message: str = ""
    pruned: float = 0.0


@dataclass(frozen=True)
class History:
    """All versions of a datum, newest first.

    Parameters
    ----------
    datum : int
    transform, key : str
    versions : list of Version
    codes : dict
        Source of each version of the code that occurs, by number.
    marks : dict
        The first digits of each one's fingerprint.
    parts : dict
        What each one consists of: names with their digests.
    texts : dict
        Texts of helpers of each one, as far as they were kept.
    between : (int, int), optional
        The two that are compared where none are named; the last two by default.
    formerly : list of (str, float)
        Keys that it had before its file was renamed, and until when, the last first.
    """

    datum: int
    transform: str
    key: str
    versions: list[Version]
    codes: dict[int, str]
    marks: dict[int, str]
    parts: dict[int, dict[str, str]]
    texts: dict[int, dict[str, str]]
    between: tuple[int, int] | None = None
    formerly: list[tuple[str, float]] = field(default_factory=list)

    def diff(self, old: int | None = None, new: int | None = None) -> str:
        """Return how two versions of the code differ, the cell first, then its helpers; by
        default :attr:`between`, else the last two that occur.

        Raises
        ------
        RunError
            If one of them never made this datum.
        """
        found = [self.cell_diff(old, new), *(one.diff for one in self.helper_diffs(old, new))]
        return "\n".join(filter(None, found))

    def cell_diff(self, old: int | None = None, new: int | None = None) -> str:
        """Return how the same two differ in the cell alone."""
        old, new = self._two(old, new)
        return code_diff(self.codes[old], self.codes[new], old, new)

    def helper_diffs(self, old: int | None = None, new: int | None = None) -> list[HelperDiff]:
        """Return how helpers and constants differ between the same two, where that was kept."""
        old, new = self._two(old, new)
        return helper_diffs(self._reached(old), self._reached(new))

    def differs(self, old: int | None = None, new: int | None = None) -> list[str]:
        """Return the parts in which the same two differ: the cell, helpers, captured names."""
        old, new = self._two(old, new)
        return list(_differing(self.parts[old], self.parts[new]))

    def _reached(self, number: int) -> Reached:
        return Reached(number, self.parts[number], self.texts[number])

    def _two(self, old: int | None, new: int | None) -> tuple[int, int]:
        if old is None and new is None and self.between is not None:
            old, new = self.between
        numbers = sorted(self.codes)
        new = numbers[-1] if new is None else new
        old = next((n for n in reversed(numbers) if n < new), new) if old is None else old
        for number in (old, new):
            if number not in self.codes:
                raise no_code(self, number)
        return old, new

    def to_json(self, old: int | None = None, new: int | None = None) -> dict[str, Any]:
        """Return it as plain JSON, with how the same two versions differ."""
        texts = ("codes", "marks")
        plain = {name: value for name, value in asdict(self).items() if name not in _UNTOLD}
        return plain | {
            **{name: {str(n): text for n, text in getattr(self, name).items()} for name in texts},
            "parts": {str(n): list(map(_word, parts)) for n, parts in self.parts.items()},
            "diff": self.cell_diff(old, new),
            "differs": self.differs(old, new),
            "helpers": [helper._asdict() for helper in self.helper_diffs(old, new)],
        }


def history(
    conn: sqlite3.Connection, asked: str | os.PathLike[str] | int, *, folder: str | None = None
) -> History:
    """Return all versions of a datum, which is named as for :func:`~.ask.lineage`.

    A path is that of an output, or of an input that one datum alone has read.

    Raises
    ------
    RunError
        If the ledger knows nothing of it, or it says several datums.
    """
    shown = os.fsdecode(os.fspath(asked)) if not isinstance(asked, int) else f"#{asked}"
    datum = _datum_of(conn, shown) or _of_path(conn, shown, folder)
    detail = queries.datum_detail(conn, datum)
    if detail is None:
        raise RunError(f"there is no datum {shown!r}")
    rows = [_present(conn, detail), *_former(conn, datum)]
    return _history(conn, detail, rows)


def _of_path(conn: sqlite3.Connection, shown: str, folder: str | None) -> int:
    path = place_of(shown, folder)
    made = output_at(conn, path, nowhere)
    if made is not None:
        return made[1]
    if (was := formerly.output(conn, path)) is not None:
        return was.datum
    read = steps.readers_of(conn, path, nowhere)
    if read.count == 1:
        return read.first[0].id
    if read.count:
        some = ((datum_name(n.transform, key_text(n.key)), n.id) for n in read.first[:5])
        names = ", ".join(f"{name} (#{number})" for name, number in some)
        raise RunError(f"{shown!r} was read by {read.count:,} datums: name one of them: {names}")
    raise nothing_known(conn, shown, path)


#: run uuid and id, version id, state, attempt, began, seconds, input hash, seen, outputs
_Row = tuple[str, int, int, int, int, float, float, bytes | None, bytes | None, list[Any]]


def _present(conn: sqlite3.Connection, detail: queries.DatumDetail) -> _Row:
    row = detail.datum
    run, seen, out = conn.execute(
        "select r.uuid, d.seen, t.out from datum d join run r on r.id = d.run"
        " join transform t on t.id = d.transform where d.id = ?",
        (row.id,),
    ).fetchone()
    content = row.content if row.content is not None else None
    if content is None and detail.inputs:
        content = inputs_digest(detail.inputs)
    outputs = [
        (text_of(os.path.relpath(file.path, out) if out else file.path), file.size,
         file.digest.hex())
        for file in detail.outputs
        if row.state in FINISHED
    ]  # fmt: skip
    return (
        run, row.run, row.version, row.state, row.attempt, row.began, row.seconds, content, seen,
        outputs,
    )  # fmt: skip


def _former(conn: sqlite3.Connection, datum: int) -> list[_Row]:
    rows = conn.execute(
        "select r.uuid, p.run, p.version, p.state, p.attempt, p.began, p.seconds,"
        " coalesce(p.content, p.inputs), p.seen, p.outputs"
        " from past p join run r on r.id = p.run where p.datum = ?"
        " order by p.began desc, p.run desc limit ?",
        (datum, _MOST),
    )
    return [(*row[:9], json.loads(row[9] or "[]")) for row in rows]


class _Code(NamedTuple):
    """A version of a transform's code."""

    number: int
    source: str
    mark: str
    parts: dict[str, str]
    texts: dict[str, str]


def _codes(conn: sqlite3.Connection, ids: list[int]) -> dict[int, _Code]:
    marks = ",".join("?" * len(ids))
    rows = conn.execute(
        "select v.id, (select count(*) from version w where w.transform = v.transform"
        " and w.id <= v.id), v.source, substr(hex(v.fingerprint), 1, 8), v.parts"
        f" from version v where v.id in ({marks})",
        ids,
    )
    texts = texts_of(conn, ids)
    return {
        identity: _Code(number, source, mark.lower(), dict(json.loads(parts)), texts[identity])
        for identity, number, source, mark, parts in rows
    }


def _history(conn: sqlite3.Connection, detail: queries.DatumDetail, rows: list[_Row]) -> History:
    codes = _codes(conn, sorted({row[2] for row in rows}))
    before: list[_Row | None] = [*rows[1:], None]
    versions = [_version(row, old, codes) for row, old in zip(rows, before, strict=True)]
    versions[0] = replace(versions[0], restored=detail.datum.worker == STORE)
    said = _messages(conn, detail.datum.id)
    for at, row in enumerate(rows):
        if row[3] == DatumState.FAILED:
            message = said.get((row[1], row[4]), "")
            versions[at] = replace(versions[at], message=message)
    until = math.inf
    for at, row in enumerate(rows):
        if row[3] in FINISHED:
            versions[at] = _pruned(conn, detail.datum.id, versions[at], until)
        until = row[5]
    found = sorted(codes.values())
    names = former_names(conn, detail.datum.id, "key")
    return History(
        detail.datum.id,
        detail.transform,
        key_text(detail.datum.key),
        versions,
        {code.number: code.source for code in found},
        {code.number: code.mark for code in found},
        {code.number: code.parts for code in found},
        {code.number: code.texts for code in found},
        formerly=[(key_text(was.name), was.at) for was in names],
    )


def _pruned(conn: sqlite3.Connection, datum: int, version: Version, until: float) -> Version:
    """A version with what was pruned of it, before another one began."""
    gone = formerly.pruned(conn, datum, version.at, until)
    if not gone:
        return version
    files = [(text_of(was.name), was.size or 0, (was.digest or b"").hex()) for was in gone]
    return replace(version, outputs=[*version.outputs, *sorted(files)], pruned=gone[0].at)


def _messages(conn: sqlite3.Connection, datum: int) -> dict[tuple[int, int], str]:
    """Why attempts have failed, by run and attempt: type, message and place, one line."""
    rows = conn.execute(
        "select a.run, a.attempt, f.type, a.message, a.place from attempt a"
        " left join failure f on f.id = a.failure where a.datum = ? and a.state = ? limit ?",
        (datum, DatumState.FAILED, _MOST),
    )
    return {(run, attempt): _message(*said) for run, attempt, *said in rows}


def _message(kind: str | None, message: str | None, place: str | None) -> str:
    line = " ".join(f"{kind or 'failed'}: {message or ''}".split())
    line = line if len(line) <= _LINE else f"{line[:_LINE]}…"
    return f"{line}  ({place})" if place else line


def _version(row: _Row, old: _Row | None, codes: dict[int, _Code]) -> Version:
    run, number, version, state, attempt, began, seconds, content, seen, outputs = row
    changed = []
    if old is not None:
        pairs = ((old[7], content, "input"), (old[2], version, "code"), (old[8], seen, "value"))
        # What a failed attempt saw is not recorded: nothing can be said of a change in it.
        changed = [word for was, now, word in pairs if was != now and was and now]
    parts = _parts(codes, old[2], version) if old is not None and "code" in changed else ()
    code = codes[version].number if version in codes else 0
    return Version(
        run, number, began, seconds, DatumState(state).name.lower(), attempt, code,
        bytes(content or b"").hex()[:16], tuple(changed), parts,
        [(str(path), int(size), str(digest)) for path, size, digest in outputs],
    )  # fmt: skip


def _parts(codes: dict[int, _Code], old: int, new: int) -> tuple[str, ...]:
    if old not in codes or new not in codes:
        return ()
    return _differing(codes[old].parts, codes[new].parts)


def _differing(was: dict[str, str], now: dict[str, str]) -> tuple[str, ...]:
    """Which parts two versions of the code differ in, by the names that people know."""
    return tuple(map(_word, changed_parts(was, now)))


def _word(part: str) -> str:
    return "the cell" if part == "cell" else part
