"""Whether a run goes on anywhere: a lock tells it, and then the ledger."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

from ..errors import DatumError
from ..ledger import db
from ..locks import is_locked
from ..project import FOLDER, Project

_UNFINISHED: Final = "select 1 from run where ended is null and status <> 'paused' limit 1"


def run_active(root: Path) -> bool:
    """Return whether a runner is at work in this project folder."""
    return runner_lives(root) and _unfinished(root)


def runner_lives(root: Path) -> bool:
    """Return whether some runner holds its lock: cheap, no ledger is opened for idle projects."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(root / FOLDER):
            lock = entry.name.startswith("runner-") and entry.name.endswith(".lock")
            if lock and entry.is_file(follow_symlinks=False) and is_locked(Path(entry.path)):
                return True
    return False


def _unfinished(root: Path) -> bool:
    try:
        with contextlib.closing(db.connect(Project(root, ""), readonly=True)) as conn:
            return conn.execute(_UNFINISHED).fetchone() is not None
    except (DatumError, sqlite3.Error, OSError):
        return False
