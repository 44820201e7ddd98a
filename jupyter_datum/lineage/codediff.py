"""How two versions of a transform's code differ: the cell, and what it reaches."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final, NamedTuple

#: Lines of a difference that are shown.
_LINES: Final = 400
#: Helpers whose differences are shown.
_HELPERS: Final = 50


class HelperDiff(NamedTuple):
    """How a part of the code, which is not the cell, differs between two versions.

    ``old`` and ``new`` are its texts, None where it was not there.
    """

    name: str
    diff: str
    old: str | None
    new: str | None


class Reached(NamedTuple):
    """What a version of the code reaches: digests of its parts, and the texts of some."""

    number: int
    parts: Mapping[str, str]
    texts: Mapping[str, str]


def code_diff(old: str, new: str, old_number: int, new_number: int, of: str = "") -> str:
    """Return a unified difference of two sources, cut where it is long; `of` says of what."""
    found = list(
        difflib.unified_diff(
            old.splitlines(),
            new.splitlines(),
            f"code {old_number}{of}",
            f"code {new_number}{of}",
            lineterm="",
        )
    )
    if len(found) > _LINES:
        found = [*found[:_LINES], f"... {len(found) - _LINES:,} more lines"]
    return "\n".join(found)


def changed_parts(was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the names of the parts in which two versions differ."""
    return [name for name in {**now, **was} if was.get(name) != now.get(name)]


def helper_diffs(old: Reached, new: Reached) -> list[HelperDiff]:
    """Return how helpers and constants differ, as far as their texts were kept."""
    found = []
    for name in changed_parts(old.parts, new.parts)[:_HELPERS]:
        was, now = old.texts.get(name), new.texts.get(name)
        unknown = [side for side in (old, new) if name in side.parts and name not in side.texts]
        if not unknown:  # half of it would look as if all had been put in
            text = code_diff(was or "", now or "", old.number, new.number, f": {name}")
            found.append(HelperDiff(name, text, was, now))
    return found
