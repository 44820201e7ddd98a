"""A run's datums as SQL sees them: the latest outcome of each, or, where a later run has given
it another one, what it came to in this run."""

from __future__ import annotations

import sqlite3
import sys
from array import array
from pathlib import Path
from typing import Final

from ..ledger.files import WIDTH
from ..ledger.queries import RunRow
from ..project import Project
from ..states import DatumState
from .errors import ApiError, put_away
from .paths import read_part

#: Datums of a run that are shown as a table; a ledger that claims more is none of ours.
LARGEST: Final = 64 << 20
#: A NUL stands between the parts of a key that has several; people see a bar.
KEY_TEXT: Final = "case when instr(d.key, x'00') then key_text(d.key) else cast(d.key as text) end"
#: A failed datum keeps those of its last success with its outputs: its run has none.
_METRICS: Final = f"iif({{0}}.state = {DatumState.FAILED:d}, null, {{0}}.metrics)"
_NOW: Final = {
    "run": "d.run", "state": "d.state", "tries": "d.attempt", "began": "d.began",
    "dur": "d.seconds", "worker": "d.worker", "out": "d.outputs", "metrics": _METRICS.format("d"),
    "group": "d.failure",
}  # fmt: skip
#: Columns that a former outcome has under another name, or not at all.
_FORMER: Final = {
    "run": "p.run", "state": "p.state", "tries": "p.attempt", "began": "p.began",
    "dur": "p.seconds", "out": "json_array_length(p.outputs)", "metrics": _METRICS.format("p"),
    "worker": "(select b.worker from attempt b where b.datum = d.id and b.run = p.run"
    " and b.attempt = p.attempt)",
    "group": "(select b.failure from attempt b where b.datum = d.id and b.run = p.run"
    " and b.attempt = p.attempt)",
}  # fmt: skip


class Source:
    """The datums of a run.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    row : RunRow

    Attributes
    ----------
    rows : str
        What follows *from* behind ``datum d``; empty if no later run has touched them.
    columns : dict
        The expression of each column of an outcome.

    Raises
    ------
    ApiError
        ``folded``; ``ledger`` if the run claims more datums than there can be.
    """

    def __init__(self, conn: sqlite3.Connection, project: Project, row: RunRow) -> None:
        if row.folded:
            raise put_away()
        if not 0 <= row.total <= LARGEST:
            raise ApiError(503, "ledger", "the number of datums of this run cannot be read")
        self.run = row
        self.total = row.total
        self._folder = project.run(row.uuid)
        later = conn.execute(
            "select 1 from run where transform = ? and id > ? limit 1", (row.transform, row.id)
        ).fetchone()
        self.rows = ""
        self.columns = dict(_NOW)
        if later:
            self.rows = (
                f" left join past p on p.datum = d.id and p.run = {row.id:d} and d.run > {row.id:d}"
            )
            self.columns = {
                name: f"iif(d.run > {row.id:d}, {_FORMER[name]}, {_NOW[name]})" for name in _NOW
            }

    def ids(self, first: int = 0, end: int | None = None) -> array[int]:
        """Return the ids of the datums at places `first` to `end` (exclusive); 0: not known."""
        wanted = self._length(first, end)
        data = read_part(self._folder / "plan", first * WIDTH, wanted * WIDTH) or b""
        found = array("I", bytes(4 * wanted))
        whole = len(data) // WIDTH
        found[:whole] = array("I", data[: whole * WIDTH])
        if sys.byteorder == "big":
            found.byteswap()
        return found

    def states(self, first: int = 0, end: int | None = None) -> bytes:
        """Return the states of places `first` to `end` (exclusive), a byte each."""
        wanted = self._length(first, end)
        data = read_part(self._folder / "states", first, wanted) or b""
        return (data + bytes(wanted - len(data))).translate(_STATE)

    def _length(self, first: int, end: int | None) -> int:
        last = self.total if end is None else min(end, self.total)
        return max(0, last - first)


def plan_part(path: Path, first: int, end: int) -> array[int]:
    """Return the ids at places `first` to `end` (exclusive), as far as they are there: read and
    not mapped, so that a file which is cut short meanwhile cannot take the server with it."""
    data = read_part(path, first * WIDTH, max(0, end - first) * WIDTH) or b""
    found = array("I", data[: len(data) // WIDTH * WIDTH])
    if sys.byteorder == "big":
        found.byteswap()
    return found


#: A state is in the low four bits; what no state is, is taken for pending.
_STATE: Final = bytes(byte & 15 if byte & 15 <= 6 else 0 for byte in range(256))
