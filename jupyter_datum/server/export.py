"""Rows of a table as CSV, page by page: a spreadsheet shows them, and runs none of them."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from .reader import Reader
from .reads import run_of
from .rows import NOTHING, Table
from .search import rows_of
from .views import View

#: Rows that are read at once.
PAGE: Final = 1_000
#: Columns before those of metrics.
_COLUMNS: Final = (
    "index", "name", "state", "tries", "seconds", "began", "worker", "outputs", "error", "message",
)  # fmt: skip
#: A cell that begins so is a formula to a spreadsheet.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class Export:
    """A table on its way into a file; its rows and columns are those of its beginning.

    Parameters
    ----------
    reader : Reader
    run : str
        uuid.
    filter_, sort : str
    root : Path or None
    """

    def __init__(
        self, reader: Reader, run: str, filter_: str, sort: str, root: Path | None
    ) -> None:
        self._reader = reader
        self._asked = (run, filter_, sort, root)
        self._view = View((), 0)
        self._metrics: list[str] = []

    async def begin(self) -> tuple[str, bytes]:
        """Return a name for the file, and the line with the columns."""
        run, filter_, sort, _ = self._asked
        self._view = await rows_of(self._reader, run, filter_, sort)
        return await self._reader.read(self._begin)

    async def page(self, first: int) -> bytes:
        """Return the lines of the next rows from number `first` on; none at the end."""
        return await self._reader.read(lambda conn: self._page(conn, first))

    def _begin(self, conn: sqlite3.Connection) -> tuple[str, bytes]:
        run, table = self._asked[0], self._table(conn)
        self._metrics = table.metrics(table.rows(self._view.part(0, 100)))
        name = run_of(conn, run).name
        return f"{name}-{run[:8]}.csv", csv_lines([[*_COLUMNS, *self._metrics]])

    def _page(self, conn: sqlite3.Connection, first: int) -> bytes:
        rows = self._table(conn).rows(self._view.part(first, PAGE), files=False)
        return csv_lines(_line(row, self._metrics) for row in rows) if rows else b""

    def _table(self, conn: sqlite3.Connection) -> Table:
        run, _, _, root = self._asked
        return Table(conn, self._reader.project, run_of(conn, run), root)


def csv_lines(rows: Any) -> bytes:
    """Return rows as lines of CSV in UTF-8, in which no text is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _line(row: dict[str, Any], metrics: Sequence[str]) -> list[Any]:
    if row["earlier"] and row["state"] == "cancelled":  # its outcome is of another run
        row = {**row, **NOTHING}
    error = row["error"] or {}
    began = row["began"]
    return [
        row["position"] + 1,
        row["key"],
        row["state"],
        row["tries"],
        row["seconds"],
        datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds") if began else None,
        row["worker"],
        row["outputs"],
        error.get("type"),
        error.get("message"),
        *(row["metrics"].get(name) for name in metrics),
    ]
