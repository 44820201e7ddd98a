"""Verbs that only look at the ledger: one table for ``%datum`` and ``jupyter datum``."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn

from ..errors import UsageError
from ..ledger import db, queries
from ..lineage import (
    QUESTIONS,
    View,
    show_export,
    show_history,
    show_lineage,
    show_overview,
    show_question,
    show_report,
)
from ..lineage.ask import DOWN, UP
from ..lineage.now import READ
from ..project import Project
from ..words import size
from .arguments import at_least
from .engines import show_engines, show_engines_outside, takes_engines


class Look(NamedTuple):
    """A verb: what it does, what it takes, what it shows.

    ``show`` gets the project, the folder at which relative paths start, and the arguments;
    ``outside`` is for those that show something without a project too.
    """

    help: str
    takes: Callable[[argparse.ArgumentParser], None]
    show: Callable[[Project, str, argparse.Namespace], View]
    outside: Callable[[argparse.Namespace], View] | None = None


def look(verb: str, words: Sequence[str], project: Project, folder: str) -> View:
    """Carry out a verb of :data:`LOOKS`.

    Raises
    ------
    UsageError
        If the words are not what it takes.
    """
    parser = _Parser(prog=f"%datum {verb}", add_help=False)
    LOOKS[verb].takes(parser)
    return LOOKS[verb].show(project, folder, parser.parse_args(words))


class _Parser(argparse.ArgumentParser):
    """Says what is wrong instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. {self.format_usage().strip()}")


def _of_path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", metavar="PATH|ID", help="a path or URL, a datum's number, TRANSFORM:KEY"
    )


def _takes_lineage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        metavar="PATH|ID|NAME",
        help="a path or URL, a datum's number, TRANSFORM:KEY; or a transform: what feeds it, and "
        "what it feeds",
    )
    parser.add_argument(
        "--up", type=at_least(0), metavar="N", help=f"steps towards the raw files; default: {UP}"
    )
    parser.add_argument(
        "--down",
        metavar="N",
        type=at_least(0),
        help=f"steps towards what was made of it; default: {DOWN}, of a transform's name all",
    )
    parser.add_argument(
        "--hash",
        dest="hashed",
        action="store_true",
        help=f"read touched files of more than {size(READ)} too, to tell whether they are the same",
    )
    parser.add_argument(
        "--which",
        choices=list(QUESTIONS),
        help="PATH is a transform's name: which of its outputs are of this kind",
    )


def _lineage(project: Project, folder: str, args: argparse.Namespace) -> View:
    if args.which:
        return show_question(project, args.what, args.which, folder=folder, hashed=args.hashed)
    return show_lineage(
        project, args.what, folder=folder, up=args.up, down=args.down, hashed=args.hashed
    )


def _takes_history(parser: argparse.ArgumentParser) -> None:
    _of_path(parser)
    parser.add_argument(
        "--between",
        nargs=2,
        type=int,
        metavar=("A", "B"),
        help="how these versions of the code differ: 1 is the first, -1 the newest that made it; "
        "default: the last two",
    )
    parser.add_argument(
        "--diffs", action="store_true", help="what each version of the code changed"
    )


def _history(project: Project, folder: str, args: argparse.Namespace) -> View:
    between = tuple(args.between) if args.between else None
    return show_history(project, args.what, folder=folder, between=between, diffs=args.diffs)


def takes_name(parser: argparse.ArgumentParser) -> None:
    """Take a transform's name."""
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="a transform; default: the latest one run"
    )


def name_of(project: Project, name: str | None) -> str:
    """Return `name`, or that of the transform that ran last.

    Raises
    ------
    UsageError
        If nothing has run, or there is no such transform; names those there are.
    """
    with contextlib.closing(db.connect(project, readonly=True)) as conn:
        rows = queries.runs(conn, limit=1)
        names = [each.name for each in queries.transforms(conn)]
    if name and name not in names:
        raise UsageError(f"no transform {name!r} has run; there are: {', '.join(names) or 'none'}")
    if not rows:
        raise UsageError("no transform has run yet")
    return name or rows[0].name


def _overview(project: Project, folder: str, args: argparse.Namespace) -> View:
    return show_overview(project, name_of(project, args.name))


def _takes_export(parser: argparse.ArgumentParser) -> None:
    takes_name(parser)
    parser.add_argument(
        "--openlineage",
        metavar="FILE",
        nargs="?",
        const="",
        help="events of its runs; without a file they go to OPENLINEAGE_URL",
    )
    parser.add_argument("--crate", metavar="FOLDER", help="its outputs as a Process Run Crate")
    parser.add_argument(
        "--table", metavar="FILE", help="a row per input file and output: .csv, .parquet"
    )


def _export(project: Project, folder: str, args: argparse.Namespace) -> View:
    return show_export(
        project,
        name_of(project, args.name),
        openlineage=args.openlineage,
        crate=args.crate,
        table=args.table,
        folder=folder,
    )


def _takes_report(parser: argparse.ArgumentParser) -> None:
    takes_name(parser)
    parser.add_argument("-o", dest="out", metavar="FILE", help="default: NAME.html")


def _report(project: Project, folder: str, args: argparse.Namespace) -> View:
    return show_report(project, name_of(project, args.name), args.out, folder=folder)


LOOKS: Final[dict[str, Look]] = {
    "lineage": Look("where a file comes from, and what was made from it", _takes_lineage, _lineage),
    "history": Look("every version of a datum over time", _takes_history, _history),
    "overview": Look("how many datums, how long one takes, how many new", takes_name, _overview),
    "export": Look("OpenLineage events, a Process Run Crate, a flat table", _takes_export, _export),
    "report": Look("one page on a transform that needs no server", _takes_report, _report),
    "engines": Look(
        "where datums can run; --try: a sample on each",
        takes_engines,
        show_engines,
        show_engines_outside,
    ),
}
