"""The workers that were brought up together, as they come and go: for people."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from .db import transaction

#: Clusters that are gone and still known.
KEPT: Final = 20


class ClusterState(StrEnum):
    """How a cluster stands."""

    REQUESTED = "requested"  # asked for, and no worker is up
    STARTING = "starting"  # some of those wanted are up
    READY = "ready"
    IDLE = "idle"  # nobody has work for it
    GIVING_BACK = "giving back"
    GONE = "gone"


class ClusterRow(NamedTuple):
    """A cluster: `since` is when its state began, `run` the uuid of the run it works for;
    ``wanted`` is 0 where it has as many workers as its owner gives it."""

    id: int
    interpreter: str
    epoch: int
    engine: str
    run: str | None
    state: str
    since: float
    up: int
    wanted: int
    message: str | None


_COLUMNS: Final = ", ".join(ClusterRow._fields)


def put_cluster(conn: sqlite3.Connection, row: ClusterRow) -> int:
    """Write a cluster; one with id 0 is new. Returns its id."""
    fields: list[object] = list(row)
    fields[0] = row.id or None
    with transaction(conn):
        written = conn.execute(
            f"insert or replace into cluster ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            fields,
        )
        if row.state == ClusterState.GONE:
            conn.execute(
                "delete from cluster where state = 'gone' and id not in"
                " (select id from cluster where state = 'gone' order by id desc limit ?)",
                (KEPT,),
            )
    return row.id or int(written.lastrowid or 0)


def bury(conn: sqlite3.Connection, interpreter: str, epoch: int) -> None:
    """What runners before `epoch` had is gone: they ended without a word."""
    with transaction(conn):
        conn.execute(
            "update cluster set state = 'gone', since = ?, up = 0, run = null, message = ?"
            " where interpreter = ? and epoch < ? and state <> 'gone'",
            (time.time(), _DIED, interpreter, epoch),
        )


_DIED: Final = "its runner died"


def clusters(
    conn: sqlite3.Connection, alive: Callable[[str], bool], *, gone: int = 0
) -> list[ClusterRow]:
    """Return the clusters there are, newest first, and the last `gone` that are no more.

    Parameters
    ----------
    conn : sqlite3.Connection
    alive : callable
        Whether the runner of an interpreter lives: a dead one has no cluster.
    gone : int
    """
    sql = f"select {_COLUMNS} from cluster where state {{}} 'gone' order by id desc limit ?"
    there = [ClusterRow(*row) for row in conn.execute(sql.format("<>"), (1_000,))]
    lives = {name: alive(name) for name in {row.interpreter for row in there}}
    last = [ClusterRow(*row) for row in conn.execute(sql.format("="), (gone,))]
    dead = [_dead(row) for row in there if not lives[row.interpreter]]
    return [*(row for row in there if lives[row.interpreter]), *[*dead, *last][:gone]]


def _dead(row: ClusterRow) -> ClusterRow:
    return row._replace(state=ClusterState.GONE.value, up=0, run=None, message=_DIED)


def describe(row: ClusterRow, now: float) -> str:
    """Return a line for people: ``joblib: starting 1 of 4, for 3 s``."""
    many = f" {row.up}" + (f" of {row.wanted}" if row.up < row.wanted else "")
    counted = f"{many} worker{'s' * (max(row.up, row.wanted) != 1)}"
    workers = "" if row.state == ClusterState.GONE else counted
    text = f"{row.engine}: {row.state},{workers}" if workers else f"{row.engine}: {row.state}"
    seconds = max(0, round(now - row.since))
    text += f", for {seconds} s" if seconds < 120 else f", for {seconds // 60} min"
    return f"{text} ({row.message})" if row.message else text
