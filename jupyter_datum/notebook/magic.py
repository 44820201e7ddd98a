"""``%%datum`` and ``%datum``."""

from __future__ import annotations

import builtins
import contextlib
import itertools
import sqlite3
import sys
import time
from collections.abc import Iterator
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from ..errors import RunError, SignatureError, UsageError
from ..inputs.cells import note_cell
from ..ledger import db, queries, requests
from ..ledger.queries import RunRow
from ..ledger.stragglers import stragglers
from ..outcomes import Comparison, compare
from ..runner.ask import rule_asked, steer, tell_run, workers_asked
from ..runner.client import as_it_stands, cluster_lines, ensure_runner, runner_alive
from ..runner.streams import stands_still
from ..states import RunStatus
from ..transform.cell import Cell
from ..transform.marked import marked_line, stands_for_mark
from ..transform.optionline import parse_line, split
from ..transform.options import of_the_run
from ..transform.optiontable import options_help
from ..transform.recipe import Recipe, read_recipe
from ..words import counted
from . import render
from .asked import AskedRun, asked_run, metadata_of
from .context import context_of
from .decisions import DecisionVerbs
from .display import screen_for, tell
from .looks import LOOKS, look
from .mistakes import unknown_verb
from .pick import PickVerbs
from .pipeline import PipelineVerbs
from .public import Transform, plan_text
from .register import announce
from .resolve import with_values
from .sample import SampleCells
from .submit import Prepared, prepare, request_run, tell_recipe
from .together import Together, sent_at
from .verbs import VERBS, verbs_help
from .wait import Waiter, until_begun
from .watch import watch, watch_words


class RunFailedError(RunError):
    """A run with failures, where nobody is there to see it (nbconvert, papermill)."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@magics_class
class DatumMagics(DecisionVerbs, PickVerbs, PipelineVerbs, Magics):
    """The magics; one for each kernel."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._context = context_of(shell.user_ns)
        self._raw = ""
        self._cell_id: str | None = None
        self._samples = SampleCells(shell, self._context)
        self._planned: dict[str, Recipe] = {}
        self._failed: dict[str, int] = {}
        self._together = Together()
        shell.events.register("pre_run_cell", self._note_cell)
        shell.events.register("post_run_cell", self._cell_ended)
        shell.events.register("pre_run_cell", self._samples.before)
        shell.input_transformers_cleanup.append(self._samples.read)

    def _note_cell(self, info: Any) -> None:
        self._raw = info.raw_cell or ""
        self._cell_id = getattr(info, "cell_id", None)
        self._together.begin(sent_at(self.shell))

    def _cell_ended(self, _: Any) -> None:
        self._together.end()

    # -- %%datum -------------------------------------------------------------------------

    @no_var_expand
    @cell_magic
    def datum(self, line: str, cell: str | None = None) -> Any:
        """Run this cell over every datum of an input.

        ``%%datum NAME -i INPUT [-o FOLDER] [options]``
        """
        assert cell is not None
        marked = self._cell(line, cell)
        asked = asked_run(self.shell)
        line = marked_line(line, metadata_of(self.shell)) + asked.options
        if asked.pick:
            self._pick_of(parse_line(line, cell), asked.pick)
            return
        prepared = prepare(line, marked, self.shell.user_ns, self._context, self._cell_id)
        announce(self._context, prepared.project)
        self._say(prepared)
        self._planned[prepared.options.name] = prepared.recipe
        note_cell(prepared.recipe, of_the_run(prepared.options))
        if asked.record:
            tell_recipe(prepared, self._ran(prepared.options.name))
            if asked.origin == "cli":  # cells below may ask for what it has made
                self._bind(prepared)
            return
        with contextlib.closing(db.connect(prepared.project)) as conn:
            if prepared.options.equivalent:
                self._mark(conn, prepared)
            if prepared.options.plan:
                args = of_the_run(prepared.options)
                tell(plan_text(conn, prepared.project, prepared.recipe, args))
                return
            row = self._run(conn, prepared, asked)
            self._raise_unseen(conn, row)

    def _run(self, conn: sqlite3.Connection, prepared: Prepared, asked: AskedRun) -> RunRow | None:
        active = self._active(conn, prepared)
        run = active or asked.run

        def ask() -> None:
            if active is None:
                pipeline = self._together.id
                request_run(conn, prepared, run=run, origin=asked.origin, pipeline=pipeline)

        name = prepared.options.name
        if active is not None:
            print(f"{name} is running already (run {active[:8]}): waiting for it", flush=True)
        if prepared.options.background:
            ask()
            self._bind(prepared)
            if asked.origin == "kernel":
                until_begun(conn, run)
                tell(f"{name}: runs in the background. See: %datum status {name}")
            return None
        screen = screen_for(self.shell, prepared.project, run)
        waiter = Waiter(self.shell, conn, prepared.project, prepared.recipe, run, screen)
        try:
            return waiter.wait(ask)
        finally:  # after a stop too: what is finished can be looked at
            self._bind(prepared)

    def _active(self, conn: sqlite3.Connection, prepared: Prepared) -> str | None:
        """Return an unfinished run of this very cell, to be waited for again; an unfinished
        one of other code gives way if it is paused or its runner is dead."""
        # In this order: what begins between the two looks is found by the second.
        if (asked := self._asked(conn, prepared)) is not None:
            return asked
        row = queries.latest_run(conn, prepared.options.name)
        if row is None or row.ended is not None or row.status == RunStatus.PAUSED:
            return None
        alive = runner_alive(prepared.project, row.interpreter)
        if self._same(prepared, row.recipe):
            if not alive:
                ensure_runner(prepared.project, prepared.recipe.interpreter)
            return row.uuid
        if not alive:
            tell_run(conn, "cancel", row.uuid, row.interpreter)
        return None

    def _asked(self, conn: sqlite3.Connection, prepared: Prepared) -> str | None:
        """Return a run of this very cell that was asked for, in the same words, and has not
        begun: the runner may be starting still."""
        words = of_the_run(prepared.options)
        for request in requests.not_begun(conn, float("inf")):
            if {**request.args, **words} != request.args or request.run is None:
                continue
            if self._same(prepared, request.recipe or ""):
                if not runner_alive(prepared.project, request.interpreter):
                    ensure_runner(prepared.project, prepared.recipe.interpreter)
                return request.run
        return None

    def _same(self, prepared: Prepared, recipe: str) -> bool:
        """Whether a run does what the cell asks for, be it from a kernel that is gone."""
        try:
            running = read_recipe(prepared.project, recipe)
        except SignatureError:
            return False
        return all(
            getattr(running, name) == getattr(prepared.recipe, name)
            for name in ("fingerprint", "input", "out", "options", "interpreter", "cwd")
        )

    def _cell(self, line: str, body: str) -> Cell:
        """The cell under the name that the kernel gives to the whole of it, so that
        tracebacks and breakpoints fit what the user sees."""
        raw = self._raw
        first = next(
            (i for i, text in enumerate(raw.split("\n")) if text.startswith("%%datum")), None
        )
        if first is None or body.strip() not in raw:
            raw, first = f"%%datum {line}\n{body}", 0
        if stands_for_mark(line):  # the line stands in no cell: the body is the whole of it
            raw, first = body, -1
        compiler = self.shell.compile
        name = compiler.get_code_name(raw, raw, self.shell.execution_count)
        return Cell(body, name, first + 2, raw)

    def _bind(self, prepared: Prepared) -> None:
        name = prepared.options.name
        there = self.shell.user_ns.get(name, getattr(builtins, name, None))
        if there is None or isinstance(there, Transform):
            self.shell.user_ns[name] = Transform(prepared.project, name)
        else:
            tell(f"the name {name} holds something else and is left alone; see %datum status")

    def _ran(self, name: str) -> bool:
        return isinstance(self.shell.user_ns.get(name), Transform)

    def _say(self, prepared: Prepared) -> None:
        if prepared.options.plan:
            return  # the plan says it
        for warning in prepared.found.warnings:
            print(warning, file=sys.stderr)
        if prepared.found.untracked:
            print(f"not tracked: {', '.join(prepared.found.untracked)}", file=sys.stderr)

    def _raise_unseen(self, conn: sqlite3.Connection, row: RunRow | None) -> None:
        """Without a person at the front end a failure must not pass as success."""
        kernel = getattr(self.shell, "kernel", None)
        if row is None or kernel is None or getattr(kernel, "_allow_stdin", True):
            return
        goes_on = row.status == RunStatus.RUNNING and not stands_still(conn, row.uuid)
        if row.status != RunStatus.SUCCESS and not goes_on:
            groups = queries.failure_groups(conn, row.id)
            raise RunFailedError("\n".join(render.closing_lines(row, groups, None)))

    # -- %datum --------------------------------------------------------------------------

    @no_var_expand
    @line_magic("datum")
    def datum_line(self, line: str) -> Any:
        """``%datum [VERB] [NAME]``; without a verb: status."""
        words = [*itertools.takewhile(lambda word: word != "#", split(line))]  # a comment
        verb = words.pop(0) if words else "status"
        if verb in ("help", "--help", "-h"):
            print(self.datum_line.__doc__)
            return None
        if verb not in VERBS:
            unknown_verb(verb, tuple(VERBS))
        words = [with_values(word, self.shell.user_ns) for word in words]
        if verb in LOOKS:
            return look(verb, words, self._context.project(), str(self._context.folder))
        return getattr(self, f"_do_{verb.replace('-', '_')}")(words)

    def _do_status(self, words: list[str]) -> None:
        with self._ledger() as (conn, project):
            if words:
                found = queries.latest_run(conn, words[0])
                if found is None:
                    raise self._unknown(conn, words[0])
                shown = [found]
            else:
                shown = queries.runs(conn, limit=20)
            for row in (as_it_stands(project, row) for row in shown):
                groups = queries.failure_groups(conn, row.id) if words else []
                running = row.status == RunStatus.RUNNING
                lines = render.stuck_lines(stands_still(conn, row.uuid) if running else None)
                lines += render.straggler_lines(stragglers(conn, row, time.time()))
                lines += [*render.group_lines(groups, row.failed), *render.why_lines(row)]
                tell("\n".join([render.closing_line(row), *lines]))
            for line in [] if words else cluster_lines(project, conn):
                tell(line)
            if not shown:
                tell("no runs yet: write a cell that begins with %%datum NAME -i INPUT")

    def _do_plan(self, words: list[str]) -> None:
        transform = self._transform(words)
        recipe = self._planned.get(transform.name)
        tell(transform.plan(recipe))
        if recipe is None:  # this kernel has not executed the cell
            name = transform.name
            tell(f"planned with the code that ran last; the cell's own: %%datum {name} --plan")

    def _do_failures(self, words: list[str]) -> None:
        print(repr(self._transform(words).failures()))

    def _do_results(self, words: list[str]) -> Any:
        """``%datum results NAME [pandas | polars]``"""
        return self._transform(words[:1]).results(frame=words[1] if len(words) > 1 else False)

    def _do_compare(self, words: list[str]) -> Comparison:
        """``%datum compare NAME``, ``%datum compare A B``: runs, versions or transforms."""
        if not 1 <= len(words) <= 2:
            raise UsageError("%datum compare NAME, or A B: NAME, NAME@VERSION, or a run's id")
        with self._ledger() as (_, project):
            return compare(project, *words)

    def _do_retry(self, words: list[str]) -> None:
        self._transform(words).retry()

    def _do_cancel(self, words: list[str]) -> None:
        self._tell(words, "cancel", "cancelling; what is finished stays")

    def _do_pause(self, words: list[str]) -> None:
        self._tell(words, "pause", "nothing new is started; to go on: %datum resume")

    def _do_resume(self, words: list[str]) -> None:
        self._tell(words, "resume", "goes on; see %datum status")

    def _do_scale(self, words: list[str]) -> None:
        """``%datum scale NAME N``: go on with N workers."""
        workers = workers_asked(words.pop() if words else "")
        self._tell(words, "scale", f"goes on with {counted(workers, 'worker')}", workers=workers)

    def _do_on_error(self, words: list[str]) -> None:
        """``%datum on-error NAME RULE``: stop at other failures than the cell says."""
        rule = rule_asked(words.pop() if len(words) > 1 else "")
        self._tell(words, "on-error", f"goes on with --on-error {rule}", on_error=rule)

    def _do_detach(self, words: list[str]) -> None:
        """Free the cell (of another kernel) that waits for a run."""
        self._tell(words, "detach", "goes on by itself; see %datum status")

    def _tell(self, words: list[str], kind: str, says: str, **args: int | str) -> None:
        name = self._transform(words).name
        with self._ledger() as (conn, project):
            row = queries.latest_run(conn, name)
            if row is None or row.ended is not None:
                print(f"{name} is not running")
                return
            steer(conn, project, row, kind, args)
            tell(f"{name}: {says}")

    def _do_watch(self, words: list[str]) -> None:
        """Have new and changed files of a transform's input run by themselves."""
        args = watch_words(words)
        with self._ledger() as (conn, project):
            tell("\n".join(watch(conn, project, args, "kernel")))

    def _do_widget(self, words: list[str]) -> Any:
        """Return a widget of the newest run, which stays live while other cells run."""
        from .widget import run_widget

        transform = self._transform(words)
        run = transform.run
        assert run is not None
        with self._ledger() as (_, project):
            return run_widget(project, run.uuid)

    # -- ground --------------------------------------------------------------------------

    def _transform(self, words: list[str]) -> Transform:
        with self._ledger() as (conn, project):
            if not words:
                runs = queries.runs(conn, limit=1)
                if not runs:
                    raise RunError("no runs yet: write a cell that begins with %%datum")
                return Transform(project, runs[0].name)
            if queries.transform(conn, words[0]) is None:
                raise self._unknown(conn, words[0])
            return Transform(project, words[0])

    def _unknown(self, conn: sqlite3.Connection, name: str) -> UsageError:
        names = ", ".join(t.name for t in queries.transforms(conn)) or "none yet"
        return UsageError(f"no transform is named {name!r}; there are: {names}")

    @contextlib.contextmanager
    def _ledger(self) -> Iterator[tuple[sqlite3.Connection, Any]]:
        project = self._context.project()
        with contextlib.closing(db.connect(project)) as conn:
            yield conn, project


def _help() -> str:
    return f"""Run this cell over every datum of an input.

%%datum NAME -i INPUT [-o FOLDER] [options]

The cell is written against one datum: datum.path (its file), datum.value (an item),
datum.out_file(".json") (a place for output), ... Its last expression is the result.
NAME is bound to the transform: NAME.results(), NAME.failures(), NAME.frame().

{options_help()}

The same as lines under the first: #| engine: dask
"""


DatumMagics.datum.__doc__ = _help()
DatumMagics.datum_line.__doc__ = verbs_help()
__all__ = ["DatumMagics", "RunFailedError"]
