"""``join``, ``group`` and ``whole``: datums that belong together, by a key.

Each input is taken apart into the datums of its leaves, as Pachyderm does, unless it has a
key of its own; they are sorted by key on disk, so that a million of them need no memory.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from ..errors import UsageError
from ..hashing import combine_values
from ..project import Project
from .again import Packing
from .base import (
    Came,
    Due,
    Errors,
    Going,
    Input,
    Listed,
    Member,
    Piece,
    check_keys,
    input_from_json,
)
from .combine import Composite, stored_key
from .gathering import Gathering
from .keys import Key, Template, check_template, key_from_json, key_of, key_to_json
from .sorted import Sorted
from .turns import in_turns

if TYPE_CHECKING:
    from .follow import Following

_SHOWN: Final = 5


class Keyed(Composite):
    """What joins and groups have in common.

    Parameters
    ----------
    children : sequence of Input
    key : str or callable, optional
        For those of them that have none.
    """

    #: The option of inputs that makes their keys.
    word: ClassVar[str]

    def __init__(self, children: Sequence[Input], *, key: Any = None, **options: Any) -> None:
        self._default = key_of(key)
        super().__init__(children, **options)

    def _prepared(self, children: tuple[Input, ...]) -> tuple[Input, ...]:
        return tuple(self._with_keys(child) for child in children)

    def _with_keys(self, child: Input) -> Input:
        """The input with a key, or with one for each of its leaves."""
        key: Key | None = getattr(child, self.word)
        if key is not None:
            _check(child, self.word, key)
            return child
        if isinstance(child, Composite):
            parted = child.called(child.given or "")
            parted.children = tuple(self._with_keys(each) for each in child.children)
            return parted
        if self._default is None:
            raise UsageError(
                f"{child.describe()} has no key in the {self.kind}: give it "
                f"{self.word}='$1', where (...) in its pattern is what {self._about}"
            )
        _check(child, self.word, self._default)
        other = child.called(child.given or "")
        setattr(other, self.word, self._default)
        return other

    def stored(self, project: Project) -> Input:
        other = super().stored(project)
        assert isinstance(other, Keyed)
        other._default = stored_key(self._default, project)
        return other

    def to_json(self) -> dict[str, Any]:
        spec = super().to_json()
        return spec if self._default is None else {**spec, self.word: key_to_json(self._default)}

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> Self:
        children = cls._children_of(spec, project)
        if cls.kind == "join" and spec.get("outer"):
            children = [as_outer(child) for child in children]
        made = cls(children, key=key_from_json(spec.get(cls.word), project))
        own = {name: value for name, value in spec.items() if name not in (cls.word, "outer")}
        made.take_common(own, project)
        made.outer = cls.kind != "join" and bool(spec.get("outer"))
        made._check_keys()
        return made

    @property
    def _about(self) -> str:
        return "its datums share" if self.word == "by" else "the inputs share"

    def _told(self, child: Input, runs: Collection[str]) -> bool:
        """Whether the keys of what it takes from these transforms are known before that is
        made."""
        own: Key | None = getattr(child, self.word)
        awaiting = [leaf for leaf in child.leaves if leaf.awaits(runs)]
        keys = [getattr(leaf, self.word) for leaf in awaiting] if own is None else [own]
        return child.announces(runs) and all(isinstance(key, Template) for key in keys)

    def go_along(self, runs: Mapping[str, Following], *, at_once: bool) -> list[Input]:
        taking = [child for child in self.children if child.awaits(runs)]
        told = all(self._told(child, runs) for child in taking)
        super().go_along(runs, at_once=at_once and told)
        if self._growing:
            self.ordered = False
        return []

    def _found(
        self, exclude: frozenset[bytes], errors: Errors, packing: Packing
    ) -> Iterator[tuple[bytes, Sequence[tuple[int, Any]]] | None]:
        """Yield each key with all that has it, as ``(slot, (outer, *row))``; if it goes along
        with runs at work, as soon as nothing else of that key can come."""
        with closing(Gathering(self._growing)) as gathering, closing(Sorted()) as rows:
            still = [i for i in range(len(self.children)) if i not in self._growing]
            for slot in still:
                for step in self.children[slot].going(exclude, errors):
                    if isinstance(step, Came):
                        self._take(slot, step, gathering, rows, packing, errors)
                    elif step is None:
                        yield None
            listings = {i: self.children[i].going(exclude, errors) for i in self._growing}
            for slot, step in in_turns(listings):
                if isinstance(step, Came):
                    self._take(slot, step, gathering, rows, packing, errors)
                elif isinstance(step, Due):
                    keys = (key for p in step.pieces for key, *_ in self._parts(slot, p, packing))
                    gathering.due(slot, keys, last=step.last)
                else:
                    for key in gathering.whole():
                        yield key, self._in_order(rows.take(key))
                    yield None
            self._left(rows)
            for key, found in rows:
                yield key, self._in_order(found)

    def _take(
        self,
        slot: int,
        step: Came,
        gathering: Gathering,
        rows: Sorted,
        packing: Packing,
        errors: Errors,
    ) -> None:
        for key, outer, rank, part in self._parts(slot, step.piece, packing):
            if not self._growing or gathering.arrived(key, awaited=step.awaited):
                rows.add(key, slot, (rank, outer, *packing.rows(part)))
            else:
                errors.append(
                    f"a datum of {self.children[slot].describe()} came after its {self.kind} "
                    f"{os.fsdecode(key)!a} was made: run it again"
                )

    def _parts(
        self, slot: int, piece: Piece, packing: Packing
    ) -> Iterator[tuple[bytes, bool, Any, Piece]]:
        """Yield what of a datum goes under which key, as ``(key, outer, rank, part)``; by the
        rank what came as it was made stands as it would if it had been listed."""
        child = self.children[slot]
        rank: Any = ()
        if slot in self._growing:
            rank = [(packing.place(leaf), listed.key) for leaf, listed in piece.members]
        if getattr(child, self.word) is not None:
            yield os.fsencode(child.key_of(self.word, piece.listed)), child.outer, rank, piece
            return
        several = len(child.leaves) > 1
        for leaf, listed in piece.members:
            key = os.fsencode(leaf.key_of(self.word, listed))
            if several:  # files of the same name must not have the same key
                listed = listed._replace(key=packing.label(leaf) + leaf.part(listed))
            yield key, child.outer or leaf.outer, rank, Piece(listed, (Member(leaf, listed),))

    def _in_order(self, found: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        if self._growing:
            found.sort(key=lambda row: (row[0], row[1][0]))
        return [(slot, row[1:]) for slot, row in found]

    def _left(self, rows: Sorted) -> None:
        """What has come is all that there is."""


def as_outer(source: Input) -> Input:
    """Return an input of which a join keeps the datums without a partner."""
    other = source.called(source.given or "")
    other.outer = True
    return other


def _check(child: Input, word: str, key: Key) -> None:
    if isinstance(key, Template):
        check_template(key, child.capture_names, word, child.describe())


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

    def _captured(self) -> frozenset[str]:
        return super()._captured() | {"on"}

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        packing = Packing(self.leaves)
        for each in self._found(exclude, errors, packing):
            if each is None:
                yield None
                continue
            for piece in self._paired(*each, packing):
                yield Came(piece, awaited=False)

    def _left(self, rows: Sorted) -> None:
        self._sides = [rows.first_keys(i, _SHOWN) for i in range(len(self.children))]

    def _paired(
        self, key: bytes, found: Sequence[tuple[int, Any]], packing: Packing
    ) -> Iterator[Piece]:
        sides: list[list[Any]] = [[] for _ in self.children]
        seen: set[tuple[int, int, bytes]] = set()
        for slot, (outer, *row) in found:
            same = (slot, row[0], row[1][0])
            if same not in seen:  # a cross taken apart has each of its files many times
                seen.add(same)
                sides[slot].append((outer, row))
        if not all(sides):
            sides = [[each for each in side if each[0]] for side in sides]
            if not any(sides):
                return
        nothing: list[Piece | None] = [None]
        chosen = [[packing.piece(row) for _, row in side] or nothing for side in sides]
        text = os.fsdecode(key)
        for pieces in product(*chosen):
            yield self._piece(pieces, text)

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
            sides.append(f"{child.name} has {shown}{', ...' if len(keys) == _SHOWN else ''}")
        text = (
            f"no key is in every input of {self.describe()}, so there is no datum to run. Keys: "
            f"{'; '.join(sides) or 'none'}"
        )
        return text, "", ()


class GroupInput(Keyed):
    """One datum for each key, with all files that have it. Files are never left out as
    doubles. Of values it makes lists."""

    kind = "group"
    word = "by"
    ordered = True
    told_by_key = False

    def _captured(self) -> frozenset[str]:
        return frozenset({"by"})

    def _prepared(self, children: tuple[Input, ...]) -> tuple[Input, ...]:
        for child in children:
            if child.outer:
                raise UsageError("outer=True is for an input of join(...), not of group(...)")
        return super()._prepared(children)

    @property
    def lists(self) -> frozenset[str]:
        return frozenset(self.roots)

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        packing = Packing(self.leaves)
        for each in self._found(exclude, errors, packing):
            yield each and Came(self._of_key(*each, packing), awaited=False)

    def _of_key(self, key: bytes, found: Sequence[tuple[int, Any]], packing: Packing) -> Piece:
        pieces = [(self.children[slot], packing.piece(row[1:])) for slot, row in found]
        listed = gathered(key, pieces, self._several)
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

    @property
    def lists(self) -> frozenset[str]:
        return frozenset(self.roots)

    def go_along(self, runs: Mapping[str, Following], *, at_once: bool) -> list[Input]:
        return super().go_along(runs, at_once=False)

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        pieces: list[tuple[Input, Piece]] = []
        for child in self.children:
            for step in child.going(exclude, errors):
                if isinstance(step, Came):
                    pieces.append((child, step.piece))
                elif step is None:
                    yield None
        if pieces:
            listed = gathered(b"whole", pieces, self._several)
            listed.captures.clear()
            members = tuple(m for _, piece in pieces for m in piece.members)
            yield Came(Piece(listed, members), awaited=False)

    def to_json(self) -> dict[str, Any]:
        return {"whole": self.children[0].to_json(), **self.common_json()}

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> WholeInput:
        check_keys(spec, "whole")
        return cls([input_from_json(spec["whole"], project)]).take_common(spec, project)


def gathered(key: bytes, pieces: Sequence[tuple[Input, Piece]], several: bool) -> Listed:
    """One datum of many: all files in order, lists of values, the captures that all share."""
    files: list[Any] = []
    upstream: list[int] = []
    values: dict[str, list[bytes]] = {}
    captures: dict[str, str] | None = None
    for child, (listed, _) in pieces:
        files += listed.files
        upstream += listed.upstream
        if listed.value is not None:
            values.setdefault(child.name, []).append(listed.value)
        captures = dict(listed.captures) if captures is None else _both(captures, listed.captures)
    encoded = {name: combine_values(each) for name, each in values.items()}
    value = combine_values(encoded) if several else next(iter(encoded.values()), None)
    return Listed(key, tuple(files), value, captures or {}, tuple(dict.fromkeys(upstream)))


def _both(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in first.items() if second.get(name) == text}


__all__ = ["GroupInput", "JoinInput", "Keyed", "Member", "WholeInput", "gathered"]
