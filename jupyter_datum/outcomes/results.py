"""Results as a list, in input order; what is large stays where it is until it is looked at."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, SupportsIndex, overload

from ..project import Project
from ..results import Large, is_file, is_json, restored, value_of
from .order import Outcome, outcomes


class Results(list[Any]):
    """A list of results. A large one is read from its file each time it is looked at, so
    that a loop over many of them holds one at a time."""

    @overload
    def __getitem__(self, at: SupportsIndex) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        found = super().__getitem__(at)
        if isinstance(at, slice):
            return Results(found)
        return found.load() if type(found) is Large else found

    def __iter__(self) -> Iterator[Any]:
        for value in super().__iter__():
            yield value.load() if type(value) is Large else value


def read_results(conn: sqlite3.Connection, project: Project, transform: int) -> Results:
    """Return the results of all datums that hold a success, in input order."""
    found = Results()
    for page in outcomes(conn, project, transform):
        found.extend(decoded([row for row in page if row is not None], project))
    return found


def decoded(rows: list[Outcome], project: Project) -> list[Any]:
    """Return the values of outcomes; of large ones a :class:`Large`.

    A page of JSON is read in one go, which is what a million small results are.
    """
    if rows and all(row.kind == "json" for row in rows):
        return _decoded_json(row.data or b"null" for row in rows)
    if all(is_json(row.kind) and not is_file(row.kind) for row in rows):
        values = _decoded_json(row.data or b"null" for row in rows)
        kinds = (row.kind or "json" for row in rows)
        return [restored(kind, value) for kind, value in zip(kinds, values, strict=True)]
    return [_decoded(row, project) for row in rows]


def _decoded(row: Outcome, project: Project) -> Any:
    if row.kind is not None and is_file(row.kind):
        return Large(row.kind, project.result(bytes(row.data or b"").decode()))
    return value_of(row.kind, row.data, project)


def _decoded_json(parts: Iterable[bytes]) -> list[Any]:
    text = b"[" + b",".join(parts) + b"]"
    return list(json.loads(text.decode("utf-8", "surrogatepass")))
