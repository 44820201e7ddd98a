"""Inputs: what the datums are made of."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

from .base import Input, Listed, input_from_json
from .files import GlobInput
from .items import ItemsInput, write_items
from .rows import RowsInput, rows
from .upstream import UpstreamInput

#: JSON word -> input.
KINDS: Final[dict[str, type[Input]]] = {
    "glob": GlobInput,
    "items": ItemsInput,
    "rows": RowsInput,
    "transform": UpstreamInput,
}


class Items:
    """Items of the kernel that are not written to a file yet (``items(iterable)``)."""

    def __init__(self, iterable: Iterable[Any]) -> None:
        self.iterable = iterable


def glob(
    pattern: str,
    root: str | os.PathLike[str] | None = None,
    *,
    name: str = "in",
    follow_symlinks: bool = False,
) -> GlobInput:
    """Every file that `pattern` matches is a datum.

    Parameters
    ----------
    pattern : str
        ``* ** ? [..] [!..] {a,b}`` and captures ``(..)``, ``(?P<name>..)``.
    root : path, optional
        Where a relative pattern starts; the working folder by default.
    name : str
        Of the input, for ``datum.paths``.
    follow_symlinks : bool
        Whether links are followed out of the root.
    """
    folder = os.path.abspath(os.fspath(root) if root is not None else os.getcwd())
    return GlobInput(pattern, folder, name, "files", follow_symlinks)


def items(iterable: Iterable[Any]) -> Items:
    """Every item of `iterable` is a datum, named by its content."""
    return Items(iterable)


def transform(name: str, *, label: str | None = None) -> UpstreamInput:
    """Every datum that the transform `name` has done well is a datum.

    Parameters
    ----------
    name : str
        Of the transform.
    label : str, optional
        Of the input, for ``datum.paths``; by default the transform's name.
    """
    return UpstreamInput(name, label)


def datums(source: Input) -> Iterator[Listed]:
    """List an input's datums, lazily, without running anything."""
    return source.list(frozenset(), [])


__all__ = [
    "KINDS",
    "GlobInput",
    "Input",
    "Items",
    "ItemsInput",
    "Listed",
    "RowsInput",
    "UpstreamInput",
    "datums",
    "glob",
    "input_from_json",
    "items",
    "rows",
    "transform",
    "write_items",
]
