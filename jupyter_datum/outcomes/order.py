"""Datums in the order of their input.

The order is that of the newest run that listed the whole input: its ``plan`` file has a
place for each datum, also for those that did not run then. A run that took datums of another
transform as they were made has them in that order; then it is that of the keys, where these tell
the order of the input. What is made of another transform has the order of that one's input:
the results of both stand side by side.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import DatumError
from ..inputs import Input, UpstreamInput, input_from_json
from ..ledger import queries
from ..ledger.bitmap import Bitmap
from ..ledger.files import plan_pages
from ..ledger.listings import listed_run, order_file
from ..project import Project
from ..results import is_file, is_json, word_of
from ..transform.moved import here
from ..transform.recipe import read_recipe

#: Datums read at once.
PAGE: Final = 5_000


class Outcome(NamedTuple):
    """A datum's success, as far as results need it."""

    id: int
    key: bytes
    seconds: float
    metrics: str | None
    kind: str | None
    data: bytes | None


def outcome_json(outcome: Outcome, label: str) -> dict[str, Any]:
    """Return an outcome as plain JSON: small results that are JSON, of others their kind."""
    found: dict[str, Any] = {
        "key": label,
        "seconds": outcome.seconds,
        "metrics": finite(json.loads(outcome.metrics) if outcome.metrics else {}),
        "result_kind": word_of(outcome.kind) if outcome.kind else None,
    }
    if is_json(outcome.kind) and not is_file(outcome.kind):
        found["result"] = json.loads((outcome.data or b"null").decode("utf-8", "surrogatepass"))
    return found


def finite(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics as JSON takes them: what it has no number for is a word, as in tables."""
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in metrics.items()
    }


def listed_input(conn: sqlite3.Connection, project: Project, transform: int) -> Input | None:
    """Return the input of which :func:`order_of` tells the order; None if it is not known."""
    found = listed_run(conn, project, transform)
    return _input(project, found) if found is not None else None


def order_of(
    conn: sqlite3.Connection, project: Project, transform: int
) -> Iterator[Sequence[int]] | None:
    """Return the ids of all datums of a transform's input, page by page, in its order.

    None if no run's plan is there any more.
    """
    found = _listed(conn, project, transform)
    if found is None:
        return None
    row, plan = found
    source = _input(project, row)
    if isinstance(source, UpstreamInput):
        upstream = queries.transform(conn, source.transform)
        pages = order_of(conn, project, upstream.id) if upstream is not None else None
        if pages is not None and not _goes_by_key(conn, project, source):
            return _as_upstream(conn, transform, plan, pages)
    ranges = source.ranges() if source is not None and _follows(row) else None
    if ranges is None:
        return plan_pages(plan, PAGE)
    return _sorted_pages(conn, transform, plan, ranges)


def _listed(
    conn: sqlite3.Connection, project: Project, transform: int
) -> tuple[queries.RunRow, Path] | None:
    row = listed_run(conn, project, transform)
    return None if row is None else (row, order_file(project, row.uuid))


def _follows(row: queries.RunRow) -> bool:
    """Whether the places of a run say when its datums came."""
    return bool(json.loads(row.options).get("follows"))


def _input(project: Project, row: queries.RunRow) -> Input | None:
    try:
        return input_from_json(here(read_recipe(project, row.recipe), project).input, project)
    except (DatumError, OSError):  # somebody else's, or gone
        return None


def _goes_by_key(conn: sqlite3.Connection, project: Project, source: Input | None) -> bool:
    """Whether an input's order is that of its keys; of a chain of transforms its first one says."""
    while isinstance(source, UpstreamInput):
        upstream = queries.transform(conn, source.transform)
        found = _listed(conn, project, upstream.id) if upstream is not None else None
        source = _input(project, found[0]) if found is not None else None
    return source is not None and source.ordered


def _as_upstream(
    conn: sqlite3.Connection, transform: int, plan: Path, pages: Iterator[Sequence[int]]
) -> Iterator[list[int]]:
    """The datums of a plan in the order of those that they were made of, which have their keys;
    what is left of the plan comes behind."""
    planned, given = Bitmap(), Bitmap()
    for ids in plan_pages(plan, PAGE):
        planned.update(ids)
    for ids in pages:
        rows = conn.execute(
            "select k.datum from json_each(?) j cross join datum u on u.id = j.value"
            " cross join datum_key k on k.transform = ? and k.key = u.key order by j.key",
            (json.dumps(list(ids)), transform),
        )
        found = [identity for (identity,) in rows if identity in planned]
        given.update(found)
        yield found
    for ids in plan_pages(plan, PAGE):
        yield [identity for identity in ids if identity not in given]


def _sorted_pages(
    conn: sqlite3.Connection, transform: int, plan: Path, ranges: Sequence[bytes]
) -> Iterator[list[int]]:
    """The datums of a plan that the ledger knows, range by range, in each by key."""
    planned = Bitmap()
    for ids in plan_pages(plan, PAGE):
        planned.update(ids)
    for start in ranges:
        after: bytes | None = start or None
        while rows := queries.datums_page(conn, transform, after=after, limit=PAGE):
            yield [r.id for r in rows if r.id in planned and r.key.startswith(start)]
            after = rows[-1].key
            if not after.startswith(start):
                break


def outcomes(
    conn: sqlite3.Connection, project: Project, transform: int
) -> Iterator[list[Outcome | None]]:
    """Yield pages of outcomes in input order, with None for each datum that has no success.

    Where no plan is left the datums come by key, and only those with a success.
    """
    pages = order_of(conn, project, transform)
    if pages is None:
        yield from _by_key(conn, transform)
        return
    for ids in pages:
        yield read(conn, ids)


def read(conn: sqlite3.Connection, ids: Sequence[int]) -> list[Outcome | None]:
    """Return the successes of the datums with these ids, in their order."""
    rows = conn.execute(
        "select d.id, d.key, d.seconds, d.metrics, d.result_kind, d.result"
        " from json_each(?) j cross join datum d on d.id = j.value where d.state in (2, 4)",
        (json.dumps(list(ids)),),
    ).fetchall()
    if len(rows) == len(ids):
        return [Outcome._make(row) for row in rows]
    found = {row[0]: Outcome._make(row) for row in rows}
    return [found.get(identity) for identity in ids]


def _by_key(conn: sqlite3.Connection, transform: int) -> Iterator[list[Outcome | None]]:
    after: bytes | None = None
    while rows := queries.datums_page(conn, transform, after=after, limit=PAGE):
        ids = [row.id for row in rows]
        yield [outcome for outcome in read(conn, ids) if outcome is not None]
        after = rows[-1].key
