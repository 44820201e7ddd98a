"""What is still to come of an input: datums without files or values, as many as there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Final

import msgpack

from .again import Packing
from .base import Input, Piece

#: KiB of the page cache; beyond it pages go to disk.
_CACHE: Final = 4_096


class Stubs:
    """Told datums of an input, until they come. It can be iterated again and again.

    Parameters
    ----------
    leaves : sequence of Input
        Those that its datums come from.
    """

    def __init__(self, leaves: Sequence[Input]) -> None:
        self._packing = Packing(leaves)
        self._conn = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = off", "synchronous = off", f"cache_size = -{_CACHE}"):
            self._conn.execute(f"pragma {pragma}")
        self._conn.execute("create table stub (id integer primary key, key blob, body blob)")
        self._conn.execute("create index by_key on stub (key)")

    @classmethod
    @contextmanager
    def many(cls, inputs: Sequence[Input]) -> Iterator[Sequence[Stubs]]:
        """Hold some for each of the inputs; there is nothing in them yet."""
        with ExitStack() as stack:
            yield [stack.enter_context(closing(cls(each.leaves))) for each in inputs]

    def add(self, pieces: Iterable[Piece]) -> None:
        """These are to come."""
        pack, rows = self._packing.pack, self._packing.rows
        self._conn.executemany(
            "insert into stub (key, body) values (?, ?)",
            ((piece.listed.key, pack(rows(piece))) for piece in pieces),
        )

    def discard(self, piece: Piece) -> None:
        """One of them has come."""
        self._conn.execute(
            "delete from stub where id = (select id from stub where key = ? limit 1)",
            (piece.listed.key,),
        )

    def __iter__(self) -> Iterator[Piece]:
        for (body,) in self._conn.execute("select body from stub order by id"):
            row = msgpack.unpackb(body, raw=False, use_list=False, unicode_errors="surrogateescape")
            yield self._packing.piece(row)

    def close(self) -> None:
        """Let go of the file."""
        self._conn.close()
