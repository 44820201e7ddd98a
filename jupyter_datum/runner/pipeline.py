"""Which runs of a pipeline belong together: found when one is asked for.

A run that takes what another transform makes follows that one's run, if it is at work or yet
to begin; one that lists the folder into which another writes begins when that one has ended.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import SignatureError
from ..inputs import input_from_json
from ..inputs.chains import upstream_names
from ..ledger import queries, requests
from ..project import Project
from ..transform.recipe import Recipe, read_recipe


class Member(NamedTuple):
    """A run of a pipeline that has not ended: ``run`` is its uuid."""

    run: str
    recipe: Recipe


def members(conn: sqlite3.Connection, project: Project, pipeline: str) -> list[Member]:
    """Return the runs of a pipeline that are at work or yet to begin."""
    # In this order: what begins between the two looks is found twice, and not missed.
    found = [*_asked(conn, project, pipeline), *_active(conn, project, pipeline)]
    return list({member.run: member for member in found}.values())


def _active(conn: sqlite3.Connection, project: Project, pipeline: str) -> Iterator[Member]:
    for row in queries.runs_of_pipeline(conn, pipeline):
        if row.ended is None and (recipe := _recipe(project, row.recipe)):
            yield Member(row.uuid, recipe)


def _asked(conn: sqlite3.Connection, project: Project, pipeline: str) -> Iterator[Member]:
    for request in requests.not_begun(conn, float("inf")):
        recipe = _recipe(project, request.recipe or "")
        if request.args.get("pipeline") == pipeline and request.run and recipe:
            yield Member(request.run, recipe)


def _recipe(project: Project, digest: str) -> Recipe | None:
    try:
        return read_recipe(project, digest)
    except SignatureError:  # somebody else's, or gone
        return None


def ties(
    conn: sqlite3.Connection, project: Project, recipe: Recipe, pipeline: str
) -> dict[str, Any]:
    """Return ``follows`` and ``after`` (:mod:`.streams`) for a run that is asked for now."""
    others = [m for m in members(conn, project, pipeline) if m.recipe.name != recipe.name]
    if not others:
        return {}
    needs = set(upstream_names(recipe.input))
    follows = {m.recipe.name: m.run for m in others if m.recipe.name in needs}
    source = input_from_json(recipe.input, project)
    after = {
        m.recipe.name: m.run
        for m in others
        if m.recipe.out and source.may_list(m.recipe.out.encode("utf-8", "surrogateescape"))
    }
    found = {"follows": follows, "after": after}
    return {word: runs for word, runs in found.items() if runs}


def cancel_pipeline(conn: sqlite3.Connection, project: Project, pipeline: str) -> int:
    """Ask for the end of all that is at work or yet to begin; return how many runs that is."""
    found = members(conn, project, pipeline)
    for member in reversed(found):  # what follows others first: nothing begins meanwhile
        interpreter = member.recipe.interpreter
        identity = uuid.uuid4().hex
        requests.ask(conn, uuid=identity, interpreter=interpreter, kind="cancel", run=member.run)
    return len(found)
