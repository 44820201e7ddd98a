"""The scheduler: a state machine without clocks, files or workers.

An event goes in, with the time; a list of actions comes out. What is decided here is
decided for all engines: which datum goes where and when, what a failure or a death means,
who is blamed, when a run pauses and when it ends.

A datum is known by its position in the run's plan. One byte of state each is all that a
million of them cost; what is in flight, tried again or blamed is held one by one.

What is tried again: deaths, time-outs and errors that may go away by themselves (I/O), up
to ``tries`` attempts in all; an error of that kind that comes twice with one signature is
final. Any other exception is final at once: the same code on the same input raises again,
and running it twice would only double the cost of a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..states import DatumState, RunStatus
from . import messages as m
from .probe import Probe
from .queue import Queue
from .settings import RunSettings
from .sizing import Sizing
from .table import Table
from .worker import Worker

_S = DatumState


class RunState:
    """The state of one run.

    Parameters
    ----------
    settings : RunSettings
    """

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self._table = Table()
        #: One byte per position, a :class:`DatumState`.
        self.states = self._table.states
        #: How many positions are in each state, by its number.
        self.counts = self._table.counts
        #: Records of attempts that were not awaited (any more).
        self.late = 0
        self._queue = Queue()
        self._sizing = Sizing(settings.set_seconds, settings.max_set)
        self._probe = Probe(settings.probe)
        self._workers: dict[str, Worker] = {}
        self._attempts: dict[int, int] = {}  # of datums beyond their first
        self._signatures: dict[int, str] = {}  # of the last failure, while tried again
        self._suspects: set[int] = set()  # sent alone, to find which one kills
        self._next_set = 1
        self._planned = self._cancelled = self._stopped = self._ended = False
        self._paused = False
        self._held_until: float | None = None
        self._cancel_at = 0.0

    # -- what may be asked ---------------------------------------------------------------

    @property
    def remaining(self) -> int:
        """Datums known and not settled."""
        return self.counts[_S.PENDING] + self.counts[_S.RUNNING]

    def accepts(self, position: int, attempt: int) -> bool:
        """Return whether a record of this attempt is awaited; else count it as late."""
        if (
            position < len(self.states)
            and self.states[position] == _S.RUNNING
            and self._attempts.get(position, 1) == attempt
        ):
            return True
        self.late += 1
        return False

    def take_changed(self) -> tuple[int, int]:
        """Return ``(low, high)`` around all bytes of :attr:`states` changed since last asked."""
        return self._table.take_changed()

    def next_due(self) -> float | None:
        """When something is to happen by itself next, if nothing else does before."""
        times = [t for t in (self._queue.next_due(), self._held_until) if t is not None]
        return min(times, default=None)

    # -- events --------------------------------------------------------------------------

    def apply(self, event: m.Event, now: float) -> list[m.Action]:
        """Take `event`, which happened at `now`; return what is to be done, in order."""
        actions: list[m.Action] = []
        if self._ended:
            if isinstance(event, m.Rejected):  # found when the last group was published
                self._table.move(event.position, "reject")
            return actions
        _HANDLERS[type(event)](self, event, now, actions)
        self._dispatch(now, actions)
        self._end_if_over(actions)
        return actions

    def _on_planned(self, event: m.Planned, now: float, actions: list[m.Action]) -> None:
        states = event.states
        if self._cancelled or self._stopped:
            states = states.replace(bytes([_S.PENDING]), bytes([_S.CANCELLED]))
        self._queue.add(self._table.add(states), states)

    def _on_plan_ended(self, event: m.PlanEnded, now: float, actions: list[m.Action]) -> None:
        self._planned = True

    def _on_up(self, event: m.WorkerUp, now: float, actions: list[m.Action]) -> None:
        self._workers[event.worker] = Worker()

    def _on_down(self, event: m.WorkerDown, now: float, actions: list[m.Action]) -> None:
        worker = self._workers.pop(event.worker, None)
        if worker is None:
            return
        lost = [item for items in worker.sets.values() for item in items if self._open(item)]
        guilty = self._guilty(worker, event, lost)
        if guilty is not None:
            lost.remove(guilty)
            self._blame(event, worker, guilty, now, actions)
        self._send_again(worker, lost, unknown=event.begun is None and guilty is None)
        if self.counts[_S.PENDING] and not self._cancelled and not self._stopped:
            actions.append(m.ReplaceWorker())

    def _guilty(
        self, worker: Worker, event: m.WorkerDown, lost: list[tuple[int, int]]
    ) -> tuple[int, int] | None:
        """What the worker was at when it died; None if that cannot be told."""
        if event.begun in lost:
            return event.begun
        if len(worker.sets) and lost and lost[0][0] in self._suspects:
            return lost[0]
        return None

    def _blame(
        self,
        event: m.WorkerDown,
        worker: Worker,
        guilty: tuple[int, int],
        now: float,
        actions: list[m.Action],
    ) -> None:
        position, attempt = guilty
        if self._cancelled:
            self._table.move(position, "cancel")
            return
        since = worker.begun[2] if worker.begun and worker.begun[0] == position else now
        if worker.killed == "timeout":
            signature = "timeout"
            message = f"took longer than {self.settings.timeout:g} s; its worker was killed"
        else:
            signature = f"worker died: {event.cause}"
            message = f"the worker died while it ran: {event.cause}"
        final = attempt >= self.settings.tries or self._stopped
        blame = m.Blame(event.worker, position, attempt, now - since, signature, message, final)
        actions.append(blame)
        self._failed(position, attempt, signature, final, event.worker, now, actions)

    def _send_again(self, worker: Worker, lost: list[tuple[int, int]], *, unknown: bool) -> None:
        """Put back what a dead worker had not begun: as it was, with nobody blamed.

        If what it was at cannot be told, the datums of its first set go again one by one.
        """
        first = set(next(iter(worker.sets.values()), ())) if unknown else set()
        verb = "cancel" if self._cancelled or self._stopped else "again"
        rest = []
        for position, attempt in lost:
            self._table.move(position, verb)
            if verb == "cancel":
                continue
            if (position, attempt) in first:
                self._suspects.add(position)
                self._queue.add_alone(position, attempt)
            else:
                rest.append((position, attempt))
        self._queue.add_again(rest)

    def _on_began(self, event: m.WorkerBegan, now: float, actions: list[m.Action]) -> None:
        worker = self._workers.get(event.worker)
        if worker is not None:
            worker.begun = (event.position, event.attempt, event.at)

    def _on_finished(self, event: m.Finished, now: float, actions: list[m.Action]) -> None:
        outcomes = event.outcomes
        if not outcomes:
            return
        self._table.succeed([position for position, _, _ in outcomes])
        if self._attempts or self._suspects:
            for position, _, _ in outcomes:
                self._forget(position)
        self._sizing.measured(len(outcomes), sum(outcome[2] for outcome in outcomes))
        self._probe.succeeded()

    def _on_failure(self, event: m.Failure, now: float, actions: list[m.Action]) -> None:
        position = event.position
        again = (
            event.transient
            and not event.fatal
            and event.attempt < self.settings.tries
            and self._signatures.get(position) != event.signature
            and not (self._cancelled or self._stopped)
        )
        self._sizing.measured(1, event.seconds)
        self._failed(
            position, event.attempt, event.signature, not again, event.worker, now, actions
        )

    def _failed(
        self,
        position: int,
        attempt: int,
        signature: str,
        final: bool,
        worker: str,
        now: float,
        actions: list[m.Action],
    ) -> None:
        if not final:
            self._table.move(position, "again")
            self._attempts[position] = attempt + 1
            self._signatures[position] = signature
            due = now + self.settings.backoff * 2 ** (attempt - 1)
            self._queue.add_later(due, position, attempt + 1, worker)
            return
        self._table.move(position, "fail")
        self._forget(position, keep_attempt=True)
        actions.append(m.Settle(position, attempt))
        self._after_failure(signature, actions)

    def _after_failure(self, signature: str, actions: list[m.Action]) -> None:
        settled = sum(self.counts) - self.remaining - self.counts[_S.SKIPPED]
        if self.settings.on_error.reached(self.counts[_S.FAILED], settled):
            self._stopped = True
            self._cancel_pending()
        elif self._probe.failed(signature) and self.remaining and not self._paused:
            self._paused = True
            actions.append(m.PauseRun(f"the first {self._probe.size} failed alike: {signature}"))

    def _on_rejected(self, event: m.Rejected, now: float, actions: list[m.Action]) -> None:
        self._table.move(event.position, "reject")
        self._attempts[event.position] = event.attempt
        self._after_failure("output", actions)

    def _on_returned(self, event: m.SetReturned, now: float, actions: list[m.Action]) -> None:
        worker = self._workers.get(event.worker)
        if worker is None or event.set_id not in worker.sets:
            return
        items = worker.sets.pop(event.set_id)
        if not worker.sets:
            worker.begun = None
        # Refused, or records that never came: nothing says that they ran, so they go again.
        left = [item for item in items if self._open(item)]
        verb = "cancel" if self._cancelled or self._stopped else "again"
        for position, _ in left:
            self._table.move(position, verb)
        if verb == "again":
            self._queue.add_again(left)

    def _on_tick(self, event: m.Tick, now: float, actions: list[m.Action]) -> None:
        if self._held_until is not None and now >= self._held_until:
            self._held_until = None
        for name, worker in self._workers.items():
            if worker.killed is None:
                reason = self._overdue(worker, now)
                if reason is not None:
                    worker.killed = reason
                    actions.append(m.Kill(name, reason))

    def _overdue(self, worker: Worker, now: float) -> str | None:
        timeout = self.settings.timeout
        if timeout is not None and worker.begun and now - worker.begun[2] > timeout:
            return "timeout"
        if self._cancelled and worker.sets:
            left = sum(self._open(item) for items in worker.sets.values() for item in items)
            # Nothing new may start: a set with more in it is not waited for.
            grace = self.settings.cancel_grace * (1.0 if left <= 1 else 0.1)
            if now - self._cancel_at > grace:
                return "cancel"
        return None

    def _on_cancel(self, event: m.Cancel, now: float, actions: list[m.Action]) -> None:
        if not self._cancelled:
            self._cancelled = True
            self._cancel_at = now
            self._cancel_pending()

    def _cancel_pending(self) -> None:
        for start, stop in self._queue.clear():
            self._table.move_stretch(start, stop, _S.PENDING, "cancel")

    def _on_hold(self, event: m.Hold, now: float, actions: list[m.Action]) -> None:
        self._held_until = now + self.settings.hold

    def _on_release(self, event: m.Release, now: float, actions: list[m.Action]) -> None:
        self._held_until = None

    def _on_pause(self, event: m.Pause, now: float, actions: list[m.Action]) -> None:
        self._paused = True

    def _on_resume(self, event: m.Resume, now: float, actions: list[m.Action]) -> None:
        self._paused = False

    def _on_scale(self, event: m.Scale, now: float, actions: list[m.Action]) -> None:
        """The engine scales; sets are cut by the workers that are there."""

    def _on_retry(self, event: m.Retry, now: float, actions: list[m.Action]) -> None:
        for position in event.positions:
            if self.states[position] == _S.FAILED:
                attempt = self._attempts.get(position, 1) + 1
                self._table.move(position, "retry")
                self._attempts[position] = attempt
                self._queue.add_alone(position, attempt)

    def _on_no_workers(self, event: m.NoWorkersLeft, now: float, actions: list[m.Action]) -> None:
        self._ended = True
        actions.append(m.End(RunStatus.ERROR))

    # -- sending -------------------------------------------------------------------------

    def _dispatch(self, now: float, actions: list[m.Action]) -> None:
        if self._cancelled or self._stopped or self._paused or self._held_until is not None:
            return
        if self._workers and self._probe.start(self.counts[_S.PENDING]):
            self._queue.spread(self._probe.size)
        for round_ in range(self.settings.window):
            for name, worker in self._workers.items():
                if len(worker.sets) <= round_ and worker.killed is None:
                    self._send(name, worker, now, actions)

    def _send(self, name: str, worker: Worker, now: float, actions: list[m.Action]) -> None:
        pending = self.counts[_S.PENDING]
        if not pending:
            return
        # Until the probe has an answer a set that fails throughout must stay small.
        n = 1 if self._probe.undecided else self._sizing.size(pending, len(self._workers))
        items = self._queue.take(n, now, name, only_one=len(self._workers) == 1)
        if not items:
            return
        first, last = items[0][0], items[-1][0]
        if last - first == len(items) - 1:  # an unbroken stretch, as almost always
            self._table.move_stretch(first, last + 1, _S.PENDING, "send")
        else:
            for position, _ in items:
                self._table.move(position, "send")
        worker.sets[self._next_set] = items
        actions.append(m.Send(name, self._next_set, 1, items))
        self._next_set += 1

    # -- ground --------------------------------------------------------------------------

    def _open(self, item: tuple[int, int]) -> bool:
        position, attempt = item
        return self.states[position] == _S.RUNNING and self._attempts.get(position, 1) == attempt

    def _forget(self, position: int, *, keep_attempt: bool = False) -> None:
        self._signatures.pop(position, None)
        self._suspects.discard(position)
        if not keep_attempt:
            self._attempts.pop(position, None)

    def _end_if_over(self, actions: list[m.Action]) -> None:
        halted = self._cancelled or self._stopped
        if self._ended or self.counts[_S.RUNNING] or not (self._planned or halted):
            return
        if self.counts[_S.PENDING]:
            return
        self._ended = True
        if self._cancelled:
            actions.append(m.End(RunStatus.CANCELLED))
        elif self.counts[_S.FAILED]:
            actions.append(m.End(RunStatus.FAILED))
        else:
            actions.append(m.End(RunStatus.SUCCESS))


_HANDLERS: Final[dict[type, Callable[..., None]]] = {
    m.Planned: RunState._on_planned,
    m.PlanEnded: RunState._on_plan_ended,
    m.WorkerUp: RunState._on_up,
    m.WorkerDown: RunState._on_down,
    m.WorkerBegan: RunState._on_began,
    m.Finished: RunState._on_finished,
    m.Failure: RunState._on_failure,
    m.Rejected: RunState._on_rejected,
    m.SetReturned: RunState._on_returned,
    m.Tick: RunState._on_tick,
    m.Cancel: RunState._on_cancel,
    m.Hold: RunState._on_hold,
    m.Release: RunState._on_release,
    m.Pause: RunState._on_pause,
    m.Resume: RunState._on_resume,
    m.Scale: RunState._on_scale,
    m.Retry: RunState._on_retry,
    m.NoWorkersLeft: RunState._on_no_workers,
}
