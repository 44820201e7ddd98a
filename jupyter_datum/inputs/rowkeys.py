"""Keys of rows: what tells a row from all others, as text and as bytes."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from typing import Any

from ..errors import InputError
from .frames import value_at
from .tables import Row


class Seen:
    """Keys met so far: eight bytes of each, as one number."""

    def __init__(self, label: str, columns: tuple[str, ...]) -> None:
        self._label = label
        self._columns = columns
        self._keys: set[int] = set()

    def add(self, key: bytes, number: int) -> None:
        """Take another one in.

        Raises
        ------
        InputError
            If it was there before, or is empty.
        """
        if not key.strip(b"\0"):
            raise InputError(
                f"row {number + 1} of {self._label} has an empty {', '.join(self._columns)}, which "
                "is its key"
            )
        before = len(self._keys)
        self._keys.add(hash(key))
        if len(self._keys) == before:
            shown = ", ".join(part.decode("utf-8", "replace") for part in key.split(b"\0"))
            raise InputError(
                f"key={', '.join(self._columns)} does not tell the rows of {self._label} apart: "
                f"{shown!r} is there a second time, in row {number + 1}"
            )


def key_bytes(texts: Iterable[str]) -> bytes:
    """Return texts as the key of a datum."""
    parts = [text.replace("\0", "\\0").encode("utf-8", "surrogateescape") for text in texts]
    return b"\0".join(parts)


def texts_of(key: bytes) -> list[str]:
    """Return the texts that a datum's key was made of."""
    parts = key.split(b"\0")
    return [part.decode("utf-8", "surrogateescape").replace("\\0", "\0") for part in parts]


def text_of(value: Any) -> str | None:
    """Return a value of a key column as text; None for what is no key."""
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN is not equal to itself
        return None
    if isinstance(value, int | float):
        return str(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    return str(value) if type(value).__name__ in ("Decimal", "UUID") else None


def text_at(row: Row, column: str, number: int, label: str) -> str:
    """Return a column of a row as text.

    Raises
    ------
    InputError
        If it is not there, or empty.
    """
    try:
        value = value_at(row, column)
    except LookupError:
        raise no_column(label, column, list(row), f"row {number + 1} of ") from None
    text = text_of(value)
    if text is None:
        raise InputError(
            f"row {number + 1} of {label} has no usable {column!r}: {value!r} "
            "(a text, a number or a date is needed)"
        )
    return text


def no_column(label: str, name: str, columns: list[str], where: str = "") -> InputError:
    """What to say of a column that is not there."""
    near = difflib.get_close_matches(name, columns, n=len(columns), cutoff=0.5)
    ordered = list(dict.fromkeys([*near, *columns]))
    shown = ", ".join(ordered[:20]) + (" ..." if len(ordered) > 20 else "")
    return InputError(f"{where}{label} has no column {name!r}. It has: {shown}")
