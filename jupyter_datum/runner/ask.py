"""What kernel, server and CLI ask of a runner: start a run, retry, cancel, ...

One place for all three, so that a click and a line do the same.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from ..errors import DatumError, RunError, UsageError
from ..inputs.chains import upstream_names
from ..inputs.named import asked_for
from ..ledger import queries, requests
from ..ledger.queries import RunRow
from ..project import Project
from ..state import OnError
from ..states import RunStatus
from ..transform.recipe import Recipe, check_here, read_recipe
from .client import ask_for_room, ensure_runner
from .environment import values_of
from .handover import offer
from .pipeline import ties


def ask_for_run(
    conn: sqlite3.Connection,
    project: Project,
    digest: str,
    recipe: Recipe,
    args: Mapping[str, Any],
    run: str | None = None,
) -> str:
    """Ask for a run of a signed recipe; return the run's uuid (`run`, if given).

    Raises
    ------
    RunError
        If it needs environment variables whose values are not known here.
    UsageError
        If what feeds it has never run.
    """
    run = run or uuid.uuid4().hex
    _check_fed(conn, project, recipe)
    values = values_of(recipe.environment, args)
    if args.get("pipeline"):
        args = {**args, **ties(conn, project, recipe, str(args["pipeline"]))}
    ask_for_room(conn, recipe.interpreter)
    requests.ask(
        conn,
        uuid=run,
        interpreter=recipe.interpreter,
        kind="run",
        run=run,
        recipe=digest,
        args=dict(args),
    )
    if waiting := ensure_runner(project, recipe.interpreter):
        print(waiting, file=sys.stderr)
    if values:
        offer(project, recipe.interpreter, run, values)
    return run


def _check_fed(conn: sqlite3.Connection, project: Project, recipe: Recipe) -> None:
    """See that what feeds a transform has run, or was asked to."""
    asked = asked_for(conn, project) if (names := upstream_names(recipe.input)) else {}
    for name in names:
        if name not in asked and queries.transform(conn, name) is None:
            raise UsageError(f"{name} feeds {recipe.name} and has not run yet: run its cell first")


def ask_again(
    conn: sqlite3.Connection,
    project: Project,
    row: RunRow,
    args: Mapping[str, Any],
    run: str | None = None,
    digest: str | None = None,
) -> tuple[str, Recipe]:
    """Ask for a run with the code that `row` ran; no kernel is needed.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    row : RunRow
        Its recipe is used, if no other one is named.
    args : mapping
        What is different this time: ``{"only": ["failed"]}``, ``{"group": 3}``, ...
    run : str, optional
        uuid for the new run; asking twice with one is asking once.
    digest : str, optional
        Of the transform's code as a kernel has recorded it since.

    Returns
    -------
    tuple
        The run's uuid and the recipe.

    Raises
    ------
    SignatureError
        If this user did not sign the recipe.
    RunError
        If its interpreter is gone, or values of environment variables are.
    """
    digest = digest or row.recipe
    recipe = fit_to_run(project, digest)
    below = _waiting_below(conn, project, row) if _is_retry(args) else []
    if below:
        args = {**args, "pipeline": uuid.uuid4().hex}
    run = ask_for_run(conn, project, digest, recipe, args, run)
    for other in below:
        more = {name: args[name] for name in ("origin", "pipeline") if name in args}
        try:
            ask_for_run(conn, project, other.recipe, recorded(project, other), more)
        except DatumError as exc:
            print(f"{other.name} does not go on by itself: {exc}", file=sys.stderr)
    return run, recipe


def _is_retry(args: Mapping[str, Any]) -> bool:
    """Whether a run is to mend what failed: then what waits for that is to go on."""
    named = ("group", "datums", "ranges")
    return "failed" in (args.get("only") or ()) or any(name in args for name in named)


def _waiting_below(conn: sqlite3.Connection, project: Project, row: RunRow) -> list[RunRow]:
    """The runs of a pipeline, each its transform's newest, that take what `row` makes."""
    names, found = {row.name}, {}
    for other in queries.runs_of_pipeline(conn, row.pipeline) if row.pipeline else ():
        if other.name in names or other.status not in (RunStatus.SUCCESS, RunStatus.FAILED):
            continue
        newest = queries.latest_run(conn, other.name)
        if newest is None or newest.id != other.id:
            continue
        if names.isdisjoint(upstream_names(recorded(project, other).input)):
            continue
        names.add(other.name)
        found[other.name] = other
    return list(found.values())


def recorded(project: Project, row: RunRow) -> Recipe:
    """Return the recipe that `row` ran, fit to be run again (errors: :func:`ask_again`)."""
    return fit_to_run(project, row.recipe)


def fit_to_run(project: Project, digest: str) -> Recipe:
    """Return a recipe that this machine can run as it was recorded (errors: :func:`ask_again`)."""
    recipe = read_recipe(project, digest)
    check_here(project, recipe)
    if not os.path.exists(recipe.interpreter):
        raise RunError(f"the interpreter {recipe.interpreter!r} is gone: run the cell again")
    return recipe


def steer(
    conn: sqlite3.Connection, project: Project, row: RunRow, kind: str, args: Mapping[str, Any]
) -> None:
    """Have a run that goes on pause, resume, scale, ...; what its runner left is taken up.

    Raises
    ------
    SignatureError
        If this user did not sign what the run executes.
    """
    tell_run(conn, kind, row.uuid, row.interpreter, args)
    if kind in ("resume", "scale"):
        ensure_runner(project, recorded(project, row).interpreter)


def workers_asked(text: str) -> int:
    """Read how many workers a run is to have.

    Raises
    ------
    UsageError
        If it is no such number.
    """
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 100_000:
        raise UsageError(f"scale needs a number of workers, 1 or more, not {text!r}: scale NAME 4")
    return int(text)


def rule_asked(text: str) -> str:
    """Read a rule for failures, as ``--on-error`` has it.

    Raises
    ------
    UsageError
        If it is none.
    """
    if not text:
        raise UsageError("on-error needs a rule: on-error NAME continue, stop, stop:N or stop:5%")
    try:
        OnError.parse(text)
    except UsageError as mistake:
        raise UsageError(f"{mistake}: on-error NAME stop:5%") from None
    return text


def tell_run(
    conn: sqlite3.Connection,
    kind: str,
    run: str,
    interpreter: str,
    args: Mapping[str, Any] | None = None,
) -> str:
    """Ask for something about a run (``cancel hold release pause resume scale on-error``);
    return the request's uuid."""
    identity = uuid.uuid4().hex
    requests.ask(conn, uuid=identity, interpreter=interpreter, kind=kind, run=run, args=args)
    return identity
