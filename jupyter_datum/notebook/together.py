"""Which cells were sent to be executed together: the runs of one *Run All* share one id."""

from __future__ import annotations

import os
import time
import uuid
from datetime import datetime
from typing import Any, Final

from ..runner.environment import PIPELINE

#: Seconds after the end of a cell in which no person has started the next one.
_AT_ONCE: Final = 0.25


class Together:
    """Tells cells that were sent while the one before was still at work.

    Only differences within one clock are compared: the front end's may be another machine's.
    """

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._sent: datetime | None = None
        self._began = self._ended = 0.0

    @property
    def id(self) -> str:
        """Of the pipeline that the cell at work belongs to."""
        return os.environ.get(PIPELINE) or self._id

    def begin(self, sent: datetime | None) -> None:
        """A cell begins, which the front end sent at `sent` (its clock)."""
        now = time.monotonic()
        latest = self._ended - self._began + _AT_ONCE
        if sent is None or self._sent is None or (sent - self._sent).total_seconds() > latest:
            self._id = uuid.uuid4().hex
        self._sent, self._began = sent, now

    def end(self) -> None:
        """The cell has ended."""
        self._ended = time.monotonic()


def sent_at(shell: Any) -> datetime | None:
    """Return when the front end sent the request that is executed; None outside a kernel."""
    try:
        found = shell.kernel.get_parent("shell")["header"]["date"]
    except (AttributeError, KeyError, TypeError, LookupError):
        return None
    return found if isinstance(found, datetime) else None
