"""``python -m jupyter_datum.cli.page`` prints the page ``docs/cli.md``."""

from __future__ import annotations

import argparse
from typing import Final

from .parser import LATEST, make_parser

_HEAD: Final = """# The command line

Made by `python -m jupyter_datum.cli.page > docs/cli.md` from the commands themselves; a test
compares the two.

```console
$ jupyter datum run notebook.ipynb
$ jupyter datum status
$ jupyter datum retry thumbs
```

Every command takes `--project FOLDER` (otherwise the nearest `.datum` upwards counts, or
`DATUM_PROJECT`) and `--json`, for programs. Where NAME may be left out, the transform that ran last
is meant. `%datum` in a notebook knows the same words.

Exit codes: 0 all is well; 1 a datum failed, a run was stopped, or `fsck` found something; 2 the
command could not be carried out, and says why; 130 interrupted."""

_COMMON: Final = ("-h", "--project", "--json")


def render() -> str:
    """Return the page."""
    lines = [_HEAD]
    for word, (parser, text) in commands(make_parser()).items():
        lines += ["", f"## {word}", "", f"{text[0].upper()}{text[1:]}.", ""]
        lines += ["```", _usage(word, parser), "```"]
        rows = [_row(action) for action in _own(parser) if action.help and action.help != LATEST]
        lines += ["", *rows] if rows else []
    return "\n".join(lines) + "\n"


def commands(parser: argparse.ArgumentParser) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """Return each command's parser and what it does, in the order of the help."""
    (found,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    helps = {choice.dest: choice.help or "" for choice in found._choices_actions}
    return {word: (each, helps[word]) for word, each in found.choices.items()}


def _own(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [a for a in parser._actions if not set(a.option_strings) & set(_COMMON)]


def _usage(word: str, parser: argparse.ArgumentParser) -> str:
    words = [_written(a) for a in sorted(_own(parser), key=lambda a: bool(a.option_strings))]
    return " ".join(["jupyter datum", word, *words])


def _written(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return f"[{value}]" if action.nargs == "?" else value
    return f"[{f'{action.option_strings[0]} {value}'.strip()}]"


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    several = action.metavar if isinstance(action.metavar, tuple) else None
    name = " ".join(several or [str(action.metavar or action.dest)]).upper()
    return f"[{name}]" if action.option_strings and action.nargs == "?" else name


def _row(action: argparse.Action) -> str:
    name = " ".join(filter(None, [*action.option_strings[:1], _value(action)]))
    return f"* `{name}`: {(action.help or '').replace('%%', '%')}"


if __name__ == "__main__":
    print(render(), end="")
