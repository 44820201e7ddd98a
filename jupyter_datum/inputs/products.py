"""``cross`` and ``union``."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, product
from typing import Any

from .again import Again
from .base import Came, Due, Errors, Going, Input, Lacking, Piece
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
        with Again.many(self.children) as there, Again.many(self.children) as lack:
            for place, child in enumerate(self.children):
                if place in growing:
                    continue
                for step in child.going(exclude, errors):
                    if isinstance(step, Came):
                        there[place].add(step.piece)
                    elif not _kept(step, lack[place]):
                        yield step
                if not there[place] and not lack[place]:
                    return  # nothing times anything; the others need not be listed
            listings = {place: self.children[place].going(exclude, errors) for place in growing}
            steps = in_turns(listings)
            if len(listings) == 1:
                yield from self._of_one(steps, there, lack)
            else:
                yield from self._of_several(steps, there, lack, growing)

    def _of_one(
        self, steps: Iterator[tuple[int, Going]], there: Sequence[Again], lack: Sequence[Again]
    ) -> Iterator[Going]:
        """Where one of the children grows: what is to come of it tells what is of the pairs."""
        for place, step in steps:
            if step is None:
                yield None
            elif isinstance(step, Due):
                pieces = (pair for p in step.pieces for pair in self._pairs(place, p, there))
                yield Due(pieces, step.last)
            elif isinstance(step, Lacking):
                some = partial(self._some, place, these=lack, there=there, least=0)
                yield Lacking(step.pieces and chain.from_iterable(map(some, step.pieces)))
            else:
                for pair in self._pairs(place, step.piece, there):
                    yield Came(pair, step.awaited)
                if any(lack):
                    some = partial(self._some, these=lack, there=there, least=1)
                    yield Lacking(some(place, step.piece))

    def _of_several(
        self,
        steps: Iterator[tuple[int, Going]],
        there: Sequence[Again],
        lack: Sequence[Again],
        growing: Sequence[int],
    ) -> Iterator[Going]:
        """Where several grow: what is to come of the pairs is known once it is of all of them."""
        silent = set(growing)
        with Stubs.many(self.children) as due:
            for place, step in steps:
                if step is None or isinstance(step, Lacking):
                    if not _kept(step, lack[place]):
                        yield step
                elif isinstance(step, Due):
                    due[place].add(step.pieces)
                    if step.last and place in silent:
                        silent.discard(place)
                        if not silent:
                            yield Due(self._mixed(due, there, growing, least=1), last=True)
                else:
                    if step.awaited and silent:
                        due[place].discard(step.piece)
                    for pair in self._pairs(place, step.piece, there):
                        yield Came(pair, step.awaited and not silent)
                    there[place].add(step.piece)
        if any(lack):
            yield Lacking(self._mixed(lack, there, range(len(there)), least=1))

    def _some(
        self,
        place: int,
        piece: Piece,
        these: Sequence[Again],
        there: Sequence[Again],
        *,
        least: int,
    ) -> Iterator[Piece]:
        """All pairs of one of the child at `place`; of the others' sides `least` or more are
        `these`, the rest is what is there."""
        sides: builtins.list[Iterable[Piece]] = [*there]
        sides[place] = (piece,)
        others = [i for i in range(len(sides)) if i != place]
        return self._mixed(these, sides, others, least=least)

    def _mixed(
        self,
        these: Sequence[Iterable[Piece]],
        there: Sequence[Iterable[Piece]],
        places: Sequence[int],
        *,
        least: int,
    ) -> Iterator[Piece]:
        """All pairs of which at least so many sides, at these places, are `these`."""
        for choice in product((False, True), repeat=len(places)):
            sides = [*there]
            for place, chosen in zip(places, choice, strict=True):
                if chosen:
                    sides[place] = these[place]
            if sum(choice) >= least:
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
            elif isinstance(step, Lacking):
                pieces = step.pieces and map(partial(self._labelled, place), step.pieces)
                yield Lacking(pieces)
            else:
                yield None

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        return self.children[self._labels.index(parts[at])].read(parts, at + 1)

    def ranges(self) -> builtins.list[bytes] | None:
        each = [child.ranges() for child in self.children]
        pairs = zip(self._labels, each, strict=True)
        found = [label + b"\0" + start for label, starts in pairs for start in starts or ()]
        return None if None in each else found

    def _labelled(self, place: int, piece: Piece) -> Piece:
        listed, members = piece
        key = self._labels[place] + b"\0" + self.children[place].part(listed)
        return Piece(listed._replace(key=key), members)


def _kept(step: Going, lack: Again) -> bool:
    """Put what lacks in with the rest of it; False if nobody can say what that is."""
    if not isinstance(step, Lacking) or step.pieces is None:
        return False
    for piece in step.pieces:
        lack.add(piece)
    return True


def _in_order(listings: Mapping[int, Iterator[Going]]) -> Iterator[tuple[int, Going]]:
    return ((place, step) for place, listing in listings.items() for step in listing)


__all__ = ["CrossInput", "UnionInput"]
