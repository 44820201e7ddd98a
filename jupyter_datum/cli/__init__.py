"""``jupyter datum``: the same verbs as ``%datum``, without a notebook open.

Exit codes: 0 all succeeded, 1 some failed (or ``fsck`` found something), 2 usage,
141 nobody read on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..errors import DatumError
from ..words import in_shell
from .parser import make_parser

__all__ = ["main"]

# For nbformat, which reads notebooks, jsonschema builds a parser of IRIs where this package is, and
# it is beside JupyterLab: seconds of each command, though no notebook has an IRI to check.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = make_parser()
    args, rest = parser.parse_known_args(argv)
    if rest:  # the command says what it takes, not the list of all commands
        getattr(args, "parser", parser).error(f"unrecognized arguments: {' '.join(rest)}")
    if not hasattr(args, "handler"):
        parser.print_help()
        return 2
    try:
        code = int(args.handler(args))
        sys.stdout.flush()
        return code
    except DatumError as exc:
        print(in_shell(f"{type(exc).__name__}: {exc}"), file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read has seen enough: `jupyter datum results | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor at the end
        return 141
    except OSError as exc:  # a folder that there is not, no permission, no space: it names the path
        print(f"{type(exc).__name__}: {exc}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
