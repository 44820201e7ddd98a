"""Which datums have read a file: counted by transform, listed page by page."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from . import steps
from .files import places_of
from .model import COUNTED, Node, Shown
from .now import Look, everywhere

#: Where a path lies: a transform, the name of its input, the path under that input's folder.
Place = tuple[int, str, bytes]
_READ: Final = (
    "from input i join datum d on d.id = i.datum"
    " where i.rel = ? and i.datum > ? and i.name = ? and d.transform = ?"
)


@dataclass(frozen=True)
class Use:
    """How many datums of a transform have read a file.

    Parameters
    ----------
    transform : str
    run : str
        uuid of its newest run.
    count : int
        Up to :data:`~.model.COUNTED`.
    """

    transform: str
    run: str
    count: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "transform": self.transform, "run": self.run, "count": self.count,
            "capped": self.count >= COUNTED,
        }  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Some of the datums that have read a file, and where the next page starts."""

    nodes: list[Node]
    after: int | None

    def to_json(self, shown: Shown) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"datums": [node.to_json(shown) for node in self.nodes], "next": self.after}


def uses(conn: sqlite3.Connection, path: bytes) -> list[Use]:
    """Return which transforms have read the file at an absolute path, most datums first."""
    found: dict[int, int] = {}
    for place in places_of(conn, path):
        count = len(_keyed(conn, place, 0)) + _counted(conn, place)
        found[place[0]] = found.get(place[0], 0) + count
    named = [_named(conn, transform, count) for transform, count in found.items() if count]
    return sorted((use for use in named if use), key=lambda use: (-use.count, use.transform))


def users(
    conn: sqlite3.Connection,
    path: bytes,
    *,
    transform: str | None = None,
    after: int = 0,
    limit: int = 50,
    look: Look = everywhere,
) -> Page:
    """Return datums (of one transform) that have read the file at an absolute path, by number.

    Parameters
    ----------
    conn : sqlite3.Connection
    path : bytes
    transform : str, optional
        Its name; all by default.
    after : int
        What the page before ended with.
    limit : int
    look : callable, optional
        Tells which files are looked at; all by default.
    """
    rows = conn.execute("select id from transform where ? is null or name = ?", (transform,) * 2)
    wanted = {row[0] for row in rows}
    places = [place for place in places_of(conn, path) if place[0] in wanted]
    ids = _distinct(heapq.merge(*(_ids(conn, place, after, limit) for place in places)))
    page = list(islice(ids, limit))
    nodes = steps.nodes(conn, page, len(page), look).first
    return Page(nodes, page[-1] if len(page) == limit else None)


def _ids(conn: sqlite3.Connection, place: Place, after: int, limit: int) -> list[int]:
    """The next datums of one place, in order: from the index, however many there are."""
    transform, name, rel = place
    rows = conn.execute(
        f"select distinct i.datum {_READ} order by i.datum limit ?",
        (rel, after, name, transform, limit),
    )
    return sorted([*_keyed(conn, place, after), *(row[0] for row in rows)])


def _keyed(conn: sqlite3.Connection, place: Place, after: int) -> list[int]:
    """Datums that are the file itself, or its lines; of a million lines not all are listed."""
    return [one for one in steps.keyed(conn, place[0], place[2]) if one > after]


def _counted(conn: sqlite3.Connection, place: Place) -> int:
    transform, name, rel = place
    row = conn.execute(
        f"select count(*) from (select distinct i.datum {_READ} limit ?)",
        (rel, 0, name, transform, COUNTED),
    ).fetchone()
    return int(row[0])


def _named(conn: sqlite3.Connection, transform: int, count: int) -> Use | None:
    row = conn.execute(
        "select t.name, r.uuid from transform t join run r on r.transform = t.id"
        " where t.id = ? order by r.id desc limit 1",
        (transform,),
    ).fetchone()
    return Use(row[0], row[1], min(count, COUNTED)) if row else None


def _distinct(ids: Iterable[int]) -> Iterable[int]:
    last = 0
    for one in ids:
        if one != last:
            yield one
        last = one
