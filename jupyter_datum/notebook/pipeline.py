"""``%datum run``: all transforms of the notebook, or one with what it needs, side by side."""

from __future__ import annotations

import contextlib
import sqlite3
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

from ..errors import DatumError, RunError, SignatureError, UsageError
from ..inputs.chains import upstream_names
from ..ledger import db, queries
from ..ledger.queries import RunRow
from ..project import Project
from ..runner.ask import ask_for_run
from ..runner.pipeline import cancel_pipeline
from ..runner.streams import stands_still
from ..states import ENDED, RunStatus
from ..transform.order import check_no_circle, in_order, with_needs
from ..transform.recipe import Recipe, read_recipe, recipe_digest
from .context import Context
from .display import screen_for, tell
from .render import span
from .wait import RunStoppedError, Waiter, shutdown_comes

#: Seconds between two looks at the ledger.
_LOOK: Final = 0.05


class PipelineVerbs:
    """Mixed into the magics."""

    shell: Any
    _context: Context
    _planned: dict[str, Recipe]

    def _do_run(self, words: list[str]) -> None:
        """``%datum run [NAME]``: the code is that of the cells as they were executed last."""
        project = self._context.project()
        with contextlib.closing(db.connect(project)) as conn:
            recipes = self._recipes(conn, project)
            needs = {name: upstream_names(recipe.input) for name, recipe in recipes.items()}
            names = _chosen(words[0] if words else None, recipes, needs)
            Together(self.shell, conn, project).run([recipes[name] for name in names])

    def _recipes(self, conn: sqlite3.Connection, project: Project) -> dict[str, Recipe]:
        """Of the notebook's transforms: as this kernel executed their cells, or as they ran."""
        found = {}
        for row in queries.transforms(conn):
            run = queries.latest_run(conn, row.name)
            with contextlib.suppress(SignatureError):  # somebody else's
                if run and (recipe := read_recipe(project, run.recipe)):
                    found[row.name] = recipe
        here = self._context.notebook
        theirs = {name: r for name, r in found.items() if here is None or r.notebook == here}
        return {**theirs, **self._planned}


def _chosen(
    name: str | None, recipes: Mapping[str, Recipe], needs: Mapping[str, list[str]]
) -> list[str]:
    """Names in the order in which they need each other.

    Raises
    ------
    UsageError
        If there is no such transform, or one comes from itself.
    """
    if not recipes or (name is not None and name not in recipes):
        there = ", ".join(recipes) or "none yet: execute a cell that begins with %%datum"
        raise UsageError(
            f"no transform {name or ''!r} of this notebook is known; there are: {there}"
        )
    check_no_circle(needs)
    wanted = with_needs(name, needs) if name is not None else set(recipes)
    names = [each for each in recipes if each in wanted]
    return [names[i] for i in in_order(names, needs)]


class Together:
    """Runs that are waited for together.

    Parameters
    ----------
    shell : InteractiveShell
    conn : sqlite3.Connection
    project : Project
    """

    def __init__(self, shell: Any, conn: sqlite3.Connection, project: Project) -> None:
        self._shell = shell
        self._conn = conn
        self._project = project
        self._id = uuid.uuid4().hex
        self._stopped = False

    def run(self, recipes: list[Recipe]) -> None:
        """Have them run, and show how they go until all have ended.

        Raises
        ------
        RunStoppedError
            If the user stopped them; what is finished stays.
        """
        began = time.monotonic()
        waiters = {recipe.name: self._asked(recipe) for recipe in recipes}
        while True:
            try:
                rows = self._until_ended(dict(waiters))
                break
            except KeyboardInterrupt:
                self._interrupted()
        tell(_sentence(rows, len(recipes), time.monotonic() - began))
        if self._stopped:
            raise RunStoppedError("the pipeline was stopped: %datum run does the rest")

    def _asked(self, recipe: Recipe) -> Waiter:
        args = {"origin": "kernel", "pipeline": self._id}
        digest = recipe_digest(recipe)
        run = ask_for_run(self._conn, self._project, digest, recipe, args)
        screen = screen_for(self._shell, self._project, run)
        return Waiter(self._shell, self._conn, self._project, recipe, run, screen)

    def _until_ended(self, waiters: dict[str, Waiter]) -> dict[str, RunRow]:
        rows: dict[str, RunRow] = {}
        while waiters:
            for name, waiter in list(waiters.items()):
                try:
                    row = waiter.look()
                except RunError as exc:
                    print(f"{name}: {exc}")
                    del waiters[name]
                    continue
                if row is not None and (row.status in ENDED or row.status == RunStatus.PAUSED):
                    rows[name] = row
                    del waiters[name]
                elif paused := stands_still(self._conn, waiter.run):
                    print(f"{name}: waits for {paused}, which is paused")
                    del waiters[name]
            time.sleep(_LOOK)
        return rows

    def _interrupted(self) -> None:
        """A stop ends all of them; a restart of the kernel none."""
        if self._stopped:
            raise RunStoppedError("stopped without waiting for the end")
        with contextlib.suppress(KeyboardInterrupt):
            if shutdown_comes(self._shell):
                raise RunStoppedError("the kernel ends, the runs go on")
        self._stopped = True
        with contextlib.suppress(DatumError):
            cancel_pipeline(self._conn, self._project, self._id)


def _sentence(rows: Mapping[str, RunRow], asked: int, seconds: float) -> str:
    fine = sum(row.status == RunStatus.SUCCESS for row in rows.values())
    return f"pipeline: {fine} of {asked} transforms succeeded, in {span(seconds)}"
