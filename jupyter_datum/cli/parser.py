"""The words of ``jupyter datum``, and what each takes."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable
from typing import Any, Final

from ..notebook.looks import LOOKS
from ..notebook.verbs import VERBS
from ..notebook.watch import takes_watch
from ..runner.version import VERSION
from . import commands, decisions
from .plan import plan
from .run import run
from .watch import watch

#: Of a command that works without it.
LATEST: Final = "a transform; default: the latest one run"
#: Verbs of one transform.
_STEER: Final = ("results", "failures", "retry", "cancel", "pause", "resume", "detach")
#: Of a verb that takes the code as it stands.
_STANDS: Final = (
    "an .ipynb file, whose kernel then records its cells; default: the code that ran last, or that "
    "of the cell if it was edited since"
)
_DECIDE: Final = {
    "prune": ("--all", "though most of them go, or the input was written anew"),
    "move": (),
    "equivalent": ("--undo", "take the newest mark back"),
}


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _Parser(
        prog="jupyter datum",
        description="Run marked cells over all their datums, and see what became of them.",
        epilog="jupyter datum COMMAND --help says what a command takes.",
    )
    parser.add_argument("--version", action="version", version=f"jupyter-datum {VERSION}")
    words = _Words(parser.add_subparsers(metavar="COMMAND"))
    _run(words)
    sub = words.add("status", commands.status)
    _name(sub, "a transform; default: the newest runs of all")
    for word in _STEER:
        _name(words.add(word, getattr(commands, word)), LATEST)
    words.add("fsck", commands.fsck, "check the ledger and the outputs")
    sub = words.add("plan", plan)
    sub.add_argument("notebook", metavar="NOTEBOOK", nargs="?", help=_STANDS)
    _name(sub, "a transform; default: the latest one run, or all of the notebook")
    sub = words.add("scale", commands.scale)
    sub.add_argument("name", metavar="NAME", help="a transform that runs")
    sub.add_argument("workers", metavar="N", help="1 or more")
    sub = words.add("on-error", commands.on_error)
    sub.add_argument("name", metavar="NAME", help="a transform that runs")
    sub.add_argument("rule", metavar="RULE", help="continue, stop, stop:N or stop:5%%")
    sub = words.add("compare", commands.compare)
    which = "NAME, NAME@VERSION (1 is the first, -1 the newest), or a run's id"
    sub.add_argument("a", metavar="A", help=which)
    sub.add_argument("b", metavar="B", nargs="?", help="default: of A, the two newest")
    for word, verb in LOOKS.items():
        sub = words.add(word, commands.look)
        verb.takes(sub)
        sub.set_defaults(verb=verb)
    sub = words.add("watch", watch)
    takes_watch(sub, notebook=True)
    for word, flag in _DECIDE.items():
        sub = words.add(word, getattr(decisions, word))
        if word == "equivalent":
            sub.add_argument("notebook", metavar="NOTEBOOK", nargs="?", help=_STANDS)
        _name(sub, LATEST)
        if flag:
            sub.add_argument(flag[0], action="store_true", help=flag[1])
    return parser


def _run(words: _Words) -> None:
    sub = words.add("run", run, "run a notebook's transforms")
    sub.add_argument("notebook", metavar="NOTEBOOK", help="an .ipynb file")
    _name(sub, "this transform and those that it needs; default: all")
    sub.add_argument("--engine", metavar="NAME", help="instead of the cell's own")
    sub.add_argument("--workers", metavar="N|MIN..MAX", help="instead of the cell's own")
    sub.add_argument("--give-back", metavar="TIME", help="instead of the cell's own")
    only = "new, failed, stale, or several with commas; new is added,changed,missing"
    sub.add_argument("--only", metavar="WHICH", help=only)
    sub.add_argument("--force", action="store_true", help="unchanged datums too")


def _name(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help=text)


class _Words:
    """Adds commands, each with what all of them take.

    Parameters
    ----------
    commands_ : argparse's sub-parsers
    """

    def __init__(self, commands_: Any) -> None:
        self._commands = commands_
        self._common = argparse.ArgumentParser(add_help=False)
        self._common.add_argument(
            "--project", metavar="FOLDER", help="default: the nearest .datum upwards"
        )
        self._common.add_argument("--json", action="store_true", help="print JSON")

    def add(
        self, word: str, handler: Callable[[argparse.Namespace], int], text: str | None = None
    ) -> argparse.ArgumentParser:
        text = text or VERBS[word]
        said = f"{text[0].upper()}{text[1:]}."
        sub = self._commands.add_parser(word, parents=[self._common], help=text, description=said)
        sub.set_defaults(handler=handler, parser=sub)
        assert isinstance(sub, argparse.ArgumentParser)
        return sub


class _Parser(argparse.ArgumentParser):
    """Names the command that is nearest to one that there is not; a command takes its options
    anywhere (``run NOTEBOOK --engine dask NAME``)."""

    _anywhere = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._anywhere or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._anywhere = True  # what follows asks this very method
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._anywhere = False

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            near = difflib.get_close_matches(str(value), action.choices, n=1)
            hint = f"did you mean {near[0]}? There" if near else "there"
            self.error(f"no command {value!r}; {hint} are: {', '.join(action.choices)}")
        super()._check_value(action, value)
