"""Datums that belong together, by a key: what :mod:`.join` and :mod:`.group` have in common.

Each input is taken apart into the datums of its leaves, as Pachyderm does, unless it has a
key of its own; they are sorted by key on disk, so that a million of them need no memory.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from ..errors import UsageError
from ..project import Project
from .again import Packing
from .base import (
    Came,
    Due,
    Errors,
    Going,
    Input,
    Lacking,
    Member,
    Piece,
)
from .combine import Composite, stored_key
from .gathering import Gathering
from .keys import Key, Template, check_template, key_from_json, key_of, key_to_json
from .sorted import Sorted
from .turns import in_turns

if TYPE_CHECKING:
    from .follow import Following

#: Keys that a sentence shows.
SHOWN: Final = 5


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
    #: Whether datums of any key may lack, of what it lists at present.
    _unsure = False

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
        awaiting = [leaf for leaf in child.leaves if leaf.awaits(runs)]
        return child.announces(runs) and self._templated(child, awaiting)

    def _templated(self, child: Input, leaves: Iterable[Input]) -> bool:
        """Whether these datums' keys are made of captures: then no file need be there."""
        own: Key | None = getattr(child, self.word)
        keys = [getattr(leaf, self.word) for leaf in leaves] if own is None else [own]
        return all(isinstance(key, Template) for key in keys)

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
        """Yield each key with all that has it, as ``(slot, (outer, lacks, *row))``; if it goes
        along with runs at work, as soon as nothing else of that key can come."""
        self._unsure = False
        with closing(Gathering(self._growing)) as gathering, closing(Sorted()) as rows:
            still = [i for i in range(len(self.children)) if i not in self._growing]
            for slot in still:
                for step in self.children[slot].going(exclude, errors):
                    if not self._put(slot, step, gathering, rows, packing, errors):
                        yield None
            listings = {i: self.children[i].going(exclude, errors) for i in self._growing}
            for slot, step in in_turns(listings):
                if self._put(slot, step, gathering, rows, packing, errors):
                    continue
                if isinstance(step, Due):
                    keys = (key for p in step.pieces for key, *_ in self._parts(slot, p, packing))
                    gathering.due(slot, keys, last=step.last)
                else:
                    for key in gathering.whole():
                        yield key, self._in_order(rows.take(key))
                    yield None
            self._left(rows)
            for key, found in rows:
                yield key, self._in_order(found)

    def _put(
        self,
        slot: int,
        step: Going,
        gathering: Gathering,
        rows: Sorted,
        packing: Packing,
        errors: Errors,
    ) -> bool:
        """Put what has come, or lacks, under its keys; False if it is neither."""
        if isinstance(step, Came):
            self._take(slot, step, gathering, rows, packing, errors)
        elif isinstance(step, Lacking):
            self._lack(slot, step, rows, packing)
        return isinstance(step, Came | Lacking)

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
                rows.add(key, slot, (rank, outer, False, *packing.rows(part)))
            else:
                errors.append(
                    f"a datum of {self.children[slot].describe()} came after its {self.kind} "
                    f"{os.fsdecode(key)!a} was made: run it again"
                )

    def _lack(self, slot: int, step: Lacking, rows: Sorted, packing: Packing) -> None:
        """Put stubs where the datums would be; or know that there may be more of any key."""
        for piece in step.pieces or ():
            if not self._templated(self.children[slot], [leaf for leaf, _ in piece.members]):
                self._unsure = True
                return
            for key, outer, rank, part in self._parts(slot, piece, packing):
                rows.add(key, slot, (rank, outer, True, *packing.rows(part)))
        self._unsure = self._unsure or step.pieces is None

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
