"""New datums that have the content of vanished ones: files that were renamed or moved."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..hashing import file_digest, seen_digest
from ..inputs import Input
from ..inputs.base import Listed
from ..ledger import queries
from ..ledger.bitmap import Bitmap
from ..outputs.publish.rekey import Renamed

#: New datums that are kept in mind, and files that are hashed for it; beyond that a rename
#: of a whole tree is cheaper run than found out.
MOST: Final = 20_000

#: Of the parts of a key which one is the file, and all the others: a point of a grid, say.
_Rest = tuple[int, tuple[bytes, ...]]


class _New(NamedTuple):
    key: bytes
    rests: tuple[_Rest, ...]
    seen: bytes | None
    path: bytes
    place: int


class Renames:
    """Finds out which new datum is which vanished one.

    Parameters
    ----------
    conn : sqlite3.Connection
    source : Input
    """

    def __init__(self, conn: sqlite3.Connection, source: Input) -> None:
        self._conn = conn
        self._roots = source.roots
        self._movable = source.movable
        self._told_by_key = source.told_by_key
        self._new: dict[int, list[_New]] = {}
        self._count = 0

    def new(self, listed: Listed, place: int) -> None:
        """Take in a new datum, at its place of the input; only those of one file can be told."""
        if not self._movable or len(listed.files) != 1 or self._count >= MOST:
            return
        name, rel, stat = listed.files[0]
        path = os.path.join(self._roots[name], rel)
        rests = tuple(rest for part, rest in _parts(listed.key) if part == rel)
        seen = None if self._told_by_key else seen_digest(listed.value, listed.captures)
        self._new.setdefault(stat.size, []).append(_New(listed.key, rests, seen, path, place))
        self._count += 1

    def pairs(self, gone: Bitmap, transform: int) -> list[Renamed]:
        """Return who is who: sizes first, then contents, then the rest of the key; each once."""
        if not self._new:
            return []
        found: list[Renamed] = []
        digests: dict[int, dict[tuple[bytes, _Rest], list[_New]]] = {}
        for datum, key, size, content in self._vanished(gone, transform):
            if size not in digests:
                digests[size] = self._hashed(size)
            for was, rest in _parts(key):
                if candidates := digests[size].get((content, rest)):
                    new = candidates.pop(0)
                    rel = new.key.split(b"\0")[rest[0]]
                    found.append(Renamed(datum, key, new.key, was, rel, new.seen, new.place))
                    break
        return found

    def _vanished(self, gone: Bitmap, transform: int) -> list[tuple[int, bytes, int, bytes]]:
        """Vanished datums with a success, of a size that a new one has."""
        after: bytes | None = None
        found: list[tuple[int, bytes, int, bytes]] = []
        while rows := queries.known(self._conn, transform, after, 2_000):
            after = rows[-1][0]
            found += [
                (row[1], row[0], row[4], row[8])
                for row in rows
                if row[1] in gone and row[2] == 2 and not row[11] and row[4] in self._new
            ]
            if len(found) >= MOST:
                break
        return found

    def _hashed(self, size: int) -> dict[tuple[bytes, _Rest], list[_New]]:
        found: dict[tuple[bytes, _Rest], list[_New]] = {}
        contents: dict[bytes, bytes] = {}  # of a cross each file has many datums
        for each in self._new[size]:
            try:
                if each.path not in contents:
                    contents[each.path] = file_digest(each.path)
            except OSError:
                continue
            for rest in each.rests:
                found.setdefault((contents[each.path], rest), []).append(each)
        return found


def _parts(key: bytes) -> Iterator[tuple[bytes, _Rest]]:
    """Yield each part of a key, with its place and the others."""
    parts = key.split(b"\0")
    for i, part in enumerate(parts):
        yield part, (i, (*parts[:i], *parts[i + 1 :]))


__all__ = ["MOST", "Renames"]
