"""Tuples, and NaN and infinity, in JSON: they are written as lists and as texts, and an outline
in the result's kind says which. So ``image.size``, ``array.shape``, lists of boxes and a loss that
is NaN are text that anybody can read and compare, and come back as they were.

An outline is plain JSON: ``[1, inner]`` is a tuple, ``[0, inner]`` a list, `inner` the outline
that all of its items share, or null; ``[n, {"1": inner}, 0]`` has some of them by number; an
object has the outlines of a dict's values by key; ``2`` is a number that is written as text if it
is not finite. ``json[1,null]`` is the kind of a pair of numbers.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any, Final

_JSON: Final = "json"
#: A longer outline is that of something else than a few tuples: a pickle knows it better.
_LONGEST: Final = 400
_DEPTH: Final = 12
#: The outline of a number that may be none that JSON has.
_NUMBER: Final = 2


def listed(value: Any) -> tuple[str, Any] | None:
    """Return the kind of a value with tuples or such numbers in it, and the value with lists and
    texts in their place; None if there are none, or if their outline would be long."""
    try:
        outline = _outline(value, 0)
    except _Unfit:
        return None
    if outline is None:
        return None
    kind = _JSON + json.dumps(outline, separators=(",", ":"), ensure_ascii=True)
    return (kind, _lists(value)) if len(kind) <= _LONGEST else None


def is_json(kind: str | None) -> bool:
    """Return whether a result of this kind is text that JSON can read."""
    return kind is not None and kind.startswith(_JSON)


def word_of(kind: str) -> str:
    """Return a kind without its outline: ``json``, ``json-file``, ``npy``."""
    if not kind.startswith((f"{_JSON}[", f"{_JSON}{{", f"{_JSON}{_NUMBER}")):
        return kind
    return f"{_JSON}-file" if kind.endswith("-file") else _JSON


def restored(kind: str, value: Any) -> Any:
    """Return a value as it was, from its kind (not that of a file) and what JSON gave."""
    return value if kind == _JSON else _rebuilt(value, _read(kind))


@lru_cache(maxsize=64)
def _read(kind: str) -> Any:
    """The outline in a kind: few kinds stand in many rows."""
    return json.loads(kind.removeprefix(_JSON))


class _Unfit(Exception):
    """There is no short outline."""


def _outline(value: Any, depth: int) -> Any:
    if depth > _DEPTH:
        raise _Unfit
    kind = type(value)
    if kind is dict:
        found = {key: _outline(each, depth + 1) for key, each in value.items()}
        found = {key: inner for key, inner in found.items() if inner is not None}
        if any(type(key) is not str for key in found):
            raise _Unfit
        return found or None
    if kind is float and not math.isfinite(value):
        return _NUMBER
    if kind is not list and kind is not tuple:
        return None
    flag = int(kind is tuple)
    inner = [_outline(each, depth + 1) for each in value]
    if all(each is None for each in inner):
        return [1, None] if flag else None
    first = next(each for each in inner if each is not None)
    if all(
        each == first or (each is None and _fits(item, first))
        for item, each in zip(value, inner, strict=True)
    ):
        return [flag, first]
    if len(inner) > _LONGEST:
        raise _Unfit
    return [flag, {str(at): each for at, each in enumerate(inner) if each is not None}, 0]


def _fits(value: Any, outline: Any) -> bool:
    """Whether a value that needs no outline comes back as it was by that of its neighbour."""
    if outline is None:
        return True
    if outline == _NUMBER:
        return type(value) is not str
    if isinstance(outline, dict):
        return type(value) is dict and all(
            name not in value or _fits(value[name], inner) for name, inner in outline.items()
        )
    flag, inner = outline[:2]
    return (
        type(value) is list
        and flag == 0
        and len(outline) == 2
        and all(_fits(each, inner) for each in value)
    )


def _lists(value: Any) -> Any:
    if type(value) is float and not math.isfinite(value):
        return str(value)  # as metrics are shown
    if type(value) is dict:
        return {key: _lists(each) for key, each in value.items()}
    return [_lists(each) for each in value] if type(value) in (list, tuple) else value


def _rebuilt(value: Any, outline: Any) -> Any:
    if outline is None:
        return value
    if outline == _NUMBER:
        return float(value) if type(value) is str else value
    if isinstance(outline, dict):
        return {
            key: _rebuilt(each, outline[key]) if key in outline else each
            for key, each in value.items()
        }
    if len(outline) == 3:
        some = outline[1]
        found = [_rebuilt(each, some.get(str(at))) for at, each in enumerate(value)]
    else:
        found = [_rebuilt(each, outline[1]) for each in value]
    return tuple(found) if outline[0] else found
