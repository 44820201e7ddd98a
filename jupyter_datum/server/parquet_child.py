"""``python -m jupyter_datum.server.parquet_child``: the first rows of the Parquet file that is its
standard input, as one line of JSON.

A process of its own, with little time and memory: a reader of so rich a format has had its bugs,
and a file may come from anyone. What goes wrong in here is a sentence in a preview, and no more.
"""

from __future__ import annotations

import sys
from typing import Any, BinaryIO, Final

from .child import say
from .tables import COLUMNS, ROWS, Table, shown_cell

#: Bytes of a file's row group that are read for its first rows.
_GROUP: Final = 64 << 20
#: Before 14.0.1 a file's schema could hold a pickle, which was loaded (CVE-2023-47248).
_SAFE: Final = 16


def main() -> int:
    """Say what the file shows, or why it does not."""
    return say(_told)


def _told(file: BinaryIO) -> dict[str, Any]:
    found = first_rows(file)
    return {"why": found} if isinstance(found, str) else found._asdict()


def unfit() -> str | None:
    """Return why no Parquet file can be read here; None if it can, by one thread."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return "to see its rows here, install pyarrow where the server runs"
    major = pyarrow.__version__.partition(".")[0]
    if not major.isdecimal() or int(major) < _SAFE:
        return f"to see its rows here, install pyarrow {_SAFE} or newer where the server runs"
    pyarrow.set_cpu_count(1)
    return None


def first_rows(file: BinaryIO) -> Table | str:
    """Return the first rows of a Parquet file, or a sentence why they cannot be shown."""
    if (why := unfit()) is not None:
        return why
    import pyarrow.parquet as parquet

    try:
        return _rows(parquet.ParquetFile(file))
    except Exception as exc:  # whatever a damaged file makes of it
        return f"it cannot be read as Parquet ({type(exc).__name__})"


def _rows(found: Any) -> Table | str:
    names = list(found.schema_arrow.names)
    if found.metadata.num_row_groups and found.metadata.row_group(0).total_byte_size > _GROUP:
        return "its row groups are too large to be read for a look"
    shown = names[:COLUMNS]
    batches = found.iter_batches(batch_size=ROWS, columns=shown, use_threads=False)
    columns = next(batches).to_pydict() if found.metadata.num_rows else {}
    rows = [[shown_cell(value) for value in row] for row in zip(*columns.values(), strict=True)]
    more = found.metadata.num_rows > len(rows) or len(names) > COLUMNS
    return Table([shown_cell(name) for name in shown], rows, more)


if __name__ == "__main__":
    sys.exit(main())
