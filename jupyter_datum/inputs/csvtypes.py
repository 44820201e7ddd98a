"""Types for the columns of CSV, which has none: found in one pass, the same on every machine.

A column is ``int``, ``float`` or ``bool`` if all that stands in it says so, else ``text``. What
would lose something as a number (a leading zero, digits beyond 64 bits) is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import compress, islice
from typing import Any, Final

from ..errors import InputError, UsageError
from ..hashing import hex_digest

TYPES: Final = ("int", "float", "bool", "text")
_SKIPPED: Final = "-"
_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1

_WHOLE = r"-?(?:0|[1-9][0-9]{0,17})"
_REAL = (
    rf"(?:{_WHOLE}|-?(?:0|[1-9][0-9]{{0,199}})\.[0-9]{{0,200}}|-?\.[0-9]{{1,200}})"
    r"(?:[eE][+-]?[0-9]{1,2})?"
)
#: Rows that are looked at together.
_BLOCK: Final = 1_000
#: Joins a block of values: who has it in a value is looked at one by one.
_END: Final = "\x1f"
#: What all values of a block look like that need no closer look, of each type.
_ALL: Final = {
    kind: re.compile(rf"(?:(?: *{one} *)?{_END})*")
    for kind, one in {"int": _WHOLE, "float": _REAL, "bool": r"(?i:true|false)"}.items()
}
_INT: Final = re.compile(r" *-?(?:0|[1-9][0-9]*) *")
_FLOAT: Final = re.compile(r" *-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *")
_NO_NUMBER: Final = re.compile(r" *[+-]?(?:nan|inf|infinity) *", re.IGNORECASE)
#: So many numbers before it, and what makes a column text is told.
_TELLING: Final = 20
_TOLD: Final = 3


def type_of(text: str) -> str:
    """Return the type that a text which is not empty reads as."""
    if _INT.fullmatch(text):
        fits = len(text) < 400 and _SMALLEST <= int(text) <= _LARGEST
        return "int" if fits else "text"
    if _FLOAT.fullmatch(text):  # 1e999 is more likely an id than infinity
        return "float" if abs(float(text)) != float("inf") else "text"
    if _NO_NUMBER.fullmatch(text):
        return "float"
    return "bool" if text.strip(" ").lower() in ("true", "false") else "text"


class Column:
    """What is known of a column so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind = ""
        self.note: str | None = None
        self._filled = 0

    def add(self, values: Sequence[str], first: int) -> None:
        """Look at the values of the next rows, of which `first` rows were before."""
        joined = _END.join(values) + _END
        plain = _ALL.get(self.kind or "int")
        if plain and plain.fullmatch(joined) and joined.count(_END) == len(values):
            filled = sum(map(bool, values))
            self.kind = self.kind or ("int" if filled else "")
            self._filled += filled
            return
        for number, text in enumerate(values, start=first + 1):
            if text:
                self._one(text, number)
                if self.kind == "text":
                    return

    def _one(self, text: str, number: int) -> None:
        kind = type_of(text)
        if kind != self.kind:
            before, self.kind = self.kind, _both(self.kind, kind)
            if self.kind == "text" and self._filled >= _TELLING:
                self.note = (
                    f"column {self.name!r} is text, for row {number} has {text[:40]!r} where all "
                    f"before are {before} (types= gives it another type)"
                )
        self._filled += 1


def _both(one: str, other: str) -> str:
    """Return the type that holds values of two."""
    if not one or one == other:
        return other
    return "float" if {one, other} == {"int", "float"} else "text"


def found(
    names: Sequence[str], wanted: Collection[str], rows: Iterator[list[str]]
) -> tuple[dict[str, str], list[str]]:
    """Return the types of the columns that are wanted, and what to tell of them.

    Parameters
    ----------
    names : sequence of str
    wanted : collection of str
    rows : iterator
        Of lists of text.
    """
    chosen = [name in wanted for name in names]
    columns = [Column(name) for name in compress(names, chosen)]
    first = 0
    while columns and (block := list(islice(rows, _BLOCK))):
        for column, values in zip(columns, compress(zip(*block, strict=True), chosen), strict=True):
            if column.kind != "text":
                column.add(values, first)
        first += len(block)
        if all(column.kind == "text" for column in columns):
            break
    notes = [column.note for column in columns if column.note]
    return {column.name: column.kind or "text" for column in columns}, notes[:_TOLD]


def _int(text: str) -> int:
    value = int(text)
    if "_" in text or not _SMALLEST <= value <= _LARGEST:
        raise ValueError(text)
    return value


def _float(text: str) -> float:
    if "_" in text:
        raise ValueError(text)
    return float(text)


def _bool(text: str) -> bool:
    return {"true": True, "false": False}[text.strip(" ").lower()]


_READ: Final[dict[str, Callable[[str], Any]]] = {"int": _int, "float": _float, "bool": _bool}
_LETTER: Final = {"int": "i", "float": "f", "bool": "b", "text": "t"}


class Types:
    """The types of a table's columns.

    Parameters
    ----------
    label : str
        Of the table.
    names : sequence of str
        Of all its columns, in order.
    types : mapping of str to str
        Of those that are read.
    given : collection of str
        The columns whose type the user gave.
    """

    def __init__(
        self,
        label: str,
        names: Sequence[str],
        types: Mapping[str, str],
        given: Collection[str] = (),
    ) -> None:
        self.types = dict(types)
        self._label = label
        self._names = names
        self._given = given
        self._read = [(name, _READ[kind]) for name, kind in types.items() if kind != "text"]

    def values(self, row: dict[str, Any], number: int) -> dict[str, Any]:
        """Return a row of text, the `number`-th from 0, as its values.

        Raises
        ------
        InputError
            If one is not of its column's type.
        """
        made, name = row.copy(), ""
        try:
            for name, read in self._read:
                text = row[name]
                made[name] = read(text) if text else None
        except (ValueError, KeyError):
            raise self._misfit(name, row[name], number) from None
        return made

    def _misfit(self, name: str, text: str, number: int) -> InputError:
        if name not in self._given:
            return InputError(f"{self._label} has changed while it was listed: run again")
        return InputError(
            f"row {number + 1} of {self._label} has {text[:80]!r} in the column {name!r}, which is "
            f"no {self.types[name]}: give the column another type in types=, or mend the row"
        )

    @property
    def code(self) -> str:
        """A letter for each column of the table."""
        return "".join(_LETTER.get(self.types.get(name, ""), _SKIPPED) for name in self._names)

    @property
    def form(self) -> str:
        """Digest of what makes other values of the same text."""
        return hex_digest(repr(sorted(self.types.items())).encode(), 8)

    @classmethod
    def of_code(cls, code: str, names: Sequence[str], label: str) -> Types:
        """Inverse of :attr:`code`.

        Raises
        ------
        ValueError
            If it is of other columns.
        """
        kinds = {letter: kind for kind, letter in _LETTER.items()}
        pairs = zip(names, code, strict=True)
        return cls(label, names, {name: kinds[c] for name, c in pairs if c != _SKIPPED})


def checked_types(given: Any) -> tuple[tuple[str, str], ...]:
    """Return types of columns as they were given, if they can be understood.

    Raises
    ------
    UsageError
        If they are no mapping of names to types.
    """
    if given is None:
        return ()
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise UsageError(f"types= maps names of columns to types, as {{'zip': 'text'}}: {given!r}")
    kinds = {int: "int", float: "float", bool: "bool", str: "text"}
    pairs = []
    for name, kind in given.items():
        kind = kinds.get(kind, kind) if isinstance(kind, type) else kind
        if kind not in TYPES:
            raise UsageError(f"the type of a column is one of {', '.join(TYPES)}, not {kind!r}")
        pairs.append((name, kind))
    return tuple(pairs)
