"""What a datum prints while it is at work: the end of its worker's log, from where the datum
before it stopped."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ..errors import FrameError
from ..events.records import MAGIC, Begun, Record, frames
from ..ledger.queries import RunRow
from ..project import Project
from .errors import not_found
from .paths import read_part

#: Bytes of a log that are sent, and of a journal that are looked at: their ends.
LOG: Final = 1 << 16
_JOURNAL: Final = 1 << 16


def printing(conn: sqlite3.Connection, project: Project, run: RunRow, n: int) -> dict[str, Any]:
    """Return what the datum at place `n` of a run's input has printed up to now; nothing if it
    is not at work.

    Raises
    ------
    ApiError
        ``not-found`` beyond the end of the input.
    """
    if n >= max(run.total, 1):
        raise not_found("datum")
    row = conn.execute(
        "select worker, since from worker where run = ? and position = ? and state <> 'gone'",
        (run.id, n),
    ).fetchone()
    if row is None or str(row[0]) != os.path.basename(str(row[0])):
        return _told(None, None, b"", 0)
    worker = str(row[0])
    begin = _begin(project.journal(run.uuid, run.epoch, worker))
    log = project.worker_log(run.uuid, run.epoch, worker)
    size = _size(log)
    start = max(begin or 0, size - LOG)
    data = read_part(log, start, size - start) or b""
    return {**_told(worker, row[1], data, size - (begin or 0)), "exact": begin is not None}


def _told(worker: str | None, since: float | None, data: bytes, size: int) -> dict[str, Any]:
    return {
        "worker": worker,
        "began": since,
        "text": data.decode("utf-8", "backslashreplace"),
        "size": max(0, size),
        "cut": len(data) < size,
        "exact": True,
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # nothing was printed yet, or the worker is on another machine
        return 0


def _begin(journal: Path) -> int | None:
    """Where the last finished datum's print ends; None if too much was written since."""
    size = _size(journal)
    start = max(0, size - _JOURNAL)
    records = _records(read_part(journal, start, size - start) or b"")
    logs = [one.log for one in records if not isinstance(one, Begun) and one.log is not None]
    if logs:
        return max(log.offset + log.length for log in logs)
    return 0 if start == 0 else None


def _records(data: bytes) -> Sequence[Record]:
    """The records at the end of a journal, whose beginning may be cut: a frame is known by its
    mark and its checksum."""
    at = data.find(MAGIC)
    while at >= 0:
        try:
            if found := [record for record, _ in frames(data, at)]:
                return found
        except FrameError:
            pass
        at = data.find(MAGIC, at + 1)
    return []
