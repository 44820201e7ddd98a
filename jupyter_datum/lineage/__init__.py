"""Lineage: where files and datums come from, what becomes of them, and how they were before.

Views of the ledger; nothing here writes to it. Called, ``jupyter_datum.lineage(path)``, the
package answers itself.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

from .face import (
    View,
    project_for,
    show_export,
    show_history,
    show_lineage,
    show_overview,
    show_question,
    show_report,
)
from .questions import QUESTIONS

__all__ = [
    "QUESTIONS",
    "View",
    "history_of",
    "project_for",
    "show_export",
    "show_history",
    "show_lineage",
    "show_overview",
    "show_question",
    "show_report",
]


def history_of(
    asked: str | os.PathLike[str] | int,
    *,
    between: tuple[int, int] | None = None,
    diffs: bool = False,
) -> View:
    """Return every version over time of a datum: a path, its number, or ``TRANSFORM:KEY``.

    `between` names two versions of the code whose difference is shown, the last two by default
    (1 is the first of all, -1 the newest of the datum's); with `diffs` each version shows what
    its code changed.
    """
    return show_history(project_for(asked), asked, between=between, diffs=diffs)


class _Callable(ModuleType):
    """The package is a function too: users say ``jupyter_datum.lineage("thumbs/a.png")``."""

    def __call__(
        self,
        asked: str | os.PathLike[str] | int,
        *,
        up: int | None = None,
        down: int | None = None,
        hashed: bool = False,
    ) -> View:
        return show_lineage(project_for(asked), asked, up=up, down=down, hashed=hashed)


sys.modules[__name__].__class__ = _Callable
