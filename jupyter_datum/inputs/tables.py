"""Tables that rows are read from: what they have in common, and those that are text.

A table gives its rows one after another, as plain dicts, and, where that can be done, parts of
so many rows that are told by a range: whoever lists them reads the bytes to take their digest,
and the worker reads the range itself.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, cast

from blake3 import blake3

from ..errors import InputError
from ..hashing import decode_value
from ..remote import UrlFile
from .csvtypes import Types

Row = dict[str, Any]
#: Where the file of a table is: on this machine, or behind a URL.
TableFile = Path | UrlFile
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


def unreadable(path: TableFile, exc: Exception) -> InputError:
    """What to say when the file of a table cannot be read."""
    text = getattr(exc, "strerror", None) or str(exc).partition("\n")[0]
    return InputError(f"the table {str(path)!r} cannot be read: {text}")


def opened(path: TableFile, *, head: bool = False) -> IO[bytes]:
    """Open the file of a table, to be read from its beginning.

    Parameters
    ----------
    path : Path or UrlFile
    head : bool
        Whether little of it will be read.

    Raises
    ------
    InputError
        If a file of this machine cannot be read.
    OSError
        If a store does not give one.
    """
    if not isinstance(path, Path):
        return path.head() if head else path.stream()
    try:
        return path.open("rb")
    except OSError as exc:
        raise unreadable(path, exc) from exc


def stretch(path: TableFile, at: int, length: int) -> bytes:
    """Return a range of the file of a table.

    Raises
    ------
    InputError, OSError
        As :func:`opened`.
    """
    with opened(path) if isinstance(path, Path) else path.ranges() as file:
        file.seek(at)
        return file.read(length) or b""


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


class Passing:
    """A file that is read from its beginning, and a digest of what was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._pending: list[bytes] = []
        self._hasher = blake3()
        #: Where what was taken ends.
        self.at = 0

    def readline(self, limit: int = -1) -> bytes:
        """As of a file."""
        data = self._file.readline(limit)
        self._pending.append(data)
        return data

    def read(self, size: int = -1) -> bytes:
        """As of a file."""
        data = self._file.read(size)
        self._pending.append(data)
        return data

    def take(self) -> None:
        """Take what was read since into the digest."""
        for data in self._pending:
            self._hasher.update(data)
            self.at += len(data)
        self._pending.clear()

    def digest(self) -> str:
        """Return the digest of what was taken, and begin another one."""
        found, self._hasher = self._hasher, blake3()
        return str(found.hexdigest(length=16))


class TextTable(Table):
    """A table whose rows are stretches of a file.

    Parameters
    ----------
    path : Path or UrlFile
    label : str
    """

    def __init__(self, path: TableFile, label: str) -> None:
        super().__init__(label)
        self.path = path

    @abstractmethod
    def records(self, file: IO[bytes]) -> Iterator[tuple[int, Row]]:
        """Yield where each row ends, and the row; `file` is read from its beginning, and has
        been read up to the first row when this returns."""

    @abstractmethod
    def parsed(self, data: bytes) -> Loaded:
        """Return the rows in `data`, a stretch of the file."""

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        with opened(self.path) as file:
            for _, row in self.records(file):
                yield row

    def parts(self, size: int, columns: list[str] | None = None) -> Iterator[Part]:
        with opened(self.path) as file:
            passing = Passing(file)
            records = self.records(cast(IO[bytes], passing))
            passing.take()
            passing.digest()
            at, first = passing.at, 0
            while True:
                n = 0
                for _ in islice(records, size):
                    passing.take()
                    n += 1
                if not n:
                    return
                spec = {"at": at, "length": passing.at - at, "digest": passing.digest()}
                yield Part(first, n, spec)
                at, first = passing.at, first + n

    def load(self, spec: Mapping[str, Any]) -> Loaded:
        return self.parsed(self.checked(spec))

    def checked(self, spec: Mapping[str, Any]) -> bytes:
        """Return the bytes of a part.

        Raises
        ------
        InputError
            If they are not what they were.
        """
        data = stretch(self.path, int(spec["at"]), int(spec["length"]))
        if blake3(data).hexdigest(length=16) != spec["digest"]:
            raise self.changed()
        return data


class RowFile(TextTable):
    """Rows of the kernel as :func:`write_rows` kept them: a length and an encoded value each."""

    def columns(self) -> list[str]:
        return list(next(self.rows(), {}))

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
