"""How values of the settings are written: each reader says what it must be."""

from __future__ import annotations

import re
from typing import Any, Final

_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?\s*", re.IGNORECASE)
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def text(value: Any) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise ValueError(f"is {value!r}, and must be a text")
    return value


def whole(value: Any) -> int:
    """Read a whole number from 1 on."""
    if type(value) is not int or value < 1:
        raise ValueError(f"is {value!r}, and must be a whole number from 1 on")
    return value


def days(value: Any) -> float:
    """Read a number of days."""
    if type(value) not in (int, float) or not 0 <= value < float("inf"):
        raise ValueError(f"is {value!r}, and must be a number of days from 0 on")
    return float(value)


def size(value: Any) -> int:
    """Read ``500MB``, ``20 GB``, ``0`` as bytes."""
    if type(value) is int and value >= 0:
        return value
    found = _SIZE.fullmatch(str(value))
    if found is None:
        raise ValueError(f"is a size as 500MB or 20GB, not {value!r}")
    return int(float(found[1]) * _UNITS[found[2].upper()])
