"""Reads results; imports what is needed for each kind only then."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ..errors import RunError
from ..hashing import decode_value
from ..project import Project
from .tuples import is_json, restored, word_of

_FILE: Final = "-file"


def is_file(kind: str | None) -> bool:
    """Return whether a result of this kind lies in a file of its own."""
    return kind is not None and kind.endswith(_FILE)


def value_of(kind: str | None, data: bytes | None, project: Project) -> Any:
    """Return a result as the cell gave it. Only where the user asks: it may unpickle.

    Parameters
    ----------
    kind : str or None
        As recorded; None for no result.
    data : bytes or None
        The value itself, or the name of its file.
    project : Project

    Raises
    ------
    RunError
        If the file is gone.
    """
    if kind is None or data is None:
        return None
    if is_file(kind):
        return decode_file(kind.removesuffix(_FILE), project.result(bytes(data).decode()))
    return decode_result(kind, bytes(data))


def decode_file(kind: str, path: Path) -> Any:
    """Return what a result file holds; arrays are mapped, not read (errors: value_of)."""
    try:
        if kind == "npy":
            return _mapped_array(path)
        return decode_result(kind, path.read_bytes())
    except FileNotFoundError:
        raise RunError(
            f"the file of a result ({path.name}) is gone: run the cell again with --force"
        ) from None


def decode_result(kind: str, data: bytes) -> Any:
    """Return the value that `data` is in the format `kind`.

    Raises
    ------
    RunError
        If the format is not known here: a newer version wrote it.
    """
    if is_json(kind):
        return restored(kind, decode_value(b"j" + data))
    if kind == "pickle":
        return decode_value(b"p" + data)
    read = _READERS.get(kind)
    if read is None:
        raise RunError(f"a result of kind {kind!r}: a newer jupyter-datum made it")
    return read(io.BytesIO(data))


def _mapped_array(path: Path) -> Any:
    """Pages are read when they are looked at; what is written to them stays here."""
    import numpy

    return numpy.asarray(numpy.load(path, mmap_mode="c", allow_pickle=False))


def _read_array(file: io.BytesIO) -> Any:
    import numpy

    return numpy.load(file, allow_pickle=False)


def _read_pandas(file: io.BytesIO) -> Any:
    import pandas

    return pandas.read_parquet(file)


def _read_series(file: io.BytesIO) -> Any:
    series = _read_pandas(file).iloc[:, 0]
    return series.rename(series.name or None)


def _read_polars(file: io.BytesIO) -> Any:
    import polars

    return polars.read_parquet(file)


def _read_arrow(file: io.BytesIO) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(file)


def _read_image(file: io.BytesIO) -> Any:
    """A picture; where Pillow is missing its bytes."""
    try:
        from PIL import Image
    except ImportError:
        return file.getvalue()
    image = Image.open(file)
    image.load()
    return image


_READERS: Final[dict[str, Callable[[io.BytesIO], Any]]] = {
    "npy": _read_array,
    "parquet": _read_pandas,
    "parquet.series": _read_series,
    "parquet.polars": _read_polars,
    "parquet.arrow": _read_arrow,
    "png": _read_image,
}


class Large:
    """A result that lies in a file, and is read when somebody asks for it.

    Parameters
    ----------
    kind : str
        Of the file: ``"npy"``, ``"parquet"``, ``"png"``, ``"pickle"``, ``"json"``.
    path : Path
    """

    __slots__ = ("kind", "path")

    def __init__(self, kind: str, path: Path) -> None:
        self.kind = kind.removesuffix(_FILE)
        self.path = path

    def load(self) -> Any:
        """Return the value (errors: :func:`value_of`)."""
        return decode_file(self.kind, self.path)

    def __repr__(self) -> str:
        try:
            size = f"{self.path.stat().st_size:,} bytes"
        except OSError:
            size = "gone"
        return f"<{word_of(self.kind)}, {size}: .load()>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Large):
            return self.path == other.path
        return bool(self.load() == other)

    def __hash__(self) -> int:
        return hash(self.path)
