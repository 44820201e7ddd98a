"""Who is to blame for a worker's death, and what its other datums are owed.

The datum at work is the suspect. What only stood near it, in the same set or in the next,
goes again as it was, with nobody blamed. If the datum at work cannot be told, those of the
first set go again one by one: the next death then tells.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .queue import Batch, Entry
from .table import Item

#: Times that a set may go down with workers that swear they had begun nothing of it,
#: before its datums are taken for suspects all the same.
_SWORN: Final = 3


class Finding(NamedTuple):
    """``guilty`` was at work; ``alone`` goes again one by one, ``again`` in sets."""

    guilty: Item | None
    alone: list[Entry]
    again: list[Entry]


def judge(
    lost: list[tuple[Batch, list[Item]]], begun: Item | None, *, blameless: bool, certain: bool
) -> Finding:
    """Return what to do after a death.

    Parameters
    ----------
    lost : list
        The worker's sets in the order sent, with what is not settled of each (none empty).
    begun : tuple or None
        What it had begun and not finished, if known.
    blameless : bool
        It was meant to go: nobody killed it.
    certain : bool
        Without `begun`: the journal tells for sure that nothing was begun.
    """
    if begun is not None and any(begun in items for _, items in lost):
        return Finding(begun, [], _entries(lost, begun))
    if not lost or blameless or (certain and lost[0][0].generation < _SWORN):
        return Finding(None, [], _entries(lost, None))
    (batch, items), *rest = lost
    if len(batch.items) == 1:
        return Finding(items[0], [], _entries(rest, None))
    alone = [Entry(*item, batch.generation + 1, alone=True) for item in items]
    return Finding(None, alone, _entries(rest, None))


def _entries(lost: list[tuple[Batch, list[Item]]], guilty: Item | None) -> list[Entry]:
    return [
        Entry(*item, batch.generation + 1)
        for batch, items in lost
        for item in items
        if item != guilty
    ]
