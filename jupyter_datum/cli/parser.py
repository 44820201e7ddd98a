"""``jupyter datum``: the same verbs as ``%datum``, without a notebook open.

Exit codes: 0 all succeeded, 1 some failed (or ``fsck`` found something), 2 usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from ..errors import DatumError
from ..notebook.looks import LOOKS
from ..notebook.watch import takes_watch
from . import commands, decisions
from .run import run
from .watch import watch

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    if not hasattr(args, "handler"):
        parser.print_help()
        return 2
    try:
        return int(args.handler(args))
    except DatumError as exc:
        print(f"{type(exc).__name__}: {exc}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jupyter datum",
        description="Run marked cells over all their datums, and see what became of them.",
    )
    commands_ = parser.add_subparsers(metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--project", metavar="FOLDER", help="default: the nearest .datum upwards")
    common.add_argument("--json", action="store_true", help="print JSON")

    sub = commands_.add_parser("run", parents=[common], help="run a notebook's transforms")
    sub.add_argument("notebook")
    sub.add_argument("name", nargs="?", help="this transform and those that it needs; default: all")
    sub.add_argument("--engine", help="instead of the cell's own")
    sub.add_argument("--workers", metavar="N|MIN..MAX", help="instead of the cell's own")
    sub.add_argument("--give-back", metavar="TIME", help="instead of the cell's own")
    sub.add_argument("--only", help="new, failed, stale")
    sub.add_argument("--force", action="store_true", help="unchanged datums too")
    sub.set_defaults(handler=run)

    for word, needs_name, text in (
        ("status", False, "how runs stand"),
        ("results", False, "what datums came to, in input order"),
        ("plan", False, "what would run now, and why; nothing runs"),
        ("failures", False, "what failed, in groups, with tracebacks"),
        ("retry", False, "run the failed datums again, with the recorded code"),
        ("cancel", False, "stop a run; what is finished stays"),
        ("pause", False, "start nothing new; what runs is finished"),
        ("resume", False, "go on with a paused run"),
        ("detach", False, "free the cell that waits for a run; the run goes on"),
        ("fsck", None, "check the ledger and the outputs"),
    ):
        sub = commands_.add_parser(word, parents=[common], help=text)
        if needs_name is not None:
            sub.add_argument("name", nargs="?", help="a transform; default: the latest one run")
        sub.set_defaults(handler=getattr(commands, word))

    text = "go on with so many workers"
    sub = commands_.add_parser("scale", parents=[common], help=text)
    sub.add_argument("name", help="a transform")
    sub.add_argument("workers", metavar="N")
    sub.set_defaults(handler=commands.scale)

    text = "go on with another rule for failures: continue, stop, stop:N or stop:5%%"
    sub = commands_.add_parser("on-error", parents=[common], help=text)
    sub.add_argument("name", help="a transform")
    sub.add_argument("rule", metavar="RULE")
    sub.set_defaults(handler=commands.on_error)

    text = "what has changed between two runs, code versions or transforms"
    sub = commands_.add_parser("compare", parents=[common], help=text)
    sub.add_argument("a", help="NAME, NAME@VERSION (1 is the first, -1 the newest), or a run's id")
    sub.add_argument("b", nargs="?", help="default: the two newest versions, or runs, of A")
    sub.set_defaults(handler=commands.compare)
    for word, verb in LOOKS.items():
        sub = commands_.add_parser(word, parents=[common], help=verb.help)
        verb.takes(sub)
        sub.set_defaults(handler=commands.look, verb=verb)
    text = "have new and changed files run by themselves, until stopped"
    sub = commands_.add_parser("watch", parents=[common], help=text)
    takes_watch(sub, notebook=True)
    sub.set_defaults(handler=watch)
    _decisions(commands_, common)
    return parser


def _decisions(commands_: Any, common: argparse.ArgumentParser) -> None:
    """The verbs by which a user decides about results that are there."""
    for word, flag, text, flag_text in (
        ("prune", "--all", "remove outputs of vanished inputs that nobody has edited",
         "though most of them go, or the input was written anew"),
        ("move", None, "have renamed inputs keep their results", None),
        ("equivalent", "--undo", "let the present code count as the one that made the results",
         "take the newest mark back"),
    ):  # fmt: skip
        sub = commands_.add_parser(word, parents=[common], help=text)
        sub.add_argument("name", nargs="?", help="a transform; default: the latest one run")
        if flag:
            sub.add_argument(flag, action="store_true", help=flag_text)
        sub.set_defaults(handler=getattr(decisions, word))
