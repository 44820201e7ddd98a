"""Inputs: what the datums are made of."""

from __future__ import annotations

from typing import Final

from .base import Input, Listed, input_from_json
from .files import GlobInput
from .grid import GridInput
from .group import GroupInput, WholeInput
from .items import Items, ItemsInput, write_items
from .join import JoinInput
from .make import (
    as_input,
    check_top,
    cross,
    datum_of,
    datums,
    glob,
    grid,
    group,
    items,
    join,
    transform,
    union,
    whole,
)
from .place import starting_at
from .products import CrossInput, UnionInput
from .rows import RowsInput, rows
from .split import SplitInput, split
from .upstream import UpstreamInput
from .urls import UrlGlob

#: JSON word -> input.
KINDS: Final[dict[str, type[Input]]] = {
    "glob": GlobInput,
    "items": ItemsInput,
    "rows": RowsInput,
    "grid": GridInput,
    "cross": CrossInput,
    "union": UnionInput,
    "join": JoinInput,
    "group": GroupInput,
    "whole": WholeInput,
    "split": SplitInput,
    "transform": UpstreamInput,
}

__all__ = [
    "KINDS",
    "GlobInput",
    "Input",
    "Items",
    "ItemsInput",
    "Listed",
    "RowsInput",
    "SplitInput",
    "UpstreamInput",
    "UrlGlob",
    "as_input",
    "check_top",
    "cross",
    "datum_of",
    "datums",
    "glob",
    "grid",
    "group",
    "input_from_json",
    "items",
    "join",
    "rows",
    "split",
    "starting_at",
    "transform",
    "union",
    "whole",
    "write_items",
]
