"""``cross`` and ``union``."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from .again import Again
from .base import Came, Due, Errors, Going, Input, Piece
from .combine import Composite
from .keys import Key, Template, check_template
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
        # Of two that grow, what is to come of the pairs is known only when both are made.
        return _one(child.awaits(runs) for child in self.children) and all(
            child.announces(runs) for child in self.children
        )

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
            yield from self._paired(in_turns(listings), there, alone=len(listings) == 1)

    def _paired(
        self, steps: Iterator[tuple[int, Going]], there: Sequence[Again], *, alone: bool
    ) -> Iterator[Going]:
        for place, step in steps:
            if step is None:
                yield None
            elif isinstance(step, Due):
                if alone:
                    pieces = (pair for p in step.pieces for pair in self._pairs(place, p, there))
                    yield Due(pieces, step.last)
            else:
                for pair in self._pairs(place, step.piece, there):
                    yield Came(pair, step.awaited and alone)
                if not alone:
                    there[place].add(step.piece)

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

    def _labelled(self, place: int, piece: Piece) -> Piece:
        listed, members = piece
        key = self._labels[place] + b"\0" + self.children[place].part(listed)
        return Piece(listed._replace(key=key), members)


def _in_order(listings: Mapping[int, Iterator[Going]]) -> Iterator[tuple[int, Going]]:
    return ((place, step) for place, listing in listings.items() for step in listing)


def _one(conditions: Iterable[bool]) -> bool:
    return sum(conditions) == 1


__all__ = ["CrossInput", "UnionInput"]
