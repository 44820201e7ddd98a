"""The first rows of a table, as text."""

from __future__ import annotations

import csv
import io
from typing import Any, BinaryIO, Final, NamedTuple

from .sniff import CSV, PARQUET, TSV

#: Rows, columns, and characters of a cell that are shown.
ROWS: Final = 20
COLUMNS: Final = 24
_CELL: Final = 200
#: Bytes of a Parquet file's row group that are read for its first rows.
_GROUP: Final = 64 << 20
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
    rows = [[_cell(cell) for cell in row[:COLUMNS]] for row in found[: ROWS + 1]]
    return Table(rows[0], rows[1:], wide or not whole or len(found) > ROWS + 1)


def _between(line: str) -> str:
    return max(_BETWEEN, key=line.count)


#: Before 14.0.1 a file's schema could hold a pickle, which was loaded (CVE-2023-47248).
_SAFE: Final = 16


def parquet_table(file: BinaryIO) -> Table | str:
    """Return the first rows of a Parquet file, or a sentence why they cannot be shown."""
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        return "to see its rows here, install pyarrow where the server runs"
    major = pyarrow.__version__.partition(".")[0]
    if not major.isdecimal() or int(major) < _SAFE:
        return f"to see its rows here, install pyarrow {_SAFE} or newer where the server runs"
    try:
        return _rows(parquet.ParquetFile(file))
    except Exception as exc:  # whatever a damaged file makes of it
        return f"it cannot be read as Parquet ({type(exc).__name__})"


def _rows(found: Any) -> Table | str:
    names = list(found.schema_arrow.names)
    if found.metadata.num_row_groups and found.metadata.row_group(0).total_byte_size > _GROUP:
        return "its row groups are too large to be read for a look"
    shown = names[:COLUMNS]
    batches = found.iter_batches(batch_size=ROWS, columns=shown)
    columns = next(batches).to_pydict() if found.metadata.num_rows else {}
    rows = [[_cell(value) for value in row] for row in zip(*columns.values(), strict=True)]
    more = found.metadata.num_rows > len(rows) or len(names) > COLUMNS
    return Table([_cell(name) for name in shown], rows, more)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _CELL else f"{text[:_CELL]} …"


#: What can be shown as a table.
TABLES: Final = frozenset({CSV, TSV, PARQUET})
