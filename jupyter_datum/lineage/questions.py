"""Which outputs were made by old code, come from a run with failures, are orphans, or were
edited since: page by page, each page one indexed query."""

from __future__ import annotations

import heapq
import os
import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from ..errors import UsageError
from ..ledger.feed import current_versions
from ..ledger.queries import key_text
from ..states import FINISHED, DatumState
from ..words import text_of
from .model import COUNTED
from .now import Look, everywhere, now_of

#: What can be asked, with the sentence that it answers.
QUESTIONS: Final = {
    "old": "made by older code",
    "failed-run": "come from a run with failures",
    "orphan": "orphans: their input is gone",
    "edited": "edited or removed since",
}
#: Runs to which a question applies that are asked, the newest: each is a query.
RUNS: Final = 1_000
#: Outputs read at a time.
_LOOKED: Final = 2_000
#: Outputs that one page looks at: less than a second.
_AT_MOST: Final = 20_000


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
    look: Look = everywhere,
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
        Datums (``edited``: outputs) of one page.
    look : callable, optional
        Tells which files are looked at (``edited``).

    Raises
    ------
    UsageError
        If there is no such question.
    """
    if question == "edited":
        return _edited(conn, transform, str(after or ""), limit, look)
    rows = _page(conn, transform, question, int(after or 0), limit)
    found = [
        Found(datum, key_text(key), text_of(path), "")
        for datum, key in rows
        for (path,) in conn.execute("select path from output where datum = ? limit 20", (datum,))
    ]
    return Page(found, rows[-1][0] if len(rows) == limit else None)


def count(conn: sqlite3.Connection, transform: int, question: str, *, present: bool = False) -> int:
    """Return how many datums a question applies to, up to :data:`COUNTED`; with `present` of
    those alone that are in the input still."""
    found = 0
    still = " and d.gone is null" if present else ""
    for which, values, _ in _parts(conn, transform, question):
        sql = f"select count(*) from (select 1 from {which}{still} limit ?)"
        found += int(conn.execute(sql, (*values, COUNTED - found)).fetchone()[0])
        if found >= COUNTED:
            break
    return found


def _page(
    conn: sqlite3.Connection, transform: int, question: str, after: int, limit: int
) -> list[tuple[int, bytes]]:
    """The next datums by id: each part is in that order by itself, so they are merged."""
    pages = [
        conn.execute(
            f"select d.id, d.key from {which} and {order} > ? order by {order} limit ?",
            (*values, after, limit),
        ).fetchall()
        for which, values, order in _parts(conn, transform, question)
    ]
    return list(islice(heapq.merge(*pages), limit))


#: The rest of a query over ``datum d``, its values, and the column that it goes by.
_Part = tuple[str, tuple[int, ...], str]
_DONE: Final = f"in ({', '.join(str(int(state)) for state in FINISHED)})"
#: A datum that has failed has the outputs of a former version still: what that was.
_HELD: Final = (
    "(select {0} from past p join run r on r.id = p.run where p.datum = d.id"
    f" and p.state {_DONE} and instr(p.outputs, (select lower(hex(o.digest)) from output o"
    " where o.datum = d.id limit 1)) order by p.began desc limit 1)"
)


def _parts(conn: sqlite3.Connection, transform: int, question: str) -> list[_Part]:
    """The queries that give a question's answer together: runs and versions are few, and an
    index has the datums of each."""
    if question == "orphan":
        return [("datum d where d.transform = ? and d.gone is not null", (transform,), "d.id")]
    asked = _runs(conn, transform, question)[:RUNS]
    held = f"datum d where d.transform = ? and d.state = {DatumState.FAILED:d} and d.outputs > 0"
    if question == "old":
        current = current_versions(conn, transform)
        marks = ", ".join("?" * len(current))
        held = f"{held} and {_HELD.format('p.version')} not in ({marks})"
        values = tuple(current)
    else:
        held, values = f"{held} and {_HELD.format('r.failed')} > 0", ()
    made = "made m cross join datum d on d.id = m.datum and d.run = m.run where m.run = ?"
    good = f"{made} and d.state {_DONE}"
    return [*((good, (run,), "m.datum") for run in asked), (held, (transform, *values), "d.id")]


def _runs(conn: sqlite3.Connection, transform: int, question: str) -> list[int]:
    """The newest runs that may hold an answer, one more than are asked."""
    if question == "old":
        current = current_versions(conn, transform)
        which, values = f"version not in ({', '.join('?' * len(current))})", tuple(current)
    elif question == "failed-run":
        which, values = "failed > 0", ()
    else:
        raise UsageError(f"no question {question!r}; there are: {', '.join(QUESTIONS)}")
    rows = conn.execute(
        f"select id from run where transform = ? and {which}"
        " and exists (select 1 from made where made.run = run.id) order by id desc limit ?",
        (transform, *values, RUNS + 1),
    )
    return [run for (run,) in rows]


def is_cut(conn: sqlite3.Connection, transform: int, question: str) -> bool:
    """Whether there are more runs to which a question applies than are asked."""
    return question in ("old", "failed-run") and len(_runs(conn, transform, question)) > RUNS


def _edited(conn: sqlite3.Connection, transform: int, after: str, limit: int, look: Look) -> Page:
    """Look at outputs one after the other until `limit` edited ones are found, or so many
    were looked at that a page is due."""
    start = os.fsencode(after)
    found: list[Found] = []
    rows = _outputs(conn, transform, start)
    for looked, (path, size, mtime_ns, digest, ctime_ns, datum, key) in enumerate(rows, 1):
        read = look(path)
        now = now_of(path, size, mtime_ns, digest, read, ctime_ns) if read else ""
        if now in ("edited", "gone", "uncompared"):
            found.append(Found(datum, key_text(key), text_of(path), now))
        if len(found) == limit or looked == _AT_MOST:
            return Page(found, os.fsdecode(path))
    return Page(found, None)


def _outputs(
    conn: sqlite3.Connection, transform: int, after: bytes
) -> Iterator[tuple[bytes, int, int, bytes, int | None, int, bytes]]:
    while rows := conn.execute(
        "select o.path, o.size, o.mtime_ns, o.digest, o.ctime_ns, o.datum, d.key,"
        " o.folded from output o join datum d on d.id = o.datum"
        " where o.folded > ? and o.transform = ? order by o.folded limit ?",
        (after, transform, _LOOKED),
    ).fetchall():
        yield from (row[:7] for row in rows)
        after = rows[-1][7]
