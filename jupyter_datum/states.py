"""The states of a datum and of a run: one word, one byte, one place."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class DatumState(IntEnum):
    """State of one datum in one run; the value is its byte in a run's ``states`` file."""

    PENDING = 0
    RUNNING = 1
    SUCCESS = 2
    FAILED = 3
    RECOVERED = 4
    SKIPPED = 5
    CANCELLED = 6

    @property
    def word(self) -> str:
        """What a person reads."""
        return "skipped (unchanged)" if self is DatumState.SKIPPED else self.name.lower()


#: States in which nothing more happens to a datum in its run.
SETTLED = frozenset(DatumState) - {DatumState.PENDING, DatumState.RUNNING}

#: States of a datum that has a result and outputs of its last attempt.
FINISHED = (DatumState.SUCCESS, DatumState.RECOVERED)


class RunStatus(StrEnum):
    """State of a run. ``interrupted`` is only ever shown: its runner is gone."""

    QUEUED = "queued"
    RUNNING = "running"
    HELD = "held"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ERROR = "error"
    INTERRUPTED = "interrupted"


#: Run states that end a run; ``error`` means that the run itself, not a datum, went wrong.
ENDED = frozenset({RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.ERROR})
