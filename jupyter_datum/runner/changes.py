"""What has changed in the code, and what datums are called, in the words of a plan."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Final

from ..inputs.base import Listed
from ..ledger import queries
from ..ledger.versions import changed_parts, texts_of
from ..transform.recipe import Recipe

#: Characters of a constant that is named with its value.
_VALUE: Final = 60


def stale_parts(
    conn: sqlite3.Connection, stale: Mapping[int, int], recipe: Recipe
) -> dict[str, int]:
    """Return what changed in the code, and how many datums were made before that; of a
    constant also from what to what.

    Parameters
    ----------
    conn : sqlite3.Connection
    stale : mapping
        How many datums each other version has made.
    recipe : Recipe
        With the present version.
    """
    texts = texts_of(conn, list(stale))
    found: Counter[str] = Counter()
    for version, n in stale.items():
        if n <= 0:  # brought back, all of them
            continue
        names = changed_parts(conn, version, recipe.parts)
        words = [_with_values(name, texts[version], recipe.texts) for name in names]
        found[", ".join(words) or "the Python version"] += n
    return dict(found.most_common())


def _with_values(name: str, was: Mapping[str, str], now: Mapping[str, str]) -> str:
    """A part as it is called, and how a constant has changed if both values were kept."""
    values = [texts[name] for texts in (was, now) if name in texts]
    if len(values) < 2 or any(len(text) > _VALUE or "\n" in text for text in values):
        return part_word(name)
    return f"{part_word(name)}: {values[0]} -> {values[1]}"


def label(listed: Listed) -> str:
    """What people call a datum: its key; where that is a digest, its value, if that is no
    pickle."""
    text, value = queries.key_text(listed.key), listed.value
    if not listed.files and value is not None and value[:1] == b"j" and queries.is_digest(text):
        return value[1:].decode("utf-8", "backslashreplace")
    return text


def part_word(name: str) -> str:
    """What a part of a fingerprint is called."""
    return "the cell" if name == "cell" else name
