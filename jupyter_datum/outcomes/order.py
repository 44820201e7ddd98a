"""Datums in the order of their input.

The order is that of the newest run that listed the whole input: its ``plan`` file has a
place for each datum, also for those that did not run then. A run that took datums of another
transform as they were made has them in that order; then it is that of the keys, where these tell
the order of the input.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import DatumError
from ..inputs import input_from_json
from ..ledger import queries
from ..ledger.bitmap import Bitmap
from ..ledger.files import plan_pages
from ..project import Project
from ..transform.recipe import read_recipe

#: Datums read at once.
PAGE: Final = 5_000
#: Runs that are looked at for one that listed the whole input.
_RUNS: Final = 50


class Outcome(NamedTuple):
    """A datum's success, as far as results need it."""

    id: int
    key: bytes
    seconds: float
    metrics: str | None
    kind: str | None
    data: bytes | None


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain JSON: small results that are JSON, of others their kind."""
    found: dict[str, Any] = {
        "key": queries.key_text(outcome.key),
        "seconds": outcome.seconds,
        "metrics": json.loads(outcome.metrics) if outcome.metrics else {},
        "result_kind": outcome.kind,
    }
    if outcome.kind == "json":
        found["result"] = json.loads((outcome.data or b"null").decode("utf-8", "surrogatepass"))
    return found


def order_of(
    conn: sqlite3.Connection, project: Project, transform: int
) -> Iterator[Sequence[int]] | None:
    """Return the ids of all datums of a transform's input, page by page, in its order.

    None if no run's plan is there any more.
    """
    rows = queries.runs(conn, transform=transform, limit=_RUNS)
    whole = [row for row in rows if row.planned] or rows
    for row in whole:
        path = project.run(row.uuid) / "plan"
        if path.is_file():
            ranges = _ranges(project, row)
            if ranges is None:
                return plan_pages(path, PAGE)
            return _sorted_pages(conn, transform, path, ranges)
    return None


def _ranges(project: Project, row: queries.RunRow) -> list[bytes] | None:
    """Of a run whose places say when its datums came: what their keys begin with, in the order
    of the input; None of others, and where keys do not tell that order."""
    if not json.loads(row.options).get("follows"):
        return None
    try:
        return input_from_json(read_recipe(project, row.recipe).input, project).ranges()
    except (DatumError, OSError):  # somebody else's, or gone
        return None


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
