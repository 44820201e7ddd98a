"""Tables that live in the kernel: how they are kept for the processes that list and read them.

A frame goes to the project's payloads as Parquet, a group of rows at a time; what Parquet
cannot hold (columns of any Python object), and iterables of dicts, go as a file of encoded
rows. The name of either is the digest of its content.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from blake3 import blake3

from ..errors import InputError, UsageError
from ..hashing import encode_value, type_name
from ..project import Project
from .parquet import ParquetTable, write_parquet
from .tables import Row, RowFile, Table, as_row

_ROWS: Final = 10_000


def kind_of(table: Any) -> str | None:
    """Return ``pandas``, ``polars`` or ``arrow`` for a table of theirs, else None."""
    package = type(table).__module__.partition(".")[0]
    if package == "pandas" and hasattr(table, "columns") and hasattr(table, "iloc"):
        return "pandas"
    if package == "polars" and hasattr(table, "iter_slices"):
        return "polars"
    if package == "polars" and hasattr(table, "collect"):
        raise UsageError("a LazyFrame has no rows yet: rows(frame.collect(), ...)")
    return "arrow" if package == "pyarrow" and hasattr(table, "to_batches") else None


def keep_table(table: Any, label: str, project: Project) -> str:
    """Write a table of the kernel to the project's payloads; return its name there.

    Raises
    ------
    UsageError
        If it has no rows, or they cannot be sent to another process.
    """
    part = project.payload(f"table-{uuid.uuid4().hex}.part")
    try:
        name = _as_parquet(table, part) or _as_rows(table, label, part)
        part.replace(project.payload(name))
        return name
    finally:
        part.unlink(missing_ok=True)


def kept_table(name: str, label: str, project: Project) -> Table:
    """Return a table that :func:`keep_table` wrote.

    Raises
    ------
    InputError
        If it is gone, or not what was written: it may hold pickles.
    """
    path = project.payload(os.path.basename(name))
    if not path.exists():
        raise InputError(f"the rows of {label} are gone: run the cell again")
    if name.endswith(".parquet"):
        return ParquetTable(path, label)
    if f"rows-{_file_digest(path)}" != name:
        raise InputError(f"the rows of {label} were changed: run the cell again")
    return RowFile(path, label)


def _as_parquet(table: Any, part: Path) -> str | None:
    """Write a frame as Parquet; None if it is none, or Parquet cannot hold it."""
    kind = kind_of(table)
    if kind is None:
        return None
    _check_columns(table, kind)
    try:
        import pyarrow
    except ImportError:
        return None
    try:
        write_parquet(table if kind == "arrow" else _to_arrow(table, kind), part)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return f"table-{_file_digest(part)}.parquet"


def _check_columns(table: Any, kind: str) -> None:
    """Of two columns of one name a row would hold one."""
    names = list(table.column_names if kind == "arrow" else table.columns)
    doubled = [name for i, name in enumerate(names) if name in names[:i]]
    if doubled:
        raise UsageError(f"the {kind} table has two columns of the name {doubled[0]!r}")


def _to_arrow(table: Any, kind: str) -> Any:
    if kind == "polars":
        return table.to_arrow()
    import pyarrow

    # Not of the index: a filtered frame's is a row number that means nothing any more.
    return pyarrow.Table.from_pandas(_named_index(table), preserve_index=False)


def _named_index(frame: Any) -> Any:
    """An index with names holds data, and becomes columns."""
    return frame.reset_index() if any(frame.index.names) else frame


def _as_rows(table: Any, label: str, part: Path) -> str:
    digest = blake3()
    try:
        with part.open("wb") as file:
            for number, row in enumerate(live_rows(table, label), start=1):
                data = encode_value(as_row(row, label, f"row {number}"))
                record = len(data).to_bytes(4, "big") + data
                digest.update(record)
                file.write(record)
    except UsageError:
        raise
    except InputError as exc:
        raise UsageError(str(exc)) from exc
    except Exception as exc:
        raise UsageError(
            f"the rows of {label} cannot be sent to workers: {type(exc).__name__}: {exc}"
        ) from exc
    return f"rows-{digest.hexdigest(length=16)}"


def live_rows(table: Any, label: str) -> Iterator[Any]:
    """Yield the rows of a table of the kernel.

    Raises
    ------
    UsageError
        If it has none.
    """
    kind = kind_of(table)
    if kind == "pandas":
        return _pandas_rows(_named_index(table))
    if kind == "polars":
        rows: Iterator[Row] = table.iter_rows(named=True)
        return rows
    if kind == "arrow":
        return (row for batch in table.to_batches(_ROWS) for row in batch.to_pylist())
    if isinstance(table, str | bytes | dict) or not isinstance(table, Iterable):
        raise UsageError(f"{label} is {type_name(table)}, which has no rows")
    return iter(table)


def _pandas_rows(frame: Any) -> Iterator[Row]:
    for start in range(0, len(frame), _ROWS):
        yield from frame.iloc[start : start + _ROWS].to_dict("records")


def _file_digest(path: Path) -> str:
    hasher = blake3(max_threads=blake3.AUTO)
    hasher.update_mmap(path)
    return str(hasher.hexdigest(length=16))
