"""What has changed between two runs, two versions of the code, or two transforms.

Datums are compared one by one, in a stream: states, results as they are recorded, metrics
and durations. Former outcomes come from the ledger's history.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import SignatureError, UsageError
from ..ledger import db, queries
from ..project import Project, find
from ..results import is_file, value_of
from .frame import make_frame
from .labels import label_at
from .order import PAGE, listed_input, order_of
from .sides import Former, Side, side_of, sides_of_one
from .summary import SHOWN, Pair, Summary, comparison_text, pair_json


class Comparison:
    """Two sides, datum by datum: iterate it, or ask for a summary or a table.

    Parameters
    ----------
    project : Project
    a, b : Side
    """

    def __init__(self, project: Project, a: Side, b: Side) -> None:
        self._project = project
        self.a = a
        self.b = b
        self._summary: Summary | None = None

    def __iter__(self) -> Iterator[Pair]:
        with contextlib.closing(db.connect(self._project, readonly=True)) as conn:
            for page in self._pages(conn):
                yield from page

    def changes(self) -> Iterator[Pair]:
        """Yield the datums that differ in more than their duration."""
        return (pair for pair in self if pair.differs)

    def summary(self) -> Summary:
        """Return how many datums differ in what, and means; counted once."""
        if self._summary is None:
            found = Summary()
            for pair in self:
                found.add(pair)
            self._summary = found
        return self._summary

    def frame(self, frame: str = "pandas") -> Any:
        """Return a table with a row for each datum: keys, and columns of both sides that end
        in ``_a`` and ``_b``.

        Parameters
        ----------
        frame : str
            ``"pandas"`` or ``"polars"``.

        Raises
        ------
        SignatureError
            If the ledger belongs to another user: results may be pickles.
        """
        if db.is_foreign(self._project):
            raise SignatureError("the ledger is another user's: its results are not unpickled")
        return make_frame((self._row(pair) for pair in self), frame)

    def to_json(self, limit: int = 100) -> dict[str, Any]:
        """Return summary and the first datums that differ as plain JSON."""
        shown = [pair_json(pair) for pair in itertools.islice(self.changes(), limit)]
        return {
            "a": self.a.label,
            "b": self.b.label,
            **self.summary().to_json(),
            "changes": shown,
        }

    def __repr__(self) -> str:
        shown = itertools.islice(self.changes(), SHOWN + 1)
        return "\n".join(comparison_text(self.a.label, self.b.label, self.summary(), list(shown)))

    # -- ground --------------------------------------------------------------------------

    def _pages(self, conn: sqlite3.Connection) -> Iterator[list[Pair]]:
        """Pairs of all datums that either side knows: in the order of B, then what only A has."""
        same = self.a.transform == self.b.transform
        for keys, labels in self._named(conn, self.b):
            ids = list(labels)
            at_b = self.b.outcomes(conn, ids)
            at_a = self.a.outcomes(conn, ids) if same else self._elsewhere(conn, self.a, keys)
            yield [Pair(labels[i], at_a.get(i), at_b.get(i)) for i in ids if i in at_a or i in at_b]
        if not same:
            yield from self._only_a(conn)

    def _only_a(self, conn: sqlite3.Connection) -> Iterator[list[Pair]]:
        for keys, labels in self._named(conn, self.a):
            there = self._elsewhere(conn, self.b, keys)
            alone = self.a.outcomes(conn, [i for i in labels if i not in there])
            yield [Pair(labels[i], alone[i], None) for i in labels if i in alone]

    def _elsewhere(
        self, conn: sqlite3.Connection, side: Side, keys: dict[int, bytes]
    ) -> dict[int, Former]:
        """What the other transform's datums of the same keys came to, under these ids."""
        rows = queries.lookup(conn, side.transform, list(keys.values()))
        ids = {key: row[1] for key, row in rows.items()}
        found = side.outcomes(conn, list(ids.values()))
        return {i: found[ids[key]] for i, key in keys.items() if key in ids and ids[key] in found}

    def _named(
        self, conn: sqlite3.Connection, side: Side
    ) -> Iterator[tuple[dict[int, bytes], dict[int, str]]]:
        """Keys of all datums of a side's transform, and what people call them."""
        source = listed_input(conn, self._project, side.transform)
        for ids, places in self._ids(conn, side):
            keys = side.keys(conn, ids)
            found = ((i, place) for i, place in zip(ids, places, strict=True) if i in keys)
            yield keys, {i: label_at(source, place, keys[i]) for i, place in found}

    def _ids(
        self, conn: sqlite3.Connection, side: Side
    ) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """All datums of a side's transform, with their places: those of its input in order, then
        the others."""
        seen = bytearray()
        place = 0
        for ids in order_of(conn, self._project, side.transform) or ():
            _mark(seen, ids)
            yield ids, range(place, place + len(ids))
            place += len(ids)
        after: bytes | None = None
        while rows := queries.datums_page(conn, side.transform, after=after, limit=PAGE):
            left = [row for row in rows if not _marked(seen, row.id)]
            if left:
                yield [row.id for row in left], [row.position for row in left]
            after = rows[-1].key

    def _row(self, pair: Pair) -> dict[str, Any]:
        row: dict[str, Any] = {"key": pair.key}
        for end, former in (("a", pair.a), ("b", pair.b)):
            if former is None:
                continue
            row[f"state_{end}"] = former.word
            row[f"seconds_{end}"] = former.seconds
            row.update((f"{name}_{end}", value) for name, value in former.metrics.items())
            value = self._value(former)
            values = value if isinstance(value, dict) else {"result": value}
            row.update((f"{name}_{end}", each) for name, each in values.items())
        row["differs"] = ", ".join(pair.differs)
        return row

    def _value(self, former: Former) -> Any:
        """A small result; large ones of former outcomes are not kept."""
        if former.kind is None or is_file(former.kind):
            return None
        return value_of(former.kind, former.data, self._project)


def compare(project: Project, a: str, b: str | None = None) -> Comparison:
    """Compare two runs, two versions of the code, or two transforms.

    Parameters
    ----------
    project : Project
    a, b : str
        ``NAME`` (as it stands now), ``NAME@VERSION`` (1 is the first, -1 the newest), or the
        first letters of a run's id. Without `b`: the two newest versions of transform `a`,
        or its two newest runs.

    Raises
    ------
    UsageError
        If one of them names nothing.
    """
    with contextlib.closing(db.connect(project, readonly=True)) as conn:
        if b is None and queries.transform(conn, a) is not None:
            return Comparison(project, *sides_of_one(conn, a))
        return Comparison(project, side_of(conn, a), side_of(conn, b or a))


def compare_here(a: Any, b: Any = None, folder: str | None = None) -> Comparison:
    """As :func:`compare`, of transforms or names, in the project that they or `folder` tell.

    Raises
    ------
    UsageError
        If one of them names nothing, or there is no project.
    """
    known = next((side.project for side in (a, b) if hasattr(side, "project")), None)
    start = Path(folder or os.environ.get("DATUM_PROJECT") or Path.cwd())
    project = known or find(start)
    if project is None:
        raise UsageError(f"no .datum folder at or above {str(start)!r}: run a cell there first")
    names = [getattr(side, "name", side) for side in (a, b)]
    return compare(project, names[0], names[1])


def _mark(seen: bytearray, ids: Iterable[int]) -> None:
    """A bit for each id: a million take 125 KB."""
    for identity in ids:
        byte = identity >> 3
        if byte >= len(seen):
            seen.extend(bytes(byte + 1 - len(seen) + len(seen) // 2))
        seen[byte] |= 1 << (identity & 7)


def _marked(seen: bytearray, identity: int) -> bool:
    return identity >> 3 < len(seen) and bool(seen[identity >> 3] & 1 << (identity & 7))
