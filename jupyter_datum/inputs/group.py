"""``group`` and ``whole``: one datum of many."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..hashing import combine_values
from ..project import Project
from ..words import counted
from .again import Packing
from .base import (
    Came,
    Errors,
    Going,
    Input,
    Lacking,
    Listed,
    Member,
    Piece,
    check_keys,
    input_from_json,
)
from .combine import Composite
from .keyed import SHOWN, Keyed

if TYPE_CHECKING:
    from .follow import Following


class GroupInput(Keyed):
    """One datum for each key, with all files that have it. Files are never left out as
    doubles. Of values it makes lists."""

    kind = "group"
    word = "by"
    ordered = True
    told_by_key = False

    def _captured(self) -> frozenset[str]:
        return frozenset({"by"})

    def captures(self, key: bytes) -> dict[str, str]:
        return {"by": os.fsdecode(key)}

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        return self.captures(parts[at]), at + 1

    def _prepared(self, children: tuple[Input, ...]) -> tuple[Input, ...]:
        for child in children:
            if child.outer:
                raise UsageError("outer=True is for an input of join(...), not of group(...)")
        return super()._prepared(children)

    @property
    def lists(self) -> frozenset[str]:
        return frozenset(self.roots)

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        packing, waiting, first = Packing(self.leaves), 0, list[str]()
        for each in self._found(exclude, errors, packing):
            if each is None:
                yield None
                continue
            piece = self._of_key(*each, packing)
            if not self._unsure and not any(row[1] for _, row in each[1]):
                yield Came(piece, awaited=False)
                continue
            yield Lacking(iter([piece]))
            waiting += 1
            first += [ascii(os.fsdecode(piece.listed.key))] if waiting <= SHOWN else []
        if self._unsure:
            yield Lacking(None)
        if waiting:
            names = ", ".join(first) + (", ..." if waiting > SHOWN else "")
            errors.append(_waits(f"{counted(waiting, 'group')} ({names})", waiting))

    def _of_key(self, key: bytes, found: Sequence[tuple[int, Any]], packing: Packing) -> Piece:
        pieces = [(self.children[slot], packing.piece(row[2:])) for slot, row in found]
        group = Gathered()
        for child, piece in pieces:
            group.add(child, piece.listed)
        listed = group.listed(key, several=self._several)
        listed.captures["by"] = os.fsdecode(key)
        return Piece(listed, tuple(m for _, piece in pieces for m in piece.members))


class WholeInput(Composite):
    """One datum with everything: all files, all values."""

    kind = "whole"
    ordered = True

    def __init__(self, children: Sequence[Input], **options: Any) -> None:
        super().__init__(children, **options)
        self.told_by_key = not self.valued

    def _captured(self) -> frozenset[str]:
        return frozenset()

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        return {}, at + 1

    @property
    def lists(self) -> frozenset[str]:
        return frozenset(self.roots)

    def go_along(self, runs: Mapping[str, Following], *, at_once: bool) -> list[Input]:
        return super().go_along(runs, at_once=False)

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        steps = self._taken(exclude, errors, None)  # who has made it would be most of its memory
        return (step.piece.listed for step in steps if isinstance(step, Came))

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        return self._taken(exclude, errors, [])

    def _taken(
        self, exclude: frozenset[bytes], errors: Errors, members: builtins.list[Member] | None
    ) -> Iterator[Going]:
        whole = Gathered()
        lacks = False
        for child in self.children:
            for step in child.going(exclude, errors):
                if isinstance(step, Came):
                    whole.add(child, step.piece.listed)
                    if members is not None:
                        members += step.piece.members
                elif isinstance(step, Lacking):
                    lacks = lacks or step.pieces is None or any(True for _ in step.pieces)
                else:
                    yield None
        if lacks:
            yield Lacking(iter([Piece(Listed(b"whole", (), None, {}), ())]))
            errors.append(_waits("the whole", 1))
        elif whole.count:
            listed = whole.listed(b"whole", several=self._several)._replace(captures={})
            yield Came(Piece(listed, tuple(members or ())), awaited=False)

    def to_json(self) -> dict[str, Any]:
        return {"whole": self.children[0].to_json(), **self.common_json()}

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> WholeInput:
        check_keys(spec, "whole")
        return cls([input_from_json(spec["whole"], project)]).take_common(spec, project)


def _waits(what: str, n: int) -> str:
    return (
        f"{what} {'waits' if n == 1 else 'wait'} for the rest of it; made of what there is with "
        "transform(..., on_error='skip')"
    )


class Gathered:
    """One datum of many: all files in order, lists of values, the captures that all share."""

    def __init__(self) -> None:
        self.count = 0
        self._files: list[Any] = []
        self._upstream: list[int] = []
        self._values: dict[str, list[bytes]] = {}
        self._captures: dict[str, str] = {}

    def add(self, child: Input, listed: Listed) -> None:
        """Take one more, of this input."""
        self._files += listed.files
        self._upstream += listed.upstream
        if listed.value is not None:
            self._values.setdefault(child.name, []).append(listed.value)
        more = listed.captures
        self._captures = _both(self._captures, more) if self.count else dict(more)
        self.count += 1

    def listed(self, key: bytes, *, several: bool) -> Listed:
        """Return it."""
        encoded = {name: combine_values(each) for name, each in self._values.items()}
        value = combine_values(encoded) if several else next(iter(encoded.values()), None)
        upstream = tuple(dict.fromkeys(self._upstream))
        return Listed(key, tuple(self._files), value, self._captures, upstream)


def _both(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    return first and {name: text for name, text in first.items() if second.get(name) == text}
