"""No transform comes from itself: neither by the names of transforms, nor through folders that
one writes and another lists."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import Final

from ..errors import DatumError, SignatureError
from ..inputs import Input, input_from_json
from ..inputs.upstream import asked_for, check_no_cycle, upstream_names
from ..ledger import db, queries
from ..ledger.known import some_outputs
from ..project import Project
from ..transform.recipe import Recipe, read_recipe

#: Outputs of a transform that are held against a pattern which may, or may not, take them.
_LOOKED_AT: Final = 200


def check_circle(name: str, source: Input, out: str, project: Project) -> None:
    """Make sure that a transform does not come from itself.

    Parameters
    ----------
    name : str
    source : Input
    out : str
        Its output folder.
    project : Project

    Raises
    ------
    UsageError
        If it does.
    """
    with contextlib.closing(db.connect(project)) as conn:
        circles = _Circles(conn, project)
        circles.inputs[name] = source
        circles.outs[name] = os.fsencode(out)
        check_no_cycle(name, circles.needs)


class _Circles:
    """What each transform needs, of those that have run or were asked to."""

    def __init__(self, conn: sqlite3.Connection, project: Project) -> None:
        self._conn = conn
        self._project = project
        self._asked = asked_for(conn, project)
        rows = queries.transforms(conn)
        self._ids = {row.name: row.id for row in rows}
        self.outs = {row.name: row.out for row in rows if row.out}
        self.outs |= {name: os.fsencode(r.out) for name, r in self._asked.items() if r.out}
        self.inputs: dict[str, Input] = {}

    def needs(self, name: str) -> list[str]:
        """Return the transforms that one takes something of."""
        source, names = self.inputs.get(name), []
        if source is not None:
            names = upstream_names(source.to_json())
        elif recipe := self._recipe(name):
            names = upstream_names(recipe.input)
            with contextlib.suppress(DatumError):  # of a former release, or its table is gone
                source = input_from_json(recipe.input, self._project)
        if source is None:
            return names
        by_folder = (o for o, out in self.outs.items() if o != name and self._takes(source, o, out))
        return list(dict.fromkeys([*names, *by_folder]))

    def _recipe(self, name: str) -> Recipe | None:
        if name in self._asked:
            return self._asked[name]
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
