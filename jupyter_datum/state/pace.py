"""How fast a run goes, from what was settled of late."""

from __future__ import annotations

from collections import deque
from typing import Final

#: Seconds that are looked back at, and how many steps at least, for slow datums.
_SPAN: Final = 30.0
_STEPS: Final = 20
#: Seconds between two steps.
_STEP: Final = 0.5


class Pace:
    """Datums settled over time, in a few dozen steps."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque()  # (at, settled until then)
        self._settled = 0
        self._at = 0.0

    def start(self, now: float) -> None:
        """Work begins, or goes on after a pause, which is not to count."""
        self._steps.clear()
        self._steps.append((now, self._settled))
        self._at = now

    @property
    def started(self) -> bool:
        """Whether there is anything to measure from."""
        return bool(self._steps)

    def settled(self, datums: int, now: float) -> None:
        """So many were settled."""
        self._settled += datums
        self._at = now
        if self._steps and now - self._steps[-1][0] >= _STEP:
            self._steps.append((now, self._settled))
            while len(self._steps) > _STEPS and now - self._steps[0][0] > _SPAN:
                self._steps.popleft()

    def rate(self, now: float | None = None) -> float:
        """Datums per second until `now` (default: until one was settled last); 0 if unknown."""
        if not self._steps:
            return 0.0
        at, before = self._steps[0]
        seconds = (self._at if now is None else now) - at
        return (self._settled - before) / seconds if seconds > 0 else 0.0
