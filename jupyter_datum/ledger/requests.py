"""What kernel, server and CLI want of a runner, and who the runner is.

Clients only ever insert requests; a runner answers them. A request that comes in while a
runner ends cannot fall between: the client inserts it and reads the lease in one
transaction, and the runner ends in one transaction with "there is no open request".
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from .db import cannot_write, transaction

#: Requests read in one look; what is beyond them is seen in the next.
_PAGE: Final = 1000


class Request(NamedTuple):
    """A request; ``state`` is ``open | taken | done | refused``, ``answer`` a sentence."""

    id: int
    uuid: str
    at: float
    interpreter: str
    kind: str
    run: str | None
    recipe: str | None
    args: dict[str, Any]
    state: str
    answer: str | None


class RunnerRow(NamedTuple):
    """Who runs, or ran last. Whether it lives is told by its lock alone."""

    interpreter: str
    epoch: int
    host: str
    boot: str
    pid: int
    started: float
    version: str
    state: str


_REQUEST: Final = ", ".join(Request._fields)
_RUNNER: Final = ", ".join(RunnerRow._fields)


def ask(
    conn: sqlite3.Connection,
    *,
    uuid: str,
    interpreter: str,
    kind: str,
    run: str | None = None,
    recipe: str | None = None,
    args: Mapping[str, Any] | None = None,
) -> int:
    """Insert a request and return its id; asking twice with one `uuid` is asking once.

    What is asked in the end takes the place of a ``capture``, which stands for it until then.

    Parameters
    ----------
    conn : sqlite3.Connection
    uuid : str
        Made by the client.
    interpreter : str
        Whose runner it is for.
    kind : str
        ``run cancel hold release pause resume scale on-error drain watch unwatch``; ``detach``
        is for the cell that waits for the run, the runner only takes note of it.
    run : str, optional
        uuid of the run that it is about, or that it shall start.
    recipe : str, optional
        Digest of the signed recipe; nothing else tells what to execute.
    args : mapping, optional
        What JSON can hold.

    Raises
    ------
    LedgerError
        If the ledger is locked, or its disk full: nothing was asked then.
    """
    row = (uuid, time.time(), interpreter, kind, run, recipe, json.dumps(dict(args or {})))
    try:
        with transaction(conn):
            conn.execute(
                "insert into request (uuid, at, interpreter, kind, run, recipe, args)"
                " values (?, ?, ?, ?, ?, ?, ?) on conflict (uuid) do update set"
                " interpreter = excluded.interpreter, kind = excluded.kind, run = excluded.run,"
                " recipe = excluded.recipe, args = excluded.args, state = 'open'"
                " where request.kind = 'capture'",
                row,
            )
            found = conn.execute("select id from request where uuid = ?", (uuid,)).fetchone()
    except sqlite3.OperationalError as exc:
        raise cannot_write(exc) from exc
    return int(found[0])


def begin_capture(conn: sqlite3.Connection, run: str) -> bool:
    """Note that a server executes a notebook's cells, to ask for `run` then; return False if
    this was asked before.
    """
    with transaction(conn):
        added = conn.execute(
            "insert into request (uuid, at, interpreter, kind, run, state)"
            " values (?1, ?2, '', 'capture', ?1, 'taken') on conflict (uuid) do nothing",
            (run, time.time()),
        )
    return added.rowcount == 1


def give_up_capture(conn: sqlite3.Connection, run: str, why: str) -> None:
    """Settle a capture that came to nothing; one whose run was asked for is left alone."""
    with transaction(conn):
        conn.execute(
            "update request set state = 'refused', answer = ? where uuid = ? and kind = 'capture'",
            (why, run),
        )


def captures(conn: sqlite3.Connection, uuid: str) -> bool:
    """Return whether this request stands for a notebook whose cells are being executed."""
    row = conn.execute("select kind, state from request where uuid = ?", (uuid,)).fetchone()
    return row is not None and tuple(row) == ("capture", "taken")


def request(conn: sqlite3.Connection, identity: int) -> Request | None:
    """Return one request, or None."""
    row = conn.execute(f"select {_REQUEST} from request where id = ?", (identity,)).fetchone()
    return _request(row) if row else None


def open_requests(conn: sqlite3.Connection, interpreter: str) -> list[Request]:
    """Return what is to be answered, oldest first."""
    rows = conn.execute(
        f"select {_REQUEST} from request where interpreter = ? and state = 'open'"
        " order by id limit ?",
        (interpreter, _PAGE),
    )
    return [_request(row) for row in rows]


def not_begun(conn: sqlite3.Connection, since: float) -> list[Request]:
    """Return the requests for runs that have no row yet: those to be answered, and those
    refused after a time."""
    rows = conn.execute(
        f"select {_REQUEST} from request r where kind = 'run'"
        " and (state in ('open', 'taken') or (state = 'refused' and at >= ?))"
        " and not exists (select 1 from run where uuid = r.run) order by id limit ?",
        (since, _PAGE),
    )
    return [_request(row) for row in rows]


def _request(row: tuple[Any, ...]) -> Request:
    found = Request(*row)
    return found._replace(args=json.loads(row[7]))


def answer(conn: sqlite3.Connection, identity: int, state: str, text: str | None = None) -> None:
    """Settle a request: ``done``, or ``refused`` with a sentence; ``taken`` until then."""
    with transaction(conn):
        conn.execute(
            "update request set state = ?, answer = ? where id = ?", (state, text, identity)
        )


def args_of(conn: sqlite3.Connection, run: str) -> dict[str, Any]:
    """Return what was asked beside the recipe, of a run that may not have begun."""
    row = conn.execute("select args from request where uuid = ?", (run,)).fetchone()
    return dict(json.loads(row[0])) if row else {}


def refuse_run(conn: sqlite3.Connection, run: str, text: str) -> None:
    """Refuse what was asked for and has not begun, with a sentence."""
    with transaction(conn):
        conn.execute(
            "update request set state = 'refused', answer = ? where uuid = ? and kind = 'run'"
            " and state = 'open' and not exists (select 1 from run where uuid = request.run)",
            (text, run),
        )


def answered(conn: sqlite3.Connection, uuid: str) -> tuple[str, str | None]:
    """Return ``(state, answer)`` of the request with this public name; open if there is none."""
    row = conn.execute("select state, answer from request where uuid = ?", (uuid,)).fetchone()
    return (row[0], row[1]) if row else ("open", None)


def last_request(conn: sqlite3.Connection) -> int:
    """Return the id of the newest request; 0 if there is none."""
    return int(conn.execute("select coalesce(max(id), 0) from request").fetchone()[0])


def was_asked(conn: sqlite3.Connection, kind: str, run: str, after: int) -> bool:
    """Return whether somebody asked for `kind` of a run, after the request with id `after`."""
    row = conn.execute(
        "select exists (select 1 from request where id > ? and run = ? and kind = ?)",
        (after, run, kind),
    ).fetchone()
    return bool(row[0])


def register_runner(conn: sqlite3.Connection, interpreter: str, version: str) -> int:
    """Record this process as the runner of `interpreter` (it holds the lock); return its epoch.

    Epochs are counted over the whole project, so that two interpreters never share one:
    staging names hold an epoch, and output folders are the project's.
    """
    with transaction(conn):
        epoch = 1 + int(conn.execute("select coalesce(max(epoch), 0) from runner").fetchone()[0])
        row = (
            interpreter, epoch, socket.gethostname(), _boot(), os.getpid(), time.time(), version,
            "active",
        )  # fmt: skip
        conn.execute(f"insert or replace into runner ({_RUNNER}) values (?,?,?,?,?,?,?,?)", row)
    return epoch


def end_runner_if_idle(conn: sqlite3.Connection, interpreter: str, epoch: int) -> bool:
    """End the lease if there is no open request, no unfinished run and nothing watched.

    Returns
    -------
    bool
        True if the runner may go: it was ended here, or another one has taken its place.
    """
    with transaction(conn):
        if (row := runner(conn, interpreter)) is None or row.epoch != epoch:
            return True
        busy = conn.execute(
            "select exists (select 1 from request where interpreter = ?1 and state = 'open')"
            " or exists (select 1 from run where interpreter = ?1 and ended is null)"
            " or exists (select 1 from watch where interpreter = ?1 and state = 'active')",
            (interpreter,),
        ).fetchone()[0]
        if not busy:
            conn.execute("update runner set state = 'ended' where interpreter = ?", (interpreter,))
    return not busy


def runner(conn: sqlite3.Connection, interpreter: str) -> RunnerRow | None:
    """Return the runner of `interpreter`, or None if there never was one."""
    row = conn.execute(
        f"select {_RUNNER} from runner where interpreter = ?", (interpreter,)
    ).fetchone()
    return RunnerRow(*row) if row else None


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
