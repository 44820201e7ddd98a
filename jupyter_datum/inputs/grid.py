"""``grid``: every combination of the values of some parameters is a datum.

Its key names the values, ``C=0.1,kernel=rbf``: so one more value adds datums and changes
none. Plain values stand in the JSON form itself; others (models, functions, tuples) lie in a
file of the project, pickled one by one, so that who lists the grid unpickles nothing.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgpack

from ..errors import InputError, UsageError
from ..hashing import combine_values, encode_value, hex_digest, type_name, value_word
from ..project import Project
from ..transform.recipe import write_named
from .base import Errors, Input, Listed, check_keys

#: More values than this go into a file, for the sake of the recipe.
_SHORT: Final = 1_000


class Axis(NamedTuple):
    """A parameter, and of each of its values the word in keys and the encoded value."""

    name: str
    values: list[tuple[str, bytes]]


class GridInput(Input):
    """Points of a grid.

    Parameters
    ----------
    axes : sequence of Axis
        The last one changes fastest.
    file : str
        Name of the file they were read from; empty if they stand in the JSON form.
    """

    kind = "grid"
    ordered = False
    valued = True

    def __init__(self, axes: Iterable[Axis], file: str = "") -> None:
        self.axes = tuple(axes)
        self._file = file

    @property
    def roots(self) -> dict[str, bytes]:
        return {}

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        names = [axis.name for axis in self.axes]
        order = sorted(range(len(names)), key=names.__getitem__)
        for point in product(*(axis.values for axis in self.axes)):
            key = ",".join([f"{names[i]}={point[i][0]}" for i in order])
            value = combine_values({n: v[1] for n, v in zip(names, point, strict=True)})
            yield Listed(key.encode(), (), value, {}, ())

    def stored(self, project: Project) -> GridInput:
        plain = all(data[:1] == b"j" for axis in self.axes for _, data in axis.values)
        if self._file or (plain and sum(len(axis.values) for axis in self.axes) <= _SHORT):
            return self
        data = bytes(msgpack.packb([(axis.name, axis.values) for axis in self.axes]))
        file = f"grid-{hex_digest(data)}"
        write_named(project.payload(file), data)
        other = GridInput(self.axes, file)
        other.given, other.on, other.by, other.outer = self.given, self.on, self.by, self.outer
        return other

    def to_json(self) -> dict[str, Any]:
        if self._file:
            names: dict[str, Any] = {axis.name: len(axis.values) for axis in self.axes}
            return {"grid": names, "file": self._file, **self.common_json()}
        if any(data[:1] != b"j" for axis in self.axes for _, data in axis.values):
            raise UsageError("the values of this grid were not stored in a project")
        axes = {axis.name: [json.loads(data[1:]) for _, data in axis.values] for axis in self.axes}
        return {"grid": axes, **self.common_json()}

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> GridInput:
        check_keys(spec, "grid", "file")
        if not isinstance(spec["grid"], dict):
            raise UsageError("a grid is an object of arrays: {'grid': {'C': [0.1, 1]}}")
        if "file" not in spec:
            return make_grid(spec["grid"]).take_common(spec, project)
        if project is None:
            raise InputError("the values of this grid belong to a project")
        name = os.path.basename(str(spec["file"]))  # a name, never a path
        return cls(_read(project.payload(name), name), name).take_common(spec, project)

    def describe(self) -> str:
        return f"grid({', '.join(f'{axis.name}=[{len(axis.values)}]' for axis in self.axes)})"

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        return "the grid has no point, so there is no datum to run", "", ()


def make_grid(lists: Mapping[str, Any]) -> GridInput:
    """Return the grid of these lists.

    Raises
    ------
    UsageError
        If there is none, one is empty or no list, or a value cannot be pickled.
    """
    if not lists:
        raise UsageError("grid() needs parameters: grid(C=[0.1, 1], kernel=['rbf'])")
    return GridInput([Axis(str(name), _values(str(name), each)) for name, each in lists.items()])


def _values(name: str, given: Any) -> list[tuple[str, bytes]]:
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise UsageError(
            f"grid: {name} is {type_name(given)}, not a list; for one value write {name}=[...]"
        )
    # An array's own numbers would need NumPy wherever they are read.
    values = list(given.tolist() if hasattr(given, "tolist") else given)
    if not values:
        raise UsageError(f"grid: the list of {name} is empty, so the grid has no point")
    seen: Counter[str] = Counter()
    found = []
    for value in values:
        try:
            data = encode_value(value)
        except Exception as exc:
            raise UsageError(
                f"grid: a value of {name} ({type_name(value)}) cannot be sent to workers: "
                f"{type(exc).__name__}: {exc}"
            ) from exc
        word = value_word(value, data)
        seen[word] += 1
        found.append((word if seen[word] == 1 else f"{word}#{seen[word]}", data))
    return found


def _read(path: Path, name: str) -> list[Axis]:
    try:
        data = path.read_bytes()
        if name != f"grid-{hex_digest(data)}":  # workers unpickle what is in it
            raise InputError("the values of the grid were changed: run the cell again")
        axes = msgpack.unpackb(data, raw=False, use_list=False)
        return [Axis(name, list(values)) for name, values in axes]
    except OSError as exc:
        raise InputError("the values of the grid are gone: run the cell again") from exc
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise InputError("the values of the grid cannot be read: run the cell again") from exc
