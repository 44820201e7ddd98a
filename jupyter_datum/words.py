"""Numbers, times and names in words, the same everywhere."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Final

#: How a verb is called in a notebook.
_MAGIC: Final = re.compile(r"(?<!%)%datum(?= )")
#: Seconds in each unit of time that may be written.
_SECONDS: Final = {"": 1.0, "ms": 1e-3, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}


def _quoted(found: re.Match[str]) -> str:
    """A text with a slash may be no path: in ``'x\\n'`` it is but how a line's end is written, and
    ``'N/A'`` is how a table says nothing."""
    path = re.search(r"/|\\\\|^.[A-Za-z]:", found[0]) and found[0][1:-1].lower() != "n/a"
    return "‹path›" if path else "‹text›"


#: What differs from datum to datum in a message; as signatures have it, and as people read it.
_MASKS: Final[tuple[tuple[re.Pattern[str], str, str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"0x[0-9a-fA-F]+"), "hex", "‹address›"),
    (re.compile(r"'[^']*[/\\][^']*'|\"[^\"]*[/\\][^\"]*\""), "'..'", _quoted),
    # The end of a tag is no path: </b>, <br />.
    (re.compile(r"(?<![\w'])(?!(?<=<)/[A-Za-z][\w:-]*>|/>)/[^\s:,)'\"]+"), "/..", "‹path›"),
    (re.compile(r"'[^']{24,}'|\"[^\"]{24,}\""), "'..'", "‹text›"),
    (re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?"), "N", "‹n›"),
)


def span(seconds: float) -> str:
    """Return a time span for people: ``4.2 ms``, ``410 ms``, ``9.2 s``, ``3 min 5 s``, ``2 h``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.{1 if 0 < seconds < 0.00995 else 0}f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(whole // 60, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def duration(text: str) -> float:
    """Read ``30``, ``30s``, ``500ms``, ``5min``, ``2h`` as seconds.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)\s*([a-z]*)", text.strip())
    if found is None or found[2] not in _SECONDS:
        raise ValueError("write a duration as 30s, 500ms, 5min or 2h")
    return float(found[1]) * _SECONDS[found[2]]


def mask(message: str) -> str:
    """Return `message` without what differs from datum to datum: numbers, paths, addresses."""
    for pattern, instead, _ in _MASKS:
        message = pattern.sub(instead, message)
    return message


def common(message: str) -> str:
    """Return what messages like this one have in common, for people: ``bad CRC in ‹path›``."""
    for pattern, _, shown in _MASKS:
        message = pattern.sub(shown, message)
    return message


def in_shell(text: str) -> str:
    """Return our own sentences with verbs as a shell has them: ``jupyter datum retry NAME``."""
    return _MAGIC.sub("jupyter datum", text)


def counted(n: int, word: str) -> str:
    """Return ``1 datum``, ``12,345 datums``."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def size(n: float) -> str:
    """Return a number of bytes as the panel has it: ``812 B``, ``3.4 KB``, ``4.5 GB``."""
    unit = "B"
    for bigger in ("KB", "MB", "GB", "TB"):
        if n < 999.5:
            break
        n, unit = n / 1000, bigger
    return f"{n:.1f} {unit}" if n < 99.95 and unit != "B" else f"{n:.0f} {unit}"


def number(value: float, digits: int = 4) -> str:
    """Return a measured number: ``0.01234``, ``12.34``, ``13,612``."""
    if 1000 <= abs(value) < 1e15:
        return f"{value:,.{digits - 4}f}"
    return f"{value:.{digits}g}"


def when(at: float | None) -> str:
    """Return a moment as local time to the minute; empty for none."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at else ""


def text_of(name: bytes) -> str:
    """Return a path or key for people: escaped where it is not UTF-8 or not printable."""
    text = os.fsencode(name) if isinstance(name, str) else bytes(name)
    return visible(text.decode("utf-8", "backslashreplace"))


def visible(text: str, but: str = "") -> str:
    """Return `text` with nothing hidden in it: escaped is what cannot be printed, or turns text
    around; not the characters of `but`."""
    return "".join(
        c if c.isprintable() or c in but else c.encode("unicode_escape").decode() for c in text
    )
