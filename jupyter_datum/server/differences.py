"""Two runs of a transform side by side, datum by datum."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..outcomes.sides import Former, Side
from ..outcomes.summary import Pair
from ..states import DatumState
from .errors import bad_request, not_found
from .reads import run_of
from .source import Source

#: So many datums are looked up one by one; more are found by a walk over all.
FEW: Final = 20_000
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
    """Yield datums that came to something else in the other run.

    Parameters
    ----------
    conn : sqlite3.Connection
    source : Source
    other : int
        The id of the other run.
    ids : sequence of int
        Those that are asked for: where they are few nothing else is looked at, but where they
        are many others of the transform may be among what is given.
    """
    run = source.run
    bound: dict[str, Any] = {
        "transform": run.transform,
        "old": min(other, run.id),
        "new": max(other, run.id),
    }
    if len(ids) <= FEW:
        rows = "json_each(:ids) j cross join datum d on d.id = j.value"
        bound["ids"] = json.dumps([i for i in ids if i])
    else:
        rows = "datum d"
        bound |= {"low": min(filter(None, ids), default=1), "high": max(ids)}
    # Without a later run the newer side is what stands there now, and nothing is looked up.
    later = bool(source.rows) or other > run.id
    conn.create_function("metrics_differ", 2, _metrics_differ, deterministic=True)
    found = conn.execute(_changed(rows, many=len(ids) > FEW, later=later), bound)
    yield from (row[0] for row in found)


def _changed(rows: str, *, many: bool, later: bool) -> str:
    """The statement for it: all in SQL, since a million rows fetched cost some seconds.

    What neither run and none between them has touched is the same in both, and so is what
    both sides have of one and the same run.
    """
    former = "left join past {0} on {0}.datum = d.id and {0}.run = (select max(run) from past"
    former += " where datum = d.id and run <= :{1})"
    rows += f" {former.format('o', 'old')}"
    names = ("run", "state", "result_kind", "result", "metrics")
    new = {name: f"d.{name}" for name in names}
    if later:
        rows += f" {former.format('n', 'new')} and d.run > :new"
        new = {name: f"iif(d.run > :new, n.{name}, d.{name})" for name in names}
    held = ", ".join(f"{state:d}" for state in (DatumState.SUCCESS, DatumState.RECOVERED))
    within = " and d.id between :low and :high" if many else ""
    return (
        f"select d.id from {rows} where d.transform = :transform{within} and d.run > :old"
        f" and {new['run']} is not o.run and ({new['state']} is not o.state or ("
        f"o.state in ({held}) and ({new['result_kind']} is not o.result_kind"
        f" or {new['result']} is not o.result or ({new['metrics']} is not o.metrics"
        f" and metrics_differ({new['metrics']}, o.metrics)))))"
    )


def _metrics_differ(one: str | None, two: str | None) -> bool:
    """Whether metrics that are written in two ways are not the same."""
    return bool((json.loads(one) if one else {}) != (json.loads(two) if two else {}))


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
