"""``%datum pick``, and the sample picker of a cell's toolbar: which datum ``datum`` is."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from ..datum import Datum
from ..errors import NoDatumsError, RunError, UsageError
from ..ledger import queries
from ..ledger.queries import DatumRow
from ..project import Project
from ..transform.moved import here
from ..transform.options import Options
from ..transform.recipe import read_recipe
from .context import Context
from .public import Transform
from .recorded import LeftError, called, datum_at
from .resolve import resolve_input, resolve_output
from .sample import SampleCells, datum_of

#: How a front end is told which datum was picked.
PICK_MIME: Final = "application/vnd.jupyter-datum.pick+json"
#: Which datum a picker may ask for.
STEPS: Final = ("first", "next", "previous", "failed")


class PickVerbs:
    """Mixed into the magics."""

    shell: Any
    _context: Context
    _samples: SampleCells

    if TYPE_CHECKING:  # the magics have them

        def _transform(self, words: list[str]) -> Transform: ...

        def _ledger(
            self,
        ) -> contextlib.AbstractContextManager[tuple[sqlite3.Connection, Any]]: ...

    def _do_pick(self, words: list[str]) -> Datum:
        """Bind ``datum`` to a datum, to step through the cell by hand."""
        transform = self._transform(words[:1])
        row = transform.datum_row(words[1] if len(words) > 1 else "failed")
        with self._ledger() as (conn, project):
            run = queries.latest_run(conn, transform.name)
            assert run is not None
            datum, _ = datum_at(conn, project, row, here(read_recipe(project, run.recipe), project))
        self._bind_datum(transform.name, datum)
        print(f"datum is {called(datum, row.key)}")
        return datum

    def _pick_of(self, options: Options, which: str) -> None:
        """Bind the datum that a picker asks for, of the cell as it stands; tell which it is."""
        from IPython.display import publish_display_data

        if which not in STEPS:
            raise UsageError(f"a datum is picked by {', '.join(STEPS)}, not {which!r}")
        name = options.name
        if which == "failed":
            key, datum = self._next_failed(name)
        else:
            key, datum = self._in_order(options, which)
        self._bind_datum(name, datum)
        told = {"name": name, "datum": key, "index": datum.index}
        publish_display_data({PICK_MIME: told, "text/plain": f"datum is {key}"})

    def _bind_datum(self, name: str, datum: Datum) -> None:
        self.shell.user_ns["datum"] = datum
        self._samples.picked = name

    def _at(self, name: str) -> int | None:
        """The place of the datum that is bound now, if it is one of this transform."""
        bound = self.shell.user_ns.get("datum")
        mine = self._samples.picked == name and isinstance(bound, Datum)
        return bound.index if mine else None

    def _in_order(self, options: Options, which: str) -> tuple[str, Datum]:
        """The datum next to the one that is bound, of the input as the cell names it now."""
        at = self._at(options.name)
        step = {"first": 0, "next": 1, "previous": -1}[which]
        place = 0 if at is None or which == "first" else max(0, at + step)
        project: Project = self._context.project()
        names = self.shell.user_ns
        source = resolve_input(options.input, self._context, names, project, options.name)
        out = resolve_output(options.output, options.name, self._context, names)
        listing = source.list(frozenset({os.fsencode(out)}), [])
        listed = next(itertools.islice(listing, place, None), None)
        if listed is None and place:
            raise RunError(f"datum {place:,} is the last of {options.name}")
        if listed is None:
            raise NoDatumsError(*source.nothing_found())
        datum = datum_of(listed, source, project, place)
        return called(datum, listed.key), datum

    def _next_failed(self, name: str) -> tuple[str, Datum]:
        """The failed datum behind the one that is bound; behind the last comes the first."""
        with self._ledger() as (conn, project):
            run = queries.latest_run(conn, name)
            if run is None:
                raise RunError(f"{name} has no failed datum")
            recipe = here(read_recipe(project, run.recipe), project)
            for row in self._failed_rows(conn, run.transform, self._failed.get(name, 0)):
                with contextlib.suppress(LeftError):  # of an input that the cell had before
                    datum, _ = datum_at(conn, project, row, recipe)
                    self._failed[name] = row.id
                    return called(datum, row.key), datum
            raise RunError(f"{name} has no failed datum in its input")

    @staticmethod
    def _failed_rows(conn: sqlite3.Connection, transform: int, last: int) -> Iterator[DatumRow]:
        """Those behind datum `last`, then all from the first one on."""
        for after in dict.fromkeys((last, 0)):
            while found := queries.failed_datums(conn, transform, after=after):
                yield from found
                after = found[-1].id

    #: By transform, the failed datum that was picked last.
    _failed: dict[str, int]
