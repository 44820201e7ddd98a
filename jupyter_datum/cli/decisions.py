"""The verbs by which a user decides about results that are there: prune, move, equivalent."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

from ..runner import upkeep
from .commands import latest, ledger


def prune(args: argparse.Namespace) -> int:
    """Remove the outputs of vanished inputs; 1 if something had to stay."""
    with ledger(args.project) as (project, conn):
        name = latest(conn, args.name).name
        done = upkeep.prune_gone(conn, project, name, everything=args.all)
    fields = dataclasses.asdict(done)
    fields["kept"] = [os.fsdecode(path) for path in done.kept]
    _show(args, fields, upkeep.pruned_lines(name, done))
    return 1 if done.edited or done.outside else 0


def move(args: argparse.Namespace) -> int:
    """Have renamed inputs keep their results; 1 if one could not."""
    with ledger(args.project) as (project, conn):
        name = latest(conn, args.name).name
        moved = upkeep.move_renamed(conn, project, name)
    _show(args, moved._asdict(), upkeep.moved_lines(name, moved))
    return 1 if moved.refused else 0


def equivalent(args: argparse.Namespace) -> int:
    """Let the code that ran last count as the one that made the results."""
    with ledger(args.project) as (project, conn):
        name = latest(conn, args.name).name
        done = upkeep.equivalent(conn, project, name, undo=args.undo)
    fields = {"parts": done.parts, "undone": done.undone, **done.mark._asdict()}
    _show(args, fields, upkeep.equivalent_lines(name, done))
    return 0


def _show(args: argparse.Namespace, fields: dict[str, Any], lines: Sequence[str]) -> None:
    print(json.dumps(fields, indent=1) if args.json else "\n".join(lines))
