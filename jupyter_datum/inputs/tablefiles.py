"""Tables in files: JSON lines and arrays, and which file holds which kind."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from ..errors import InputError
from ..remote import UrlFile, is_url
from .csvtable import CsvTable
from .tables import (
    BLOCK,
    Lines,
    Loaded,
    Row,
    Table,
    TableFile,
    TextTable,
    as_row,
    opened,
)

#: How the names of Parquet files end.
PARQUET: Final = (".parquet", ".pq")
_MAGIC: Final = re.compile(r"\*|\{.*,.*\}")


class JsonLinesTable(TextTable):
    """One JSON object a line."""

    def columns(self) -> list[str]:
        with opened(self.path, head=True) as file:
            return list(next((row for _, row in self.records(file)), {}))

    def records(self, file: IO[bytes]) -> Iterator[tuple[int, Row]]:
        lines = Lines(file, self.label)
        for line in lines:
            if line.strip():
                yield lines.at, self._row(line, lines.number)

    def _row(self, line: bytes, number: int) -> Row:
        try:
            return as_row(json.loads(line), self.label, f"line {number}")
        except ValueError as exc:
            raise InputError(f"line {number} of {self.label} is not JSON: {exc}") from exc

    def parsed(self, data: bytes) -> Loaded:
        return Loaded([row for _, row in self.records(io.BytesIO(data))])


class JsonTable(Table):
    """A JSON array of objects, as Label Studio and many others export it; read as it comes."""

    def __init__(self, path: TableFile, label: str) -> None:
        super().__init__(label)
        self.path = path

    def columns(self) -> list[str]:
        return list(next(self._items(head=True), {}))

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        return self._items()

    def _items(self, *, head: bool = False) -> Iterator[Row]:
        try:
            with opened(self.path, head=head) as data:
                file = io.TextIOWrapper(data, encoding="utf-8-sig", errors="surrogateescape")
                for number, item in enumerate(_array_items(file.read), start=1):
                    yield as_row(item, self.label, f"item {number}")
        except ValueError as exc:
            raise InputError(f"{self.label} is no JSON array of objects: {exc}") from exc


def _array_items(read: Callable[[int], str]) -> Iterator[Any]:
    """Yield the items of a JSON array that comes in pieces.

    Raises
    ------
    ValueError
        If it is none.
    """
    decode, text, more = json.JSONDecoder().raw_decode, read(BLOCK).lstrip(), True
    if not text.startswith("["):
        raise ValueError("it does not begin with '['")
    text, first = text[1:].lstrip(), True
    while True:
        text = text.lstrip()
        try:
            if text.startswith("]"):
                return
            start = 0 if first else _comma(text)
            item, end = decode(text, start)
            if end == len(text) and more:  # a number may go on
                raise ValueError("cut off")
        except ValueError:
            block = read(BLOCK)
            if not block:
                if not more:
                    raise
                more = False
            text += block
            continue
        yield item
        text, first = text[end:], False


def _comma(text: str) -> int:
    """Return where the item behind a comma begins."""
    if not text.startswith(","):
        raise ValueError(f"',' or ']' expected, not {text[:20]!r}")
    return len(text) - len(text[1:].lstrip())


def ending_of(table: str | None) -> str:
    """Return the ending of a table's path or URL, in small letters; none of what is no file."""
    if not table:
        return ""
    path: TableFile = UrlFile(table) if is_url(table) else Path(table)
    return path.suffix.lower()


def file_table(path: TableFile, label: str | None = None) -> Table:
    """Return the table in a file, by its ending.

    Raises
    ------
    InputError
        If no table has that ending, or there is no such file on this machine.
    """
    from .parquet import ParquetTable

    kinds: dict[str, Callable[[TableFile, str], Table]] = {
        ".csv": CsvTable,
        ".tsv": CsvTable,
        ".jsonl": JsonLinesTable,
        ".ndjson": JsonLinesTable,
        ".json": JsonTable,
        **dict.fromkeys(PARQUET, ParquetTable),
    }
    label = label or path.name
    kind = kinds.get(path.suffix.lower())
    there = not isinstance(path, Path) or path.is_file()
    if not isinstance(path, Path) or not there:
        _check_one(str(path))
    if kind is None:
        raise InputError(
            f"{label!r} is no table that can be read: its name must end in {', '.join(kinds)}"
        )
    if isinstance(path, Path) and not there:
        near = os.path.dirname(path)
        raise InputError(f"there is no table {path.name!r} in {near!r}")
    return kind(path, label)


def _check_one(path: str) -> None:
    if _MAGIC.search(path):
        raise InputError(
            f"rows() reads one table, and {path!r} is a pattern. Several tables are "
            "union(rows(...), rows(...)); with -i and the pattern each file is a datum"
        )
