"""What a transform's plan rests on: the transforms before it, and what these have to do first.

A transform comes after another one if its input names that, or if it lists the folder that
the other one fills.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ..errors import DatumError, NoDatumsError, SignatureError
from ..inputs import Input, input_from_json
from ..inputs.cells import noted_cells
from ..inputs.chains import upstream_names
from ..inputs.named import asked_for
from ..ledger import queries
from ..ledger.known import some_outputs
from ..project import Project
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from .foreseen import Ahead, Preview
from .survey import Survey

#: Outputs of a transform that are held against a pattern which may, or may not, take them.
_LOOKED_AT: Final = 200


class Needs:
    """What each transform needs, of those that have run or were asked to.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    cells : mapping, optional
        Recipes of cells as they stand now: they count more than what was asked for or has run.
    """

    def __init__(
        self, conn: sqlite3.Connection, project: Project, cells: Mapping[str, Recipe] | None = None
    ) -> None:
        self._conn = conn
        self._project = project
        self._present = {**asked_for(conn, project), **(cells or {})}
        rows = queries.transforms(conn)
        self._ids = {row.name: row.id for row in rows}
        self.outs = {row.name: row.out for row in rows if row.out}
        self.outs |= {name: os.fsencode(r.out) for name, r in self._present.items() if r.out}
        #: Inputs that count instead of those of recipes.
        self.inputs: dict[str, Input] = {}

    def of(self, name: str) -> list[str]:
        """Return the transforms that one takes something of."""
        source, names = self.inputs.get(name), []
        if source is not None:
            names = upstream_names(source.to_json())
        elif recipe := self.recipe(name):
            names = upstream_names(recipe.input)
            with contextlib.suppress(DatumError):  # of a former release, or its table is gone
                source = input_from_json(here(recipe, self._project).input, self._project)
        if source is None:
            return names
        by_folder = (o for o, out in self.outs.items() if o != name and self._takes(source, o, out))
        return list(dict.fromkeys([*names, *by_folder]))

    def before(self, recipe: Recipe) -> list[str]:
        """Return all that a transform comes after, each behind what it needs itself."""
        self._present[recipe.name] = recipe
        found: dict[str, None] = {}
        seen = {recipe.name}

        def gather(each: str) -> None:
            for up in self.of(each):
                if up not in seen:
                    seen.add(up)
                    gather(up)
                    found[up] = None

        gather(recipe.name)
        return list(found)

    def recipe(self, name: str) -> Recipe | None:
        """Return a transform's present recipe; None if there is none, or it is another user's."""
        if name in self._present:
            return self._present[name]
        run = queries.latest_run(self._conn, name)
        try:
            return read_recipe(self._project, run.recipe) if run else None
        except SignatureError:
            return None

    def _takes(self, source: Input, other: str, out: bytes) -> bool:
        """Whether an input lists what another transform makes: it starts in its folder; or it
        reaches there, and would take a file that is there now."""
        folder = out.rstrip(b"/") + b"/"
        leaves = [leaf for leaf in source.leaves if leaf.may_list(out)]
        roots = (root.rstrip(b"/") + b"/" for leaf in leaves for root in leaf.roots.values())
        if any(root.startswith(folder) for root in roots):
            return True
        if not leaves or other not in self._ids:
            return False
        made = some_outputs(self._conn, self._ids[other], _LOOKED_AT)
        return any(leaf.takes(path) for path in made for leaf in leaves)


def with_ahead(
    survey: Survey,
    project: Project,
    look: Callable[[Preview], None] = lambda found: None,
    known: dict[str, Ahead] | None = None,
) -> Preview:
    """Finish a plan, and put into it the transforms before this one that have datums to run,
    in the order in which a pipeline would run them.

    Parameters
    ----------
    survey : Survey
    project : Project
    look : callable
    known : dict, optional
        What was found of transforms a moment ago, to which this adds: who plans a whole
        pipeline lists each of them once.
    """
    found = survey.run(look)
    known = {} if known is None else known
    name = survey.recipe.name
    known[name] = Ahead(name, found.would_run, found.total)
    ahead = _ahead(survey.conn, project, survey.recipe, known)
    found.ahead = [each for each in ahead if each.would_run or each.error]
    source = survey.planner.source
    if not found.total and not found.errors and not found.ahead:  # the run would say so, and end
        found.notes.insert(0, str(NoDatumsError(*source.nothing_found())))
    return found


def _ahead(
    conn: sqlite3.Connection, project: Project, recipe: Recipe, known: dict[str, Ahead]
) -> Iterator[Ahead]:
    """Each is planned as its cell stands now, as far as that is known here."""
    cells = dict(noted_cells(project))
    needs = Needs(conn, project, {name: cell.recipe for name, cell in cells.items()})
    for name in needs.before(recipe):
        other = needs.recipe(name)
        if other is None:
            continue
        if name not in known:
            known[name] = _planned(conn, project, other, cells[name].args if name in cells else {})
        yield known[name]


def _planned(
    conn: sqlite3.Connection, project: Project, recipe: Recipe, args: Mapping[str, Any]
) -> Ahead:
    try:
        plan = Survey(conn, project, recipe, args).run()
    except DatumError as exc:
        return Ahead(recipe.name, 0, 0, str(exc))
    return Ahead(recipe.name, plan.would_run, plan.total)
