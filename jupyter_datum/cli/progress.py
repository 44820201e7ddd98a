"""How far a run is, for whoever waits: a line that changes on a terminal, some lines in a log."""

from __future__ import annotations

import sys
from typing import Final

from ..ledger.queries import RunRow
from ..notebook.render import Meter, progress_line, settled

#: Seconds before the first line of a log, and between two: what is over by then says its end.
_FIRST: Final = 2.0
#: Seconds after which a log has a line, though little has happened.
_LATEST: Final = 30.0
_TENTHS: Final = 10


class Progress:
    """Shows it on standard error.

    Parameters
    ----------
    now : float
        Seconds of a clock that only goes forward; each look tells them.
    """

    def __init__(self, now: float) -> None:
        self._meter = Meter()
        self._terminal = sys.stderr.isatty()
        self._said = now
        self._tenth = -1

    def look(self, row: RunRow, now: float) -> None:
        """Show how far a run is, if there is something new to say."""
        self._meter.look(now, row)
        if self._terminal:
            print(f"\r\033[K{self._line(row, now)}", end="", file=sys.stderr)
            return
        tenth = _TENTHS * settled(row) // row.total if row.planned and row.total else 0
        since = now - self._said
        if since > _LATEST or (since > _FIRST and tenth > self._tenth):
            self._said, self._tenth = now, tenth
            print(self._line(row, now), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Make room for what became of it."""
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr)

    def _line(self, row: RunRow, now: float) -> str:
        return progress_line(row, self._meter, now)
