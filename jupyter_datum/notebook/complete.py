"""Completions on the line of ``%%datum`` and ``%datum``."""

from __future__ import annotations

import contextlib
from typing import Any

from ..engines import known_engines
from ..engines.choice import named_engines
from ..errors import DatumError
from ..ledger import db, queries
from ..transform.optiontable import OPTIONS
from .context import Context, context_of
from .verbs import VERBS


def register(shell: Any) -> None:
    """Have `shell` complete our magics."""
    context = context_of(shell.user_ns)

    def complete(_: Any, event: Any) -> list[str]:
        words = event.line.split()
        if event.line.startswith("%datum"):
            after_verb = len(words) > 2 or (len(words) == 2 and not event.symbol)
            return _names(context) if after_verb else list(VERBS)
        if words[-1:] == ["--engine"] or (len(words) > 1 and words[-2] == "--engine"):
            return _engines()
        return [flag for option in OPTIONS for flag in option.flags]

    shell.set_hook("complete_command", complete, str_key="%%datum")
    shell.set_hook("complete_command", complete, str_key="%datum")


def _engines() -> list[str]:
    with contextlib.suppress(DatumError):
        return [*known_engines(), *named_engines()]
    return list(known_engines())


def _names(context: Context) -> list[str]:
    """The transforms of the project, if there is one: looking must not make it."""
    with contextlib.suppress(DatumError, OSError):
        project = context.existing_project()
        if project is not None and project.ledger.exists():
            with contextlib.closing(db.connect(project, readonly=True)) as conn:
                return [transform.name for transform in queries.transforms(conn)]
    return []
