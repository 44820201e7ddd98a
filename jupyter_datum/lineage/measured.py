"""What datums were measured to be: the numbers among their metrics and in their results."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..results import is_file, is_json
from ..states import FINISHED

#: Names that are told, in the order in which they are met.
_NAMES: Final = 30
#: Bytes of a result whose items are looked at.
_SMALL: Final = 4_000


@dataclass
class Measure:
    """A number over several datums."""

    n: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    values: list[float] = field(default_factory=list, repr=False)

    def add(self, value: float) -> None:
        """Count a datum."""
        self.n += 1
        self.total += value
        self.least, self.most = min(self.least, value), max(self.most, value)
        self.values.append(value)

    @property
    def mean(self) -> float:
        return self.total / self.n

    @property
    def median(self) -> float:
        return sorted(self.values)[(self.n - 1) // 2]


def measures(conn: sqlite3.Connection, datums: Sequence[int]) -> dict[str, Measure]:
    """Return the numbers of these datums, by name: metrics, and items of results that are dicts
    (a result that is a number itself is ``result``). Nothing is unpickled for it."""
    rows = conn.execute(
        "select d.metrics, d.result_kind, d.result from json_each(?) j"
        " cross join datum d on d.id = j.value"
        f" where d.state in ({', '.join(str(int(state)) for state in FINISHED)})",
        (json.dumps(list(datums)),),
    )
    found: dict[str, Measure] = {}
    for metrics, kind, data in rows:
        told = {**dict(_numbers(_result(kind, data))), **dict(_numbers(_read(metrics or "{}")))}
        for name, value in told.items():
            if name in found or len(found) < _NAMES:
                found.setdefault(name, Measure()).add(value)
    return found


def _result(kind: str | None, data: bytes | None) -> Any:
    if data is None or not is_json(kind) or is_file(kind) or len(data) > _SMALL:
        return None
    found = _read(bytes(data).decode("utf-8", "replace"))
    return found if isinstance(found, dict) else {"result": found}


def _read(text: str) -> Any:
    """What a JSON text holds; None if it is none: the ledger may hold anything."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _numbers(found: Any) -> Iterator[tuple[str, float]]:
    for name, value in found.items() if isinstance(found, dict) else ():
        if type(value) in (int, float) and math.isfinite(value):
            yield str(name), value
