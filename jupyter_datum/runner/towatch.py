"""What kernel, server and CLI ask of a runner about watched transforms."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from typing import Any, Final

from ..errors import DatumError, UsageError
from ..inputs import Input, input_from_json
from ..inputs.chains import upstream_names
from ..ledger import queries, requests
from ..ledger.queries import RunRow
from ..ledger.watches import WatchRow, watches
from ..project import Project
from ..remote import KEPT, in_memory
from ..transform.recipe import Recipe
from .ask import fit_to_run, recorded
from .client import ask_for_room, ensure_runner, runner_alive
from .environment import values_of
from .handover import offer

#: Seconds that a file must have stood still before it counts.
SETTLE: Final = 2.0
#: Inputs that are what they were when the cell was run.
_FIXED: Final = frozenset({"items", "grid"})
_LOST: Final = "its runner has died: nobody looks"


def ask_to_watch(
    conn: sqlite3.Connection,
    project: Project,
    row: RunRow,
    *,
    settle: float = SETTLE,
    every: float | None = None,
    origin: str = "cli",
) -> str:
    """Ask for the input of a transform to be watched until that is stopped; return the
    request's uuid.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    row : RunRow
        Of the transform: with what it ran.
    settle : float
        Seconds that a file must have stood still.
    every : float, optional
        Seconds between two listings; as the system's events tell if left out.
    origin : str
        Who asks.

    Raises
    ------
    SignatureError
        If this user did not sign the recipe.
    RunError
        If its interpreter is gone, or values of environment variables are.
    """
    recipe = recorded(project, row)
    values = values_of(recipe.environment, {"origin": origin})
    ask_for_room(conn, recipe.interpreter)
    identity = uuid.uuid4().hex
    requests.ask(
        conn, uuid=identity, interpreter=recipe.interpreter, kind="watch", run=identity,
        recipe=row.recipe, args={"settle": settle, "every": every},
    )  # fmt: skip
    ensure_runner(project, recipe.interpreter)
    if values:
        offer(project, recipe.interpreter, identity, values)
    return identity


def ask_to_stop_watching(conn: sqlite3.Connection, project: Project, row: RunRow) -> str:
    """Ask for a transform not to be watched any more; return the request's uuid (errors:
    :func:`recorded`)."""
    recipe = recorded(project, row)
    identity = uuid.uuid4().hex
    requests.ask(
        conn, uuid=identity, interpreter=recipe.interpreter, kind="unwatch",
        args={"transform": row.name},
    )  # fmt: skip
    ensure_runner(project, recipe.interpreter)
    return identity


def with_what_feeds_it(conn: sqlite3.Connection, project: Project, row: RunRow) -> list[str]:
    """Return a transform and those that its datums come from: watched alone it would never
    have anything new. What cannot change by itself is left out.

    Raises
    ------
    UsageError
        If nothing of it can.
    """
    seen: dict[str, Recipe] = {}
    left = [row.name]
    while left:
        name = left.pop()
        if name not in seen:
            seen[name] = recipe = recorded(project, _row(conn, name))
            left += upstream_names(recipe.input)
    moving = {name for name, recipe in seen.items() if _can_change(recipe, project)}
    if not moving:
        raise UsageError(
            f"the input of {row.name} changes only when its cell is run: there is nothing to watch"
        )
    fed = {name for name, recipe in seen.items() if upstream_names(recipe.input)}
    return [name for name in reversed(seen) if name in moving | fed]


def _can_change(recipe: Recipe, project: Project) -> bool:
    """Whether anything of its input is looked up anew each time."""
    leaves = input_from_json(recipe.input, project).leaves
    return any(not _is_fixed(leaf) for leaf in leaves if leaf.kind != "transform")


def _is_fixed(leaf: Input) -> bool:
    """Whether all of an input is what the kernel had: values, a table, files in its memory."""
    if leaf.kind in _FIXED:
        return True
    spec = leaf.to_json()
    kept = KEPT in spec or (isinstance(spec.get("rows"), dict) and KEPT in spec["rows"])
    return kept and all(in_memory(os.fsdecode(root)) for root in leaf.roots.values())


def _row(conn: sqlite3.Connection, name: str) -> RunRow:
    row = queries.latest_run(conn, name)
    if row is None:
        raise UsageError(f"{name} has not run yet: run its cell first")
    return row


def watched(conn: sqlite3.Connection, project: Project, *, revive: bool = False) -> list[WatchRow]:
    """Return the watches of a project. Nobody looks where the runner has died: the message says
    so; with `revive` it is started again, if this user signed what is watched."""
    return [_alive(project, row, revive=revive) for row in watches(conn)]


def _alive(project: Project, row: WatchRow, *, revive: bool) -> WatchRow:
    with contextlib.suppress(OSError):  # another user's lock cannot be asked: nothing is claimed
        if row.state == "active" and not runner_alive(project, row.interpreter):
            return _lost(project, row, revive=revive)
    return row


def _lost(project: Project, row: WatchRow, *, revive: bool) -> WatchRow:
    if not revive:
        return row._replace(message=f"{_LOST}, until anything is run, or jupyter datum watch")
    try:
        ensure_runner(project, fit_to_run(project, row.recipe).interpreter)
    except (DatumError, OSError) as exc:
        return row._replace(message=f"{_LOST}, and it cannot be started again: {exc}")
    return row._replace(message="its runner had died, and was started again")


def watch_json(row: WatchRow) -> dict[str, Any]:
    """Return a watch as plain JSON."""
    hidden = ("interpreter", "request", "recipe")
    return {name: value for name, value in row._asdict().items() if name not in hidden}
