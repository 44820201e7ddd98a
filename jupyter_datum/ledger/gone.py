"""Workers of a run that are gone, and why: for people."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

_NAMES: Final = ("worker", "pid", "host", "done", "state", "cause", "gone", "memory", "device")
#: What is said of a worker that nobody has to hear of.
_GIVEN_BACK: Final = "given back"


def gone_workers(conn: sqlite3.Connection, run: int, limit: int) -> list[dict[str, Any]]:
    """Return the last workers that died or were replaced, the latest first."""
    rows = conn.execute(
        f"select {', '.join(_NAMES)} from worker where run = ? and state = 'gone'"
        " and cause is not null and cause <> ? order by gone desc, worker limit ?",
        (run, _GIVEN_BACK, limit),
    )
    return [dict(zip(_NAMES, row, strict=True)) for row in rows]
