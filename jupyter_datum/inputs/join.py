"""``join``: the products of datums that share a key."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from ..errors import UsageError
from .again import Packing
from .base import Came, Errors, Going, Input, Lacking, Listed, Piece
from .keyed import SHOWN, Keyed
from .keys import MissingCapture, Template
from .sorted import Sorted


class JoinInput(Keyed):
    """The product of all datums that share a key, none of them twice. A key that some inputs
    lack gives those datums that come from inputs marked ``outer``."""

    kind = "join"
    word = "on"
    ordered = False
    told_by_key = False

    def __init__(self, children: Sequence[Input], **options: Any) -> None:
        if len(children) == 1:
            raise UsageError("join() needs two inputs or more: join(glob(...), glob(...))")
        super().__init__(children, **options)
        self._sides: list[list[bytes]] = []
        packing = Packing(self.leaves)
        self._labelled = {packing.label(leaf).rstrip(b"\0"): leaf for leaf in self.leaves}

    def _captured(self) -> frozenset[str]:
        return super()._captured() | {"on"}

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        found: dict[str, str] = {}
        for child in self.children:
            if not parts[at]:  # it has no datum of this one
                at += 1
                continue
            leaf = child
            if child.on is None and len(child.leaves) > 1:  # taken apart, each datum with a label
                leaf, at = self._labelled[parts[at]], at + 1
            elif child.on is None:
                (leaf,) = child.leaves
            own, at = leaf.read(parts, at)
            self._capture_all(child, own, found)
            if isinstance(leaf.on, Template):
                with contextlib.suppress(MissingCapture):
                    found["on"] = leaf.on.of(Listed(b"", (), None, own))
        return found, at

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        packing = Packing(self.leaves)
        for each in self._found(exclude, errors, packing):
            if each is None:
                yield None
                continue
            for piece, lacks in self._paired(*each, packing):
                yield Lacking(iter([piece])) if lacks else Came(piece, awaited=False)
        if self._unsure:
            yield Lacking(None)

    def _left(self, rows: Sorted) -> None:
        self._sides = [rows.first_keys(i, SHOWN) for i in range(len(self.children))]

    def _paired(
        self, key: bytes, found: Sequence[tuple[int, Any]], packing: Packing
    ) -> Iterator[tuple[Piece, bool]]:
        """Yield the products, and whether each lacks, be it a partner that may lack."""
        sides: list[dict[Any, tuple[bool, bool, Any]]] = [{} for _ in self.children]
        for slot, (outer, lacks, *row) in found:
            same = (row[0], row[1][0])  # a cross taken apart has each of its files many times
            before = sides[slot].get(same)
            sides[slot][same] = (outer, lacks or bool(before and before[1]), row)
        alone = not all(sides)
        if alone:
            sides = [{k: each for k, each in side.items() if each[0]} for side in sides]
            if not any(sides):
                return
        nothing: list[tuple[Piece | None, bool]] = [(None, False)]
        chosen = [
            [(packing.piece(row), lacks) for _, lacks, row in side.values()] or nothing
            for side in sides
        ]
        text = os.fsdecode(key)
        for pairs in product(*chosen):
            piece = self._piece([piece for piece, _ in pairs], text)
            yield piece, any(lacks for _, lacks in pairs) or (alone and self._unsure)

    def _piece(self, pieces: Sequence[Piece | None], key: str) -> Piece:
        listed = self._joined(
            [p and (child, p.listed) for child, p in zip(self.children, pieces, strict=True)]
        )
        captures = {**listed.captures, "on": key}
        members = tuple(member for piece in pieces if piece for member in piece.members)
        return Piece(listed._replace(captures=captures), members)

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        sides = []
        for child, keys in zip(self.children, self._sides, strict=False):
            shown = ", ".join(ascii(os.fsdecode(key)) for key in keys) or "none"
            sides.append(f"{child.name} has {shown}{', ...' if len(keys) == SHOWN else ''}")
        text = (
            f"no key is in every input of {self.describe()}, so there is no datum to run. Keys: "
            f"{'; '.join(sides) or 'none'}"
        )
        return text, "", ()
