"""How long the datums of a run took, who was at them when, and who died."""

from __future__ import annotations

import sqlite3
import time
from collections import OrderedDict
from typing import Any, Final

from ..ledger.queries import RunRow, key_text
from ..project import Project
from . import reads, shapes
from .errors import ApiError, put_away
from .lanes import LANES, lanes_json
from .paths import read_whole
from .scan import Scan
from .sight import LARGEST

#: Runs of which one server remembers what it has read: a few bytes for each datum.
_KEPT: Final = 6
#: Workers that are told of.
WORKERS: Final = 500
#: Causes that begin so are no deaths: somebody wanted the worker to end.
_WANTED: Final = ("given back", "replaced: ")
_WORKER: Final = (
    "worker", "pid", "host", "up", "position", "key", "since", "done", "state", "cause",
    "memory", "device", "gone",
)  # fmt: skip


class Timings:
    """What was read of the runs that somebody looks at."""

    def __init__(self) -> None:
        self._scans: OrderedDict[tuple[str, int], Scan] = OrderedDict()

    def scan(self, conn: sqlite3.Connection, project: Project, row: RunRow) -> Scan:
        """Return what is known of a run, brought up to date.

        Raises
        ------
        ApiError
            If its states cannot be read, or were put away.
        """
        if row.folded:
            raise put_away()
        folder = project.run(row.uuid)
        states = read_whole(folder / "states", LARGEST)
        if states is None:
            raise ApiError(503, "ledger", "the states of this run cannot be read")
        key = (project.uuid, row.id)
        scan = self._scans.pop(key, None)
        if scan is None or not scan.fits(states):
            scan = Scan(row.id)
        self._scans[key] = scan
        while len(self._scans) > _KEPT:
            self._scans.popitem(last=False)
        scan.look(conn, row, folder, states)
        return scan


def timing(
    conn: sqlite3.Connection,
    timings: Timings,
    facts: reads.Facts,
    uuid: str,
    window: int | None,
) -> dict[str, Any]:
    """Return how long datums took, the slowest, the workers, and what these did lately.

    Parameters
    ----------
    conn : sqlite3.Connection
    timings : Timings
    facts : Facts
    uuid : str
        Of the run.
    window : int or None
        Seconds of the timeline, back from now or from the run's end; 0: the whole run; None:
        no timeline.
    """
    row = reads.run_of(conn, uuid)
    scan = timings.scan(conn, facts.project, row)
    now = time.time()
    going = row.ended is None and facts.alive(row)
    until = now if going else row.ended or scan.lanes.newest or row.requested
    workers = _workers(conn, row, scan, until, going=going)
    busy = _at_work(conn, facts.project, row, now) if going else []
    return {
        "at": now,
        "looked": scan.looked,
        "settled": scan.settled,
        "whole": scan.whole,
        "bytes": scan.bytes if scan.sized else None,
        "sized": scan.sized,
        "devices": row.devices,
        "times": _times(scan),
        "histogram": scan.durations.to_json(),
        "slowest": _slowest(conn, scan),
        "running": busy,
        "workers": workers,
        "timeline": None if window is None else _timeline(row, scan, workers, window, until),
    }


def _times(scan: Scan) -> dict[str, Any] | None:
    durations = scan.durations
    if not durations.number:
        return None
    longest = scan.slowest[0][0] if scan.slowest else durations.quantile(1.0)
    p50, p95 = (min(durations.quantile(share), longest) for share in (0.5, 0.95))
    return {"datums": durations.number, "p50": p50, "p95": p95, "longest": longest}


def _slowest(conn: sqlite3.Connection, scan: Scan) -> list[dict[str, Any]]:
    found = []
    for seconds, position, datum, state, worker, began in scan.slowest:
        row = conn.execute("select key from datum where id = ?", (datum,)).fetchone()
        found.append(
            {
                "id": datum,
                "position": position,
                "key": key_text(row[0]) if row else None,
                "state": shapes.state_word(state),
                "seconds": seconds,
                "worker": worker,
                "began": began,
            }
        )
    return found


def _at_work(
    conn: sqlite3.Connection, project: Project, row: RunRow, now: float
) -> list[dict[str, Any]]:
    """The datums at work, the longest first."""
    found = [
        {
            "position": worker["position"],
            "key": worker["key"],
            "worker": worker["worker"],
            "began": worker["since"],
            "seconds": max(0.0, now - worker["since"]),
            "slow": worker["slow"],
        }
        for worker in reads.workers(conn, project, row)
        if worker["position"] is not None and worker["since"] is not None
    ]
    return sorted(found, key=lambda one: -one["seconds"])[:LANES]


def _workers(
    conn: sqlite3.Connection, row: RunRow, scan: Scan, until: float, *, going: bool
) -> list[dict[str, Any]]:
    """All workers, those that are gone too, in the order in which people count."""
    rows = conn.execute(
        f"select {', '.join(_WORKER)} from worker where run = ?"
        " order by state = 'gone', up desc limit ?",
        (row.id, WORKERS),
    ).fetchall()
    found = [
        _worker(dict(zip(_WORKER, values, strict=True)), scan, until, going=going)
        for values in rows
    ]
    return sorted(found, key=lambda one: _natural(one["worker"]))


def _worker(found: dict[str, Any], scan: Scan, until: float, *, going: bool) -> dict[str, Any]:
    n, seconds = scan.workers.get(found["worker"], (0, 0.0))
    gone, cause = found["state"] == "gone", found["cause"]
    if gone:
        until = found["gone"] or until
    elif going and found["since"]:
        seconds += max(0.0, until - found["since"])
    up = until - found["up"]
    return {
        **found,
        "key": key_text(found["key"]) if found["key"] is not None else None,
        "done": max(n, found["done"]),
        "died": gone and cause is not None and not cause.startswith(_WANTED),
        "seconds": seconds,
        "busy": min(1.0, seconds / up) if scan.whole and up > 0 and n + seconds > 0 else None,
    }


def _natural(name: str) -> tuple[str, int, str]:
    """``w2`` before ``w10``."""
    head = name.rstrip("0123456789")
    digits = name[len(head) :]
    return head, int(digits[:15] or 0), digits


def _timeline(
    row: RunRow, scan: Scan, workers: list[dict[str, Any]], window: int, until: float
) -> dict[str, Any]:
    began = row.started or row.requested
    since = max(began, until - window) if window else began
    names = [
        one["worker"] for one in workers if one["state"] != "gone" or (one["gone"] or 0) > since
    ]
    return lanes_json(scan.lanes, since, max(until, since + 0.001), names)
