"""The state of every datum of a run: one byte a position, and the counts kept beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..errors import InvalidTransitionError
from ..events import Done
from ..states import DatumState
from .transitions import TRANSITIONS, following

#: ``(position, attempt)``.
Item = tuple[int, int]
#: ``(position, attempt, seconds)``.
Outcome = tuple[int, int, float]

_S = DatumState
_SENT: Final = TRANSITIONS[_S.PENDING, "send"]
_SUCCEEDED: Final = TRANSITIONS[_S.RUNNING, "succeed"]
_RECOVERED: Final = TRANSITIONS[_S.RUNNING, "recover"]
_CANCELLED: Final = TRANSITIONS[_S.PENDING, "cancel"]
_CANCEL: Final = bytes.maketrans(bytes([_S.PENDING]), bytes([_CANCELLED]))


class Table:
    """States, counts and attempt numbers; every change goes through the transition table."""

    def __init__(self) -> None:
        #: One byte per position, a :class:`DatumState`.
        self.states = bytearray()
        #: How many positions are in each state, by its number.
        self.counts = [0] * len(DatumState)
        #: Records of attempts that were not awaited (any more).
        self.late = 0
        self._attempts: dict[int, int] = {}  # of datums beyond their first
        self._changed = (0, 0)

    # -- what may be asked ---------------------------------------------------------------

    def attempt(self, position: int) -> int:
        """The number of the datum's present attempt, from 1."""
        return self._attempts.get(position, 1)

    def awaits(self, position: int, attempt: int) -> bool:
        """Return whether this attempt has been sent and is not settled."""
        return (
            0 <= position < len(self.states)
            and self.states[position] == _S.RUNNING
            and self._attempts.get(position, 1) == attempt
        )

    def expected(self, records: Sequence[Done]) -> list[Done]:
        """Those of `records` whose attempts have been sent and are not settled, in order;
        the rest counts as late."""
        states, attempts, known = self.states, self._attempts, len(self.states)
        found = [
            record
            for record in records
            if record.position < known
            and states[record.position] == _S.RUNNING
            and attempts.get(record.position, 1) == record.attempt
        ]
        self.late += len(records) - len(found)
        return found

    def awaited(self, items: Sequence[Item] | range) -> list[Item]:
        """Those of a set's `items` that are sent and not settled, in order."""
        if isinstance(items, range):
            if not self.states.count(_S.RUNNING, items.start, items.stop):
                return []
            return [(p, 1) for p in items if self.awaits(p, 1)]
        return [item for item in items if self.awaits(*item)]

    def take_changed(self) -> tuple[int, int]:
        """Return ``(low, high)`` around all bytes changed since last asked."""
        changed, self._changed = self._changed, (0, 0)
        return changed

    # -- many at once --------------------------------------------------------------------

    def extend(self, states: bytes) -> None:
        """Add positions."""
        if _S.RUNNING in states:
            raise InvalidTransitionError("a datum cannot be running before it was sent")
        start = len(self.states)
        self.states += states
        for state in DatumState:
            self.counts[state] += states.count(state)
        self._touch(start, len(self.states))

    def send(self, items: Sequence[Item] | range) -> None:
        """The datums of a set are sent."""
        if not isinstance(items, range):
            self._send_each(items)
            return
        start, stop, n = items.start, items.stop, len(items)
        if self.states.count(_S.PENDING, start, stop) != n:
            raise InvalidTransitionError(f"positions {start} to {stop} are not all pending")
        self.states[start:stop] = bytes([_SENT]) * n
        self._count(_S.PENDING, _SENT, n)
        self._touch(start, stop)

    def _send_each(self, items: Sequence[Item]) -> None:
        states = self.states
        for n, (position, _) in enumerate(items):
            if states[position] != _S.PENDING:
                self._count(_S.PENDING, _SENT, n)  # as far as it came, so that counts fit
                following(states[position], "send", position)
            states[position] = _SENT
        positions = [position for position, _ in items]
        self._count(_S.PENDING, _SENT, len(items))
        self._touch(min(positions), max(positions) + 1)

    def succeed(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Settle what is awaited of `outcomes`; return it. The rest counts as late."""
        states, attempts, known = self.states, self._attempts, len(self.states)
        accepted = []
        for outcome in outcomes:
            position = outcome[0]
            # The loop that a million datums pass through: no call in it.
            if (
                position < known
                and states[position] == _S.RUNNING
                and attempts.get(position, 1) == outcome[1]
            ):
                states[position] = _SUCCEEDED
                accepted.append(outcome)
        self.late += len(outcomes) - len(accepted)
        if accepted:
            positions = [outcome[0] for outcome in accepted]
            self._count(_S.RUNNING, _SUCCEEDED, len(accepted))
            self._touch(min(positions), max(positions) + 1)
            for position in positions if attempts else ():
                attempts.pop(position, None)
        return outcomes if len(accepted) == len(outcomes) else accepted

    def recovered(self, positions: Sequence[int]) -> None:
        """Of what :meth:`succeed` has just settled these were recovered."""
        for position in positions:
            self.states[position] = _RECOVERED
        self._count(_SUCCEEDED, _RECOVERED, len(positions))

    def cancel_pending(self) -> None:
        """Cancel all that is pending."""
        pending = self.counts[_S.PENDING]
        if pending:
            self.states[:] = self.states.translate(_CANCEL)
            self._count(_S.PENDING, _CANCELLED, pending)
            self._touch(0, len(self.states))

    # -- one -----------------------------------------------------------------------------

    def move(self, position: int, verb: str) -> None:
        """Let `verb` happen to one datum.

        Raises
        ------
        InvalidTransitionError
            If it cannot happen in the datum's state.
        """
        before = self.states[position]
        after = following(before, verb, position)
        self.states[position] = after
        self._count(before, after, 1)
        self._touch(position, position + 1)

    def number(self, position: int, attempt: int) -> None:
        """From now on the datum's present attempt is this one."""
        self._attempts[position] = attempt

    def _count(self, before: int, after: int, n: int) -> None:
        self.counts[before] -= n
        self.counts[after] += n

    def _touch(self, low: int, high: int) -> None:
        if self._changed == (0, 0):
            self._changed = (low, high)
        elif high > low:
            self._changed = (min(low, self._changed[0]), max(high, self._changed[1]))
