"""Datums by their ids, as a statement takes them."""

from __future__ import annotations

import sqlite3

import pytest

from jupyter_datum.ledger.some import Some

from .build import new_run, succeed


@pytest.mark.parametrize("ids", [[2, 3, 4], [4, 2, 3], [2, 2, 4], [1, 5], [3], [3, 3], []])
def test_exactly_these(conn: sqlite3.Connection, ids: list[int]) -> None:
    succeed(conn, new_run(conn), 1, 2, 3, 4, 5)
    some = Some(ids)
    rows = conn.execute(f"select d.id from {some.rows} order by d.id", some.values) if some else ()
    assert [row[0] for row in rows] == sorted(set(ids)) and len(some) == len(set(ids))
    conn.execute("insert into edge values (3, 9)")
    assert some.any_in(conn, "edge") == bool(ids and min(ids) <= 3 <= max(ids))
