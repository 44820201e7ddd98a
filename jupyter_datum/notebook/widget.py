"""A run as a widget, for hosts without our front end (VS Code, Colab): needs ``anywidget``.

It shows what the panel of JupyterLab shows at a glance: counts, bar, map, groups. A thread
of the kernel reads the ledger twice a second while the run goes on; the widget carries no
command, for a kernel that waits in a cell could not hear it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Final

from ..errors import UsageError
from ..ledger import db, queries
from ..ledger.queries import RunRow
from ..ledger.tiles import tiles
from ..project import Project
from ..runner.client import as_it_stands
from ..states import ENDED, RunStatus
from . import render

#: Seconds between two looks.
_EVERY: Final = 0.5
#: Seconds after which a run is shown though nothing has changed: it may stand still, and a page
#: that hears nothing for three times as long says that nobody tells it any more.
_BEAT: Final = 5.0
_TILES: Final = 6_000
_GROUPS: Final = 8


def run_widget(project: Project, run: str) -> Any:
    """Return a widget of a run that keeps itself up to date until the run ends.

    Raises
    ------
    UsageError
        If anywidget is not installed.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise UsageError(
            "the widget needs anywidget: pip install 'jupyter-datum[widget]'; "
            "%datum status shows the same as text"
        ) from None

    class RunWidget(anywidget.AnyWidget):  # type: ignore[misc, name-defined, unused-ignore]
        """What is shown of a run."""

        _esm = Path(__file__).with_name("widget.js")
        _css = Path(__file__).with_name("widget.css")
        head = traitlets.Dict().tag(sync=True)
        groups = traitlets.List().tag(sync=True)
        tiles = traitlets.Bytes().tag(sync=True)

    widget = RunWidget()
    follow = _Follow(widget, project, run)
    if not follow.look():
        threading.Thread(target=follow.go_on, daemon=True, name=f"datum-{run[:8]}").start()
    return widget


class _Follow:
    """Brings a widget up to date."""

    def __init__(self, widget: Any, project: Project, run: str) -> None:
        self._widget = widget
        self._project = project
        self._run = run
        self._meter = render.Meter()
        self._seen = -1
        self._shown = 0.0

    def go_on(self) -> None:
        """Look until the run has ended."""
        with contextlib.closing(db.connect(self._project, readonly=True)) as conn:
            while True:
                time.sleep(_EVERY)
                version = db.data_version(conn)
                if version == self._seen and time.monotonic() - self._shown < _BEAT:
                    continue
                self._seen = version
                if self._read(conn):
                    return

    def look(self) -> bool:
        """Show the run as it is now; return whether it has ended."""
        with contextlib.closing(db.connect(self._project, readonly=True)) as conn:
            return self._read(conn)

    def _read(self, conn: sqlite3.Connection) -> bool:
        row = queries.run_by_uuid(conn, self._run)
        if row is None:
            return False
        groups = queries.failure_groups(conn, row.id)
        return self._show(as_it_stands(self._project, row), groups)

    def _show(self, row: RunRow, groups: list[Any]) -> bool:
        ended = RunStatus(row.status) in ENDED
        self._shown = time.monotonic()
        self._meter.look(self._shown, row)
        shown, size = tiles(self._project.run(row.uuid) / "states", row.total, _TILES)
        with self._widget.hold_sync():
            self._widget.head = _head(row, self._meter, size, groups)
            self._widget.groups = [
                {
                    "datums": group.datums,
                    "type": render.one_line(group.type, 60),
                    "message": render.one_line(group.headline),
                    "place": render.one_line(group.place, 60),
                }
                for group in groups[:_GROUPS]
            ]
            self._widget.tiles = shown
        return ended


def _head(row: RunRow, meter: render.Meter, size: int, groups: list[Any]) -> dict[str, Any]:
    over = row.ended or RunStatus(row.status) == RunStatus.INTERRUPTED
    line = render.closing_line(row) if over else render.speed(row, meter, time.monotonic())
    named = sum(group.datums for group in groups[:_GROUPS])
    names = ("total", "running", "success", "failed", "recovered", "skipped", "cancelled")
    return {
        "name": row.name,
        "status": row.status,
        "line": line.removeprefix(f"{row.name}: "),  # it stands in front of the line
        "ended": row.ended is not None,
        "at": time.time(),
        "size": size,
        "further": max(row.failed - named, 0) if len(groups) > _GROUPS else 0,
        "pending": row.pending,
        **{name: getattr(row, name) for name in names},
    }
