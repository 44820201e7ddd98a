"""``%datum watch`` and ``jupyter datum watch``: new and changed files run by themselves."""

from __future__ import annotations

import argparse
import sqlite3
import time
from typing import Final, NoReturn

from ..errors import RunError, UsageError
from ..ledger import queries, requests
from ..ledger.queries import RunRow
from ..ledger.watches import WatchRow, watches
from ..ledger.watches import watch as watch_of
from ..project import Project
from ..runner.towatch import SETTLE, ask_to_stop_watching, ask_to_watch, watched, with_what_feeds_it
from ..words import counted
from .arguments import seconds

#: Seconds within which a runner answers, and a watcher says how it looks.
_ANSWER_WITHIN: Final = 30.0
_HOW_WITHIN: Final = 5.0


def takes_watch(parser: argparse.ArgumentParser, *, notebook: bool = False) -> None:
    """Take the words of the verb."""
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME|NOTEBOOK" if notebook else "NAME",
        help="a transform"
        + (", or a notebook: it is run, and all its transforms are watched") * notebook
        + "; without one: what is watched now",
    )
    parser.add_argument(
        "--settle",
        metavar="TIME",
        type=seconds,
        default=SETTLE,
        help="how long a file must have stood still before it counts; default: 2s. One that was "
        "moved here counts at once",
    )
    parser.add_argument(
        "--every",
        metavar="TIME",
        type=seconds,
        help="list the input so often; default: as the system's events tell, and every 10s where "
        "these cannot (URLs, network file systems, no package watchfiles)",
    )
    parser.add_argument("--stop", action="store_true", help="watch it no more")


def watch_words(words: list[str]) -> argparse.Namespace:
    """Read the words behind ``%datum watch``.

    Raises
    ------
    UsageError
        If they are not what it takes.
    """
    parser = _Parser(prog="%datum watch", add_help=False)
    takes_watch(parser)
    return parser.parse_args(words)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. {self.format_usage().strip()}")


def watch(
    conn: sqlite3.Connection, project: Project, args: argparse.Namespace, origin: str
) -> list[str]:
    """Do what the words ask for; return what to say.

    Raises
    ------
    UsageError
        If no transform has this name, or its input cannot change by itself.
    RunError
        If the runner refuses.
    """
    if args.name is None:
        return watch_lines(watched(conn, project, revive=True))
    row = _latest(conn, args.name)
    if args.stop:
        if watch_of(conn, row.name) is None:
            return [f"{row.name} is not watched"]
        _answered(conn, ask_to_stop_watching(conn, project, row))
        return [f"{row.name}: watched no more; what it has made stays"]
    names = with_what_feeds_it(conn, project, row)
    for name in names:
        each = _latest(conn, name)
        asked = ask_to_watch(
            conn, project, each, settle=args.settle, every=args.every, origin=origin
        )
        _answered(conn, asked)
    _said_how(conn, names)
    return watch_lines([found for found in watches(conn) if found.transform in names])


def _latest(conn: sqlite3.Connection, name: str) -> RunRow:
    row = queries.latest_run(conn, name)
    if row is None:
        names = ", ".join(t.name for t in queries.transforms(conn)) or "none yet"
        raise UsageError(f"no transform {name!r} has run; there are: {names}")
    return row


def _answered(conn: sqlite3.Connection, request: str) -> None:
    end = time.monotonic() + _ANSWER_WITHIN
    while (found := requests.answered(conn, request))[0] in ("open", "taken"):
        if time.monotonic() > end:
            raise RunError("the runner has not answered yet; see %datum watch in a moment")
        time.sleep(0.05)
    if found[0] == "refused":
        raise RunError(found[1] or "the runner has refused to watch")


def _said_how(conn: sqlite3.Connection, names: list[str]) -> None:
    """Give the watchers a moment to say how they look."""
    end = time.monotonic() + _HOW_WITHIN
    while time.monotonic() < end:
        if all((row := watch_of(conn, name)) and row.how for name in names):
            return
        time.sleep(0.05)


def watch_lines(rows: list[WatchRow]) -> list[str]:
    """Say what is watched, and how."""
    if not rows:
        return ["nothing is watched; to watch the input of a transform: %datum watch NAME"]
    return [line for row in rows for line in _lines(row)]


def _lines(row: WatchRow) -> list[str]:
    if row.state != "active":
        what = "watched no more" if row.state == "stopped" else "could not be watched any more"
        return [f"{row.transform}: {what}", *([f"  {row.message}"] if row.message else [])]
    how = f"by {row.how}" if row.how else "starting"
    lines = [
        f"{row.transform}: watched {how}; a file counts when it has stood still for "
        f"{row.settle:g} s; {counted(row.runs, 'run')} so far"
    ]
    if row.message:
        lines.append(f"  {row.message}")
    return [*lines, f"  to stop: %datum watch {row.transform} --stop"]
