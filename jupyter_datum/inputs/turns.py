"""Inputs that are listed side by side: each has its turn until it has nothing for the moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from .base import Due, Going

#: Datums after which it is another's turn, so that a long listing holds nobody up.
_TURN: Final = 5_000


#: A due that ends a listing.
_END: Final = Due(iter(()), last=True)


def in_turns(listings: Mapping[int, Iterator[Going]]) -> Iterator[tuple[int, Going]]:
    """Yield what comes of each, with its place; of one that has ended, that nothing is due."""
    left = dict(listings)
    while left:
        for place, listing in list(left.items()):
            for _ in range(_TURN):
                step = next(listing, _END)
                yield place, step
                if step is _END:
                    del left[place]
                if step is _END or step is None:
                    break
