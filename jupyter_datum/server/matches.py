"""The places of a run's input that a filter lets through, in an order.

What bytes can tell (states, places) is told by bytes; the ledger is asked for the rest in one
statement, which SQLite ends at the reader's deadline.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any, Final, NamedTuple

from ..ledger.queries import key_text
from ..ledger.tiles import WORST_FIRST
from ..states import SETTLED, DatumState
from .differences import FEW, changed_ids
from .errors import bad_request
from .filters import Condition, Filter
from .source import KEY_TEXT, Source

#: Columns that a table can be sorted by; ``m.NAME`` besides.
COLUMNS: Final = ("pos", "name", "state", "tries", "dur", "worker", "out")
#: Ids that lie so far apart are not put into a table that has a place for each between them.
_SPARSE: Final = 16


class Order(NamedTuple):
    """By which column rows are sorted, and from which end."""

    column: str
    down: bool = False

    @classmethod
    def read(cls, text: str) -> Order:
        """Read a column, from its end if a minus stands before it.

        Raises
        ------
        ApiError
            ``bad-request``.
        """
        down = text.startswith("-")
        column = text[down:]
        metric = column.startswith("m.") and len(column) > 2 and '"' not in column
        if column not in COLUMNS and not metric:
            raise bad_request(f"'sort' takes one of: {', '.join(COLUMNS)}, m.METRIC; or -COLUMN")
        return cls(column, down)


def matches(
    conn: sqlite3.Connection, source: Source, wanted: Filter, order: Order, other: int | None
) -> array[int]:
    """Return the places that `wanted` lets through.

    Parameters
    ----------
    conn : sqlite3.Connection
    source : Source
    wanted : Filter
    order : Order
    other : int or None
        The run that ``changed`` is about.
    """
    states = source.states()
    chosen = _chosen(states, wanted)
    asking = _Asking(conn, source, wanted)
    if wanted.conditions:
        chosen = _flags(asking.found(chosen, ""), source.total)
    if wanted.changed:
        if other is None:
            raise bad_request("'changed' goes with a run to compare with")
        ids = changed_ids(conn, source, other, array("I", compress(source.ids(), chosen)))
        chosen = _flags(asking.placed(ids, chosen), source.total)
    return _sorted(asking, chosen, states, order)


def _chosen(states: bytes, wanted: Filter) -> bytes:
    """A byte for each place: may it be among them, as far as bytes tell?"""
    table = bytes(state in wanted.states for state in range(256))
    first = min(max(0, wanted.first), len(states))
    end = max(first, min(len(states), wanted.last + 1))
    inside = states[first:end].translate(table)
    return bytes(first) + inside + bytes(len(states) - end)


def _flags(places: Iterable[int], total: int) -> bytes:
    flags = bytearray(total)
    for place in places:
        flags[place] = 1
    return bytes(flags)


def _sorted(asking: _Asking, chosen: bytes, states: bytes, order: Order) -> array[int]:
    places = array("I", compress(range(len(chosen)), chosen))
    if order.column == "pos":
        return places[::-1] if order.down else places
    if order.column == "state":
        return _by_state(places, states, order.down)
    # What stands of an earlier run with a datum that has not been tried again is not shown.
    told = chosen if order.column == "name" else _and(chosen, states, SETTLED)
    found = array("I", asking.in_order(told, order))
    if len(found) < len(places):  # what has no such value stands at the end
        there = _flags(found, len(chosen))
        found.extend(place for place in places if not there[place])
    return found


def _and(chosen: bytes, states: bytes, which: frozenset[DatumState]) -> bytes:
    table = bytes(state in which for state in range(256))
    flags = int.from_bytes(states.translate(table), "little")  # a million at once
    return (flags & int.from_bytes(chosen, "little")).to_bytes(len(chosen), "little")


def _by_state(places: array[int], states: bytes, down: bool) -> array[int]:
    """The worst first, in input order each."""
    found = array("I")
    of_places = bytes(map(states.__getitem__, places))
    for state in reversed(WORST_FIRST) if down else WORST_FIRST:
        table = bytes(each == state for each in range(256))
        found.extend(compress(places, of_places.translate(table)))
    return found


class _Asking:
    """Conditions and orders, put to the ledger."""

    def __init__(self, conn: sqlite3.Connection, source: Source, wanted: Filter) -> None:
        self._conn = conn
        self._source = source
        self._conditions = wanted.conditions
        self._ids = source.ids()
        conn.create_function("key_text", 1, key_text, deterministic=True)

    def found(self, chosen: bytes, order: str) -> Iterator[int]:
        """Yield the places among `chosen` that meet all conditions, in the order of SQL."""
        where, values = self._where()
        yield from self._asked(chosen, where, values, order)

    def in_order(self, chosen: bytes, order: Order) -> Iterator[int]:
        """Yield those of the places `chosen` that have a value to be sorted by."""
        way = "desc" if order.down else "asc"
        if order.column == "name":
            if chosen.count(1) <= FEW:
                yield from self._asked(chosen, "", [], f" order by d.key {way}")
                return
            sql = f"select datum from datum_key where transform = ? order by key {way}"
            rows = self._conn.execute(sql, (self._source.run.transform,))
            yield from self.placed((row[0] for row in rows), chosen)
            return
        value, values = self._value(order.column)
        # All that is known anyhow narrows the rows that are sorted: most of what it costs.
        where, known = self._where()
        where += f" and {value} is not null"
        by = f" order by {value} {way}, d.id"
        yield from self._asked(chosen, where, [*known, *values], by, values)

    def placed(self, ids: Iterable[int], chosen: bytes) -> Iterator[int]:
        """Yield the places of ids that are among `chosen`."""
        low, high = self._ends()
        if high - low > _SPARSE * len(self._ids) + 1_000_000:
            sparse = {i: n for n, i in enumerate(self._ids) if i and chosen[n]}
            yield from (sparse[i] for i in ids if i in sparse)
            return
        table = array("I", bytes(4 * (high - low + 1)))
        for n, identity in enumerate(self._ids, 1):
            if identity:
                table[identity - low] = n
        for identity in ids:
            if low <= identity <= high:
                n = table[identity - low]
                if n and chosen[n - 1]:
                    yield n - 1

    # -- SQL -----------------------------------------------------------------------------

    def _asked(
        self, chosen: bytes, where: str, values: list[Any], order: str, more: Sequence[Any] = ()
    ) -> Iterator[int]:
        few = chosen.count(1) <= FEW
        transform = self._source.run.transform
        if few:
            picked = [i for i in compress(self._ids, chosen) if i]
            rows = f"json_each(?) j cross join datum d on d.id = j.value{self._source.rows}"
            bound: list[Any] = [json.dumps(picked), transform]
            which = "d.transform = ?"
        else:
            rows = f"datum d{self._source.rows}"
            bound = [transform, *self._ends()]
            which = "d.transform = ? and d.id between ? and ?"
        sql = f"select d.id from {rows} where {which}{where}{order}"
        found = self._conn.execute(sql, [*bound, *values, *more])
        ids = (row[0] for row in found)
        if not few:
            yield from self.placed(ids, chosen)
            return
        places = {i: n for n, i in compress(enumerate(self._ids), chosen)}
        yield from (places[i] for i in ids)

    def _ends(self) -> tuple[int, int]:
        """The first and the last id of the run; nothing lies between them if it has none."""
        low = min(filter(None, self._ids), default=1)
        return low, max(self._ids, default=0)

    def _where(self) -> tuple[str, list[Any]]:
        sql, values = "", []
        for condition in self._conditions:
            part, bound = self._condition(condition)
            sql += f" and {part}"
            values += bound
        return sql, values

    def _condition(self, condition: Condition) -> tuple[str, list[Any]]:
        columns, word, text = self._source.columns, condition.word, condition.text
        if condition.bounds is not None and word == "m":
            value, bound = self._value("m." + text)
            part, ends = condition.bounds.sql("v")
            # Every text is greater than every number, if one asks SQL.
            sql = f"(select {part} and typeof(v) <> 'text' from (select {value} as v))"
            return sql, [*ends, *bound]
        if condition.bounds is not None:
            return condition.bounds.sql(columns[word])
        if word == "name":
            return _text_like(KEY_TEXT, text)
        if word == "worker":
            return _worker_like(columns["worker"], text)
        if word == "err":
            return _error_like(columns), [text]
        marks = ",".join("?" * len(condition.ids))
        value = columns["group"] if word == "group" else "d.id"
        return f"{value} in ({marks})", list(condition.ids)

    def _value(self, column: str) -> tuple[str, list[Any]]:
        """The expression of a column that is not told by bytes, and what it binds."""
        if not column.startswith("m."):
            return self._source.columns[column], []
        metrics = self._source.columns["metrics"]
        path = f'$."{column[2:]}"'
        return f"iif(json_valid({metrics}), json_extract({metrics}, ?), null)", [path]


def _text_like(value: str, text: str) -> tuple[str, list[Any]]:
    if any(mark in text for mark in "*?["):
        return f"{value} glob ?", [text]
    return f"instr(lower({value}), lower(?)) > 0", [text]


def _worker_like(value: str, text: str) -> tuple[str, list[Any]]:
    """A name, a glob over it, or the number at its end."""
    if text.isascii() and text.isdecimal():
        return f"({value} = ? or {value} glob ?)", [text, f"*[^0-9]{text}"]
    return f"{value} glob ?", [text]


def _error_like(columns: dict[str, str]) -> str:
    return (
        "exists (select 1 from attempt a left join failure f on f.id = a.failure"
        f" where a.datum = d.id and a.run = {columns['run']} and a.attempt = {columns['tries']}"
        " and instr(lower(coalesce(f.type, '') || ': ' || coalesce(a.message, f.message, '')),"
        " lower(?)) > 0)"
    )
