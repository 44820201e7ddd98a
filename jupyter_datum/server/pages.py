"""Pages of a run's datums, and the datum at a place of its input.

Pages go by id or by key, never by OFFSET, and nothing lists a run's datums as a whole.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from ..ledger.files import UNKNOWN, WIDTH
from ..ledger.known import BY_KEY, after_key
from ..ledger.queries import RunRow, key_text
from ..ledger.rows import DATUM, datum_row
from ..project import Project
from ..states import DatumState
from . import shapes
from .errors import bad_request, not_found, put_away
from .paths import read_part

_BY_ID: Final = (
    ", (select uuid from run where id = d.run)"
    ", (select count(*) from attempt a where a.datum = d.id)"
)


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
    if wanted.name is not None:
        conn.create_function("key_text", 1, key_text, deterministic=True)
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
        # A NUL stands between the parts of a key that has several; people see a bar.
        text = f"case when instr({key}, x'00') then key_text({key}) else cast({key} as text) end"
        sql += f" and {text} glob ?"
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
        ``not-found`` beyond the end; ``folded`` where the run is too old.
    """
    if row.folded:
        raise put_away()
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
    if found is None:  # the plan has an id for it, but nothing is recorded under that yet
        return {**_UNKNOWN, "state": state, "position": n, **_at_work(conn, row, n)}
    shown = _datum(found)
    if not byte and shown["run"] == row.uuid:
        state = shown["state"]
    return {**shown, "state": state, "position": n}


def _at_work(conn: sqlite3.Connection, row: RunRow, n: int) -> dict[str, Any]:
    """Who is at it, and since when."""
    found = conn.execute(
        "select worker, key, since from worker where run = ? and position = ?", (row.id, n)
    ).fetchone()
    if found is None:
        return {}
    worker, key, since = found
    return {"worker": worker, "key": key_text(key) if key else None, "began": since}


_UNKNOWN: Final[dict[str, Any]] = {
    "id": None, "key": None, "state": "pending", "attempt": 0, "attempts": 0, "seconds": None,
    "began": None, "worker": None, "position": None, "run": None, "group": None, "outputs": 0,
}  # fmt: skip
