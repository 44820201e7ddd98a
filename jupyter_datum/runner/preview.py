"""What a run would do, without doing it: the plan before anything runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from ..project import Project
from ..transform.recipe import Recipe
from .ahead import with_ahead
from .foreseen import Ahead, Preview
from .survey import Survey


def preview(
    conn: sqlite3.Connection,
    project: Project,
    recipe: Recipe,
    args: Mapping[str, Any],
    look: Callable[[Preview], None] = lambda found: None,
    known: dict[str, Ahead] | None = None,
) -> Preview:
    """Plan a run of `recipe` and say what it would do; the ledger is only read.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    recipe : Recipe
        Its signature was checked, or it was made just now.
    args : mapping
        What a request for the run would hold: ``only``, ``force``, ...
    look : callable
        Called now and then with what is known so far; the first time as soon as the first
        datums are.
    known : dict, optional
        See :func:`~.ahead.with_ahead`.
    """
    return with_ahead(Survey(conn, project, recipe, args), project, look, known)
