"""What people call a datum where its key does not say it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from ..errors import DatumError
from ..inputs import Input
from ..inputs.items import ItemsInput
from ..ledger import queries
from ..ledger.queries import DatumRow


def labels_of(source: Input | None, rows: Sequence[DatumRow]) -> dict[bytes, str]:
    """Return what people call these datums, by key: a path, or an item's value.

    Parameters
    ----------
    source : Input or None
        That lists them; None if it is not known any more.
    rows : sequence of DatumRow
    """
    if not isinstance(source, ItemsInput):
        return {row.key: queries.key_text(row.key) for row in rows}
    labels = {row.key: f"item {row.position:,}" for row in rows}
    with contextlib.suppress(DatumError, OSError):  # the items are gone: numbers will do
        labels.update(source.labels(set(labels)))
    return labels


def label_at(source: Input | None, position: int, key: bytes) -> str:
    """Return what people call one datum, by its place in the input: for a million of them, one
    after the other."""
    if not isinstance(source, ItemsInput):
        return queries.key_text(key)
    with contextlib.suppress(OSError):
        if (label := source.label_at(position, key)) is not None:
            return label
    return f"item {position:,}"
