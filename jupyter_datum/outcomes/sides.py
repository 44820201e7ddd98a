"""The two sides of a comparison: what datums had come to in a run, or by a code version."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..errors import UsageError
from ..ledger import queries
from ..ledger.queries import RunRow
from ..states import DatumState

#: Fewer characters of a run's name or of a fingerprint are taken for no name at all.
_SHORTEST: Final = 4


class Former(NamedTuple):
    """What a datum had come to, at one side of a comparison."""

    run: int
    version: int
    state: DatumState
    seconds: float
    metrics: dict[str, Any]
    kind: str | None
    data: bytes | None

    @property
    def word(self) -> str:
        """The state as one word."""
        return self.state.name.lower()


@dataclass(frozen=True)
class Side:
    """One side.

    Parameters
    ----------
    label : str
        For people.
    transform : int
    run : int or None
        Outcomes as they stood when this run had ended; None: as they stand now.
    version : int or None
        Only outcomes that this version of the code gave, else those of one that counts as it.
    """

    label: str
    transform: int
    run: int | None = None
    version: int | None = None

    def outcomes(self, conn: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Former]:
        """Return what these datums had come to."""
        now, before = self._rows("datum x on x.id"), self._rows("past x on x.datum")
        sql = now if self.run is None and self.version is None else f"{now} union all {before}"
        rows = conn.execute(
            # What was brought back has the run that made it once: time tells what stood when.
            f"{sql} order by 2, 3, 4",
            {
                "ids": json.dumps(list(ids)),
                "run": self.run,
                "version": self.version,
                "same": json.dumps(sorted(queries.equivalent_versions(conn, self.version or 0))),
            },
        )
        return {identity: _former(*fields) for identity, _, _, *fields in rows}

    def _rows(self, table: str) -> str:
        """Rows of a table, each with whether it stood when the run had ended (or is the very
        version's), and since when."""
        which, stood = "", "1"
        if self.run is not None:
            which = " and x.run <= :run"
            stood = "x.began <= coalesce((select ended from run where id = :run), 9e99)"
        if self.version is not None:
            which = " and x.version in (select value from json_each(:same))"
            stood = "x.version = :version"
        return (
            f"select j.value, {stood}, ({stood}) * x.began, x.run, x.version, x.state, x.seconds,"
            " x.metrics, x.result_kind, x.result"
            f" from json_each(:ids) j cross join {table} = j.value"
            f" where true{which}"
        )

    def keys(self, conn: sqlite3.Connection, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the keys of these datums."""
        sql = "select d.id, d.key from json_each(?) j cross join datum d on d.id = j.value"
        return dict(conn.execute(sql, (json.dumps(list(ids)),)).fetchall())


def _former(
    run: int,
    version: int,
    state: int,
    seconds: float,
    metrics: str | None,
    kind: str | None,
    data: bytes | None,
) -> Former:
    found = DatumState(state)
    held = found in (DatumState.SUCCESS, DatumState.RECOVERED)  # a failure left the row's own
    said = json.loads(metrics) if metrics and held else {}
    return Former(
        run, version, found, seconds, said, kind if held else None, data if held else None
    )


def side_of(conn: sqlite3.Connection, what: str) -> Side:
    """Return the side that `what` names: ``NAME``, ``NAME@VERSION`` or the id of a run.

    A version is counted from 1 in the order in which the transform's cell got them (-1 is
    the newest one, -2 the one before), or is the beginning of its fingerprint.

    Raises
    ------
    UsageError
        If it names nothing, or several runs.
    """
    name, at, version = what.partition("@")
    transform = queries.transform(conn, name)
    if transform is not None:
        number = _version_of(conn, transform.id, name, version) if at else None
        return Side(what + _alike(conn, transform.id, number), transform.id, version=number)
    return _run_side(conn, _run_of(conn, what))


def sides_of_one(conn: sqlite3.Connection, name: str) -> tuple[Side, Side]:
    """Return what to compare where only a transform is named: its newest version and the newest
    other one that does not count as the same, or if there is none its two newest runs.

    Raises
    ------
    UsageError
        If it has run once.
    """
    transform = queries.transform(conn, name)
    if transform is None:
        raise _unknown(conn, name)
    versions = [version for version, _ in _versions(conn, transform.id)]
    same = queries.equivalent_versions(conn, versions[-1]) if versions else frozenset()
    others = [number for number, version in enumerate(versions, 1) if version not in same]
    if others:
        return side_of(conn, f"{name}@{others[-1]}"), side_of(conn, f"{name}@{len(versions)}")
    runs = queries.runs(conn, transform=transform.id, limit=2)
    if len(runs) < 2:
        raise UsageError(f"{name} has run once: there is nothing to compare it with")
    return _run_side(conn, runs[1]), _run_side(conn, runs[0])


def _alike(conn: sqlite3.Connection, transform: int, version: int | None) -> str:
    """With which other versions a version counts as the same, in words."""
    same = queries.equivalent_versions(conn, version) if version is not None else frozenset()
    numbers = [
        str(number)
        for number, (other, _) in enumerate(_versions(conn, transform), 1)
        if other in same and other != version
    ]
    return f" (counts as code {', '.join(numbers)})" if numbers else ""


def _run_side(conn: sqlite3.Connection, row: RunRow) -> Side:
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.started or row.requested))
    return Side(f"{row.name}, run {row.uuid[:8]} of {began}", row.transform, run=row.id)


def _versions(conn: sqlite3.Connection, transform: int) -> list[tuple[int, bytes]]:
    """Versions that have run, oldest first."""
    return conn.execute(
        "select v.id, v.fingerprint from version v where v.transform = ? order by v.id",
        (transform,),
    ).fetchall()


def _version_of(conn: sqlite3.Connection, transform: int, name: str, which: str) -> int:
    versions = _versions(conn, transform)
    digits = which.lstrip("-")
    if digits.isdecimal() and len(digits) < _SHORTEST:
        number = int(which)
        at = number - 1 if number > 0 else number
        if number and -len(versions) <= at < len(versions):
            return versions[at][0]
    elif len(which) >= _SHORTEST:
        found = [identity for identity, digest in versions if digest.hex().startswith(which)]
        if len(found) == 1:
            return found[0]
    known = ", ".join(f"{i} ({digest.hex()[:8]})" for i, (_, digest) in enumerate(versions, 1))
    raise UsageError(f"{name} has no version {which!r} of its code; there are: {known}")


def _run_of(conn: sqlite3.Connection, uuid: str) -> RunRow:
    if len(uuid) >= _SHORTEST and uuid.isalnum():
        found = conn.execute(
            "select uuid from run where uuid >= ?1 and uuid < ?1 || 'g' limit 2", (uuid,)
        ).fetchall()
        row = queries.run_by_uuid(conn, found[0][0]) if len(found) == 1 else None
        if row is not None:
            return row
        if found:
            raise UsageError(f"several runs begin with {uuid!r}: give more of its letters")
    raise _unknown(conn, uuid)


def _unknown(conn: sqlite3.Connection, name: str) -> UsageError:
    names = ", ".join(t.name for t in queries.transforms(conn)) or "none yet"
    return UsageError(
        f"{name!r} is no transform, no NAME@VERSION and no run; there are the transforms: {names}"
    )
