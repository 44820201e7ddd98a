"""``jupyter datum watch``: the runner watches, this only asks it to, and returns."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..errors import UsageError
from ..ledger.watches import watches
from ..notebook.display import tell
from ..notebook.watch import watch as watch_it
from ..notebook.watch import watch_lines
from ..runner.towatch import watch_json
from ..words import in_shell
from .commands import ledger
from .run import names_in


def watch(args: argparse.Namespace) -> int:
    """Watch a transform, or all of a notebook; without a name say what is watched."""
    if args.name is not None and args.name.endswith(".ipynb"):
        return _notebook(args)
    with ledger(args.project) as (project, conn):
        lines = watch_it(conn, project, args, "cli")
        if args.json:
            found = [watch_json(row) for row in watches(conn)]
            print(json.dumps([row for row in found if args.name in (None, row["transform"])]))
        else:
            tell(in_shell("\n".join(lines)))
    return 0


def _notebook(args: argparse.Namespace) -> int:
    """Run a notebook, then watch each of its transforms whose input can change."""
    from . import main

    path = Path(args.name)
    names = names_in(path)
    if not args.stop and main(["run", args.name, *(["--json"] if args.json else [])]) == 2:
        return 2
    args.project = args.project or str(path.resolve().parent)
    with ledger(args.project) as (project, conn):
        for name in names:
            one = argparse.Namespace(**{**vars(args), "name": name})
            try:
                watch_it(conn, project, one, "cli")
            except UsageError as exc:  # a list of the notebook's own
                print(f"{name} is not watched: {exc}", file=sys.stderr)
        found = [row for row in watches(conn) if row.transform in names]
        shown = json.dumps([watch_json(row) for row in found]) if args.json else None
        print(shown or in_shell("\n".join(watch_lines(found))))
    return 0
