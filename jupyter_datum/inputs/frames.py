"""Rows as the frame that a cell asks for, and which rows a filter lets pass."""

from __future__ import annotations

import io
import operator
from collections.abc import Callable, Iterable
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
    if frame is None:
        rows = part.arrow.to_pylist() if part.rows is None else part.rows
        return [selected(row, columns) for row in rows if passes(row, filters)]
    if frame == "pandas" and part.arrow is None:
        return _pandas(part, columns, filters)
    table = _arrow(part)
    if filters:
        parquet = needed("pyarrow.parquet", "for filters on frames")
        table = table.filter(parquet.filters_to_expression([list(filters)]))
    if columns:
        table = table.select([name for name in columns if name in table.column_names])
    if frame == "polars":
        return needed("polars", 'for frame="polars"').from_arrow(table)
    return table.to_pandas() if frame == "pandas" else table


def _pandas(part: Loaded, columns: tuple[str, ...], filters: tuple[Filter, ...]) -> Any:
    """Without Arrow in between: objects stay what they are, and text is read as pandas does."""
    pandas = needed("pandas", 'for frame="pandas"')
    rows = part.rows or []
    kept = [i for i, row in enumerate(rows) if passes(row, filters)]
    if part.text is not None:
        frame = pandas.read_csv(io.BytesIO(part.text), sep=part.delimiter)
        frame = frame if len(kept) == len(frame) else frame.iloc[kept].reset_index(drop=True)
        return frame[list(columns)] if columns else frame
    return pandas.DataFrame([selected(rows[i], columns) for i in kept])


def _arrow(part: Loaded) -> Any:
    if part.arrow is not None:
        return part.arrow
    pyarrow = needed("pyarrow", "for Arrow and Polars frames")
    try:
        if part.text is not None:
            reader = needed("pyarrow.csv", "to read CSV with types")
            options = reader.ParseOptions(delimiter=part.delimiter, newlines_in_values=True)
            return reader.read_csv(io.BytesIO(part.text), parse_options=options)
        return pyarrow.Table.from_pylist(part.rows or [])
    except (pyarrow.ArrowException, TypeError) as exc:
        raise InputError(f"the rows do not fit an Arrow table: {exc}") from exc
