"""What a transform has to give to the next one: its datums that hold a good result."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from ..states import FINISHED, DatumState
from .known import BY_KEY, after_key, outputs_of
from .versions import equivalent_versions

#: Datums read at a time.
_PAGE: Final = 2_000


class Given(NamedTuple):
    """A datum of a transform as the next one gets it.

    ``good`` is False where nothing may be made from it: it failed, is stale, or an input of
    it changed meanwhile. ``outputs`` are ``(absolute path, size, mtime_ns, digest)``. ``run``
    (row id) has made it.
    """

    id: int
    key: bytes
    good: bool
    outputs: list[tuple[bytes, int, int, bytes]]
    kind: str | None
    result: bytes | None
    state: int
    run: int


def given(conn: sqlite3.Connection, transform: int) -> Iterator[Given]:
    """Yield the datums of a transform that are still in its input, by key, page by page."""
    current = current_versions(conn, transform)
    after: bytes | None = None
    while rows := _page(conn, transform, after):
        yield from _given(conn, rows, current)
        after = rows[-1][1]


def listed(conn: sqlite3.Connection, transform: int) -> int:
    """Return how many datums the newest whole listing of a transform's input had; 0 if there
    was none."""
    found = conn.execute(
        "select total from run where transform = ? and planned order by id desc limit 1",
        (transform,),
    ).fetchone()
    return found[0] if found else 0


def given_by_id(conn: sqlite3.Connection, transform: int, ids: Sequence[int]) -> Iterator[Given]:
    """Yield those of a transform's datums with these row ids that are still in its input."""
    current = current_versions(conn, transform)
    rows = conn.execute(
        "select d.id, d.key, d.state, d.version, d.dirty, d.gone, d.outputs, d.result_kind,"
        " d.result, d.run from json_each(?) j cross join datum d on d.id = j.value"
        " where d.transform = ?",
        (json.dumps(list(ids)), transform),
    ).fetchall()
    return _given(conn, rows, current)


def _given(
    conn: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], current: frozenset[int]
) -> Iterator[Given]:
    outputs = outputs_of(conn, [row[0] for row in rows if row[6]])
    for identity, key, state, version, dirty, gone, made, kind, result, run in rows:
        if gone is not None or state == DatumState.CANCELLED:
            continue
        files = sorted(outputs.get(identity, ()))
        good = state in FINISHED and version in current and not dirty
        good = good and len(files) == made
        yield Given(identity, key, good, files, kind, result, state, run)


def _page(conn: sqlite3.Connection, transform: int, after: bytes | None) -> list[tuple[Any, ...]]:
    return conn.execute(
        "select d.id, k.key, d.state, d.version, d.dirty, d.gone, d.outputs, d.result_kind,"
        f" d.result, d.run {BY_KEY} {after_key(after)} order by k.key limit ?",
        (transform, after or b"", _PAGE),
    ).fetchall()


def current_versions(conn: sqlite3.Connection, transform: int) -> frozenset[int]:
    """Return the version that the newest run of a transform used, and those marked as
    equivalent to it."""
    row = conn.execute(
        "select version from run where transform = ? order by id desc limit 1", (transform,)
    ).fetchone()
    return equivalent_versions(conn, row[0]) if row else frozenset()
