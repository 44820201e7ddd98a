"""A run as a widget, for hosts without our front end (VS Code, Colab): needs ``anywidget``.

It shows what the panel of JupyterLab shows at a glance: counts, bar, map, groups. A thread
of the kernel reads the ledger twice a second while the run goes on; the widget carries no
command, for a kernel that waits in a cell could not hear it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any, Final

from ..errors import UsageError
from ..ledger import db, queries
from ..ledger.queries import RunRow
from ..ledger.tiles import tiles
from ..project import Project
from ..states import ENDED, RunStatus
from . import render

#: Seconds between two looks.
_EVERY: Final = 0.5
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

    def go_on(self) -> None:
        """Look until the run has ended."""
        with contextlib.closing(db.connect(self._project, readonly=True)) as conn:
            while True:
                time.sleep(_EVERY)
                version = db.data_version(conn)
                if version == self._seen:
                    continue
                self._seen = version
                row = queries.run_by_uuid(conn, self._run)
                if row is not None and self._show(row, queries.failure_groups(conn, row.id)):
                    return

    def look(self) -> bool:
        """Show the run as it is now; return whether it has ended."""
        with contextlib.closing(db.connect(self._project, readonly=True)) as conn:
            row = queries.run_by_uuid(conn, self._run)
            return row is not None and self._show(row, queries.failure_groups(conn, row.id))

    def _show(self, row: RunRow, groups: list[Any]) -> bool:
        ended = RunStatus(row.status) in ENDED
        self._meter.look(time.monotonic(), row)
        shown, size = tiles(self._project.run(row.uuid) / "states", row.total, _TILES)
        with self._widget.hold_sync():
            self._widget.head = _head(row, self._meter, size)
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


def _head(row: RunRow, meter: render.Meter, size: int) -> dict[str, Any]:
    line = render.closing_line(row) if row.ended else render.speed(row, meter, time.monotonic())
    names = ("total", "running", "success", "failed", "recovered", "skipped", "cancelled")
    return {
        "name": row.name,
        "status": row.status,
        "line": line,
        "size": size,
        "pending": row.pending,
        **{name: getattr(row, name) for name in names},
    }
