"""The three questions: how many datums are there, how long does one take, and how many new
ones come each day. Counters, and looks at a limited number of rows."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from ..errors import RunError
from ..ledger import queries
from ..ledger.files import plan_spread
from ..project import Project
from ..words import counted, span, when

#: All datums are looked at up to this number, beyond it :data:`_SOME` of them.
_ALL: Final = 20_000
_SOME: Final = 2_000
_DAYS: Final = 30


@dataclass(frozen=True)
class Times:
    """How long datums took, in seconds.

    Parameters
    ----------
    looked : int
        Datums that were looked at.
    all : bool
        Whether these are all there are; else they are spread evenly over the input.
    mean, p50, p95, p99, longest : float
    """

    looked: int
    all: bool
    mean: float
    p50: float
    p95: float
    p99: float
    longest: float


@dataclass(frozen=True)
class Day:
    """What happened on one day (UTC)."""

    date: str
    new: int
    executions: int
    success: int
    failed: int
    seconds: float


@dataclass(frozen=True)
class Overview:
    """The answers for one transform.

    Parameters
    ----------
    name : str
    datums : int
        Of the newest run's input.
    counting : bool
        The listing goes on: there are more.
    states : dict
        How many are in which state.
    run, status : str
        The newest run.
    at : float
        When it started.
    times : Times or None
    days : list of Day
        The last thirty, newest first; days without work are left out.
    """

    name: str
    datums: int
    counting: bool
    states: dict[str, int]
    run: str
    status: str
    at: float
    times: Times | None
    days: list[Day]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    def text(self) -> str:
        """Return it in three lines."""
        states = ", ".join(f"{n:,} {word}" for word, n in self.states.items() if n)
        found = [f"{self.name}: {counted(self.datums, 'datum')} ({states or 'none yet'})"]
        if self.counting:
            found[0] += ", and the listing goes on"
        found.append(f"  {_times_text(self.times)}")
        found.append(f"  {_days_text(self.days)}; last run {when(self.at)} ({self.status})")
        return "\n".join(found)

    def __repr__(self) -> str:
        return self.text()


def _times_text(times: Times | None) -> str:
    if times is None:
        return "none of them has run yet"
    about = "" if times.all else f" (of {times.looked:,} spread over all)"
    return (
        f"a datum takes {span(times.p50)}; 95% take up to {span(times.p95)}, the longest "
        f"{span(times.longest)}{about}"
    )


def _days_text(days: Sequence[Day]) -> str:
    if not days:
        return "new ones each day: not known yet"
    today = time.strftime("%Y-%m-%d", time.gmtime())
    new_today = sum(day.new for day in days if day.date == today)
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 7 * 86400))
    week = sum(day.new for day in days if since < day.date <= today)
    return f"new today {new_today:,}, in the last 7 days {week:,} ({week / 7:,.1f} a day)"


def overview(conn: sqlite3.Connection, project: Project, name: str) -> Overview:
    """Return how many datums a transform has, how long one takes, and how many come each day.

    Raises
    ------
    RunError
        If it has not run.
    """
    run = queries.latest_run(conn, name)
    if run is None:
        raise RunError(f"{name} has not run")
    words = ("success", "failed", "recovered", "skipped", "cancelled", "running")
    states = {word: getattr(run, word) for word in words} | {"pending": run.pending}
    return Overview(
        name,
        run.total,
        not run.planned and run.ended is None,
        states,
        run.uuid,
        run.status,
        run.started or run.requested,
        _times(sample(conn, project, run), run.total),
        _days(conn, run.transform),
    )


def sample(conn: sqlite3.Connection, project: Project, run: queries.RunRow) -> list[float]:
    """Return seconds of datums of a run's input: of all, or of some spread over it."""
    rows = conn.execute(
        "select d.seconds from json_each(?) j cross join datum d on d.id = j.value",
        (json.dumps(sampled(project, run)),),
    )
    return [row[0] for row in rows]


def sampled(project: Project, run: queries.RunRow) -> list[int]:
    """Return the datums of a run's input, or some that are spread over it."""
    n = _ALL if run.total <= _ALL else _SOME
    return list(plan_spread(project.run(run.uuid) / "plan", n))


def _times(seconds: list[float], total: int) -> Times | None:
    if not seconds:
        return None
    seconds = sorted(seconds)
    return Times(
        len(seconds),
        total <= _ALL,
        math.fsum(seconds) / len(seconds),
        _quantile(seconds, 0.5),
        _quantile(seconds, 0.95),
        _quantile(seconds, 0.99),
        seconds[-1],
    )


def _quantile(ordered: Sequence[float], q: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)]


def _days(conn: sqlite3.Connection, transform: int) -> list[Day]:
    rows = conn.execute(
        "select day, new, executions, success, failed, seconds from daily"
        " where transform = ? order by day desc limit ?",
        (transform, _DAYS),
    )
    return [Day(time.strftime("%Y-%m-%d", time.gmtime(day * 86400)), *rest) for day, *rest in rows]
