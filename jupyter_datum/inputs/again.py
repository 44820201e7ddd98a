"""A listing that is read several times: in memory while it is short, else on disk."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import IO, Any, Final

import msgpack

from ..events import Stat
from .base import Input, Listed, Member, Piece

#: Datums held in memory: about a kilobyte each.
_SHORT: Final = 20_000
_BLOCK: Final = 1 << 20


class Packing:
    """Datums of inputs as bytes, and back.

    Parameters
    ----------
    leaves : sequence of Input
        Those that the members may come from.
    """

    def __init__(self, leaves: Sequence[Input]) -> None:
        self._leaves = leaves
        self._places = {id(leaf): i for i, leaf in enumerate(leaves)}
        self._labels = _labels(leaves)
        self.pack = msgpack.Packer(unicode_errors="surrogateescape").pack

    def place(self, leaf: Input) -> int:
        """Return which of the leaves it is."""
        return self._places[id(leaf)]

    def label(self, leaf: Input) -> bytes:
        """Return what tells a leaf from others, as the first part of a key."""
        return self._labels[self._places[id(leaf)]]

    def rows(self, piece: Piece) -> tuple[Any, ...]:
        """Return what stands for a piece. One of a single leaf is not said twice."""
        if len(piece.members) == 1 and piece.members[0].listed is piece.listed:
            return (self._places[id(piece.members[0].leaf)], piece.listed)
        members = [(self._places[id(leaf)], listed) for leaf, listed in piece.members]
        return (-1, piece.listed, members)

    def piece(self, rows: Sequence[Any]) -> Piece:
        """Inverse of :meth:`rows`."""
        if rows[0] >= 0:
            listed = listed_of(rows[1])
            return Piece(listed, (Member(self._leaves[rows[0]], listed),))
        members = tuple(Member(self._leaves[i], listed_of(row)) for i, row in rows[2])
        return Piece(listed_of(rows[1]), members)


def _labels(leaves: Sequence[Input]) -> list[bytes]:
    counts: Counter[str] = Counter()
    found = []
    for leaf in leaves:
        counts[leaf.name] += 1
        n = counts[leaf.name]
        found.append((leaf.name if n == 1 else f"{leaf.name}#{n}").encode() + b"\0")
    return found


def listed_of(row: Sequence[Any]) -> Listed:
    """Return a datum as it was before msgpack made lists of its tuples."""
    key, files, value, captures, upstream = row
    return Listed(
        key,
        tuple([(name, rel, Stat._make(stat)) for name, rel, stat in files]),
        value,
        captures,
        tuple(upstream),
    )


class Again:
    """A listing that can be iterated again and again.

    Parameters
    ----------
    leaves : sequence of Input
        Those that its datums come from.
    """

    def __init__(self, leaves: Sequence[Input]) -> None:
        self._short: list[Piece] = []
        self._file: IO[bytes] | None = None
        self._at_end = True
        self._packing = Packing(leaves)

    @classmethod
    @contextmanager
    def many(cls, inputs: Sequence[Input]) -> Iterator[Sequence[Again]]:
        """Hold one for each of the inputs; there is nothing in them yet."""
        with ExitStack() as stack:
            yield [stack.enter_context(closing(cls(each.leaves))) for each in inputs]

    def add(self, piece: Piece) -> None:
        """Put one behind the others."""
        if len(self._short) < _SHORT:
            self._short.append(piece)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="jupyter-datum-")  # noqa: SIM115
        if not self._at_end:  # somebody has read meanwhile
            self._file.seek(0, os.SEEK_END)
            self._at_end = True
        self._file.write(self._packing.pack(self._packing.rows(piece)))

    def __bool__(self) -> bool:
        return bool(self._short)

    def __iter__(self) -> Iterator[Piece]:
        yield from self._short
        if self._file is None:
            return
        self._file.flush()
        unpacker = msgpack.Unpacker(
            raw=False, use_list=False, unicode_errors="surrogateescape", max_buffer_size=0
        )
        at = 0
        # By position: another iteration of the same file may go on meanwhile.
        while block := self._read(at):
            at += len(block)
            unpacker.feed(block)
            for rows in unpacker:
                yield self._packing.piece(rows)

    def _read(self, at: int) -> bytes:
        assert self._file is not None
        self._at_end = False
        self._file.seek(at)
        return self._file.read(_BLOCK)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
