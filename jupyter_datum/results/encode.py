"""Writes a result in the format that fits its type.

Nothing is imported to look at a type: whoever has made an array has NumPy loaded. A value
that its format would not give back as it was becomes a pickle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Final

Writer = Callable[[Any, BinaryIO], None]

#: NumPy's scalars that Python has too; they are recorded as Python's.
_SCALARS: Final = frozenset(
    {
        "bool", "bool_", "str_", "float16", "float32", "float64",
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    }
)  # fmt: skip
#: Deeper nesting is left to pickle.
_DEPTH: Final = 50
_PLAIN: Final = frozenset({int, str, float, bool, type(None)})
#: Modes of images that PNG holds as they are.
_PNG_MODES: Final = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
#: Packages whose objects are drawn into a figure.
_DRAWN: Final = ("matplotlib", "seaborn")


def package_of(value: object) -> str:
    """Return the top-level package that a value's type comes from."""
    return str(getattr(type(value), "__module__", "")).partition(".")[0]


def unboxed(value: Any, depth: int = 0) -> Any:
    """Return `value` with NumPy's scalars in it, at any depth, as Python's."""
    kind = type(value)
    if kind in _PLAIN or depth > _DEPTH:
        return value
    if kind is list or kind is tuple:
        return kind(unboxed(item, depth + 1) for item in value)
    if kind is dict:
        return {unboxed(k, depth + 1): unboxed(v, depth + 1) for k, v in value.items()}
    if kind.__name__ in _SCALARS and package_of(value) == "numpy":
        return value.item()
    return value


def writer_of(value: Any) -> tuple[str, Writer] | None:
    """Return kind and writer of the format that fits a value; None if only a pickle does."""
    package = package_of(value)
    found = _BY_TYPE.get((package, type(value).__name__))
    if found is not None:
        return found
    if package == "PIL" and getattr(value, "mode", None) in _PNG_MODES:
        return "png", _write_image
    if figure_of(value) is not None:
        return "png", _write_figure
    return None


def figure_of(value: Any) -> Any:
    """Return the figure that a value is, or is drawn in: of an Axes, a list of lines, ..."""
    if type(value) in (list, tuple) and value:
        value = value[0]
    if package_of(value) not in _DRAWN or isinstance(value, type):
        return None
    figure = value if hasattr(value, "savefig") else getattr(value, "figure", None)
    return figure if hasattr(figure, "savefig") else None


def _write_array(value: Any, file: BinaryIO) -> None:
    import numpy

    numpy.save(file, value, allow_pickle=False)


def _write_pandas(value: Any, file: BinaryIO) -> None:
    """A DataFrame whose columns Parquet gives back as they are."""
    import pyarrow
    import pyarrow.parquet

    for column in value.columns:
        if type(column) is not str:
            raise ValueError("a column's name is no str")
    for at, kind in enumerate(value.dtypes):
        if str(kind) == "object":
            _check_texts(value.iloc[:, at])
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(value), file)


def _check_texts(column: Any) -> None:
    """Objects that are all texts come back so; lists, say, would come back as arrays."""
    from pandas.api.types import infer_dtype

    if len(column) and infer_dtype(column, skipna=False) != "string":
        raise ValueError("a column holds objects")


def _write_series(value: Any, file: BinaryIO) -> None:
    if value.name is not None and type(value.name) is not str:
        raise ValueError("the name is no str")
    _write_pandas(value.to_frame(name=value.name or ""), file)


def _write_polars(value: Any, file: BinaryIO) -> None:
    value.write_parquet(file)


def _write_arrow(value: Any, file: BinaryIO) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(value, file)


def _write_image(value: Any, file: BinaryIO) -> None:
    value.save(file, "PNG")


def _write_figure(value: Any, file: BinaryIO) -> None:
    figure_of(value).savefig(file, format="png", bbox_inches="tight")


#: (package, type) -> kind, writer. Exact types: a subclass knows more than its format.
_BY_TYPE: Final[dict[tuple[str, str], tuple[str, Writer]]] = {
    ("numpy", "ndarray"): ("npy", _write_array),
    ("pandas", "DataFrame"): ("parquet", _write_pandas),
    ("pandas", "Series"): ("parquet.series", _write_series),
    ("polars", "DataFrame"): ("parquet.polars", _write_polars),
    ("pyarrow", "Table"): ("parquet.arrow", _write_arrow),
}
