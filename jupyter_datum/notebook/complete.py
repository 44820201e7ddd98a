"""Completions on the line of ``%%datum`` and ``%datum``."""

from __future__ import annotations

import contextlib
from typing import Any

from ..engines import ENGINES
from ..ledger import db, queries
from ..transform.options import OPTIONS
from .context import context_of

_VERBS = ("status", "plan", "failures", "retry", "cancel", "pick", "results")


def register(shell: Any) -> None:
    """Have `shell` complete our magics."""
    context = context_of(shell.user_ns)

    def complete(_: Any, event: Any) -> list[str]:
        words = event.line.split()
        if event.line.startswith("%datum"):
            return [*_VERBS, *_names(context)] if len(words) > 1 or event.symbol else [*_VERBS]
        if words[-1:] == ["--engine"] or (len(words) > 1 and words[-2] == "--engine"):
            return list(ENGINES)
        return [flag for option in OPTIONS for flag in option.flags]

    shell.set_hook("complete_command", complete, str_key="%%datum")
    shell.set_hook("complete_command", complete, str_key="%datum")


def _names(context: Any) -> list[str]:
    with contextlib.suppress(Exception), contextlib.closing(db.connect(context.project())) as conn:
        return [transform.name for transform in queries.transforms(conn)]
    return []
