"""The first rows of a table, as text."""

from __future__ import annotations

import csv
import io
from typing import Any, Final, NamedTuple

from .sniff import CSV, PARQUET, TSV

#: Rows, columns, and characters of a cell that are shown.
ROWS: Final = 20
COLUMNS: Final = 24
_CELL: Final = 200
#: What may stand between the cells of a line, the likeliest first.
_BETWEEN: Final = ",;\t|"


class Table(NamedTuple):
    """The beginning of a table. ``more``: there are more rows or columns than these."""

    columns: list[str]
    rows: list[list[str]]
    more: bool


def lines_table(text: str, mime: str, *, whole: bool) -> Table | None:
    """Return the table that lines of CSV or TSV are; None if they are none.

    Parameters
    ----------
    text : str
        The file's beginning.
    mime : str
    whole : bool
        Whether it is all of the file; else its last line may be cut, and is left out.
    """
    if mime not in (CSV, TSV):
        return None
    lines = text if whole else text[: text.rfind("\n") + 1]
    between = "\t" if mime == TSV else _between(lines.partition("\n")[0])
    try:
        found = [row for row in csv.reader(io.StringIO(lines), delimiter=between) if row]
    except csv.Error:  # a cell that never ends: it is shown as the text that it is
        return None
    if not found or len(found[0]) < 2:
        return None
    wide = max(map(len, found[: ROWS + 1])) > COLUMNS
    rows = [[shown_cell(each) for each in row[:COLUMNS]] for row in found[: ROWS + 1]]
    return Table(rows[0], rows[1:], wide or not whole or len(found) > ROWS + 1)


def _between(line: str) -> str:
    return max(_BETWEEN, key=line.count)


def shown_cell(value: Any) -> str:
    """Return what a cell shows."""
    text = "" if value is None else str(value)
    return text if len(text) <= _CELL else f"{text[:_CELL]} …"


#: What can be shown as a table.
TABLES: Final = frozenset({CSV, TSV, PARQUET})
