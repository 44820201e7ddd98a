"""Which run tells the order of a transform's whole input."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from ..project import Project
from . import queries
from .files import ORDER, PLAN

#: Runs that are looked at for one that listed the whole input.
_RUNS: Final = 50


def listed_run(conn: sqlite3.Connection, project: Project, transform: int) -> queries.RunRow | None:
    """Return the newest run that listed the whole input and whose plan is there."""
    rows = queries.runs(conn, transform=transform, limit=_RUNS)
    planned = [row for row in rows if row.planned] or rows
    return next((row for row in planned if (project.run(row.uuid) / PLAN).is_file()), None)


def order_file(project: Project, run: str) -> Path:
    """Return the file with the datums of a run's input in order, also of what was moved since."""
    order = project.run(run) / ORDER
    return order if order.is_file() else project.run(run) / PLAN
