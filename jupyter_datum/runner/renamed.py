"""New datums that have the content of vanished ones: files that were renamed or moved."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from typing import Final

from ..hashing import file_digest
from ..inputs.base import Listed
from ..ledger import queries
from ..ledger.bitmap import Bitmap

#: New datums that are kept in mind, and files that are hashed for it; beyond that a rename
#: of a whole tree is cheaper run than found out.
MOST: Final = 20_000


class Renames:
    """Finds out which new datum is which vanished one.

    Parameters
    ----------
    conn : sqlite3.Connection
    roots : mapping
        Absolute folder of each input name.
    """

    def __init__(self, conn: sqlite3.Connection, roots: Mapping[str, bytes]) -> None:
        self._conn = conn
        self._roots = roots
        self._new: dict[int, list[tuple[bytes, bytes]]] = {}
        self._count = 0

    def new(self, listed: Listed) -> None:
        """Take in a new datum; only those of one file can be told."""
        if len(listed.files) != 1 or self._count >= MOST:
            return
        name, rel, stat = listed.files[0]
        path = os.path.join(self._roots[name], rel)
        self._new.setdefault(stat.size, []).append((listed.key, path))
        self._count += 1

    def pairs(self, gone: Bitmap, transform: int) -> list[tuple[bytes, bytes]]:
        """Return ``(old key, new key)``: sizes first, then contents; each used once."""
        if not self._new:
            return []
        found: list[tuple[bytes, bytes]] = []
        digests: dict[int, dict[bytes, list[bytes]]] = {}
        for key, size, content in self._vanished(gone, transform):
            if size not in digests:
                digests[size] = self._hashed(size)
            if candidates := digests[size].get(content):
                found.append((key, candidates.pop(0)))
        return found

    def _vanished(self, gone: Bitmap, transform: int) -> list[tuple[bytes, int, bytes]]:
        """Vanished datums with a success, of a size that a new one has."""
        after: bytes | None = None
        found: list[tuple[bytes, int, bytes]] = []
        while rows := queries.known(self._conn, transform, after, 2_000):
            after = rows[-1][0]
            found += [
                (row[0], row[4], row[8])
                for row in rows
                if row[1] in gone and row[2] == 2 and not row[11] and row[4] in self._new
            ]
            if len(found) >= MOST:
                break
        return found

    def _hashed(self, size: int) -> dict[bytes, list[bytes]]:
        found: dict[bytes, list[bytes]] = {}
        for key, path in self._new[size]:
            try:
                found.setdefault(file_digest(path), []).append(key)
            except OSError:
                continue
        return found
