"""Datums by their ids, thousands at a time, as a statement takes them.

Ids of one run mostly follow one another: then two numbers name them all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Final

#: The column that names the datum, by table.
_COLUMN: Final = {"input": "datum", "edge": "down", "display": "datum"}


class Some:
    """Some datums.

    Parameters
    ----------
    ids : iterable of int

    Attributes
    ----------
    rows : str
        What follows *from*: their rows, as ``d``; a condition can follow it with *and*.
    values : tuple
        What `rows` binds.
    """

    def __init__(self, ids: Iterable[int]) -> None:
        self._ids = set(ids)
        self.rows = "datum d where d.id between ? and ?"
        self.values: tuple[int, int] | tuple[str] | tuple[()] = ()
        self._ends = (min(self._ids), max(self._ids)) if self._ids else (0, -1)
        #: Whether they are all that there are between the first and the last.
        self.unbroken = self._ends[1] - self._ends[0] + 1 == len(self._ids)
        if self.unbroken:
            self.values = self._ends
        else:
            self.rows = "json_each(?) j cross join datum d on d.id = j.value where true"
            self.values = (json.dumps(sorted(self._ids)),)

    def __len__(self) -> int:
        return len(self._ids)

    def any_in(self, conn: sqlite3.Connection, table: str) -> bool:
        """Return whether `table` may hold anything of one of them."""
        column = _COLUMN[table]
        sql = f"select exists (select 1 from {table} where {column} between ? and ?)"
        return bool(self._ids and conn.execute(sql, self._ends).fetchone()[0])
