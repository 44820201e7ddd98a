"""Results as a table: what a datum is, what it came to, and its metrics, a row each."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from ..errors import DatumError, UsageError
from ..hashing import decode_value
from ..inputs import Input, Listed, UpstreamInput
from ..ledger.queries import key_text
from ..project import Project
from ..results import Large
from .order import Outcome, outcomes
from .results import decoded

#: Libraries that make tables.
LIBRARIES: Final = ("pandas", "polars")
#: Rows that are turned into a table at once: so many Python objects are alive.
_CHUNK: Final = 50_000

Row = dict[str, Any]
#: Where a value comes from, column, values: the part that gives a page its columns.
Columns = dict[tuple[str, str], list[Any]]


def frame_of(
    conn: sqlite3.Connection,
    project: Project,
    transform: int,
    source: Input | None,
    library: str = "pandas",
) -> Any:
    """Return a DataFrame with a row for each datum that holds a success, in input order.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    transform : int
    source : Input or None
        Tells paths, keys and values; None if it is not known any more.
    library : str
        ``"pandas"`` or ``"polars"``.

    Raises
    ------
    UsageError
        If the library is another one, or not installed.
    """
    make, concat = _maker(library)
    listed = _Beside(source)
    chunks: list[Any] = []
    names: dict[tuple[str, str], str] = {}
    waiting: list[tuple[list[Outcome], list[Listed | None]]] = []
    for page in outcomes(conn, project, transform):
        beside = listed.page(page)
        rows = [row for row in page if row is not None]
        waiting.append((rows, [each for each, row in zip(beside, page, strict=True) if row]))
        if sum(len(rows) for rows, _ in waiting) >= _CHUNK:
            chunks.append(_chunk(waiting, source, project, names, make))
            waiting = []
    if waiting or not chunks:
        chunks.append(_chunk(waiting, source, project, names, make))
    return chunks[0] if len(chunks) == 1 else concat(chunks)


def _chunk(
    pages: list[tuple[list[Outcome], list[Listed | None]]],
    source: Input | None,
    project: Project,
    names: dict[tuple[str, str], str],
    make: Any,
) -> Any:
    rows = [row for page, _ in pages for row in page]
    listed = [each for _, page in pages for each in page]
    pairs = zip(rows, listed, strict=True)
    columns = _spread("key", [_what_it_is(row, each, source) for row, each in pairs])
    values = [_value(each) for each in listed]
    if any(value is not None for value in values):
        told = _columns("value", values)
        for _, name in told:  # a row's key is one of its values: as a text it says less
            columns.pop(("key", name), None)
        columns |= told
    _drop_twice(columns)
    columns |= _columns("result", decoded(rows, project))
    columns |= _spread("metrics", [json.loads(row.metrics) if row.metrics else {} for row in rows])
    return make({_name(names, *column): values for column, values in columns.items()})


def _drop_twice(columns: Columns) -> None:
    """A key made of columns that stand beside it, under the word that makes it one."""
    for word in ("on", "by"):
        others = [values for (_, name), values in columns.items() if name not in ("on", "by")]
        made = columns.get(("key", word), [])
        if made and any([str(value) for value in values] == made for values in others):
            del columns["key", word]


def _name(names: dict[tuple[str, str], str], origin: str, column: str) -> str:
    """The name of a column; where two origins have the same, the later one says whose it is."""
    found = names.get((origin, column))
    if found is None:
        taken = set(names.values())
        found = column if column not in taken else f"{origin}.{column}"
        names[origin, column] = found
    return found


def _columns(origin: str, values: list[Any]) -> Columns:
    """Dicts become columns; else the values are one."""
    kinds = set(map(type, values))
    if dict in kinds and kinds <= {dict, type(None)}:
        return _spread(origin, [value or {} for value in values])
    return {(origin, origin): values}


def _spread(origin: str, rows: list[Row]) -> Columns:
    columns = dict.fromkeys(str(name) for row in rows for name in row)
    return {(origin, name): [row.get(name) for row in rows] for name in columns}


# -- what a datum is -------------------------------------------------------------------------


def _what_it_is(row: Outcome, listed: Listed | None, source: Input | None) -> Row:
    """Path and captures of a datum."""
    if listed is None:
        if source is None or source.kind != "glob":
            return {}
        return {"path": os.fsdecode(row.key), **_captures(source.captures(row.key))}
    found = {**_paths(listed), **_captures(listed.captures)}
    if not found and isinstance(source, UpstreamInput):  # its value is what was made of it
        text = key_text(row.key)
        return {} if "\\" in text else {"key": text}  # a digest says nothing
    return found


def _paths(listed: Listed) -> Row:
    found: dict[str, list[str]] = {}
    for name, rel, _ in listed.files:
        found.setdefault(name, []).append(os.fsdecode(rel))
    paths = {name: rels[0] if len(rels) == 1 else rels for name, rels in found.items()}
    return {"path": next(iter(paths.values()))} if len(paths) == 1 else dict(paths)


def _captures(captures: dict[str, str]) -> Row:
    """Named ones by name; numbers count all of them, and say nothing new where all have names."""
    named = {name: text for name, text in captures.items() if not name.isdigit()}
    if 2 * len(named) >= len(captures):
        return named
    return {f"${name}" if name.isdigit() else name: text for name, text in captures.items()}


def _value(listed: Listed | None) -> Any:
    """A datum's value; None of one that its worker loads, a part of a table, say."""
    if listed is None or listed.value is None or listed.value[:1] == b"l":
        return None
    return decode_value(listed.value)


class _Beside:
    """The input's listing beside its order: the same datums, unless it has changed since."""

    def __init__(self, source: Input | None) -> None:
        # Of a plain glob the key tells everything: its folders need not be walked.
        self._listing = iter(()) if source is None or source.kind == "glob" else _listing(source)
        self._ahead: dict[bytes, Listed] = {}

    def page(self, rows: Sequence[Outcome | None]) -> list[Listed | None]:
        """Return what the input says of these datums; None where it says nothing."""
        for _, listed in zip(rows, self._listing, strict=False):
            self._ahead[listed.key] = listed
        found = [self._ahead.pop(row.key, None) if row else None for row in rows]
        if len(self._ahead) > 2 * _CHUNK:  # datums that have no success, or a changed input
            self._ahead = dict(list(self._ahead.items())[-_CHUNK:])
        return found


def _listing(source: Input) -> Iterator[Listed]:
    try:
        yield from source.list(frozenset(), [])
    except (DatumError, OSError):  # the input is gone: results stay
        return


# -- tables ----------------------------------------------------------------------------------


def _maker(library: str) -> tuple[Any, Any]:
    """How a library makes a table of columns, and one of several tables."""
    if library not in LIBRARIES:
        raise UsageError(f"a frame is one of {', '.join(LIBRARIES)}, not {library!r}")
    try:
        if library == "polars":
            import polars

            return _polars_frame, lambda chunks: polars.concat(chunks, how="diagonal_relaxed")
        import pandas

        return pandas.DataFrame, lambda chunks: pandas.concat(chunks, ignore_index=True)
    except ImportError:
        raise UsageError(f"{library} is not installed here: pip install {library}") from None


def _polars_frame(columns: dict[str, list[Any]]) -> Any:
    import polars

    return polars.DataFrame([_polars_column(name, values) for name, values in columns.items()])


def _polars_column(name: str, values: list[Any]) -> Any:
    import polars

    if _any_large(values):
        return polars.Series(name, values, dtype=polars.Object)
    try:
        return polars.Series(name, values, strict=False)
    except (TypeError, ValueError, polars.exceptions.PolarsError):
        return polars.Series(name, values, dtype=polars.Object)


def _any_large(values: Iterable[Any]) -> bool:
    return any(type(value) is Large for value in values)


def make_frame(rows: Iterable[Row], library: str = "pandas") -> Any:
    """Return a table of rows that come as dicts, some thousand of them at a time.

    Raises
    ------
    UsageError
        If the library is unknown, or not installed.
    """
    make, concat = _maker(library)
    iterator = iter(rows)
    chunks = []
    while block := list(islice(iterator, _CHUNK)):
        names = dict.fromkeys(name for row in block for name in row)
        chunks.append(make({name: [row.get(name) for row in block] for name in names}))
    return concat(chunks) if chunks else make({})
