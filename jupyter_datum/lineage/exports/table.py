"""The flat table as CSV or Parquet."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from ...errors import UsageError
from ...inputs import Input
from .rows import Row, rows

_BATCH: Final = 10_000
#: Column -> Arrow type; the others are strings.
_NUMBERS: Final = {
    "datum": "int64", "code": "int64", "ms": "float64", "attempt": "int64", "input_size": "int64",
    "output_size": "int64",
}  # fmt: skip


def write_table(
    conn: sqlite3.Connection, name: str, path: Path, source: Input | None = None
) -> int:
    """Write the table of a transform to `path` (``.csv`` or ``.parquet``); return its rows. Its
    input, if it is known, says what people call the datums.

    Raises
    ------
    UsageError
        If the ending is another, or Parquet's library is missing.
    """
    ending = path.suffix.lower()
    if ending == ".csv":
        return _csv(rows(conn, name, source), path)
    if ending == ".parquet":
        return _parquet(rows(conn, name, source), path)
    raise UsageError(f"a table is written as .csv or .parquet, not as {path.name!r}")


def _csv(lines: Iterator[Row], path: Path) -> int:
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Row._fields)
        for row in lines:
            writer.writerow(row)
            count += 1
    return count


def _parquet(lines: Iterator[Row], path: Path) -> int:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as exc:
        raise UsageError("Parquet needs pyarrow: pip install 'jupyter-datum[tables]'") from exc
    texts = pyarrow.string()
    kinds = {field: getattr(pyarrow, kind)() for field, kind in _NUMBERS.items()}
    kinds["began"] = pyarrow.timestamp("ms", "UTC")
    schema = pyarrow.schema([(field, kinds.get(field, texts)) for field in Row._fields])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        while part := list(islice(lines, _BATCH)):
            columns = [
                # A moment is text in a row: Arrow reads it.
                pyarrow.array(column, texts if field.name == "began" else field.type).cast(
                    field.type
                )
                for column, field in zip(zip(*part, strict=True), schema, strict=True)
            ]
            writer.write_batch(pyarrow.record_batch(columns, schema=schema))
            count += len(part)
    return count
