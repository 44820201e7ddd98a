"""Digests of Arrow data (pyarrow, polars): of the values, not of how they lie in memory.

Of two equal tables one may be a slice of a larger one, or lie in several pieces. Each column is
hashed as Arrow writes it to a stream: in one piece, from its first value to its last.
"""

from __future__ import annotations

import io
from typing import Any

from blake3 import blake3


def arrow_digest(value: Any) -> bytes | None:
    """Return a digest of a table, record batch, frame or column; None of anything else."""
    package = type(value).__module__.partition(".")[0]
    if package not in ("pyarrow", "polars"):
        return None
    try:
        import pyarrow
    except ImportError:  # polars does without
        return None
    kind = ""
    if package == "polars":
        if not hasattr(value, "to_arrow"):
            return None
        kind = repr(value.schema if hasattr(value, "schema") else (value.name, value.dtype))
        try:
            value = value.to_arrow()
        except Exception:  # of Python's objects
            return None
    table = _table(value, pyarrow)
    return None if table is None else _digest(table, kind.encode(), pyarrow)


def _table(value: Any, pyarrow: Any) -> Any:
    if isinstance(value, pyarrow.Table):
        return value
    if isinstance(value, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([value])
    if isinstance(value, pyarrow.Array | pyarrow.ChunkedArray):
        return pyarrow.table([value], names=[""])
    return None


def _digest(table: Any, kind: bytes, pyarrow: Any) -> bytes:
    sink = _Sink()
    sink.write(b"%d:%s" % (len(kind), kind))
    sink.write(memoryview(table.schema.serialize()))
    for field, column in zip(table.schema, table.columns, strict=True):
        try:
            column = column.combine_chunks()
        except pyarrow.ArrowInvalid:  # more text than one piece can hold
            pass
        one = pyarrow.schema([field])
        with pyarrow.ipc.new_stream(sink, one) as stream:
            stream.write_table(pyarrow.table([column], schema=one))
    return sink.hasher.digest(length=16)


class _Sink(io.RawIOBase):
    """Hashes what is written."""

    def __init__(self) -> None:
        self.hasher = blake3()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hasher.update(data)
        return len(data)
