"""Tables that rows are read from: what they have in common, and those that are text.

A table gives its rows one after another, as plain dicts, and, where that can be done, parts of
so many rows that are told by a range: whoever lists them reads the bytes to take their digest,
and the worker reads the range itself.
"""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from blake3 import blake3

from ..errors import InputError
from ..hashing import decode_value
from .csvtypes import Types, found

Row = dict[str, Any]
BLOCK: Final = 1 << 20
#: A line of a table is not longer, else what claims to be a table is something else.
_LONGEST: Final = 64 << 20


class Part(NamedTuple):
    """So many rows of a table: the number of the first, how many, and where they lie.

    ``spec`` is plain JSON with the digest of what lies there; ``rows`` are the rows themselves
    where nobody else could read them.
    """

    first: int
    length: int
    spec: dict[str, Any] | None
    rows: list[Row] | None = None


class Table(ABC):
    """Rows with columns.

    Parameters
    ----------
    label : str
        What people call it.
    """

    def __init__(self, label: str) -> None:
        self.label = label

    @abstractmethod
    def columns(self) -> list[str]:
        """Return the columns' names, of the first row where each has its own."""

    @abstractmethod
    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        """Yield the rows; `columns` are all that is needed of them."""

    def parts(self, size: int, columns: list[str] | None = None) -> Iterator[Part]:
        """Yield `size` rows at a time, and at last the rest."""
        rows, first = self.rows(columns), 0
        while block := list(islice(rows, size)):
            yield Part(first, len(block), None, block)
            first += len(block)

    def decide(self, columns: Collection[str] | None, given: Mapping[str, str]) -> Types | None:
        """Decide the types of columns, where the table has none of its own.

        Parameters
        ----------
        columns : collection of str or None
            Those that are read; None for all.
        given : mapping of str to str
            Types that the user gave.
        """
        return None

    def notes(self) -> tuple[str, ...]:
        """What to tell people, once it is listed."""
        return ()

    def load(self, spec: Mapping[str, Any]) -> Loaded:
        """Return a part that :meth:`parts` told of.

        Raises
        ------
        InputError
            If it is not what it was.
        """
        raise InputError(f"parts of {self.label} are not read by range")

    def changed(self) -> InputError:
        """What to say when a part is not what was listed."""
        return InputError(
            f"{self.label} has changed since it was listed: run again, and its new rows are taken"
        )


def unreadable(path: Path, exc: OSError) -> InputError:
    """What to say when the file of a table cannot be read."""
    return InputError(f"the table {str(path)!r} cannot be read: {exc.strerror}")


class Loaded(NamedTuple):
    """A part of a table as it was read: its rows, with the types of columns where they were
    text, or an Arrow table."""

    rows: list[Row] | None = None
    arrow: Any = None
    types: Mapping[str, str] | None = None


class Lines:
    """The lines of a file, and where the next one begins."""

    def __init__(self, file: IO[bytes], label: str, start: int = 0) -> None:
        self._file = file
        self._label = label
        self.at = start
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        read = self._file.readline
        while line := read(_LONGEST):
            if len(line) == _LONGEST:
                raise InputError(f"{self._label} has a line longer than 64 MB: it is no table")
            self.at += len(line)
            self.number += 1
            yield line


class TextTable(Table):
    """A table whose rows are stretches of a file.

    Parameters
    ----------
    path : Path
    label : str
    """

    def __init__(self, path: Path, label: str) -> None:
        super().__init__(label)
        self.path = path

    @abstractmethod
    def records(self, file: IO[bytes]) -> Iterator[tuple[int, Row]]:
        """Yield where each row ends, and the row; `file` is read from its beginning."""

    @abstractmethod
    def begin(self, file: IO[bytes]) -> int:
        """Return where the first row begins."""

    @abstractmethod
    def parsed(self, data: bytes) -> Loaded:
        """Return the rows in `data`, a stretch of the file."""

    def open(self) -> IO[bytes]:
        """Open the file.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        try:
            return self.path.open("rb")
        except OSError as exc:
            raise InputError(
                f"the table {str(self.path)!r} cannot be read: {exc.strerror}"
            ) from exc

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        with self.open() as file:
            for _, row in self.records(file):
                yield row

    def parts(self, size: int, columns: list[str] | None = None) -> Iterator[Part]:
        with self.open() as file, self.open() as again:
            at = self.begin(again)
            ends, first = (end for end, _ in self.records(file)), 0
            while block := list(islice(ends, size)):
                spec = {"at": at, "length": block[-1] - at}
                yield Part(first, len(block), {**spec, "digest": _digest(again, **spec)})
                at, first = block[-1], first + len(block)

    def load(self, spec: Mapping[str, Any]) -> Loaded:
        with self.open() as file:
            file.seek(int(spec["at"]))
            data = file.read(int(spec["length"]))
        if blake3(data).hexdigest(length=16) != spec["digest"]:
            raise self.changed()
        return self.parsed(data)


def _digest(file: IO[bytes], at: int, length: int) -> str:
    file.seek(at)
    hasher, left = blake3(), length
    while left and (data := file.read(min(BLOCK, left))):
        hasher.update(data)
        left -= len(data)
    return str(hasher.hexdigest(length=16))


class CsvTable(TextTable):
    """Comma (semicolon, tab) separated values with a line of names.

    Its rows are text; what values they are is told by the types that :meth:`decide` gives.
    """

    _types: Types | None = None
    _notes: tuple[str, ...] = ()

    def columns(self) -> list[str]:
        with self.open() as file:
            return self._header(file)[0]

    def begin(self, file: IO[bytes]) -> int:
        return self._header(file)[2]

    def _header(self, file: IO[bytes]) -> tuple[list[str], str, int]:
        """Names, delimiter, and where the first row begins."""
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
        file.seek(start)
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
        with self.open() as file:
            names, delimiter, start = self._header(file)
            file.seek(start)
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
        rows = super().load(spec).rows or []
        try:
            types = Types.of_code(spec["types"], self.columns(), self.label)
        except ValueError:
            raise self.changed() from None
        if types.form != spec["typed"]:
            raise self.changed()
        return Loaded([types.values(row, n) for n, row in enumerate(rows)], types=types.types)

    def parsed(self, data: bytes) -> Loaded:
        with self.open() as file:
            names, delimiter, _ = self._header(file)
        rows = self._records(Lines(io.BytesIO(data), self.label), names, delimiter)
        return Loaded([row for _, row in rows])


def _decoded(lines: Lines) -> Iterator[str]:
    for line in lines:
        yield line.decode("utf-8", "surrogateescape")


class RowFile(TextTable):
    """Rows of the kernel as :func:`write_rows` kept them: a length and an encoded value each."""

    def columns(self) -> list[str]:
        return list(next(self.rows(), {}))

    def begin(self, file: IO[bytes]) -> int:
        return 0

    def records(self, file: IO[bytes]) -> Iterator[tuple[int, Row]]:
        at = 0
        while head := file.read(4):
            length = int.from_bytes(head, "big")
            at += 4 + length
            yield at, decode_value(file.read(length))

    def parsed(self, data: bytes) -> Loaded:
        return Loaded([row for _, row in self.records(io.BytesIO(data))])


def as_row(value: Any, label: str, where: str) -> Row:
    """Return `value` if it is a row.

    Raises
    ------
    InputError
        If it is no dict with names.
    """
    if isinstance(value, dict) and all(type(name) is str for name in value):
        return value
    raise InputError(f"{where} of {label} is no object with names, but {type(value).__name__}")
