"""Rows as the frame that a cell asks for, and which rows a filter lets pass."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ..errors import InputError, UsageError
from .needed import needed
from .tables import Loaded, Row

FRAMES: Final = ("pandas", "polars", "arrow")
Filter = tuple[str, str, Any]

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda have, wanted: have in wanted,
    "not in": lambda have, wanted: have not in wanted,
}


def checked_filters(filters: Any) -> tuple[Filter, ...]:
    """Return filters as they were given, if they can be understood.

    Raises
    ------
    UsageError
        If one is not (column, comparison, value).
    """
    found = []
    for one in filters or ():
        good = isinstance(one, list | tuple) and len(one) == 3 and isinstance(one[0], str)
        if not good or one[1] not in _COMPARE:
            raise UsageError(
                f"a filter is (column, comparison, value), not {one!r}. "
                f"An example: ('score', '>=', 0.5). Comparisons: {', '.join(_COMPARE)}"
            )
        found.append((one[0], one[1], one[2]))
    return tuple(found)


def value_at(row: Row, column: str) -> Any:
    """Return a column of a row; ``data.image`` looks into what is nested.

    Raises
    ------
    LookupError
        If there is none.
    """
    if column in row:
        return row[column]
    value: Any = row
    for name in column.split("."):
        if not isinstance(value, dict) or name not in value:
            raise LookupError(column)
        value = value[name]
    return value


def passes(row: Row, filters: Iterable[Filter]) -> bool:
    """Whether a row passes all filters; what cannot be compared does not, nor does None."""
    for column, comparison, wanted in filters:
        try:
            have = value_at(row, column)
            if isinstance(have, str) and type(wanted) in (int, float):
                have = float(have)  # text tables have no numbers
            if have is None or not _COMPARE[comparison](have, wanted):
                return False
        except (LookupError, TypeError, ValueError):
            return False
    return True


def selected(row: Row, columns: tuple[str, ...]) -> Row:
    """Return a row with these columns only; all of them if none is named."""
    return {name: row[name] for name in columns if name in row} if columns else row


def framed(
    part: Loaded, frame: str | None, columns: tuple[str, ...], filters: tuple[Filter, ...]
) -> Any:
    """Return a part of a table as a list of dicts, or as the frame asked for.

    Raises
    ------
    InputError
        If the package for it is missing.
    """
    if part.rows is not None or frame is None:
        rows = part.arrow.to_pylist() if part.rows is None else part.rows
        rows = [selected(row, columns) for row in rows if passes(row, filters)]
        if frame is None:
            return rows
        part, filters = Loaded(rows, types=part.types), ()
    if frame == "pandas" and part.rows is not None:
        return _pandas(part.rows, part.types, columns)
    table = _arrow(part, columns)
    if filters:
        parquet = needed("pyarrow.parquet", "for filters on frames")
        table = table.filter(parquet.filters_to_expression([list(filters)]))
    if columns:
        table = table.select([name for name in columns if name in table.column_names])
    if frame == "polars":
        return needed("polars", 'for frame="polars"').from_arrow(table)
    return table.to_pandas() if frame == "pandas" else table


def _pandas(rows: list[Row], types: Mapping[str, str] | None, columns: tuple[str, ...]) -> Any:
    """Without Arrow in between: objects stay what they are."""
    pandas = needed("pandas", 'for frame="pandas"')
    if types is None:
        return pandas.DataFrame(rows)
    series = {}
    for name in _names(rows, types, columns):
        values = [row[name] for row in rows]
        series[name] = pandas.Series(values, dtype=_dtype(types.get(name, "text"), values))
    return pandas.DataFrame(series)


def _names(rows: list[Row], types: Mapping[str, str], columns: tuple[str, ...]) -> Iterable[str]:
    """The columns of a frame, which may have no rows left."""
    return rows[0] if rows else columns or types


def _dtype(kind: str, values: list[Any]) -> str | None:
    """Whole numbers stay whole beside an empty cell, which float64 would not let them."""
    if None in values and kind in ("int", "bool"):
        return {"int": "Int64", "bool": "boolean"}[kind]
    return {"int": "int64", "float": "float64", "bool": "bool"}.get(kind)


def _arrow(part: Loaded, columns: tuple[str, ...]) -> Any:
    if part.arrow is not None:
        return part.arrow
    pyarrow = needed("pyarrow", "for Arrow and Polars frames")
    rows = part.rows or []
    try:
        if part.types is None:
            return pyarrow.Table.from_pylist(rows)
        kinds = {"int": pyarrow.int64(), "float": pyarrow.float64(), "bool": pyarrow.bool_()}
        names = _names(rows, part.types, columns)
        fields = [(name, kinds.get(part.types.get(name, ""), pyarrow.string())) for name in names]
        return pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(fields))
    except (pyarrow.ArrowException, TypeError, UnicodeError) as exc:
        raise InputError(f"the rows do not fit an Arrow table: {exc}") from exc
