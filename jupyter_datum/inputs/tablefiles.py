"""Tables in files: JSON lines and arrays, and which file holds which kind."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import InputError
from .tables import (
    BLOCK,
    CsvTable,
    Lines,
    Loaded,
    Row,
    Table,
    TextTable,
    as_row,
)


class JsonLinesTable(TextTable):
    """One JSON object a line."""

    def columns(self) -> list[str]:
        return list(next(self.rows(), {}))

    def begin(self, file: IO[bytes]) -> int:
        return 0

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

    def __init__(self, path: Path, label: str) -> None:
        super().__init__(label)
        self.path = path

    def columns(self) -> list[str]:
        return list(next(self.rows(), {}))

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        try:
            with self.path.open("r", encoding="utf-8-sig", errors="surrogateescape") as file:
                for number, item in enumerate(_array_items(file.read), start=1):
                    yield as_row(item, self.label, f"item {number}")
        except OSError as exc:
            raise InputError(
                f"the table {str(self.path)!r} cannot be read: {exc.strerror}"
            ) from exc
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


def file_table(path: Path, label: str | None = None) -> Table:
    """Return the table in a file, by its ending.

    Raises
    ------
    InputError
        If no table has that ending, or there is no such file.
    """
    from .parquet import ParquetTable

    kinds: dict[str, Callable[[Path, str], Table]] = {
        ".csv": CsvTable,
        ".tsv": CsvTable,
        ".jsonl": JsonLinesTable,
        ".ndjson": JsonLinesTable,
        ".json": JsonTable,
        ".parquet": ParquetTable,
        ".pq": ParquetTable,
    }
    label = label or path.name
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"{label!r} is no table that can be read: its name must end in {', '.join(kinds)}"
        )
    if not path.is_file():
        near = os.path.dirname(path)
        raise InputError(f"there is no table {path.name!r} in {near!r}")
    return kind(path, label)
