"""``Transform``: what a marked cell's name is bound to in the kernel."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import DatumError, RunError, SignatureError
from ..inputs import Input, input_from_json
from ..ledger import db, queries
from ..ledger.queries import AttemptRow, DatumRow, FailureGroup, RunRow
from ..lineage import View, show_history, show_overview, show_question
from ..outcomes import (
    Comparison,
    Results,
    displayed,
    frame_of,
    labelled,
    labels_of,
    read_results,
)
from ..outcomes import compare as compare_sides
from ..project import Project
from ..remote import is_url
from ..resources import workers_of
from ..results import value_of
from ..runner.ask import ask_again, tell_run
from ..runner.asked import meant
from ..runner.client import as_it_stands
from ..runner.foreseen import Ahead, Preview
from ..runner.preview import preview
from ..states import DatumState
from ..transform.moved import here
from ..transform.recipe import Recipe, read_recipe
from ..words import mask
from . import render
from .context import shell_here
from .display import Making, screen_for
from .flows import Flows
from .planlines import first_lines, preview_lines
from .recorded import find_datum
from .wait import Waiter

#: Seconds after which a plan in the making shows what it knows.
_SOON = 0.2


class Text(str):
    """Text that shows itself as it is, not as a literal."""

    def __repr__(self) -> str:
        return str(self)


def plan_text(
    conn: sqlite3.Connection,
    project: Project,
    recipe: Recipe,
    args: Mapping[str, Any],
    known: dict[str, Ahead] | None = None,
) -> Text:
    """Plan a run and say what it would do; a listing of over a second shows how far it is.
    `known`: see :func:`~jupyter_datum.runner.ahead.with_ahead`."""
    begun, making = time.monotonic(), Making(shell_here())

    def look(found: Preview) -> None:
        if not found.ended and time.monotonic() - begun > _SOON:
            # The first rows, however long the rest takes.
            rows = ["  would run, to begin with:", *first_lines(found)] if found.first else []
            making.say(rows, f"listing ... {render.counted(found.total, 'datum')}")

    found = preview(conn, project, recipe, args, look, known)
    making.end()
    options = meant(recipe, args)
    return Text(
        "\n".join(preview_lines(recipe.name, found, workers_of(options.engine, options.workers)))
    )


class Failures(list[dict[str, Any]]):
    """Failed datums as plain dicts; shown, they are a text with tracebacks."""

    def __init__(self, rows: list[dict[str, Any]], text: str) -> None:
        super().__init__(rows)
        self._text = text

    def __repr__(self) -> str:
        return self._text


class Transform(Flows):
    """A transform of this project, as the ledger knows it.

    Parameters
    ----------
    project : Project
    name : str
    """

    def __init__(self, project: Project, name: str) -> None:
        self._project = project
        self.name = name

    def __repr__(self) -> str:
        run = self.run
        if run is None:
            return f"{self.name}: has not run"
        return render.closing_line(as_it_stands(self._project, run))

    @property
    def project(self) -> Project:
        """The project that it belongs to."""
        return self._project

    # -- what has become of it -----------------------------------------------------------

    @property
    def run(self) -> RunRow | None:
        """The newest run."""
        with self._ledger() as conn:
            return queries.latest_run(conn, self.name)

    @property
    def out(self) -> Path | str | None:
        """The output folder, or its URL; None if there is none."""
        with self._ledger() as conn:
            row = queries.transform(conn, self.name)
        if row is None or not row.out:
            return None
        return os.fsdecode(row.out) if is_url(row.out) else Path(os.fsdecode(row.out))

    def status(self) -> str:
        """Return in a line how the newest run stands."""
        return repr(self)

    def results(self, frame: bool | str = False) -> Any:
        """Return the results of all datums that succeeded, in input order.

        The datums are those of the newest whole listing of the input; those that failed are
        left out. Large results are read when they are looked at.

        Parameters
        ----------
        frame : bool or str
            A list by default. ``True`` or ``"pandas"``, or ``"polars"``: a DataFrame with
            what each datum is (path, captures, value), its result (the items of a dict are
            columns) and its metrics.

        Raises
        ------
        SignatureError
            If the ledger belongs to another user: results may be pickles.
        """
        self._check_own()
        with self._ledger() as conn:
            row = queries.transform(conn, self.name)
            if not frame:
                return read_results(conn, self._project, row.id) if row else Results()
            library = "pandas" if frame is True else frame
            source = self._input(conn)
            return frame_of(conn, self._project, row.id if row else 0, source, library)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield ``(key, result)`` of all datums that succeeded, in input order."""
        self._check_own()
        with self._ledger() as conn:
            for label, each in labelled(conn, self._project, self.name):
                yield label, value_of(each.kind, each.data, self._project)

    def frame(self, library: str = "pandas") -> Any:
        """Return what :meth:`results` does with ``frame=library``."""
        return self.results(frame=library)

    def display(self, which: str | int) -> list[dict[str, Any]]:
        """Return what the cell displayed for a datum (as :meth:`datum_row` names it):
        outputs with MIME bundles."""
        row = self.datum_row(which)
        with self._ledger() as conn:
            return displayed(conn, self._project, row)

    def compare(self, other: str | Transform | None = None) -> Comparison:
        """Compare what `other` came to (a run, ``NAME@VERSION``, a transform) with this one's
        newest outcomes; without `other` its two newest versions, or runs."""
        if other is None:
            return compare_sides(self._project, self.name)
        return compare_sides(self._project, _side_name(other), self.name)

    def failures(self, *, limit: int = 10) -> Failures:
        """Return failed datums (up to `limit` of them), newest attempt each."""
        with self._ledger() as conn:
            row = queries.transform(conn, self.name)
            if row is None:
                return Failures([], f"{self.name}: has not run")
            total = queries.failed_count(conn, row.id)
            groups = queries.failed_groups(conn, row.id, limit=20)
            failed = queries.failed_datums(conn, row.id, limit=limit)
            labels = self._labels(conn, failed)
            details = [self._failure(conn, datum, labels[datum.key]) for datum in failed]
        return Failures(details, _failures_text(self.name, total, groups, details))

    def plan(self, recipe: Recipe | None = None) -> Text:
        """Return what would run now, and why; nothing runs.

        Parameters
        ----------
        recipe : Recipe, optional
            With the code that is meant; that which ran last if left out.

        Raises
        ------
        RunError
            If it has not run yet: then run its cell with ``--plan``.
        """
        with self._ledger() as conn:
            if recipe is None:
                recipe = read_recipe(self._project, self._latest(conn).recipe)
            return plan_text(conn, self._project, recipe, {})

    def lineage(self, which: str = "old") -> View:
        """Return outputs that were made by older code (``old``), come from a run with failures
        (``failed-run``), are orphans (``orphan``) or were edited since (``edited``)."""
        return show_question(self._project, self.name, which)

    def history(
        self, key: str, *, between: tuple[int, int] | None = None, diffs: bool = False
    ) -> View:
        """Return every version over time of the datum with this key, as
        :func:`jupyter_datum.history` does."""
        asked = f"{self.name}:{key}"
        return show_history(self._project, asked, between=between, diffs=diffs)

    def overview(self) -> View:
        """Return how many datums there are, how long one takes, how many are new each day."""
        return show_overview(self._project, self.name)

    def retry(self) -> None:
        """Run the failed datums again, with the recorded code, and show how it goes.

        After a fix run the cell with ``--only failed`` instead.
        """
        with self._ledger() as conn:
            row = self._latest(conn)
            args = {"only": ["failed"], "origin": "kernel"}
            run, recipe = ask_again(conn, self._project, row, args)
            shell = shell_here()
            screen = screen_for(shell, self._project, run)
            Waiter(shell, conn, self._project, recipe, run, screen).wait()

    def cancel(self) -> None:
        """Stop the newest run; what is finished stays."""
        with self._ledger() as conn:
            row = self._latest(conn)
            if row.ended is None:
                tell_run(conn, "cancel", row.uuid, row.interpreter)

    def datum_row(self, which: str | int = "failed") -> DatumRow:
        """Return one datum: ``failed`` (the first), its key, a number (its place), ``id:N``.

        Raises
        ------
        RunError
            If there is none.
        """
        with self._ledger() as conn:
            found = find_datum(conn, self._project, self.name, which)
        if found is None and which == "failed":
            raise RunError(f"{self.name} has no failed datum")
        if found is None:
            raise RunError(f"{self.name} has no datum {which!r}; a key, a number or 'failed'")
        return found

    # -- ground --------------------------------------------------------------------------

    def _latest(self, conn: sqlite3.Connection) -> RunRow:
        row = queries.latest_run(conn, self.name)
        if row is None:
            raise RunError(
                f"{self.name} has not run; to see what it would do, run its cell with --plan"
            )
        return row

    def _labels(self, conn: sqlite3.Connection, rows: list[DatumRow]) -> dict[bytes, str]:
        """What people call these datums: a path, or an item's value."""
        return labels_of(self._input(conn) if rows else None, rows)

    def _failure(self, conn: sqlite3.Connection, datum: DatumRow, label: str) -> dict[str, Any]:
        attempts = [
            a for a in queries.attempts(conn, datum.id, limit=5) if a.state == DatumState.FAILED
        ]
        last: AttemptRow | None = attempts[0] if attempts else None
        return {
            "key": label,
            "attempt": datum.attempt,
            "message": last.message if last else None,
            "traceback": last.traceback if last else None,
            "phase": last.phase if last else None,
            "log": self.log_of(datum),
        }

    def log_of(self, datum: DatumRow, *, limit: int = 4_000) -> str:
        """Return the end of what a datum's last attempt printed."""
        if not datum.log:
            return ""
        name, offset, length, _ = datum.log.rsplit(":", 3)
        with self._ledger() as conn:
            row = conn.execute("select uuid from run where id = ?", (datum.run,)).fetchone()
        epoch, _, worker = name.partition("-")
        path = self._project.worker_log(row[0], int(epoch), worker)
        try:
            with path.open("rb") as file:
                start = max(0, int(length) - limit)
                file.seek(int(offset) + start)
                return file.read(int(length) - start).decode("utf-8", "backslashreplace")
        except OSError:
            return ""

    def _check_own(self) -> None:
        if db.is_foreign(self._project):
            raise SignatureError("the ledger is another user's: its results are not unpickled")

    def _input(self, conn: sqlite3.Connection) -> Input | None:
        run = queries.latest_run(conn, self.name)
        try:
            recipe = here(read_recipe(self._project, run.recipe), self._project) if run else None
            return input_from_json(recipe.input, self._project) if recipe else None
        except (DatumError, OSError):  # it was not recorded by this user, or is gone
            return None

    def _ledger(self) -> Any:
        return contextlib.closing(db.connect(self._project))


def _side_name(what: str | Transform) -> str:
    return what.name if isinstance(what, Transform) else what


def _failures_text(
    name: str, total: int, groups: list[FailureGroup], details: list[dict[str, Any]]
) -> str:
    if not total:
        return f"{name}: no failed datums"
    lines = [f"{name}: {render.counted(total, 'datum')} failed", *render.group_lines(groups, total)]
    shown: set[str] = set()
    for detail in details:
        message = detail["message"] or ""
        if mask(message) in shown:
            continue
        shown.add(mask(message))
        lines += ["", f"datum {render.one_line(detail['key'])} (attempt {detail['attempt']})"]
        lines += _printable(detail["traceback"] or message)
        if detail["log"]:
            lines += ["  it printed:", *("  | " + line for line in _printable(detail["log"]))]
        if len(shown) >= 3:
            break
    return "\n".join(lines)


def _printable(text: str) -> list[str]:
    """Each line as it stands, its indent too, without what is no character of text."""
    lines = ((line, line.lstrip(" ")) for line in text.splitlines())
    return [
        "  " + " " * min(len(line) - len(bare), 100) + render.one_line(bare, 400) if bare else ""
        for line, bare in lines
    ]


def status_json(run: RunRow, groups: list[FailureGroup]) -> dict[str, Any]:
    """Return a run as plain JSON, for ``--json``."""
    fields = run._asdict()
    fields["note"] = json.loads(run.note or "{}")
    fields["options"] = json.loads(run.options or "{}")
    fields["feed"] = json.loads(run.feed or "null")
    fields["pending"] = run.pending
    fields["groups"] = [group._asdict() for group in groups]
    return fields
