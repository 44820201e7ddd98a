"""What handlers and the stream read of a ledger, in the thread of its reader.

Pages go by id or by key, never by OFFSET, and nothing lists a run's datums as a whole.
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import DatumError
from ..inputs import input_from_json
from ..ledger import queries
from ..ledger.files import UNKNOWN, WIDTH
from ..ledger.known import BY_KEY, after_key
from ..ledger.queries import DatumRow, RunRow
from ..ledger.rows import DATUM, datum_row
from ..project import Project
from ..runner.ask import recorded
from ..runner.client import runner_alive
from ..states import DatumState
from ..transform.recipe import Recipe, read_recipe
from . import shapes
from .errors import bad_request, not_found
from .paths import contents_path, read_part

#: Failure groups that are told one by one, names of workers of each, and rows looked at.
GROUPS: Final = 1_000
_NAMES: Final = 8
_LOOKED_AT: Final = 64
#: Bytes of a log that are sent: its end.
LOG: Final = 1 << 16
#: Seconds for which an answer about a recipe holds.
_FRESH: Final = 5.0
_BY_ID: Final = (
    ", (select uuid from run where id = d.run)"
    ", (select count(*) from attempt a where a.datum = d.id)"
)


class Facts:
    """What the ledger does not say of its runs: is there a runner, can it be run again.

    Parameters
    ----------
    project : Project
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._recipes: dict[str, tuple[float, str | None]] = {}

    def alive(self, row: RunRow) -> bool:
        """Return whether a runner lives for an unfinished run; nothing is asked of ended ones."""
        if row.ended is not None:
            return True
        try:
            return runner_alive(self._project, row.interpreter)
        except OSError:  # another user's lock: it cannot be asked, and nothing is claimed
            return True

    def retryable(self, row: RunRow) -> str | None:
        """Return why a run's code cannot be run again from here, or None if it can."""
        now = time.monotonic()
        known = self._recipes.get(row.recipe)
        if known is None or now - known[0] > _FRESH:
            if len(self._recipes) > 1_000:
                self._recipes.clear()
            known = self._recipes[row.recipe] = (now, self._why_not(row))
        return known[1]

    def _why_not(self, row: RunRow) -> str | None:
        try:
            recorded(self._project, row)
        except DatumError as exc:
            return str(exc)
        return None

    def run(self, row: RunRow) -> dict[str, Any]:
        """Return a run as the protocol has it."""
        return shapes.run_json(row, alive=self.alive(row), retryable=self.retryable(row))


# -- runs ----------------------------------------------------------------------------------


def run_of(conn: sqlite3.Connection, uuid: str) -> RunRow:
    """Return a run.

    Raises
    ------
    ApiError
        ``not-found``.
    """
    row = queries.run_by_uuid(conn, uuid)
    if row is None:
        raise not_found("run")
    return row


def transform_id(conn: sqlite3.Connection, which: str | int) -> int:
    """Return a transform's id by its id or name (errors: :func:`run_of`)."""
    if isinstance(which, int) or which.isdecimal():
        sql, value = "select id from transform where id = ?", int(which)
        row = conn.execute(sql, (value,)).fetchone() if value < 2**63 else None
    else:
        row = conn.execute("select id from transform where name = ?", (which,)).fetchone()
    if row is None:
        raise not_found("transform")
    return int(row[0])


def runs(
    conn: sqlite3.Connection, facts: Facts, transform: str | None, before: int | None, limit: int
) -> dict[str, Any]:
    """Return a page of runs, newest first."""
    which = transform_id(conn, transform) if transform is not None else None
    rows = queries.runs(conn, transform=which, before=before, limit=limit)
    following = rows[-1].id if len(rows) == limit else None
    return {"runs": [facts.run(row) for row in rows], "next": following}


def run(conn: sqlite3.Connection, facts: Facts, project: Project, uuid: str) -> dict[str, Any]:
    """Return a run with its cell as recorded."""
    row = run_of(conn, uuid)
    recipe = recipe_of(project, row)
    source = queries.version_source(conn, row.version)
    untracked = recipe.untracked if recipe else []
    return {**facts.run(row), "source": source, "untracked": untracked}


def recipe_of(project: Project, row: RunRow) -> Recipe | None:
    """Return the signed recipe of a run, or None if it is not this user's."""
    try:
        return read_recipe(project, row.recipe)
    except DatumError:
        return None


def groups(conn: sqlite3.Connection, row: RunRow) -> dict[str, Any]:
    """Return a run's failure groups, largest first, and how many more there are."""
    found = queries.failure_groups(conn, row.id, limit=GROUPS)
    shown = [shapes.group_json(group, _workers_of(conn, group.id)) for group in found]
    if len(found) < GROUPS:
        return {"groups": shown, "other": None}
    count, datums = conn.execute(
        "select count(*), coalesce(sum(datums), 0) from failure where run = ? and datums > 0",
        (row.id,),
    ).fetchone()
    rest = datums - sum(group.datums for group in found)
    other = {"groups": count - len(found), "datums": rest} if count > len(found) else None
    return {"groups": shown, "other": other}


def _workers_of(conn: sqlite3.Connection, group: int) -> list[str]:
    """The workers that a group's first and last datums were at: exact is a walk over all."""
    part = "select * from (select worker from datum where failure = ?1 order by id {} limit ?2)"
    rows = conn.execute(
        f"select distinct worker from ({part.format('')} union all {part.format('desc')})"
        " where worker is not null order by worker limit ?3",
        (group, _LOOKED_AT, _NAMES),
    )
    return [str(row[0]) for row in rows]


def workers(conn: sqlite3.Connection, project: Project, row: RunRow) -> list[dict[str, Any]]:
    """Return the workers of a run that are not gone, with what they are at."""
    plan = project.run(row.uuid) / "plan"
    return [
        shapes.worker_json(worker, _key_at(conn, plan, worker["position"]))
        for worker in queries.workers(conn, row.id)
    ]


def _key_at(conn: sqlite3.Connection, plan: Path, n: int | None) -> bytes | None:
    """The key of the datum at a position, if the ledger knows it: of a new one not yet."""
    entry = read_part(plan, n * WIDTH, WIDTH) if isinstance(n, int) else None
    if not entry or len(entry) < WIDTH:
        return None
    identity = int.from_bytes(entry, "little")
    found = conn.execute("select key from datum where id = ?", (identity,)).fetchone()
    return found[0] if found else None


# -- datums --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filter:
    """Which datums of a run are asked for.

    Parameters
    ----------
    state : DatumState or None
    group : int or None
    name, error : str or None
        A glob over the key; a part of the message.
    after : str or None
        Where the page before ended, as it said.
    limit : int
    """

    state: DatumState | None = None
    group: int | None = None
    name: str | None = None
    error: str | None = None
    after: str | None = None
    limit: int = 100

    @property
    def failures(self) -> bool:
        """Whether only failures can be meant: they go by id."""
        by_failure = self.group is not None or self.error is not None
        return self.state is DatumState.FAILED or (self.state is None and by_failure)

    @property
    def nothing(self) -> bool:
        """Whether the parts contradict each other."""
        return self.group is not None and self.state not in (None, DatumState.FAILED)


def datums(conn: sqlite3.Connection, row: RunRow, wanted: Filter) -> dict[str, Any]:
    """Return a page of datums: of those that this run has settled, or, if no state, group or
    message is asked for, of all that its transform has, by key."""
    if wanted.nothing:
        return {"datums": [], "next": None}
    sql, values = _failures(row, wanted) if wanted.failures else _by_key(row, wanted)
    rows = conn.execute(sql, (*values, wanted.limit)).fetchall()
    found = [_datum(columns) for columns in rows]
    following = None
    if len(rows) == wanted.limit:
        last = datum_row(rows[-1][:-2])
        following = f"i{last.id}" if wanted.failures else f"k{bytes(last.key).hex()}"
    return {"datums": found, "next": following}


def _datum(columns: tuple[Any, ...]) -> dict[str, Any]:
    *row, run, attempts = columns
    return shapes.datum_json(datum_row(row), run, attempts)


def _failures(row: RunRow, wanted: Filter) -> tuple[str, list[Any]]:
    after = wanted.after or "i0"
    if not (after.startswith("i") and after[1:].isdecimal() and len(after) < 20):
        raise bad_request("'after' is not what the page before gave as 'next'")
    if wanted.group is None:
        where, values = "d.transform = ? and d.state = 3 and d.run = ?", [row.transform, row.id]
    else:
        where, values = "d.failure = ? and +d.state = 3 and +d.run = ?", [wanted.group, row.id]
    more, given = _narrowed(wanted, "d.key")
    sql = (
        f"select {DATUM}{_BY_ID} from datum d where {where} and d.id > ?{more}"
        " order by d.id limit ?"
    )
    return sql, [*values, int(after[1:]), *given]


def _by_key(row: RunRow, wanted: Filter) -> tuple[str, list[Any]]:
    after = _key_after(wanted.after)
    state = wanted.state
    if state is None or state is DatumState.SUCCESS:  # these stand in no index by state
        which = "" if state is None else f" and d.state = {state:d} and d.run = {row.id:d}"
        more, given = _narrowed(wanted, "k.key")
        sql = f"select {DATUM}{_BY_ID} {BY_KEY} {after_key(after)}{which}{more} order by k.key"
    else:
        more, given = _narrowed(wanted, "d.key")
        sql = (
            f"select {DATUM}{_BY_ID} from datum d where d.transform = ? and d.key"
            f" {after_key(after)} and d.state = {state:d} and d.state <> 2"
            f" and +d.run = {row.id:d}{more} order by d.key"
        )
    return f"{sql} limit ?", [row.transform, after or b"", *given]


def _key_after(after: str | None) -> bytes | None:
    if after is None:
        return None
    try:
        if not after.startswith("k"):
            raise ValueError
        return bytes.fromhex(after[1:])
    except ValueError:
        raise bad_request("'after' is not what the page before gave as 'next'") from None


def _narrowed(wanted: Filter, key: str) -> tuple[str, list[Any]]:
    sql, values = "", []
    if wanted.name is not None:
        sql += f" and cast({key} as text) glob ?"
        values.append(wanted.name)
    if wanted.error is not None:
        sql += (
            " and exists (select 1 from attempt a where a.datum = d.id and a.run = d.run"
            " and a.attempt = d.attempt and instr(lower(a.message), lower(?)) > 0)"
        )
        values.append(wanted.error)
    return sql, values


def position(conn: sqlite3.Connection, project: Project, row: RunRow, n: int) -> dict[str, Any]:
    """Return the datum at place `n` of a run's input, as it stands in this run.

    Raises
    ------
    ApiError
        ``not-found`` beyond the end.
    """
    folder = project.run(row.uuid)
    entry = read_part(folder / "plan", n * WIDTH, WIDTH) or b""
    byte = read_part(folder / "states", n, 1)
    if len(entry) < WIDTH and (byte == b"" or n >= row.total):
        raise not_found("datum")
    identity = int.from_bytes(entry, "little") if len(entry) == WIDTH else UNKNOWN
    found = conn.execute(
        f"select {DATUM}{_BY_ID} from datum d where d.id = ? and d.transform = ?",
        (identity, row.transform),
    ).fetchone()
    state = shapes.state_word(byte[0] if byte else DatumState.PENDING)
    if found is None:
        return {**_UNKNOWN, "id": identity or None, "state": state, "position": n}
    shown = _datum(found)
    if not byte and shown["run"] == row.uuid:
        state = shown["state"]
    return {**shown, "state": state, "position": n}


_UNKNOWN: Final[dict[str, Any]] = {
    "id": None, "key": None, "state": "pending", "attempt": 0, "attempts": 0, "seconds": None,
    "began": None, "worker": None, "position": None, "run": None, "group": None, "outputs": 0,
}  # fmt: skip


def datum(
    conn: sqlite3.Connection, project: Project, identity: int, root: Path | None
) -> dict[str, Any]:
    """Return all that is recorded of a datum (errors: :func:`run_of`)."""
    detail = queries.datum_detail(conn, identity)
    if detail is None:
        raise not_found("datum")
    row = detail.datum
    names = _run_names(conn, {row.run, *(attempt.run for attempt in detail.attempts)})
    attempts = [shapes.attempt_json(attempt, names.get(attempt.run)) for attempt in detail.attempts]
    if row.state == DatumState.SUCCESS and row.attempt == 1:
        attempts.insert(0, shapes.first_success(row, names.get(row.run)))
    roots, out = _folders(conn, project, row)
    return {
        **shapes.datum_json(row, names.get(row.run), 0),
        "attempts": attempts,
        "inputs": [_input(file, roots, root) for file in detail.inputs],
        "outputs": [_output(file.path, file.size, out, root) for file in detail.outputs],
        "result": shapes.result_text(row, _result_file(project, row)),
        "result_kind": row.result_kind,
        "metrics": shapes.metrics_json(row.metrics),
    }


def _run_names(conn: sqlite3.Connection, ids: set[int]) -> dict[int, str]:
    marks = ",".join("?" * len(ids))
    return dict(conn.execute(f"select id, uuid from run where id in ({marks})", [*ids]).fetchall())


def _folders(
    conn: sqlite3.Connection, project: Project, row: DatumRow
) -> tuple[dict[str, bytes], bytes | None]:
    """Where a datum's inputs lie, by name, and its transform's output folder."""
    recipe, out = conn.execute(
        "select r.recipe, t.out from datum d join run r on r.id = d.run"
        " join transform t on t.id = d.transform where d.id = ?",
        (row.id,),
    ).fetchone() or ("", None)
    try:
        return input_from_json(read_recipe(project, recipe).input, project).roots, out
    except (DatumError, OSError):  # another user's recipe, or a folder that is gone
        return {}, out


def _input(file: Any, roots: dict[str, bytes], root: Path | None) -> dict[str, Any]:
    rel = bytes(file.rel)
    base = roots.get(file.name) or (next(iter(roots.values()), None) if not file.name else None)
    path = contents_path(root, os.path.join(base, rel)) if base is not None else None
    return {
        "name": file.name,
        "rel": queries.key_text(rel),
        "size": file.size,
        "path": path,
    }


def _output(path: bytes, size: int, out: bytes | None, root: Path | None) -> dict[str, Any]:
    below = out is not None and path.startswith(os.path.join(out, b""))
    rel = path[len(os.path.join(out or b"", b"")) :] if below else path
    return {
        "name": queries.key_text(os.path.basename(path)),
        "rel": queries.key_text(rel),
        "size": size,
        "path": contents_path(root, path),
    }


def _result_file(project: Project, row: DatumRow) -> Path | None:
    """Where a large result lies; its name is a digest, and nothing else is taken for one."""
    name = bytes(row.result or b"").decode("ascii", "replace")
    return project.result(name) if name.isalnum() and len(name) <= 128 else None


def log(
    conn: sqlite3.Connection,
    project: Project,
    identity: int,
    run: str | None,
    attempt: int | None,
) -> dict[str, Any]:
    """Return the end of what a datum printed (errors: :func:`run_of`)."""
    row = queries.datum_by_id(conn, identity)
    if row is None:
        raise not_found("datum")
    at = row.run if run is None else run_of(conn, run).id
    text, uuid = _log_of(conn, row, at, attempt)
    segment = shapes.log_segment(text)
    if segment is None:
        return {"text": "", "size": 0, "cut": False}
    name, offset, length, cut = segment
    epoch, _, worker = name.partition("-")
    if not epoch.isdecimal() or not worker or worker != os.path.basename(worker):
        raise not_found("log")
    path = project.worker_log(uuid, int(epoch), worker)
    skipped = max(0, length - LOG)
    data = read_part(path, offset + skipped, length - skipped)
    if data is None:
        raise not_found("log")
    return {
        "text": data.decode("utf-8", "backslashreplace"),
        "size": length,
        "cut": bool(cut or skipped or len(data) < length - skipped),
    }


def _log_of(
    conn: sqlite3.Connection, row: DatumRow, run: int, attempt: int | None
) -> tuple[str | None, str]:
    """Where the log of an attempt lies, and the uuid of its run; the latest one by default."""
    uuid = conn.execute("select uuid from run where id = ?", (run,)).fetchone()
    if uuid is None or not str(uuid[0]).isalnum():
        raise not_found("run")
    if row.run == run and attempt in (None, row.attempt):
        return row.log, str(uuid[0])
    found = conn.execute(
        "select log from attempt where datum = ? and run = ? and attempt = coalesce(?, attempt)"
        " order by attempt desc limit 1",
        (row.id, run, attempt),
    ).fetchone()
    if found is None:
        raise not_found("attempt")
    return found[0], str(uuid[0])
