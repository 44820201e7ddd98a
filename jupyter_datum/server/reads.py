"""What handlers and the stream read of runs, in the thread of the ledger's reader."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import DatumError
from ..inputs.chains import upstream_names
from ..ledger import queries, requests
from ..ledger.alike import expected, failed_like, run_before
from ..ledger.clusters import KEPT
from ..ledger.db import is_foreign
from ..ledger.files import WIDTH
from ..ledger.gone import gone_workers
from ..ledger.queries import RunRow
from ..ledger.stragglers import is_slow
from ..project import Project
from ..runner.ask import recorded
from ..runner.client import looked_after, there
from ..runner.environment import missing_error
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from . import shapes
from .errors import FOREIGN, not_found
from .paths import contents_path, read_part

#: Failure groups that are told one by one, names of workers of each, and rows looked at.
GROUPS: Final = 1_000
_NAMES: Final = 8
_LOOKED_AT: Final = 64
#: Workers that are gone and told of.
_GONE: Final = 8
#: Seconds for which an answer about a recipe holds.
_FRESH: Final = 5.0


class _OfRecipe(NamedTuple):
    """What a run's recipe says, and when it was read: why it cannot be run again from here
    (None: it can), the transforms that its input names, and the options of its cell."""

    read: float
    retryable: str | None
    needs: list[str]
    options: dict[str, Any]


class Facts:
    """What the ledger does not say of its runs: is there a runner, can it be run again.

    Parameters
    ----------
    project : Project
    is_lost : callable
        Tells of a run's uuid whether the server that captured for it has ended.
    """

    def __init__(self, project: Project, is_lost: Callable[[Project, str], bool]) -> None:
        self.project = project
        self._is_lost = is_lost
        self._recipes: dict[str, _OfRecipe] = {}

    def alive(self, row: RunRow) -> bool:
        """Return whether a runner lives for an unfinished run; nothing is asked of ended ones."""
        return looked_after(self.project, row)

    def asked(
        self, conn: sqlite3.Connection, uuid: str, what: str = "request"
    ) -> tuple[str, str | None]:
        """Return ``(state, answer)`` of a request; a capture of a dead server is refused.

        Raises
        ------
        ApiError
            ``not-found``.
        """
        if not conn.execute("select 1 from request where uuid = ?", (uuid,)).fetchone():
            raise not_found(what)
        if requests.captures(conn, uuid) and self._is_lost(self.project, uuid):
            return "refused", "the server ended while it executed the cells: start the run again"
        return requests.answered(conn, uuid)

    def _of_recipe(self, row: RunRow) -> _OfRecipe:
        now = time.monotonic()
        known = self._recipes.get(row.recipe)
        if known is None or now - known.read > _FRESH:
            if len(self._recipes) > 1_000:
                self._recipes.clear()
            known = self._recipes[row.recipe] = _OfRecipe(now, *self._read(row))
        return known

    def _read(self, row: RunRow) -> tuple[str | None, list[str], dict[str, Any]]:
        try:
            recipe = recorded(self.project, row)
        except DatumError as exc:
            return str(exc), [], {}
        why = str(missing_error(recipe.environment)) if recipe.environment else None
        if is_foreign(self.project):
            why = FOREIGN
        return why, list(dict.fromkeys(upstream_names(recipe.input))), dict(recipe.options)

    def run(self, row: RunRow) -> dict[str, Any]:
        """Return a run as the protocol has it."""
        known = self._of_recipe(row)
        return shapes.run_json(
            row,
            alive=self.alive(row),
            retryable=known.retryable,
            needs=known.needs,
            options=known.options,
        )


def clusters(conn: sqlite3.Connection, project: Project) -> list[dict[str, Any]]:
    """Return the clusters there are, newest first, and the last that are gone."""
    return [shapes.cluster_json(row) for row in there(project, conn, gone=KEPT)]


# -- runs ----------------------------------------------------------------------------------


def run_of(conn: sqlite3.Connection, uuid: str) -> RunRow:
    """Return a run.

    Raises
    ------
    ApiError
        ``not-found``.
    """
    row = queries.run_by_uuid(conn, uuid)
    if row is None:
        raise not_found("run")
    return row


def transform_id(conn: sqlite3.Connection, which: str | int) -> int:
    """Return a transform's id by its id or name (errors: :func:`run_of`)."""
    if isinstance(which, int) or which.isdecimal():
        sql, value = "select id from transform where id = ?", int(which)
        row = conn.execute(sql, (value,)).fetchone() if value < 2**63 else None
    else:
        row = conn.execute("select id from transform where name = ?", (which,)).fetchone()
    if row is None:
        raise not_found("transform")
    return int(row[0])


def runs(
    conn: sqlite3.Connection, facts: Facts, transform: str | None, before: int | None, limit: int
) -> dict[str, Any]:
    """Return a page of runs, newest first."""
    which = transform_id(conn, transform) if transform is not None else None
    rows = queries.runs(conn, transform=which, before=before, limit=limit)
    following = rows[-1].id if len(rows) == limit else None
    return {"runs": [facts.run(row) for row in rows], "next": following}


def run(
    conn: sqlite3.Connection, facts: Facts, project: Project, uuid: str, root: Path | None
) -> dict[str, Any]:
    """Return a run with its cell as recorded, and the notebook that had it."""
    row = run_of(conn, uuid)
    recipe = recipe_of(project, row)
    source = queries.version_source(conn, row.version)
    untracked = recipe.untracked if recipe else []
    path = recipe.notebook if recipe else None
    there = path is not None and os.path.exists(path)  # else it was renamed, as like as not
    notebook = contents_path(root, os.fsencode(path)) if path and there else None
    return {**facts.run(row), "source": source, "untracked": untracked, "notebook": notebook}


def recipe_of(project: Project, row: RunRow) -> Recipe | None:
    """Return the signed recipe of a run, or None if it is not this user's."""
    try:
        return here(read_recipe(project, row.recipe), project)
    except DatumError:
        return None


def groups(conn: sqlite3.Connection, row: RunRow) -> dict[str, Any]:
    """Return a run's failure groups, largest first, and how many more there are."""
    found = queries.failure_groups(conn, row.id, limit=GROUPS)
    known = expected(conn, row.transform) if found else {}
    before = run_before(conn, row)
    shown = [
        shapes.group_json(
            group,
            _workers_of(conn, group.id),
            before if before and not failed_like(conn, before, group.signature) else None,
            known.get(group.signature),
        )
        for group in found
    ]
    if len(found) < GROUPS:
        return {"groups": shown, "other": None}
    count, datums = conn.execute(
        "select count(*), coalesce(sum(datums), 0) from failure where run = ? and datums > 0",
        (row.id,),
    ).fetchone()
    rest = datums - sum(group.datums for group in found)
    other = {"groups": count - len(found), "datums": rest} if count > len(found) else None
    return {"groups": shown, "other": other}


def _workers_of(conn: sqlite3.Connection, group: int) -> list[str]:
    """The workers that failed at a group's first and last datums, in whichever attempt: exact
    is a walk over all."""
    part = "select * from (select id from datum where failure = ?1 order by id {} limit ?2)"
    rows = conn.execute(
        f"select distinct a.worker from ({part.format('')} union all {part.format('desc')}) d"
        " join attempt a on a.datum = d.id and a.failure = ?1"
        " where a.worker is not null order by a.worker limit ?3",
        (group, _LOOKED_AT, _NAMES),
    )
    return [str(row[0]) for row in rows]


def workers(conn: sqlite3.Connection, project: Project, row: RunRow) -> list[dict[str, Any]]:
    """Return the workers of a run with what they are at, and the last that died."""
    plan = project.run(row.uuid) / "plan"
    now = time.time()
    there = [
        shapes.worker_json(
            worker,
            worker["key"] or _key_at(conn, plan, worker["position"]),
            slow=row.ended is None and is_slow(row, worker["since"], now),
        )
        for worker in queries.workers(conn, row.id)
    ]
    return there + [shapes.gone_json(worker) for worker in gone_workers(conn, row.id, _GONE)]


def _key_at(conn: sqlite3.Connection, plan: Path, n: int | None) -> bytes | None:
    """The key of the datum at a position, if the ledger knows it: of a new one not yet. (One
    that is at work for a while has its key with its worker.)"""
    entry = read_part(plan, n * WIDTH, WIDTH) if isinstance(n, int) else None
    if not entry or len(entry) < WIDTH:
        return None
    identity = int.from_bytes(entry, "little")
    found = conn.execute("select key from datum where id = ?", (identity,)).fetchone()
    return found[0] if found else None
