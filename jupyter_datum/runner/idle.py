"""For how long a runner waits without work: a setting, which may change while it waits."""

from __future__ import annotations

import time
from typing import Final

from ..errors import UsageError
from ..settings import SETTINGS, idle_seconds

#: Seconds between two looks at the settings.
_LOOK: Final = 1.0


class Idle:
    """The idle time as the settings have it now."""

    def __init__(self) -> None:
        self._seconds = float(next(one for one in SETTINGS if one.key == "idle").default)
        self._next = 0.0
        self._told = ""

    @property
    def seconds(self) -> float:
        """The idle time; where the settings have a mistake, what they said before it."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _LOOK
            try:
                self._seconds = idle_seconds()
            except UsageError as exc:  # runs are refused with it; a runner must not end of it
                if str(exc) != self._told:
                    self._told = str(exc)
                    print(exc, flush=True)
        return self._seconds
