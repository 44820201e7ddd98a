"""The verbs that need no kernel: they read the ledger, or write a request into it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import RunError, UsageError
from ..inputs.signed import output_folders
from ..ledger import db, queries, requests
from ..ledger.fsck import audit
from ..ledger.queries import RunRow
from ..ledger.stragglers import straggler_json, stragglers
from ..notebook import render
from ..notebook.display import tell
from ..notebook.public import Transform, status_json
from ..outcomes import compare as compare_sides
from ..outcomes import labelled, outcome_json
from ..project import Project, find
from ..runner.ask import ask_again, recorded, rule_asked, steer, tell_run, workers_asked
from ..runner.client import as_it_stands, cluster_lines, ensure_runner, runner_alive
from ..runner.streams import stands_still
from ..states import ENDED, RunStatus
from ..words import counted, in_shell
from .progress import Progress


def project_of(folder: str | None) -> Project:
    """Return the project of `folder`, or of the working folder.

    Raises
    ------
    UsageError
        If there is none.
    """
    start = _start(folder)
    if not start.is_dir():
        raise UsageError(f"{str(start)!r} is no folder: --project takes the one of the notebook")
    found = find(start)
    if found is None:
        raise UsageError(
            f"no .datum folder at or above {str(start)!r}: name another folder with --project, or "
            "run a notebook there first: jupyter datum run NOTEBOOK.ipynb"
        )
    return found


def _start(folder: str | None) -> Path:
    return Path(folder or os.environ.get("DATUM_PROJECT") or Path.cwd())


@contextlib.contextmanager
def ledger(folder: str | None) -> Iterator[tuple[Project, sqlite3.Connection]]:
    """The project and a connection to its ledger."""
    project = project_of(folder)
    with contextlib.closing(db.connect(project)) as conn:
        yield project, conn


def latest(conn: sqlite3.Connection, name: str | None) -> RunRow:
    """Return the newest run of transform `name`, or of any.

    Raises
    ------
    UsageError
        If there is none; names the transforms there are.
    """
    rows = queries.runs(conn, limit=1) if name is None else []
    row = rows[0] if rows else queries.latest_run(conn, name) if name else None
    if row is None:
        names = ", ".join(t.name for t in queries.transforms(conn)) or "none yet"
        raise UsageError(f"no transform {name or ''!r} has run; there are: {names}")
    return row


def status(args: argparse.Namespace) -> int:
    """Say how runs stand."""
    with ledger(args.project) as (project, conn):
        clusters = [] if args.name or args.json else cluster_lines(project, conn)
        found = [latest(conn, args.name)] if args.name else queries.runs(conn, limit=20)
        rows = [as_it_stands(project, row) for row in found]
        groups = {row.id: queries.failure_groups(conn, row.id) for row in rows}
        slow = {row.id: stragglers(conn, row, time.time()) for row in rows}
        stuck = {row.id: render.stuck_lines(_above(conn, row)) for row in rows}
    if args.json:
        shown = [(status_json(row, groups[row.id]), slow[row.id]) for row in rows]
        print(
            json.dumps([{**one, "slow": straggler_json(found)} for one, found in shown], indent=1)
        )
        return exit_code(rows[0]) if args.name and rows else 0
    for row in rows:
        lines = [render.closing_line(row), *stuck[row.id], *render.straggler_lines(slow[row.id])]
        lines += [*render.group_lines(groups[row.id], row.failed), *render.why_lines(row)]
        tell(in_shell("\n".join(lines)))
    for line in clusters:
        tell(line)
    return exit_code(rows[0]) if args.name and rows else 0


def _above(conn: sqlite3.Connection, row: RunRow) -> str | None:
    return stands_still(conn, row.uuid) if row.status == RunStatus.RUNNING else None


def failures(args: argparse.Namespace) -> int:
    """Show what failed."""
    with ledger(args.project) as (project, conn):
        row = latest(conn, args.name)
    found = Transform(project, row.name).failures()
    print(json.dumps(list(found), indent=1) if args.json else repr(found))
    return 1 if found else 0


def results(args: argparse.Namespace) -> int:
    """Print results in input order, a line each; as JSON nothing is unpickled."""
    with ledger(args.project) as (project, conn):
        row = latest(conn, args.name)
        if not args.json:
            for _, value in Transform(project, row.name).items():
                print(render.one_line(repr(value), 2_000))
            return 0
        for label, each in labelled(conn, project, row.name):
            print(json.dumps(outcome_json(each, label)))
    return 0


def compare(args: argparse.Namespace) -> int:
    """Say what has changed between two runs, two versions of the code, or two transforms."""
    found = compare_sides(project_of(args.project), args.a, args.b)
    print(json.dumps(found.to_json(), indent=1) if args.json else repr(found))
    return 0


def retry(args: argparse.Namespace) -> int:
    """Run the failed datums again, with the recorded code; no kernel is needed."""
    with ledger(args.project) as (project, conn):
        row = latest(conn, args.name)
        run, recipe = ask_again(conn, project, row, {"only": ["failed"], "origin": "cli"})
        ended = follow(project, conn, run, recipe.interpreter)
        report(conn, ended, recipe.out, as_json=args.json)
    return exit_code(ended)


def cancel(args: argparse.Namespace) -> int:
    """Stop a run."""
    with ledger(args.project) as (project, conn):
        row = latest(conn, args.name)
        if row.ended is not None:
            print(f"{row.name} is not running")
            return 0
        interpreter = recorded(project, row).interpreter
        tell_run(conn, "cancel", row.uuid, interpreter)
        ensure_runner(project, interpreter)
        ended = follow(project, conn, row.uuid, interpreter)
        report(conn, ended, None, as_json=args.json)
    return 0


def pause(args: argparse.Namespace) -> int:
    """Start nothing new; what runs is finished."""
    return _tell(args, "pause", "paused; to go on: jupyter datum resume")


def resume(args: argparse.Namespace) -> int:
    """Go on with a paused run."""
    return _tell(args, "resume", "goes on; see: jupyter datum status")


def scale(args: argparse.Namespace) -> int:
    """Go on with so many workers."""
    workers = workers_asked(args.workers)
    says = f"goes on with {counted(workers, 'worker')}; see: jupyter datum status"
    return _tell(args, "scale", says, workers=workers)


def on_error(args: argparse.Namespace) -> int:
    """Go on with another rule for failures."""
    rule = rule_asked(args.rule)
    says = f"goes on with --on-error {rule}; see: jupyter datum status"
    return _tell(args, "on-error", says, on_error=rule)


def detach(args: argparse.Namespace) -> int:
    """Free the cell that waits for a run; the run goes on."""
    return _tell(args, "detach", "goes on by itself; see: jupyter datum status")


def _tell(args: argparse.Namespace, kind: str, says: str, **asked: int | str) -> int:
    with ledger(args.project) as (project, conn):
        row = latest(conn, args.name)
        if row.ended is not None:
            print(f"{row.name} is not running")
            return 0
        steer(conn, project, row, kind, asked)
    tell(f"{row.name}: {says} {row.name}")
    return 0


def look(args: argparse.Namespace) -> int:
    """Carry out a verb that only looks at the ledger; some need none."""
    outside = args.verb.outside
    if outside is not None and not args.project and find(_start(None)) is None:
        shown = outside(args)
    else:
        shown = args.verb.show(project_of(args.project), os.getcwd(), args)
    print(json.dumps(shown.to_json(), indent=1) if args.json else repr(shown))
    return 0


def fsck(args: argparse.Namespace) -> int:
    """Check the ledger and the outputs."""
    findings = audit(project_of(args.project), signed=output_folders)
    if args.json:
        print(json.dumps([finding._asdict() for finding in findings], indent=1))
    else:
        for finding in findings:
            print(f"{render.one_line(finding.what)}\n  {render.one_line(finding.do)}")
        print(render.counted(len(findings), "finding"))
    return 1 if findings else 0


# -- following a run -----------------------------------------------------------------------


def follow(
    project: Project, conn: sqlite3.Connection, run: str, interpreter: str, *, look: float = 0.1
) -> RunRow:
    """Wait for a run, and show how it goes (:mod:`.progress`); return it when it has ended, is
    paused, or waits for one that is.

    `interpreter` is executed if its runner is dead: it comes from a checked recipe.

    Raises
    ------
    RunError
        If it was refused, or has not begun because of one that is paused.
    """
    progress = Progress(time.monotonic())
    while True:
        row = queries.run_by_uuid(conn, run)
        if row is not None:
            over = row.status in ENDED or row.status == RunStatus.PAUSED
            if over or stands_still(conn, run):
                progress.close()
                return row
            progress.look(row, time.monotonic())
        else:
            state, answer = requests.answered(conn, run)
            if state == "refused":
                raise RunError(answer or "the run was refused")
            if paused := stands_still(conn, run):
                raise RunError(f"it waits for {paused}, which is paused")
        if not runner_alive(project, interpreter):
            ensure_runner(project, interpreter)
        time.sleep(look)


def report(conn: sqlite3.Connection, row: RunRow, out: str | None, *, as_json: bool) -> None:
    """Print what became of a run."""
    groups = queries.failure_groups(conn, row.id)
    if as_json:
        print(json.dumps(status_json(row, groups), indent=1))
    else:
        tell(in_shell("\n".join(render.closing_lines(row, groups, out))))


def exit_code(row: RunRow) -> int:
    """0 if a run has succeeded or goes on, 1 if anything in it did not, or if it left
    datums failed that it was not about."""
    fine = row.status in (RunStatus.SUCCESS, RunStatus.RUNNING, RunStatus.QUEUED)
    return 0 if fine and not render.left_failed(row) else 1


def summary(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Return the sums over several runs."""
    return {name: sum(row[name] for row in rows) for name in ("total", "success", "failed")}
