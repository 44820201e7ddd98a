"""What people call a datum where its key does not say it."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator, Sequence

from ..errors import DatumError
from ..inputs import Input
from ..inputs.items import ItemsInput
from ..inputs.upstream import UpstreamInput
from ..ledger import queries
from ..ledger.queries import DatumRow
from ..project import Project
from .order import Outcome, listed_input, outcomes


def labels_of(source: Input | None, rows: Sequence[DatumRow]) -> dict[bytes, str]:
    """Return what people call these datums, by key: a path, or an item's value.

    Parameters
    ----------
    source : Input or None
        That lists them; None if it is not known any more.
    rows : sequence of DatumRow
    """
    return {row.key: label_at(source, row.position, row.key) for row in rows}


def label_at(source: Input | None, position: int, key: bytes) -> str:
    """Return what people call one datum, by its place in the input: for a million of them, one
    after the other."""
    items = _items_of(source)
    with contextlib.suppress(DatumError, OSError):  # the items are gone: numbers will do
        label = items.label_at(position, key) if items and items is source else None
        place = items.place_of(key) if items and label is None else None
        if items and place is not None:
            label = items.label_at(place, key) or f"item {place:,}"
        if label is not None:
            return label
    return f"item {position:,}" if items and items is source else queries.key_text(key)


def item_of(source: Input | None, key: bytes) -> str | None:
    """Return the item of one datum as JSON; None if it is none, or has to be unpickled.

    Raises
    ------
    OSError
        If the items are gone.
    """
    items = _items_of(source)
    return items.text_of(key) if items else None


def _items_of(source: Input | None) -> ItemsInput | None:
    """The items whose keys a transform's datums have: its own, or those of the transform from
    which it takes one datum each."""
    while isinstance(source, UpstreamInput):
        try:
            source = source.source()
        except (DatumError, OSError):  # what it is made of is gone
            return None
    return source if isinstance(source, ItemsInput) else None


def labelled(
    conn: sqlite3.Connection, project: Project, name: str
) -> Iterator[tuple[str, Outcome]]:
    """Yield each datum of a transform that holds a success with what people call it, in input
    order."""
    row = queries.transform(conn, name)
    if row is None:
        return
    source, places = listed_input(conn, project, row.id), itertools.count()
    for page in outcomes(conn, project, row.id):
        for each, place in zip(page, places):  # noqa: B905 - one is endless
            if each is not None:
                yield label_at(source, place, each.key), each
