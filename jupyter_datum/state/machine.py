"""The scheduler: a state machine without clocks, files or workers.

An event goes in, with the time; a list of actions comes out. What is decided here is
decided for all engines: which datum goes where and when, what a failure or a death means,
who is blamed, when a run pauses and when it ends.

A datum is known by its position in the run's plan. One byte of state each is all that a
million of them cost; what is in flight, tried again or blamed is held one by one.

The parts: :mod:`.table` (states) under :mod:`.transitions` (the rules), :mod:`.queue`
(what waits), :mod:`.tries` (what is tried again), :mod:`.probe` and :mod:`.pace`, tied
together by :mod:`.datums`; :mod:`.crew` (workers), :mod:`.sizing` (how many datums at
once) and :mod:`.blame` (who killed the worker), tied together by :mod:`.dispatch`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..events import Done
from ..states import DatumState, RunStatus
from . import messages as m
from .datums import Datums
from .dispatch import Dispatch
from .settings import RunSettings


class RunState:
    """The state of one run.

    Parameters
    ----------
    settings : RunSettings
    """

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self._datums = Datums(settings)
        self._dispatch = Dispatch(self._datums)
        self._table = self._datums.table
        self._switches = self._datums.switches

    # -- what may be asked ---------------------------------------------------------------

    @property
    def states(self) -> bytearray:
        """One byte per position, a :class:`DatumState`. To be read only."""
        return self._table.states

    @property
    def counts(self) -> list[int]:
        """How many positions are in each state, by its number. To be read only."""
        return self._table.counts

    @property
    def late(self) -> int:
        """Records of attempts that were not awaited (any more)."""
        return self._table.late

    @property
    def remaining(self) -> int:
        """Datums known and not settled."""
        return self.counts[DatumState.PENDING] + self.counts[DatumState.RUNNING]

    @property
    def useful(self) -> int:
        """Datums that are at work, or could be if there were workers enough."""
        running, pending = self.counts[DatumState.RUNNING], self.counts[DatumState.PENDING]
        if not self._switches.sending:
            return running
        room = self._switches.room
        return running + (pending if room is None else min(pending, room))

    @property
    def halts(self) -> bool:
        """Whether workers are to begin nothing of what they have, either."""
        return self._switches.halts

    @property
    def bounded(self) -> bool:
        """Whether the run would end if all failed that is at work."""
        counts = self.counts
        running, failed = counts[DatumState.RUNNING], counts[DatumState.FAILED]
        settled = counts[DatumState.SUCCESS] + counts[DatumState.RECOVERED] + failed
        return self._datums.on_error.reached(failed + running, settled + running)

    @property
    def status(self) -> RunStatus:
        """How the run stands."""
        return self._switches.status

    @property
    def busy(self) -> dict[str, tuple[int, float]]:
        """What each worker is at, as far as known: ``worker -> (position, since)``."""
        found = ((worker.name, worker.at(self._table)) for worker in self._dispatch.crew)
        return {name: (item[0], since) for name, (item, since) in found if item is not None}

    @property
    def behind(self) -> dict[str, int]:
        """How many datums each worker has besides the one that it is at."""
        return {worker.name: worker.behind(self._table) for worker in self._dispatch.crew}

    def rests(self, worker: str) -> bool:
        """Return whether a worker has nothing left to do."""
        there = self._dispatch.crew.get(worker)
        return there is not None and not there.sets

    @property
    def rate(self) -> float:
        """Datums settled per second of late; 0 if not known yet."""
        return self._datums.pace.rate()

    def eta(self, now: float) -> float | None:
        """Seconds until all that is known now is settled; None if that cannot be told."""
        rate = self._datums.pace.rate(now)
        return self.remaining / rate if rate > 0 else None

    def next_deadline(self, now: float) -> float | None:
        """When a :class:`Tick` is needed next, if nothing else happens before; never past."""
        if self._switches.ended is not None:
            return None
        times = (
            self._dispatch.next_kill(),
            self._dispatch.next_due(),
            self._dispatch.next_relief(now),
            self._switches.held_until,
        )
        known = [at for at in times if at is not None]
        return max(now, min(known)) if known else None

    def accepts(self, position: int, attempt: int) -> bool:
        """Return whether a record of this attempt is awaited; else count it as late."""
        if self._table.awaits(position, attempt):
            return True
        self._table.late += 1
        return False

    def expected(self, records: Sequence[Done]) -> list[Done]:
        """Return those of `records` that are awaited, in order; count the rest as late."""
        return self._table.expected(records)

    def take_changed(self) -> tuple[int, int]:
        """Return ``(low, high)`` around all bytes of :attr:`states` changed since last asked."""
        return self._table.take_changed()

    # -- events --------------------------------------------------------------------------

    def apply(self, event: m.Event, now: float) -> list[m.Action]:
        """Take `event`, which happened at `now`; return what is to be done, in order.

        After the run's end only :class:`~.messages.Rejected` still counts (the last
        successes are published then), and gives no actions.

        Raises
        ------
        InvalidTransitionError
            If a datum's state cannot take it: a mistake of the caller's.
        """
        datums = self._datums
        if self._switches.ended is not None:
            if isinstance(event, m.Rejected):
                self._table.move(event.position, "reject")
            return []
        _HANDLERS[type(event)](self, event, now)
        self._dispatch.dispatch(now)
        self._dispatch.replace_missing()
        datums.end_if_over()
        actions, datums.actions = datums.actions, []
        return actions

    def _planned(self, event: m.Planned, now: float) -> None:
        self._datums.planned(event)

    def _plan_ended(self, event: m.PlanEnded, now: float) -> None:
        self._switches.planned = True

    def _up(self, event: m.WorkerUp, now: float) -> None:
        self._dispatch.crew.add(event.worker, now)

    def _down(self, event: m.WorkerDown, now: float) -> None:
        self._dispatch.down(event, now)

    def _worn(self, event: m.WorkerWorn, now: float) -> None:
        self._dispatch.wear_out(event)

    def _began(self, event: m.WorkerBegan, now: float) -> None:
        worker = self._dispatch.crew.get(event.worker)
        if worker is not None:
            worker.begun = (event.position, event.attempt, event.at)

    def _ended(self, event: m.WorkerEnded, now: float) -> None:
        worker = self._dispatch.crew.get(event.worker)
        if worker is not None:
            worker.begun, worker.head_since = None, now

    def _finished(self, event: m.Finished, now: float) -> None:
        accepted = self._datums.succeed(event.outcomes, now)
        if accepted:
            seconds = sum(outcome[2] for outcome in accepted)
            self._dispatch.sizing.measured(len(accepted), seconds)
        if len(accepted) < len(event.outcomes):
            self._datums.actions.append(m.Accepted(event.worker, event.set_id, accepted))

    def _failure(self, event: m.Failure, now: float) -> None:
        item = (event.position, event.attempt)
        if not self.accepts(*item):
            if self._datums.queue.never_sent(event.position):
                self._table.move(event.position, "fail")  # raises: not late but impossible
            return
        self._dispatch.sizing.measured(1, event.seconds)
        again = not self._switches.halted and self._datums.tries.after_exception(
            *item, event.signature, transient=event.transient, fatal=event.fatal
        )
        if again:
            self._datums.try_again(item, event.worker, now)
        elif self._datums.recovers(event.position):
            self._datums.recover(item, event.worker, now, died=False)
        else:
            self._datums.fail(item, event.signature, now)

    def _rejected(self, event: m.Rejected, now: float) -> None:
        self._datums.reject(event.position, event.attempt)

    def _returned(self, event: m.SetReturned, now: float) -> None:
        self._dispatch.returned(event, now)

    def _tick(self, event: m.Tick, now: float) -> None:
        held_until = self._switches.held_until
        if held_until is not None and now >= held_until:
            self._switches.held_until = None
        self._dispatch.kill_overdue(now)
        self._dispatch.relieve(now)

    def _reclaimed(self, event: m.Reclaimed, now: float) -> None:
        self._dispatch.reclaimed(event)

    def _cancel(self, event: m.Cancel, now: float) -> None:
        if self._switches.cancelled_at is None:
            self._datums.cancel_all(now)
            self._dispatch.cancelled()

    def _hold(self, event: m.Hold, now: float) -> None:
        self._switches.held_until = now + self.settings.hold

    def _release(self, event: m.Release, now: float) -> None:
        self._switches.held_until = None

    def _pause(self, event: m.Pause, now: float) -> None:
        self._switches.paused = True

    def _resume(self, event: m.Resume, now: float) -> None:
        if self._switches.paused:
            self._switches.paused = False
            self._datums.pace.start(now)

    def _scale(self, event: m.Scale, now: float) -> None:
        self._dispatch.scale(event.workers)

    def _room(self, event: m.Room, now: float) -> None:
        self._switches.room = event.datums

    def _rule(self, event: m.Rule, now: float) -> None:
        self._datums.on_error = event.on_error

    def _retry(self, event: m.Retry, now: float) -> None:
        self._datums.retry(event.positions)

    def _no_workers(self, event: m.NoWorkersLeft, now: float) -> None:
        self._dispatch.give_up()
        if not self._switches.halted:
            self._datums.end(RunStatus.ERROR)


_HANDLERS: Final[dict[type, Callable[[RunState, Any, float], None]]] = {
    m.Planned: RunState._planned,
    m.PlanEnded: RunState._plan_ended,
    m.WorkerUp: RunState._up,
    m.WorkerDown: RunState._down,
    m.WorkerWorn: RunState._worn,
    m.WorkerBegan: RunState._began,
    m.WorkerEnded: RunState._ended,
    m.Finished: RunState._finished,
    m.Failure: RunState._failure,
    m.Rejected: RunState._rejected,
    m.SetReturned: RunState._returned,
    m.Reclaimed: RunState._reclaimed,
    m.Tick: RunState._tick,
    m.Cancel: RunState._cancel,
    m.Hold: RunState._hold,
    m.Release: RunState._release,
    m.Pause: RunState._pause,
    m.Resume: RunState._resume,
    m.Scale: RunState._scale,
    m.Room: RunState._room,
    m.Rule: RunState._rule,
    m.Retry: RunState._retry,
    m.NoWorkersLeft: RunState._no_workers,
}
