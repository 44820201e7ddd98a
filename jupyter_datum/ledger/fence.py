"""Who may write to a run: the runner whose epoch stands in its row."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from ..errors import RunnerError

#: Of a run that another runner began: which datums it has made is not told by their ids.
NOT_TOLD: Final = 2**62


class RunKey(NamedTuple):
    """A run as its writer names it: row ids, and the epoch of the runner that holds it.

    The ledger knows nothing of datums with ids from ``fresh`` on but what this run wrote.
    """

    id: int
    transform: int
    version: int
    epoch: int
    fresh: int = NOT_TOLD


class Fenced(RunnerError):
    """Another runner has taken the run over; nothing was written.

    Parameters
    ----------
    run : int
        Row id of the run.
    epoch, found : int
        Ours, and the one that holds the run now.
    """

    def __init__(self, run: int, epoch: int, found: int) -> None:
        super().__init__(run, epoch, found)

    def __str__(self) -> str:
        run, epoch, found = self.args
        return (
            f"run {run} is held by the runner of epoch {found}, this one has epoch {epoch}: "
            "it writes nothing more"
        )


def check_epoch(conn: sqlite3.Connection, run: RunKey) -> None:
    """Make sure that the run is still this runner's; part of each commit.

    Raises
    ------
    Fenced
        If it is not.
    """
    row = conn.execute("select epoch from run where id = ?", (run.id,)).fetchone()
    if row is None or row[0] != run.epoch:
        raise Fenced(run.id, run.epoch, row[0] if row else 0)


def storable(value: str) -> str:
    """Return `value` as SQLite can hold it: what is no character is shown as an escape."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="backslashreplace").decode()
    return value
