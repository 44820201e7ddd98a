"""``%datum engines``: what there is; ``--try NAME``: a sample on each, side by side."""

from __future__ import annotations

import argparse
import contextlib
import tempfile

from ..engines.survey import Known, devices, survey
from ..engines.trial import Trial, attempt_on
from ..errors import UsageError
from ..ledger import db, queries
from ..lineage.face import View
from ..project import Project
from .arguments import at_least

#: Datums that are tried if nobody says how many.
_SAMPLE = 20


def takes_engines(parser: argparse.ArgumentParser) -> None:
    """Take what the verb takes."""
    parser.add_argument(
        "--try",
        dest="try_",
        metavar="NAME",
        help="execute a few datums of transform NAME on each engine; nothing is kept of it",
    )
    parser.add_argument(
        "--sample",
        metavar="N",
        type=at_least(1),
        default=_SAMPLE,
        help=f"datums; default: {_SAMPLE}",
    )
    parser.add_argument(
        "--engine", metavar="NAME", action="append", help="only this one; may be given again"
    )


def show_engines(project: Project, folder: str, args: argparse.Namespace) -> View:
    """Carry the verb out.

    Raises
    ------
    UsageError
        If the transform to try has not run here.
    """
    if args.try_ is None:
        return _there(str(project.dir), args)
    digest = _recipe(project, args.try_)
    names = args.engine or [k.name for k in survey(str(project.dir)) if k.installed and k.workers]
    tried = [attempt_on(project, digest, name, args.sample) for name in names]
    return View([trial._asdict() for trial in tried], _tried_text(tried))


def show_engines_outside(args: argparse.Namespace) -> View:
    """Say what there is where no project is.

    Raises
    ------
    UsageError
        If something is to be tried: that needs one.
    """
    if args.try_ is not None:
        raise UsageError(
            f"--try {args.try_} executes datums of a transform that has run, and there is no "
            ".datum folder here: go to the folder of its notebook, or name it: --project FOLDER"
        )
    with tempfile.TemporaryDirectory(prefix="jupyter-datum-") as folder:  # clusters are asked
        return _there(folder, args)


def _there(folder: str, args: argparse.Namespace) -> View:
    found = [known for known in survey(folder) if not args.engine or known.name in args.engine]
    if not args.engine:
        found += devices()
    return View([known._asdict() for known in found], _known_text(found))


def _recipe(project: Project, name: str) -> str:
    if not project.ledger.exists():
        raise UsageError("no transform has run yet")
    with contextlib.closing(db.connect(project, readonly=True)) as conn:
        row = queries.latest_run(conn, name)
        names = ", ".join(t.name for t in queries.transforms(conn)) or "none yet"
    if row is None:
        raise UsageError(f"no transform {name!r} has run here; there are: {names}")
    return row.recipe


def _known_text(found: list[Known]) -> str:
    head = ("engine", "version", "workers", "workers from", "state")
    return _table(
        head, [(k.name, k.version, str(k.workers or ""), k.workers_from, k.state) for k in found]
    )


def _tried_text(tried: list[Trial]) -> str:
    head = ("engine", "start-up", "per datum", "of it the cell", "datums", "failed", "")
    rows: list[tuple[str, ...]] = [
        (t.engine, "", "", "", "", "", t.problem)
        if t.problem
        else (t.engine, f"{t.start:.2f} s", _micro(t.datum), _micro(t.cell), str(t.datums),
              str(t.failed), "")
        for t in tried
    ]  # fmt: skip
    return _table(head, rows) + "\none worker of each; nothing was published"


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} us"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, *rows]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
