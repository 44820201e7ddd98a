"""CSV tables, whose columns have no types of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from ..errors import InputError
from .csvtypes import Types, found
from .tables import Lines, Loaded, Part, Row, TextTable, opened


class CsvTable(TextTable):
    """Comma (semicolon, tab) separated values with a line of names.

    Its rows are text; what values they are is told by the types that :meth:`decide` gives.
    """

    _types: Types | None = None
    _notes: tuple[str, ...] = ()

    def columns(self) -> list[str]:
        return self._head()[0]

    def _head(self) -> tuple[list[str], str, int]:
        with opened(self.path, head=True) as file:
            return self._header(file)

    def _header(self, file: IO[bytes]) -> tuple[list[str], str, int]:
        """Names, delimiter, and where the first row begins: so far the file is read then."""
        lines = Lines(file, self.label)
        texts = _decoded(lines)
        first = next(iter(texts), "").removeprefix("\ufeff")
        delimiter = max(",;\t|", key=first.count)

        def whole() -> Iterator[str]:
            yield first
            yield from texts

        names = next(self._fields(whole(), delimiter), [])
        if not any(names):
            raise InputError(f"{self.label} is empty: its first line must name the columns")
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise InputError(f"{self.label} has two columns of the name {doubled[0]!r}")
        return names, delimiter, lines.at

    def _fields(self, texts: Iterator[str], delimiter: str) -> Iterator[list[str]]:
        try:
            yield from csv.reader(texts, delimiter=delimiter, strict=True)
        except csv.Error as exc:
            raise InputError(f"{self.label} is not CSV: {exc}") from exc

    def records(self, file: IO[bytes]) -> Iterator[tuple[int, Row]]:
        names, delimiter, start = self._header(file)
        return self._records(Lines(file, self.label, start), names, delimiter)

    def _records(self, lines: Lines, names: list[str], delimiter: str) -> Iterator[tuple[int, Row]]:
        for fields in self._whole(lines, delimiter, len(names)):
            yield lines.at, dict(zip(names, fields, strict=True))

    def _whole(self, lines: Lines, delimiter: str, width: int) -> Iterator[list[str]]:
        for fields in self._fields(_decoded(lines), delimiter):
            if len(fields) == width:
                yield fields
            elif fields:
                raise InputError(
                    f"{self.label}, near its line {lines.number + 1}: a row has {len(fields)} "
                    f"fields, and there are {width} columns"
                )

    def decide(self, columns: Collection[str] | None, given: Mapping[str, str]) -> Types:
        with opened(self.path) as file:
            names, delimiter, start = self._header(file)
            lines = Lines(file, self.label, start)
            read = [name for name in names if columns is None or name in columns]
            rows = self._whole(lines, delimiter, len(names))
            types, notes = found(names, {*read} - {*given}, rows)
        self._notes = tuple(f"{self.label}: {note}" for note in notes)
        kinds = {name: given.get(name) or types[name] for name in read}
        self._types = Types(self.label, names, kinds, given)
        return self._types

    def notes(self) -> tuple[str, ...]:
        return self._notes

    def parts(self, size: int, columns: list[str] | None = None) -> Iterator[Part]:
        types = self._types or self.decide(columns, {})
        told = {"types": types.code, "typed": types.form}
        for part in super().parts(size, columns):
            yield part._replace(spec={**(part.spec or {}), **told})

    def load(self, spec: Mapping[str, Any]) -> Loaded:
        data = self.checked(spec)
        names, delimiter, _ = self._head()
        try:
            types = Types.of_code(spec["types"], names, self.label)
        except ValueError:
            raise self.changed() from None
        if types.form != spec["typed"]:
            raise self.changed()
        rows = self._texts(data, names, delimiter)
        return Loaded([types.values(row, n) for n, row in enumerate(rows)], types=types.types)

    def parsed(self, data: bytes) -> Loaded:
        names, delimiter, _ = self._head()
        return Loaded([*self._texts(data, names, delimiter)])

    def _texts(self, data: bytes, names: list[str], delimiter: str) -> Iterator[Row]:
        lines = Lines(io.BytesIO(data), self.label)
        return (row for _, row in self._records(lines, names, delimiter))


def _decoded(lines: Lines) -> Iterator[str]:
    for line in lines:
        yield line.decode("utf-8", "surrogateescape")
