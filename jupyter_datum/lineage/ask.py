"""From a path or an id to its lineage."""

from __future__ import annotations

import math
import os
import sqlite3
from dataclasses import replace
from typing import Final

from ..errors import RunError
from ..inputs.named import datum_named
from ..ledger import queries
from ..remote import is_url
from . import formerly, steps
from .files import output_at
from .model import Node, Origin, Some
from .now import Look, everywhere

#: Steps that are made when nobody says how many.
UP: Final = 10
DOWN: Final = 1
#: Datums in one answer; what lies beyond is asked for by id.
_MOST: Final = 200


def lineage(
    conn: sqlite3.Connection,
    asked: str | os.PathLike[str] | int,
    *,
    folder: str | None = None,
    up: int = UP,
    down: int = DOWN,
    look: Look = everywhere,
) -> Origin:
    """Return where a file or a datum comes from, and what was made from it.

    Parameters
    ----------
    conn : sqlite3.Connection
    asked : path, str or int
        A path (relative ones start at `folder`), a URL, the number of a datum, or
        ``TRANSFORM:KEY``.
    folder : str, optional
        The working folder by default.
    up, down : int
        Steps from transform to transform in each direction.
    look : callable, optional
        Tells which files are looked at; all by default.

    Raises
    ------
    RunError
        If the ledger knows nothing of it.
    """
    shown = os.fsdecode(os.fspath(asked)) if not isinstance(asked, int) else f"#{asked}"
    walk = Walk(conn, look)
    datum = _datum_of(conn, shown)
    if datum is not None:
        found = steps.node(conn, datum, look)
        return Origin(shown, None, walk.tree(found, up, down) if found else None, Some())
    path, note, gone = place_of(shown, folder), "", math.inf
    made = output_at(conn, path, look)
    if made is None and (was := formerly.output(conn, path)) is not None:
        made, note = formerly.made(conn, was, path, look), formerly.said(conn, was)
        gone = formerly.until(conn, was)
    readers = steps.readers_of(conn, path, look)
    if made is None and not readers.count:
        raise nothing_known(conn, shown, path)
    read = walk.further(readers, down - 1) if down > 0 else _cut(readers)
    if made is None:
        return Origin(shown, None, None, read)
    file, datum = made
    maker = steps.maker(conn, datum, file, look, gone)
    above = replace(maker, up=walk.above(maker, up)) if maker else None
    return Origin(shown, file, above, read, note)


def _cut(found: Some[Node]) -> Some[Node]:
    """None of these, but how many they are."""
    return Some([], found.count, "cut" if found.count else "")


def nothing_known(conn: sqlite3.Connection, shown: str, path: bytes) -> RunError:
    """Return what to say of a name that stands for no datum and no file of one."""
    if queries.transform(conn, shown) is not None and not os.path.isfile(path):
        return RunError(
            f"{shown!r} is a transform: name one of its datums as {shown}:KEY, a datum's number "
            f"or a file. Of all of them tells: %datum overview {shown}"
        )
    if not is_url(path) and os.path.isdir(path):
        return RunError(
            f"no datum has made or read {shown!r}, which is a folder: name a file in it"
        )
    return RunError(
        f"no datum has made or read {shown!r}. A path, the number of a datum, or TRANSFORM:KEY"
    )


def place_of(asked: str, folder: str | None) -> bytes:
    """Return a URL as it is, a path as an absolute one that starts at `folder`."""
    if is_url(asked):
        return os.fsencode(asked)
    return os.path.abspath(os.path.join(os.fsencode(folder or os.getcwd()), os.fsencode(asked)))


def _datum_of(conn: sqlite3.Connection, text: str) -> int | None:
    """The datum that a number or ``TRANSFORM:KEY`` names; None if it is neither."""
    number = text.removeprefix("#")
    if number.isdecimal() and len(number) < 16 and not os.path.exists(text):
        if queries.datum_by_id(conn, int(number)) is None:
            raise RunError(f"there is no datum {number}")
        return int(number)
    name, colon, key = text.partition(":")
    row = queries.transform(conn, name) if colon else None
    if row is None:
        return None
    found = datum_named(conn, row.id, key)
    if found is None and (was := formerly.key(conn, row.id, key)) is not None:
        return was.datum
    if found is None:
        first = map(queries.key_text, queries.first_keys(conn, row.id, 3))
        names = [text for text in first if not queries.is_digest(text)]
        there = f"; there are: {', '.join(names)}" if names else ""
        raise RunError(f"{name} has no datum with the key {key!r}{there}")
    return found.id


class Walk:
    """Makes trees, each datum once in all of them: shared ones end there."""

    def __init__(self, conn: sqlite3.Connection, look: Look) -> None:
        self._conn = conn
        self._look = look
        self._left = _MOST

    def tree(self, found: Node, up: int, down: int) -> Node:
        """Return a datum with what hangs on it, so many steps in each direction."""
        above = self.above(found, up)
        if down <= 0:
            return replace(found, up=above, down=steps.cut(self._conn, found.id, "up"))
        below = steps.down_of(self._conn, found.id, self._look)
        return replace(found, up=above, down=self.further(below, down - 1))

    def above(self, of: Node, up: int) -> Some[Node]:
        """Return what a datum was made from, `up` steps of it."""
        if up <= 0 or self._left <= 0:
            return steps.cut(self._conn, of.id, "down")
        found = steps.up_of(self._conn, of, self._look)
        self._left -= len(found.first)
        return replace(
            found,
            first=[
                n if n.now == "unknown" else replace(n, up=self.above(n, up - 1))
                for n in found.first
            ],
        )

    def further(self, found: Some[Node], down: int) -> Some[Node]:
        """Return these with what was made from them, `down` steps more."""
        self._left -= len(found.first)
        return replace(found, first=[self._below(n, down) for n in found.first])

    def _below(self, of: Node, down: int) -> Node:
        if down <= 0 or self._left <= 0:
            return replace(of, down=steps.cut(self._conn, of.id, "up"))
        below = steps.down_of(self._conn, of.id, self._look)
        return replace(of, down=self.further(below, down - 1))
