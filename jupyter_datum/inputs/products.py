"""``cross`` and ``union``."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Any

from .again import Again
from .base import Came, Due, Errors, Going, Input, Piece
from .combine import Composite
from .keys import Key, Template, check_template
from .stubs import Stubs
from .turns import in_turns


class CrossInput(Composite):
    """Every datum of the first with every one of the second, and so on.

    Where it goes along with runs at work, each of their datums is paired with all that is there
    of the others as soon as it comes.
    """

    kind = "cross"

    @property
    def ordered(self) -> bool:  # type: ignore[override]
        return all(child.ordered for child in self.children)

    @property
    def movable(self) -> bool:
        return all(child.movable for child in self.children)

    def announces(self, runs: Collection[str]) -> bool:
        return all(child.announces(runs) for child in self.children)

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        growing = self._growing or [0]
        with Again.many(self.children) as there:
            for place, child in enumerate(self.children):
                if place in growing:
                    continue
                for step in child.going(exclude, errors):
                    if isinstance(step, Came):
                        there[place].add(step.piece)
                    elif step is None:
                        yield None
                if not there[place]:  # nothing times anything; the others need not be listed
                    return
            listings = {place: self.children[place].going(exclude, errors) for place in growing}
            steps = in_turns(listings)
            if len(listings) == 1:
                yield from self._of_one(steps, there)
            else:
                yield from self._of_several(steps, there, growing)

    def _of_one(
        self, steps: Iterator[tuple[int, Going]], there: Sequence[Again]
    ) -> Iterator[Going]:
        """Where one of the children grows: what is to come of it tells what is of the pairs."""
        for place, step in steps:
            if step is None:
                yield None
            elif isinstance(step, Due):
                pieces = (pair for p in step.pieces for pair in self._pairs(place, p, there))
                yield Due(pieces, step.last)
            else:
                for pair in self._pairs(place, step.piece, there):
                    yield Came(pair, step.awaited)

    def _of_several(
        self, steps: Iterator[tuple[int, Going]], there: Sequence[Again], growing: Sequence[int]
    ) -> Iterator[Going]:
        """Where several grow: what is to come of the pairs is known once it is of all of them."""
        silent = set(growing)
        with Stubs.many(self.children) as due:
            for place, step in steps:
                if step is None:
                    yield None
                elif isinstance(step, Due):
                    due[place].add(step.pieces)
                    if step.last and place in silent:
                        silent.discard(place)
                        if not silent:
                            yield Due(self._to_come(there, due, growing), last=True)
                else:
                    if step.awaited and silent:
                        due[place].discard(step.piece)
                    for pair in self._pairs(place, step.piece, there):
                        yield Came(pair, step.awaited and not silent)
                    there[place].add(step.piece)

    def _to_come(
        self, there: Sequence[Again], due: Sequence[Stubs], growing: Sequence[int]
    ) -> Iterator[Piece]:
        """All pairs of which one side at least is still to come."""
        for choice in product((False, True), repeat=len(growing)):
            sides: builtins.list[Iterable[Piece]] = [*there]
            for place, still in zip(growing, choice, strict=True):
                if still:
                    sides[place] = due[place]
            if any(choice):
                yield from self._with((), sides)

    def _pairs(self, place: int, piece: Piece, there: Sequence[Again]) -> Iterator[Piece]:
        """One of the child at `place` with all that is there of the others."""
        return self._with((), [*there[:place], (piece,), *there[place + 1 :]])

    def _with(self, chosen: tuple[Piece, ...], rest: Sequence[Iterable[Piece]]) -> Iterator[Piece]:
        if rest:
            for piece in rest[0]:
                yield from self._with((*chosen, piece), rest[1:])
            return
        listed = self._joined(
            [(child, piece.listed) for child, piece in zip(self.children, chosen, strict=True)]
        )
        yield Piece(listed, tuple(chain.from_iterable(piece.members for piece in chosen)))


class UnionInput(Composite):
    """The datums of the first, then those of the second, and so on. None is left out as a
    double, and names may be the same where the folders are.

    Where it goes along with runs at work, they are listed side by side.
    """

    kind = "union"
    ordered = False
    told_by_key = False
    apart = False

    def __init__(self, children: Sequence[Input], **options: Any) -> None:
        super().__init__(children, **options)
        counts: Counter[str] = Counter()
        self._labels: builtins.list[bytes] = []
        for child in self.children:
            counts[child.name] += 1
            n = counts[child.name]
            self._labels.append((child.name if n == 1 else f"{child.name}#{n}").encode())

    def _prepared(self, children: tuple[Input, ...]) -> tuple[Input, ...]:
        return children  # inside a join each may be outer

    def _check_keys(self) -> None:
        for word in ("on", "by"):
            key: Key | None = getattr(self, word)
            if isinstance(key, Template):  # each of them makes datums of its own
                for child in self.children:
                    check_template(key, child.capture_names, word, child.describe())

    @property
    def movable(self) -> bool:
        return all(child.movable for child in self.children)

    def announces(self, runs: Collection[str]) -> bool:
        return all(child.announces(runs) for child in self.children)

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        listings = {i: child.going(exclude, errors) for i, child in enumerate(self.children)}
        unlisted = set(listings)
        for place, step in in_turns(listings) if self._growing else _in_order(listings):
            if isinstance(step, Came):
                yield Came(self._labelled(place, step.piece), step.awaited)
            elif isinstance(step, Due):
                unlisted -= {place} if step.last else set()
                yield Due((self._labelled(place, p) for p in step.pieces), not unlisted)
            else:
                yield None

    def ranges(self) -> builtins.list[bytes] | None:
        each = [child.ranges() for child in self.children]
        pairs = zip(self._labels, each, strict=True)
        found = [label + b"\0" + start for label, starts in pairs for start in starts or ()]
        return None if None in each else found

    def _labelled(self, place: int, piece: Piece) -> Piece:
        listed, members = piece
        key = self._labels[place] + b"\0" + self.children[place].part(listed)
        return Piece(listed._replace(key=key), members)


def _in_order(listings: Mapping[int, Iterator[Going]]) -> Iterator[tuple[int, Going]]:
    return ((place, step) for place, listing in listings.items() for step in listing)


__all__ = ["CrossInput", "UnionInput"]
