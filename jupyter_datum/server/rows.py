"""One page of a table: rows by their numbers, with all that its columns tell."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ..ledger import queries
from ..ledger.queries import RunRow, key_text
from ..project import Project
from ..states import SETTLED, DatumState
from . import shapes
from .differences import other_run, pair_json, pairs, shown_metrics
from .errors import ApiError, bad_request
from .paths import contents_path
from .reads import run_of
from .source import Source
from .views import View, id_ranges

#: Metrics that have a column.
_METRICS: Final = 24
#: Characters of a message.
_MESSAGE: Final = 500
#: Datums that are looked at for the names of metrics.
_LOOKED_AT: Final = 48
#: Pieces that a selection may fall into: what a runner is told stands in one row.
_RANGES: Final = 100_000
#: What of a datum a page shows that is not settled in its run.
NOTHING: Final[dict[str, Any]] = {
    "tries": None, "seconds": None, "began": None, "worker": None, "outputs": None,
    "group": None, "error": None, "metrics": {}, "earlier": False, "file": None,
}  # fmt: skip
_IMAGES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp", ".tif", ".tiff")
_ERROR: Final = (
    "select coalesce(f.type, ''), coalesce(a.message, f.message, '') from attempt a"
    " left join failure f on f.id = a.failure where a.datum = ? and a.run = ? and a.attempt = ?"
)


class Table:
    """A run as a table.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    row : RunRow
    root : Path or None
        The folder that the server shows.
    other : str or None
        uuid of the run that it is compared with.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        project: Project,
        row: RunRow,
        root: Path | None,
        other: str | None = None,
    ) -> None:
        self._conn = conn
        self._project = project
        self._root = root
        self.source = Source(conn, project, row)
        self.other = other_run(conn, self.source, other) if other else None

    def page(self, view: View, first: int, limit: int) -> dict[str, Any]:
        """Return rows from number `first` on, and how many there are."""
        rows = self.rows(view.part(first, limit))
        return {
            "rows": rows,
            "first": first,
            "matches": view.total,
            "total": self.source.total,
            "metrics": self.metrics(rows),
        }

    def rows(self, places: Sequence[int], *, files: bool = True) -> list[dict[str, Any]]:
        """Return the datums at some places."""
        if not len(places):
            return []
        low, end = min(places), max(places) + 1
        all_ids, all_states = self.source.ids(low, end), self.source.states(low, end)
        ids = [all_ids[place - low] for place in places]
        known = self._known(ids)
        shown_files = self._files([i for i in ids if i in known]) if files else {}
        compared = pairs(self._conn, self.source, self.other, ids) if self.other else {}
        working = self._working() if DatumState.RUNNING in all_states else {}
        found = []
        for place, identity in zip(places, ids, strict=True):
            state = DatumState(all_states[place - low])
            shown = self._row(place, state, known.get(identity))
            if state not in SETTLED:
                shown.update(working.get(place, {}) if state is DatumState.RUNNING else {})
            else:
                shown["file"] = shown_files.get(identity)
            if self.other:
                shown["other"] = pair_json(compared.get(identity))
            found.append(shown)
        return found

    def metrics(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        """Return the names of metrics, as far as these rows and some of the run tell."""
        step = max(1, self.source.total // _LOOKED_AT)
        spread = range(0, self.source.total, step)[:_LOOKED_AT]
        ids = [self.source.ids(place, place + 1)[0] for place in spread]
        sql = "select d.metrics from json_each(?) j cross join datum d on d.id = j.value"
        names = dict.fromkeys(name for row in rows for name in row["metrics"])
        for (text,) in self._conn.execute(sql, (json.dumps(ids),)):
            names.update(dict.fromkeys(_metrics(text)))
        return sorted(names)[:_METRICS]

    # -- ground --------------------------------------------------------------------------

    def _known(self, ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
        columns = self.source.columns
        names = ("run", "tries", "dur", "began", "worker", "out", "metrics", "group")
        told = ", ".join(columns[name] for name in names)
        sql = (
            f"select d.id, d.key, {told} from json_each(?) j cross join datum d"
            f" on d.id = j.value{self.source.rows} where d.transform = ?"
        )
        rows = self._conn.execute(sql, (json.dumps(list(ids)), self.source.run.transform))
        return {row[0]: row for row in rows}

    def _row(self, place: int, state: DatumState, known: Any) -> dict[str, Any]:
        shown = {"position": place, "id": None, "key": None, "state": state.name.lower()}
        if known is None:
            return {**shown, **NOTHING}
        identity, key, run, tries, seconds, began, worker, out, metrics, group = known
        shown.update(id=identity, key=key_text(key))
        if state not in SETTLED:
            return {**shown, **NOTHING}
        return {
            **shown,
            "tries": tries,
            "seconds": seconds,
            "began": began,
            "worker": worker,
            "outputs": out,
            "group": group if state is DatumState.FAILED else None,
            "error": self._error(state, identity, run, tries),
            "metrics": _metrics(metrics),
            "earlier": run != self.source.run.id,
            "file": None,
        }

    def _error(self, state: DatumState, identity: int, run: int, tries: int) -> Any:
        if state in (DatumState.SUCCESS, DatumState.SKIPPED):
            return None
        found = self._conn.execute(_ERROR, (identity, run, tries)).fetchone()
        return {"type": found[0], "message": found[1][:_MESSAGE]} if found else None

    def _working(self) -> dict[int, dict[str, Any]]:
        rows = self._conn.execute(
            "select position, worker, key, since from worker"
            " where run = ? and position is not null and state <> 'gone'",
            (self.source.run.id,),
        )
        return {
            place: {"worker": worker, "began": since, **({"key": key_text(key)} if key else {})}
            for place, worker, key, since in rows
        }

    def _files(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The output of each that is opened from its row: the first image, else the first."""
        shown = {}
        for identity, outputs in queries.outputs_of(self._conn, ids).items():
            paths = sorted(output[0] for output in outputs)
            images = [path for path in paths if path.lower().endswith(tuple(_ENDS))]
            path = contents_path(self._root, (images or paths)[0])
            if path is not None:
                shown[identity] = {"path": path, "image": bool(images)}
        return shown


def chosen(
    conn: sqlite3.Connection, project: Project, run: str, what: View | Sequence[Sequence[int]]
) -> list[list[int]]:
    """Return the ids of a selection as ranges, first and last each.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    run : str
        uuid.
    what : View or sequence
        Rows that were found, or stretches of places, first and last each.

    Raises
    ------
    ApiError
        ``not-found`` if it is empty, ``bad-request`` if it is too scattered.
    """
    row = run_of(conn, run)
    source = Source(conn, project, row)
    ids = array("I")
    if isinstance(what, View):
        ids.extend(map(source.ids().__getitem__, what.part(0, what.total)))
    else:
        for first, last in _joined(what):
            ids.extend(source.ids(first, last + 1))
    found = id_ranges(ids)
    if not found:
        raise ApiError(404, "not-found", "no datum of this run matches this selection")
    if len(found) > _RANGES:
        raise bad_request(f"the selection falls into {len(found):,} pieces: choose fewer")
    return found


_ENDS: Final = [ending.encode() for ending in _IMAGES]


def _metrics(text: Any) -> dict[str, Any]:
    """Metrics that a cell of a table can show."""
    return shown_metrics(shapes.metrics_json(text))


def _joined(stretches: Sequence[Sequence[int]]) -> list[list[int]]:
    """Stretches (first and last place) in order, none over another: each place once."""
    found: list[list[int]] = []
    for first, last in sorted(map(list, stretches)):
        if found and first <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], last)
        else:
            found.append([first, last])
    return found
