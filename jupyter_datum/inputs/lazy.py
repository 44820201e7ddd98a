"""Values that a worker loads when it comes to them: parts of tables, results of transforms."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import InputError
from ..hashing import decode_value
from ..project import Project
from ..results import value_of
from .base import Input
from .frames import framed
from .rows import RowsInput
from .split import SplitInput
from .tables import Loaded, Table
from .upstream import UpstreamInput


def loader(spec: dict[str, Any], project: Project) -> Callable[[dict[str, Any]], Any]:
    """Return what loads the lazy values of an input.

    Parameters
    ----------
    spec : dict
        The input's JSON, of a recipe whose signature was checked.
    project : Project
    """
    return _loader(
        lambda name: _find(spec, name, project),
        lambda name: _split(spec, name, project),
        lambda: project,
    )


def loader_of(source: Input) -> Callable[[dict[str, Any]], Any]:
    """Return what loads the lazy values of an input of this process."""

    def rows(name: str) -> RowsInput:
        leaves = source.leaves
        return next(leaf for leaf in leaves if isinstance(leaf, RowsInput) and leaf.name == name)

    def split(name: str) -> SplitInput:
        leaves = source.leaves
        return next(leaf for leaf in leaves if isinstance(leaf, SplitInput) and leaf.name == name)

    def project() -> Project:
        return next(leaf.project for leaf in source.leaves if isinstance(leaf, UpstreamInput))

    return _loader(rows, split, project)


def _loader(
    rows: Callable[[str], RowsInput],
    split: Callable[[str], SplitInput],
    project: Callable[[], Project],
) -> Callable[[dict[str, Any]], Any]:
    kept: dict[str, tuple[RowsInput, Table]] = {}

    def load(part: dict[str, Any]) -> Any:
        if "result" in part:
            return value_of(str(part["result"]), bytes.fromhex(part["data"]), project())
        if "split" in part:
            return split(str(part["split"])).load(part)
        name = str(part["rows"])
        if name not in kept:
            source = rows(name)
            kept[name] = (source, source.table())
        source, table = kept[name]
        loaded = _inline(part) if "data" in part else table.load(part)
        filters = () if "data" in part else source.how.filters
        return framed(loaded, source.how.frame, source.how.columns, filters)

    return load


def _inline(part: dict[str, Any]) -> Loaded:
    return Loaded(decode_value(b64decode(part["data"])), types=part.get("types"))


def _split(spec: Any, name: str, project: Project) -> SplitInput:
    """Find the input of this name that splits files."""
    for each in _made_by("split", spec):
        if str(each.get("name", "in")) == name:
            return SplitInput.from_json(each, project)
    raise InputError(f"the input splits nothing under the name {name!r}")


def _find(spec: Any, name: str, project: Project) -> RowsInput:
    """Find the rows of this name in the JSON of an input that may be made of others."""
    for each in _made_by("rows", spec):
        if str(each.get("name", "rows")) == name:
            return RowsInput.from_json(each, project)
    raise InputError(f"the input has no rows of the name {name!r}")


def _made_by(kind: str, spec: Any) -> Iterator[dict[str, Any]]:
    """Yield the JSON of all inputs of a kind, wherever they stand."""
    if isinstance(spec, dict):
        if kind in spec:
            yield spec
        spec = [value for key, value in spec.items() if key not in ("rows", "items")]
    for each in spec if isinstance(spec, list) else ():
        yield from _made_by(kind, each)
