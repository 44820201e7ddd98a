"""A ledger as an older version of this package would have left it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from jupyter_datum.ledger.db import statements
from jupyter_datum.ledger.schema import MIGRATIONS


def make_older(ledger: Path, schema: int) -> None:
    """Put in place of `ledger`, which nobody has open, one of `schema` with what it has room for.

    Made by the first migrations themselves, so that no later one has to be undone by hand here.
    """
    old = ledger.with_name("older.sqlite")
    with contextlib.closing(sqlite3.connect(old, isolation_level=None)) as conn:
        conn.execute("pragma journal_mode = wal")
        for script in MIGRATIONS[:schema]:
            for statement in statements(script):
                conn.execute(statement)
        conn.execute("attach ? as new", (str(ledger),))
        tables = "select name from main.sqlite_master where type = 'table'"
        for (table,) in conn.execute(tables).fetchall():
            _copy(conn, table)
        conn.execute(f"pragma user_version = {schema}")
        conn.execute("detach new")
    for beside in ("-wal", "-shm"):
        ledger.with_name(ledger.name + beside).unlink(missing_ok=True)
    os.replace(old, ledger)


def _copy(conn: sqlite3.Connection, table: str) -> None:
    def columns(schema: str) -> list[str]:
        return [row[1] for row in conn.execute(f"pragma {schema}.table_info({table})")]

    kept = ", ".join(name for name in columns("main") if name in columns("new"))
    conn.execute(f"insert or replace into main.{table} ({kept}) select {kept} from new.{table}")
