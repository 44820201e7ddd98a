"""Datums at work that take far longer than the others did."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from ..states import RunStatus
from .queries import key_text, workers
from .rows import RunRow

#: Attempts that must have ended before it can be said what is usual.
_ENOUGH: Final = 5
#: So many times the usual, and so many seconds, make a datum slow.
_TIMES: Final = 10.0
_SECONDS: Final = 10.0


class Straggler(NamedTuple):
    """A datum that takes long. ``key`` is None while its worker has not told of it."""

    worker: str
    position: int
    key: bytes | None
    seconds: float
    usual: float


def usual_seconds(run: RunRow) -> float | None:
    """Return what an attempt of this run takes on average; None while that says nothing."""
    return run.seconds / run.executions if run.executions >= _ENOUGH else None


def is_slow(run: RunRow, since: float | None, now: float) -> bool:
    """Return whether a datum at work `since` then takes far longer than the others did."""
    usual = usual_seconds(run)
    if usual is None or since is None:
        return False
    return now - since > max(_SECONDS, _TIMES * usual)


def stragglers(conn: sqlite3.Connection, run: RunRow, now: float) -> list[Straggler]:
    """Return the slow datums of a run that goes on, the slowest first."""
    usual = usual_seconds(run)
    if usual is None or run.ended is not None or run.status == RunStatus.INTERRUPTED:
        return []
    found = [
        Straggler(row["worker"], row["position"], row["key"], now - row["since"], usual)
        for row in workers(conn, run.id)
        if row["position"] is not None and is_slow(run, row["since"], now)
    ]
    return sorted(found, key=lambda one: -one.seconds)


def straggler_json(found: list[Straggler]) -> list[dict[str, object]]:
    """Return slow datums as plain JSON."""
    return [
        {**one._asdict(), "key": None if one.key is None else key_text(one.key)} for one in found
    ]
