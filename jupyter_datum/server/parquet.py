"""The first rows of a Parquet file, read by a process of its own that may fail."""

from __future__ import annotations

import json
from typing import Any, BinaryIO, Final

from .child import heard
from .tables import COLUMNS, ROWS, Table

#: Seconds within which the answer has to come.
WITHIN: Final = 20.0
_MODULE: Final = "jupyter_datum.server.parquet_child"


def parquet_table(file: BinaryIO) -> Table | str:
    """Return the first rows of an open Parquet file, or a sentence why they cannot be shown.

    The child is handed the open file itself, so that what it reads is what was checked; its
    own limits are those of :mod:`.child`.
    """
    try:
        told = heard(_MODULE, file, WITHIN)
    except OSError as exc:
        return f"its rows cannot be looked at: {exc.strerror or exc}"
    return f"its rows could not be read within {WITHIN:g} s" if told is None else _table(told)


def _table(told: bytes) -> Table | str:
    """What the child has said; it has read what may come from anyone, so it is not believed."""
    try:
        found: Any = json.loads(told)
        if isinstance(found.get("why"), str):
            return str(found["why"])
        columns, rows = found["columns"], found["rows"]
        if len(columns) > COLUMNS or len(rows) > ROWS:
            raise ValueError
        told_rows = [[str(value) for value in row] for row in rows]
        return Table([str(name) for name in columns], told_rows, bool(found["more"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "it cannot be read as Parquet: its reader was ended, by the file or by its limits"
