"""Two runs of a transform side by side, datum by datum."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..outcomes.sides import Former, Side
from ..outcomes.summary import Pair
from .errors import bad_request, not_found
from .reads import run_of
from .source import Source

#: Datums that are compared at once.
_PAGE: Final = 5_000
#: Metrics of a datum that are told, and characters of one.
_METRICS: Final = 24
_LONGEST: Final = 200


def other_run(conn: sqlite3.Connection, source: Source, uuid: str) -> int:
    """Return the id of another run of the same transform.

    Raises
    ------
    ApiError
        ``not-found``; ``bad-request`` if it is of another transform.
    """
    row = run_of(conn, uuid)
    if row.transform != source.run.transform:
        raise bad_request(f"'other' is a run of {row.name}: only runs of one transform compare")
    if row.id == source.run.id:
        raise not_found("other run under this name")
    return row.id


def pairs(
    conn: sqlite3.Connection, source: Source, other: int, ids: Sequence[int]
) -> dict[int, Pair]:
    """Return what these datums had come to when each of the two runs had ended; a is the other.

    Parameters
    ----------
    conn : sqlite3.Connection
    source : Source
    other : int
        The id of the other run.
    ids : sequence of int
    """
    transform = source.run.transform
    before = Side("", transform, run=other).outcomes(conn, ids)
    here = Side("", transform, run=source.run.id).outcomes(conn, ids)
    there = before.keys() | here.keys()
    return {i: Pair("", before.get(i), here.get(i)) for i in ids if i in there}


def changed_ids(
    conn: sqlite3.Connection, source: Source, other: int, ids: Sequence[int]
) -> Iterator[int]:
    """Yield those of `ids` that came to something else in the other run.

    What neither run and none between them has touched is the same in both: only the rest is
    looked at, and that may be too much for one deadline.
    """
    older = min(other, source.run.id)
    for start in range(0, len(ids), _PAGE):
        part = [i for i in ids[start : start + _PAGE] if i]
        touched = _since(conn, part, older)
        found = pairs(conn, source, other, touched)
        yield from (i for i, pair in found.items() if pair.differs)


def _since(conn: sqlite3.Connection, ids: Sequence[int], run: int) -> list[int]:
    if not ids:
        return []
    marks = ",".join("?" * len(ids))
    rows = conn.execute(f"select id from datum where run > ? and id in ({marks})", (run, *ids))
    return [row[0] for row in rows]


def pair_json(pair: Pair | None) -> dict[str, Any] | None:
    """Return what a row tells of the other run, and in what the two differ."""
    if pair is None:
        return None
    return {**_former(pair.a), "differs": list(pair.differs)}


def _former(former: Former | None) -> dict[str, Any]:
    if former is None:
        return {"state": None, "seconds": None, "metrics": {}}
    metrics = shown_metrics(former.metrics)
    return {"state": former.word, "seconds": former.seconds, "metrics": metrics}


def shown_metrics(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics that a cell of a table can show; what JSON has no number for is a word."""
    found: dict[str, Any] = {}
    for name, value in list(metrics.items())[:_METRICS]:
        if isinstance(value, float) and not math.isfinite(value):
            found[name[:_LONGEST]] = str(value)
        elif isinstance(value, str | int | float):
            found[name[:_LONGEST]] = value[:_LONGEST] if isinstance(value, str) else value
    return found
