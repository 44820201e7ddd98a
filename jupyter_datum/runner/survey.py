"""The plan of a run in the making: the ledger is only read, nothing runs."""

from __future__ import annotations

import gc
import os
import sqlite3
import time
import weakref
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..inputs import input_from_json
from ..ledger import queries
from ..ledger.db import is_foreign
from ..ledger.fence import RunKey
from ..ledger.relocate import relocate
from ..outputs.porter import Porter
from ..outputs.publish.rekey import Renamed
from ..outputs.standing import Standing
from ..project import Project
from ..remote import is_url
from ..resources import workers_of
from ..transform.declared import as_declared_now, changed_declared
from ..transform.moved import here
from ..transform.recipe import Recipe
from .asked import meant
from .changes import label, stale_parts
from .expression import same_expression
from .foreseen import Preview
from .keep import Keeper
from .lister import listed_apart
from .merge import BATCH, Known, Row
from .own import left_out
from .plan import Batch, Planner
from .renamed import Renames
from .selection import (
    AT_REST,
    CHANGED,
    EDITED,
    ENVIRONMENT,
    MISSING,
    NEW,
    RENAMED,
    STALE,
    UNCHANGED,
    selection_of,
)
from .sizes import Sizes
from .still import Still
from .surroundings import surroundings_of

#: Garbage is looked for so seldom while a million tuples come and go: 0.7 us a datum.
_THRESHOLD: Final = (100_000, 20, 20)
#: Datums shown of those that would run, and of each reason.
_SHOWN: Final = 20
#: Reasons whose examples name a file of the datum.
_NAMES_ITS_FILE: Final = frozenset({CHANGED, EDITED, MISSING})
#: No version of the code has this row id: all that there is was made by another.
_NO_ROW: Final = 0
#: Seconds from a request to the first result where no worker is up yet
#: (estimates for an idle machine of 2 cores; `benchmarks/start.py` measures them).
START: Final = {"joblib": 0.6, "dask": 1.6, "ipyparallel": 4.0}


class Survey:
    """A preview in the making, and what was learnt on the way.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    recipe : Recipe
    args : mapping
        See :func:`preview`.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        project: Project,
        recipe: Recipe,
        args: Mapping[str, Any],
    ) -> None:
        if not is_foreign(project):
            relocate(conn, project)
        self.conn = conn
        self.recipe = recipe
        self._project = project
        self._options = options = meant(recipe, args)
        known = queries.transform(conn, recipe.name)
        self._transform = transform = known.id if known else _NO_ROW
        #: With what it names as it is now, and where it lies now.
        self._now = now = as_declared_now(here(recipe, project))
        version = queries.version_of(conn, transform, bytes.fromhex(now.fingerprint))
        asked = input_from_json(now.input, project)
        source = listed_apart(asked, project, recipe)
        keeper = Keeper(conn, project, RunKey(_NO_ROW, transform, version or _NO_ROW, 0), None, 0)
        self._surroundings = surroundings_of(conn, recipe, options, keeper)
        self.planner = Planner(
            conn,
            (_NO_ROW, transform, version or _NO_ROW),
            source,
            selection_of(conn, transform, options, args),
            frozenset({os.fsencode(now.out)} if now.out else ()),
            time.time_ns,
            dry=True,
            same_input=same_expression(conn, project, recipe),
            keeper=keeper,
            still=Still.asked(args, source.roots, time.time_ns),
        )
        self.planner.compare.surroundings = self._surroundings
        if now.out:
            self.planner.compare.out = os.path.join(os.fsencode(now.out), b"")
        if recipe.out and is_url(recipe.out):
            porter = Porter(recipe.out, recipe.variables, project.log)
            self.planner.compare.lstat = Standing(os.fsencode(recipe.out), porter).lstat
            weakref.finalize(self, porter.close)
        self._found = Preview(errors=self.planner.errors)
        self._sizes = Sizes(known=not any(leaf.in_parts for leaf in asked.leaves))
        self._renames = Renames(conn, source)
        #: Files that were renamed.
        self.renamed: list[Renamed] = []
        #: The datum at each place of the input, 0 where it is new; None if nobody asks.
        self.places: array[int] | None = None

    def run(self, look: Callable[[Preview], None] = lambda found: None) -> Preview:
        """List everything; `look` is called now and then with what is known so far."""
        found, planner = self._found, self.planner
        step = 100  # the first rows soon
        before = gc.get_threshold()
        gc.set_threshold(*_THRESHOLD)
        try:
            while (batch := planner.step(step)) is not None:
                self._take(batch)
                found.reasons = dict(planner.reasons.most_common())
                look(found)
                step = BATCH
        finally:
            gc.set_threshold(*before)
            planner.close()
        reasons = Counter(planner.reasons)
        if not planner.errors:
            self._find_renamed(reasons)
        found.reasons = dict(reasons.most_common())
        absent = planner.absent
        found.vanished, found.left_input = absent.vanished, absent.left_input
        found.unknown = absent.unknown
        found.parts = stale_parts(self.conn, planner.compare.stale, self._now)
        found.environment = dict((+self._surroundings.made).most_common())
        found.sizes = self._sizes.summary()
        found.estimate = _estimate(self.conn, self.recipe.name, found.would_run)
        found.notes = self._notes()
        found.ended = True
        look(found)
        return found

    def _take(self, batch: Batch) -> None:
        found = self._found
        found.total = self.planner.planned
        self._sizes.add(batch.pairs)
        if self.places is not None:
            self.places.extend(batch.ids)
        if batch.reasons.count(UNCHANGED) == len(batch.reasons) and not any(batch.rows):
            return  # the loop of a million datums with nothing to do
        for place, ((listed, row), reason, packed) in enumerate(
            zip(batch.pairs, batch.reasons, batch.rows, strict=True), found.total - len(batch.ids)
        ):
            if packed:
                found.would_run += 1
                if len(found.first) < _SHOWN:
                    found.first.append(label(listed))
                    found.why.append(self._why(row, reason))
            if reason not in AT_REST:
                if reason == NEW:
                    self._renames.new(listed, place)
                shown = found.examples.setdefault(reason, [])
                if len(shown) < _SHOWN:
                    what = self._which(row) if row and reason in _NAMES_ITS_FILE else None
                    shown.append(f"{label(listed)} ({what})" if what else label(listed))
                    if reason != EDITED:
                        found.keys.setdefault(reason, []).append(listed.key.hex())

    def _why(self, row: Row | None, reason: str) -> str:
        """A reason with what changed, as far as that is known."""
        if row is None:
            return reason
        if reason == STALE:
            what = ", ".join(stale_parts(self.conn, {row[3]: 1}, self._now))
        elif reason == ENVIRONMENT:
            what = self._surroundings.words(row[12])
        else:
            what = self._which(row) or ""
        return f"{reason}: {what}" if what else reason

    def _which(self, row: Row) -> str | None:
        """The file that a reason is about, where it is not the datum itself: an output without
        its folder."""
        path = self.planner.compare.which.get(row[1])
        if path is None or path == row[0]:
            return None
        return queries.key_text(path.removeprefix(self.planner.compare.out))

    def _find_renamed(self, reasons: Counter[str]) -> None:
        """New datums with the content of vanished ones: offered as a move."""
        pairs = self._renames.pairs(self.planner.gives_way.gone, self._transform)
        self.renamed = pairs
        if not pairs:
            return
        for row in queries.known_by_id(self.conn, [pair.datum for pair in pairs]):
            self.planner.absent.renamed(Known._make(row))
        reasons[NEW] -= len(pairs)
        reasons[RENAMED] += len(pairs)
        reasons += Counter()  # what is 0 goes
        before = [(queries.key_text(each.old), queries.key_text(each.new)) for each in pairs]
        found = self._found
        found.examples[RENAMED] = [f"{old} -> {new}" for old, new in before[:_SHOWN]]
        shown = {*found.first, *found.examples[NEW]}
        former = {new: old for old, new in before if new in shown}
        found.why = [
            f"{RENAMED}: {former[name]}" if name in former else why
            for name, why in zip(found.first, found.why, strict=True)
        ]
        examples, keys = found.examples.pop(NEW), found.keys.pop(NEW)
        left = [pair for pair in zip(examples, keys, strict=True) if pair[0] not in former]
        if left:
            found.examples[NEW] = [name for name, _ in left]
            found.keys[NEW] = [key for _, key in left]

    def _notes(self) -> list[str]:
        found, options = self._found, self._options
        notes = list(self.planner.source.notes())
        notes += self.recipe.warnings
        if changed := changed_declared(here(self.recipe, self._project)):
            notes.append(f"{', '.join(changed)} changed since the cell was run: run it again")
        notes += [f"not tracked: {name}" for name in self.recipe.untracked]
        if said := left_out(self.conn, self.planner.source, self._now.out):
            notes.append(said)
        notes += self.planner.compare.remarks()
        start = START.get(options.engine, 0.0)
        work = found.estimate
        if work is not None and found.would_run and work < start:
            notes.append(
                f"one core would be done in about {max(work, 0.1):.1f} s, before the workers of "
                f"{options.engine} are up ({start:.1f} s): --engine serial"
            )
        return [*notes, *self._sizes.notes(workers_of(options.engine, options.workers))]


def _estimate(conn: sqlite3.Connection, name: str, datums: int) -> float | None:
    """Seconds of work by the mean of the newest run that executed anything; None if none did."""
    row = conn.execute(
        "select r.seconds, r.executions from run r join transform t on t.id = r.transform"
        " where t.name = ? and r.executions > 0 order by r.id desc limit 1",
        (name,),
    ).fetchone()
    return row[0] / row[1] * datums if row else None
