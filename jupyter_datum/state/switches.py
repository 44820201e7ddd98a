"""What holds for the run as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from ..states import RunStatus


@dataclass(slots=True)
class Switches:
    """``planned``: no more positions come. ``stopped``: too many have failed. ``room``: datums
    that may be sent until more is said, None for any number."""

    planned: bool = False
    paused: bool = False
    stopped: bool = False
    held_until: float | None = None
    room: int | None = None
    cancelled_at: float | None = None
    ended: RunStatus | None = None

    @property
    def halted(self) -> bool:
        """Whether nothing more is started, ever."""
        return self.stopped or self.cancelled_at is not None or self.ended is not None

    @property
    def sending(self) -> bool:
        """Whether anything may be sent at present."""
        return not (self.halted or self.paused or self.held_until is not None or self.room == 0)

    @property
    def halts(self) -> bool:
        """Whether workers are to begin nothing of what they have, either."""
        waits = self.halted or self.paused or self.held_until is not None
        return waits and self.ended is None

    @property
    def status(self) -> RunStatus:
        """What a person reads."""
        if self.ended is not None:
            return self.ended
        if self.cancelled_at is not None:
            return RunStatus.CANCELLING
        if self.paused:
            return RunStatus.PAUSED
        return RunStatus.HELD if self.held_until is not None else RunStatus.RUNNING
