"""Which outputs were made by old code, come from a run with failures, are orphans, or were
edited since: page by page, each page one indexed query."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ..errors import UsageError
from ..ledger.feed import current_versions
from ..states import DatumState
from ..words import text_of
from .model import COUNTED
from .steps import _now

#: What can be asked, with the sentence that it answers.
QUESTIONS: Final = {
    "old": "made by older code",
    "failed-run": "come from a run with failures",
    "orphan": "orphans: their input is gone",
    "edited": "edited or removed since",
}
#: Pages of outputs that one look for edited ones goes through.
_LOOKED: Final = 2_000


class Found(NamedTuple):
    """An output, the datum that made it, and (``edited``) what has become of it."""

    datum: int
    key: str
    path: str
    now: str


class Page(NamedTuple):
    """Some of the outputs, and where the next page starts; None at the end."""

    found: list[Found]
    after: int | str | None


def ask(
    conn: sqlite3.Connection,
    transform: int,
    question: str,
    *,
    after: int | str | None = None,
    limit: int = 100,
) -> Page:
    """Return outputs of a transform to which `question` applies.

    Parameters
    ----------
    conn : sqlite3.Connection
    transform : int
    question : str
        One of :data:`QUESTIONS`.
    after : int or str, optional
        What the page before ended with.
    limit : int
        Datums (``edited``: outputs looked at) of one page.

    Raises
    ------
    UsageError
        If there is no such question.
    """
    if question == "edited":
        return _edited(conn, transform, str(after or ""), limit)
    which, values = _which(conn, transform, question)
    rows = conn.execute(
        f"select d.id, d.key from datum d {which} and d.id > ? order by d.id limit ?",
        (*values, int(after or 0), limit),
    ).fetchall()
    found = [
        Found(datum, text_of(key), text_of(path), "")
        for datum, key in rows
        for (path,) in conn.execute("select path from output where datum = ? limit 20", (datum,))
    ]
    return Page(found, rows[-1][0] if len(rows) == limit else None)


def count(conn: sqlite3.Connection, transform: int, question: str) -> int:
    """Return how many datums a question applies to, up to :data:`COUNTED`."""
    which, values = _which(conn, transform, question)
    sql = f"select count(*) from (select 1 from datum d {which} limit {COUNTED})"
    return int(conn.execute(sql, values).fetchone()[0])


def _which(conn: sqlite3.Connection, transform: int, question: str) -> tuple[str, Sequence[object]]:
    """The rest of a query over ``datum d``; versions and runs are few, so they are listed."""
    if question == "orphan":
        return "where d.transform = ? and d.gone is not null", (transform,)
    if question == "old":
        versions = conn.execute("select id from version where transform = ?", (transform,))
        old = sorted({row[0] for row in versions} - current_versions(conn, transform))
        return f"indexed by datum_made where d.version in ({_marks(old)})", old
    if question == "failed-run":
        rows = conn.execute(
            "select version, id from run where transform = ? and failed > 0", (transform,)
        ).fetchall()
        pairs = ",".join("(?,?)" for _ in rows) or "(null,null)"
        values = [value for row in rows for value in row]
        good = f"and d.state = {DatumState.SUCCESS:d}"
        return f"indexed by datum_made where (d.version, d.run) in (values {pairs}) {good}", values
    raise UsageError(f"no question {question!r}; there are: {', '.join(QUESTIONS)}")


def _edited(conn: sqlite3.Connection, transform: int, after: str, limit: int) -> Page:
    """Look at outputs one after the other until `limit` edited ones are found, or enough
    were looked at."""
    start = os.fsencode(after)
    found: list[Found] = []
    for path, size, mtime_ns, digest, datum, key in _outputs(conn, transform, start):
        start = path
        if (now := _now(path, size, mtime_ns, digest)) != "same":
            found.append(Found(datum, text_of(key), text_of(path), now))
            if len(found) == limit:
                return Page(found, os.fsdecode(path))
    return Page(found, None)


def _outputs(
    conn: sqlite3.Connection, transform: int, after: bytes
) -> Iterator[tuple[bytes, int, int, bytes, int, bytes]]:
    while rows := conn.execute(
        "select o.path, o.size, o.mtime_ns, o.digest, o.datum, d.key, o.folded from output o"
        " join datum d on d.id = o.datum where o.folded > ? and o.transform = ?"
        " order by o.folded limit ?",
        (after, transform, _LOOKED),
    ).fetchall():
        yield from (row[:6] for row in rows)
        after = rows[-1][6]


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values)) or "null"
