"""Transforms that are made of transforms: whom an input names, and that it is no circle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import UsageError


def check_no_cycle(name: str, needs: Callable[[str], Iterable[str]]) -> None:
    """Make sure that transform `name` does not come from itself.

    Parameters
    ----------
    name : str
    needs : callable
        Returns what a transform takes something of.

    Raises
    ------
    UsageError
        If it does; the sentence shows the circle.
    """
    ways: list[tuple[str, ...]] = [(name,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == name and len(way) > 1:
            circle = " <- ".join(way)
            others = ", ".join(dict.fromkeys(way[1:-1]))
            known = f"; of {others} what ran last counts" if others else ""
            raise UsageError(
                f"a transform cannot come from itself: {circle}. Change one input{known}"
            )
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [(*way, up) for up in needs(way[-1])]


def upstream_names(spec: Any) -> list[str]:
    """Return the transforms that an input (JSON) names, wherever it is nested."""
    if isinstance(spec, dict):
        if isinstance(spec.get("transform"), str):
            return [spec["transform"]]
        return [name for part in spec.values() for name in upstream_names(part)]
    if isinstance(spec, list):
        return [name for part in spec for name in upstream_names(part)]
    return []
