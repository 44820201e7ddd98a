"""What a run would do, without doing it: the plan before anything runs."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..events import SetItem, unpack_item
from ..inputs import input_from_json
from ..ledger import queries
from ..project import Project
from ..transform.options import Options
from ..transform.recipe import Recipe
from .lister import listed_apart
from .plan import Batch, Planner
from .selection import selection_of

#: Datums shown of those that would run.
_SHOWN: Final = 20
#: No version of the code has this row id: all that there is was made by another.
_NO_ROW: Final = 0


@dataclass
class Preview:
    """The plan of a run that has not begun.

    Parameters
    ----------
    total : int
        Datums of the input.
    would_run : int
    reasons : dict
        How many datums there are for each reason.
    first : list of str
        The first datums that would run: a path, or the value of an item.
    vanished : int
        Datums of the ledger that the input does not have (any more).
    errors : list of str
        What could not be listed.
    notes : tuple of str
        What the input says of itself.
    estimate : float or None
        Seconds of work, from what the datums took before; None if nothing is known.
    """

    total: int = 0
    would_run: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    vanished: int = 0
    errors: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    estimate: float | None = None


def preview(
    conn: sqlite3.Connection,
    project: Project,
    recipe: Recipe,
    args: Mapping[str, Any],
    look: Callable[[Preview], None] = lambda found: None,
) -> Preview:
    """Plan a run of `recipe` and say what it would do; the ledger is only read.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    recipe : Recipe
        Its signature was checked, or it was made just now.
    args : mapping
        What a request for the run would hold: ``only``, ``force``, ...
    look : callable
        Called now and then with what is known so far.
    """
    options = Options.from_json({**recipe.options, **args})
    known = queries.transform(conn, recipe.name)
    transform = known.id if known else _NO_ROW
    version = queries.version_of(conn, transform, bytes.fromhex(recipe.fingerprint)) or _NO_ROW
    planner = Planner(
        conn,
        (_NO_ROW, transform, version),
        listed_apart(input_from_json(recipe.input, project), project, recipe),
        selection_of(conn, transform, options, args),
        frozenset({os.fsencode(recipe.out)} if recipe.out else ()),
        time.time_ns,
        dry=True,
    )
    found = Preview(errors=planner.errors)
    try:
        while (batch := planner.step()) is not None:
            _take(found, batch, planner)
            look(found)
    finally:
        planner.close()
    found.notes = planner.source.notes()
    found.reasons = dict(planner.reasons.most_common())
    found.vanished = planner.vanished
    found.estimate = _estimate(conn, recipe.name, found.would_run)
    return found


def _take(found: Preview, batch: Batch, planner: Planner) -> None:
    found.total = planner.planned
    for row in filter(None, batch.rows):
        found.would_run += 1
        if len(found.first) < _SHOWN:
            found.first.append(_label(unpack_item(row)))


def _label(item: SetItem) -> str:
    """What people call a datum; a value that only pickle can read is shown by its key."""
    if item.value is not None and item.value[:1] == b"j":
        return item.value[1:].decode("utf-8", "backslashreplace")
    return queries.key_text(item.key)


def _estimate(conn: sqlite3.Connection, name: str, datums: int) -> float | None:
    """Seconds of work by the mean of the newest run; None if it executed nothing."""
    row = queries.latest_run(conn, name)
    if row is None or not row.executions:
        return None
    return row.seconds / row.executions * datums
