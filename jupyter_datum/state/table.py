"""The states of all datums of a run, one byte each, and the rules by which they change."""

from __future__ import annotations

from typing import Final

from ..errors import InvalidTransitionError
from ..states import DatumState

_S = DatumState

#: (state, verb) -> next state. What is not listed cannot happen.
TRANSITIONS: Final[dict[tuple[DatumState, str], DatumState]] = {
    (_S.PENDING, "send"): _S.RUNNING,
    (_S.PENDING, "cancel"): _S.CANCELLED,
    (_S.RUNNING, "succeed"): _S.SUCCESS,
    (_S.RUNNING, "fail"): _S.FAILED,
    # Tried again after a failure, or never begun by a worker that died.
    (_S.RUNNING, "again"): _S.PENDING,
    # No engine can take back what a worker has begun: what it gives after that is dropped.
    (_S.RUNNING, "cancel"): _S.CANCELLED,
    # Found when it was published: its path belongs to another datum.
    (_S.SUCCESS, "reject"): _S.FAILED,
    (_S.FAILED, "retry"): _S.PENDING,
}


class Table:
    """States by position, with counts kept as they change."""

    def __init__(self) -> None:
        #: One byte per position, a :class:`DatumState`.
        self.states = bytearray()
        #: How many positions are in each state, by its number.
        self.counts = [0] * len(DatumState)
        self._changed = (0, 0)

    def add(self, states: bytes) -> int:
        """Add positions; return the first."""
        start = len(self.states)
        self.states += states
        for state in DatumState:
            self.counts[state] += states.count(state)
        self._touch(start, len(self.states))
        return start

    def move(self, position: int, verb: str) -> None:
        """Change the state of one position.

        Raises
        ------
        InvalidTransitionError
            If the table of transitions does not know it.
        """
        state = DatumState(self.states[position])
        following = TRANSITIONS.get((state, verb))
        if following is None:
            raise InvalidTransitionError(
                f"position {position} is {state.name.lower()}, where {verb!r} cannot happen"
            )
        self.states[position] = following
        self.counts[state] -= 1
        self.counts[following] += 1
        self._touch(position, position + 1)

    def move_stretch(self, start: int, stop: int, state: DatumState, verb: str) -> None:
        """Change positions ``start..stop - 1``, which are all in `state`."""
        following = TRANSITIONS[state, verb]
        self.states[start:stop] = bytes([following]) * (stop - start)
        self.counts[state] -= stop - start
        self.counts[following] += stop - start
        self._touch(start, stop)

    def succeed(self, positions: list[int]) -> None:
        """Have running positions succeed, all at once."""
        for position in positions:
            self.states[position] = DatumState.SUCCESS
        self.counts[DatumState.RUNNING] -= len(positions)
        self.counts[DatumState.SUCCESS] += len(positions)
        self._touch(min(positions), max(positions) + 1)

    def take_changed(self) -> tuple[int, int]:
        """Return ``(low, high)`` around all bytes changed since last asked."""
        changed, self._changed = self._changed, (0, 0)
        return changed

    def _touch(self, low: int, high: int) -> None:
        if self._changed == (0, 0):
            self._changed = (low, high)
        else:
            self._changed = (min(low, self._changed[0]), max(high, self._changed[1]))
