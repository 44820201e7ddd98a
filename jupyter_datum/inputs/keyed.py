"""``join``, ``group`` and ``whole``: datums that belong together, by a key.

Each input is taken apart into the datums of its leaves, as Pachyderm does, unless it has a
key of its own; they are sorted by key on disk, so that a million of them need no memory.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from itertools import product
from typing import Any, ClassVar, Final, Self

from ..errors import UsageError
from ..hashing import combine_values
from ..project import Project
from .again import Packing
from .base import Errors, Input, Listed, Member, Piece, check_keys, input_from_json
from .combine import Composite, stored_key
from .follow import WasListed
from .gathering import Gathering
from .keys import Key, Template, check_template, key_from_json, key_of, key_to_json
from .sorted import Sorted
from .upstream import UpstreamInput

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
    #: Whether keys are listed as soon as they are whole (:meth:`gather`).
    _gathers = False

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

    def gathers(self, names: Collection[str]) -> bool:
        """Whether the keys of what it takes from the transforms called `names` are known before
        that is made: then a key need not wait for all others."""
        taking = [
            child
            for child in self.children
            if any(isinstance(x, UpstreamInput) and x.transform in names for x in child.leaves)
        ]
        return bool(taking) and all(
            isinstance(child, UpstreamInput) and isinstance(getattr(child, self.word), Template)
            for child in taking
        )

    def gather(self) -> None:
        """List each key as soon as it is whole; those that are followed give as they go."""
        self.ordered = False
        self._gathers = True

    def _found(
        self, exclude: frozenset[bytes], errors: Errors, packing: Packing
    ) -> Iterator[tuple[bytes, Sequence[tuple[int, Any]]]]:
        """Yield each key with all that has it, as ``(slot, (outer, *row))``."""
        followed = {
            slot: child
            for slot, child in enumerate(self.children)
            if self._gathers and isinstance(child, UpstreamInput) and child.following
        }
        others = [(slot, c) for slot, c in enumerate(self.children) if slot not in followed]
        listed = self._rows(others, exclude, errors, packing)
        with (
            closing(Gathering(followed)) as gathering,
            closing(Sorted(gathering.noting(listed) if followed else listed)) as rows,
        ):
            going = {slot: (c, c.steps(exclude, errors)) for slot, c in followed.items()}
            while going:
                for slot, (child, steps) in list(going.items()):
                    if not self._take(slot, child, steps, gathering, rows, packing, errors):
                        del going[slot]
                for key in gathering.whole():
                    yield key, _in_order(rows.take(key), followed)
            self._left(rows)
            for key, found in rows:
                yield key, _in_order(found, followed)

    def _take(
        self,
        slot: int,
        child: UpstreamInput,
        steps: Iterator[Listed | WasListed | None],
        gathering: Gathering,
        rows: Sorted,
        packing: Packing,
        errors: Errors,
    ) -> bool:
        """Take what a run that is followed has to give now; return whether more may come."""
        for step in steps:
            if step is None:
                return True
            if isinstance(step, WasListed):
                gathering.listed(slot, (self._key_of(child, key) for key in step.to_come))
                continue
            row = self._row(slot, child, Piece(step, (Member(child, step),)), packing)
            if gathering.arrived(slot, row[0]):
                rows.add(*row)
            else:
                errors.append(
                    f"a datum of {child.transform} came after its {self.kind} "
                    f"{os.fsdecode(row[0])!a} was made: run it again"
                )
        return False

    def _key_of(self, child: UpstreamInput, key: bytes) -> bytes:
        """The key of a datum that is not there yet: what its own key captures tells it."""
        listed = Listed(key, (), None, child.captures(key), ())
        return os.fsencode(child.key_of(self.word, listed))

    def _left(self, rows: Sorted) -> None:
        """What has come is all that there is."""

    def _rows(
        self,
        children: Sequence[tuple[int, Input]],
        exclude: frozenset[bytes],
        errors: Errors,
        packing: Packing,
    ) -> Iterator[tuple[bytes, int, Any]]:
        for slot, child in children:
            own: Key | None = getattr(child, self.word)
            several = len(child.leaves) > 1
            for piece in child.pieces(exclude, errors):
                if own is not None:
                    yield self._row(slot, child, piece, packing)
                    continue
                for member in piece.members:
                    leaf, listed = member
                    key = leaf.key_of(self.word, listed)
                    if several:  # files of the same name must not have the same key
                        listed = listed._replace(key=packing.label(leaf) + leaf.part(listed))
                        member = Member(leaf, listed)
                    outer = child.outer or leaf.outer
                    row = packing.rows(Piece(listed, (member,)))
                    yield os.fsencode(key), slot, (outer, *row)

    def _row(
        self, slot: int, child: Input, piece: Piece, packing: Packing
    ) -> tuple[bytes, int, Any]:
        key = child.key_of(self.word, piece.listed)
        return os.fsencode(key), slot, (child.outer, *packing.rows(piece))


def _in_order(found: list[tuple[int, Any]], followed: Collection[int]) -> list[tuple[int, Any]]:
    """What has come as it was made stands as it would if it had been listed: by key."""
    if followed:
        found.sort(key=lambda row: (row[0], row[1][2][0] if row[0] in followed else b""))
    return found


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

    def pieces(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Piece]:
        packing = Packing(self.leaves)
        for key, found in self._found(exclude, errors, packing):
            yield from self._paired(key, found, packing)

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

    def pieces(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Piece]:
        packing = Packing(self.leaves)
        for key, found in self._found(exclude, errors, packing):
            pieces = [(self.children[slot], packing.piece(row[1:])) for slot, row in found]
            listed = gathered(key, pieces, self._several)
            listed.captures["by"] = os.fsdecode(key)
            yield Piece(listed, tuple(m for _, piece in pieces for m in piece.members))


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

    def pieces(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Piece]:
        pieces = [
            (child, piece) for child in self.children for piece in child.pieces(exclude, errors)
        ]
        if pieces:
            listed = gathered(b"whole", pieces, self._several)
            listed.captures.clear()
            yield Piece(listed, tuple(m for _, piece in pieces for m in piece.members))

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
