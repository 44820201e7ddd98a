"""What happens to the datums of a run: they succeed, fail, are tried again, end."""

from __future__ import annotations

from ..errors import InvalidTransitionError
from ..states import DatumState, RunStatus
from . import messages as m
from .pace import Pace
from .probe import Probe
from .queue import Entry, Queue
from .settings import RunSettings
from .switches import Switches
from .table import Item, Outcome, Table
from .tries import LONGEST, Tries

_S = DatumState


class Datums:
    """States, queue and tries, moved together; ``actions`` gathers what is to be done.

    Parameters
    ----------
    settings : RunSettings
    """

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        #: May be changed at any time; it is looked at when the next datum fails.
        self.on_error = settings.on_error
        self.table = Table()
        self.queue = Queue(self.table.states)
        self.tries = Tries(settings.tries, settings.backoff)
        self.probe = Probe(settings.probe)
        self.pace = Pace()
        self.switches = Switches()
        self.actions: list[m.Action] = []
        self._recovering: set[int] = set()  # positions whose present attempt recovers them

    @property
    def pending(self) -> int:
        """How many wait, for a worker or for their time."""
        return self.table.counts[_S.PENDING]

    def planned(self, plan: m.Planned) -> None:
        """More positions are known."""
        states = plan.states
        if self.switches.planned:
            raise InvalidTransitionError("the plan has ended, where 'Planned' cannot happen")
        if self.switches.halted:
            states = states.replace(bytes([_S.PENDING]), bytes([_S.CANCELLED]))
            self.table.extend(states)
            return
        self.table.extend(states)
        self.queue.planned(states, plan.order)
        for position, used in plan.tried:
            self.table.number(position, used + 1)
            self.queue.tried([Entry(position, used + 1)])
        self.queue.bring_forward(plan.first)

    # -- outcomes ------------------------------------------------------------------------

    def succeed(self, outcomes: list[Outcome], now: float) -> list[Outcome]:
        """Return those of `outcomes` that count."""
        accepted = self.table.succeed(outcomes)
        if accepted:
            self.tries.forget_all([outcome[0] for outcome in accepted])
            self._note_recovered(accepted)
            self.probe.succeeded()
            self.pace.settled(len(accepted), now)
        return accepted

    def _note_recovered(self, accepted: list[Outcome]) -> None:
        if self._recovering:
            found = [outcome[0] for outcome in accepted if outcome[0] in self._recovering]
            self._recovering.difference_update(found)
            self.table.recovered(found)

    def recovers(self, position: int) -> bool:
        """Return whether a datum whose last try failed is to be recovered: once, and only
        while the run goes on."""
        fresh = position not in self._recovering
        return self.settings.recover and fresh and not self.switches.halted

    def recover(self, item: Item, worker: str, now: float, *, died: bool) -> None:
        """One more attempt follows, to recover the datum; after a death not on `worker`."""
        position, attempt = item
        self._recovering.add(position)
        self.table.move(position, "again")
        self.table.number(position, attempt + 1)
        self.actions.append(m.Recover(position, attempt + 1))
        entry = Entry(position, attempt + 1, alone=died, due=now)
        if died:
            self.queue.add_later(entry, avoid=worker)
        else:
            self.queue.add_again([entry])

    def fail(self, item: Item, signature: str, now: float) -> None:
        """No other attempt follows."""
        position, attempt = item
        self.table.move(position, "fail")
        self.tries.forget(position)
        self._recovering.discard(position)
        self.pace.settled(1, now)
        self.actions.append(m.Settle(position, attempt, _S.FAILED))
        self._after_failure(signature)

    def try_again(self, item: Item, worker: str, now: float, *, alone: bool = False) -> None:
        """Another attempt follows, later, and rather not on `worker`."""
        position, attempt = item
        self.table.move(position, "again")
        self.table.number(position, attempt + 1)
        due = now + self.tries.delay(position, attempt)
        self.queue.add_later(Entry(position, attempt + 1, alone=alone, due=due), avoid=worker)

    def pardon(self, item: Item) -> None:
        """An attempt was ended for no fault of its own: another follows, and it counts not."""
        position, attempt = item
        if self.switches.halted:
            self.cancel(item)
            return
        self.table.move(position, "again")
        self.table.number(position, attempt + 1)
        self.tries.pardon(position)
        self.queue.add_again([Entry(position, attempt + 1)])

    def reject(self, position: int, attempt: int) -> None:
        """What had succeeded could not be published."""
        self.table.move(position, "reject")
        self.table.number(position, attempt)
        self._after_failure("output conflict")

    def _after_failure(self, signature: str) -> None:
        counts = self.table.counts
        settled = counts[_S.SUCCESS] + counts[_S.FAILED] + counts[_S.RECOVERED]
        alike = self.probe.failed(signature)
        if self.on_error.reached(counts[_S.FAILED], settled):
            self.switches.stopped = True
            self._cancel_pending()
        elif alike and (self.pending or not self.switches.planned):
            self.switches.paused = True
            reason = f"the first {self.probe.size} failed alike: {signature}"
            self.actions.append(m.PauseRun(reason))

    # -- sent, and not done --------------------------------------------------------------

    def put_back(self, entries: list[Entry], *, alone: bool = False) -> None:
        """What was sent and not begun goes again as it was, unless all is to end."""
        if not self._back_to_pending(entries):
            return
        if alone:
            self.queue.add_first(entries)
        else:
            self.queue.add_again(entries)

    def put_off(self, entries: list[Entry], now: float) -> None:
        """What came back without a record goes again: the first time at once.

        Whoever loses or refuses it over and over gets it ever more slowly."""
        if not entries or entries[0].generation == 2:
            self.put_back(entries)
        elif self._back_to_pending(entries):
            base = max(self.settings.backoff, 0.1)
            doublings = min(entries[0].generation - 3, 30)
            due = now + min(base * 2**doublings, LONGEST)
            for entry in entries:
                self.queue.add_later(entry._replace(due=due))

    def _back_to_pending(self, entries: list[Entry]) -> bool:
        """Return False if they were cancelled instead."""
        halted = self.switches.halted
        for entry in entries:
            if halted:
                self.cancel((entry.position, entry.attempt))
            else:
                self.table.move(entry.position, "again")
        return not halted

    def cancel(self, item: Item) -> None:
        """It was sent, and will not be done."""
        position, attempt = item
        self.table.move(position, "cancel")
        self.tries.forget(position)
        self.actions.append(m.Settle(position, attempt, _S.CANCELLED))

    def cancel_all(self, now: float) -> None:
        """End the run: what waits is cancelled now, what is at work may still end."""
        self.switches.cancelled_at = now
        self._cancel_pending()

    def _cancel_pending(self) -> None:
        """Those never sent are cancelled without a word each: there may be a million."""
        self.table.cancel_pending()
        for entry in self.queue.clear():
            self.tries.forget(entry.position)
            self.actions.append(m.Settle(entry.position, entry.attempt, _S.CANCELLED))

    # -- by hand, and at the end ---------------------------------------------------------

    def retry(self, positions: tuple[int, ...]) -> None:
        """Try failed ones again. Asked twice, or of what has not failed, changes nothing."""
        known, entries = len(self.table.states), []
        for position in () if self.switches.halted else positions:
            if 0 <= position < known and self.table.states[position] == _S.FAILED:
                attempt = self.table.attempt(position)
                self.table.move(position, "retry")
                self.table.number(position, attempt + 1)
                self.tries.renew(position, attempt)
                entries.append(Entry(position, attempt + 1))
        self.queue.add_again(entries)

    def end_if_over(self) -> None:
        """End the run when all is settled and nothing more will come."""
        switches, counts = self.switches, self.table.counts
        if counts[_S.RUNNING] or counts[_S.PENDING]:
            return
        if switches.cancelled_at is not None:
            self.end(RunStatus.CANCELLED)
        elif switches.stopped or (switches.planned and counts[_S.FAILED]):
            self.end(RunStatus.FAILED)
        elif switches.planned:
            self.end(RunStatus.SUCCESS)

    def end(self, status: RunStatus) -> None:
        """The run is over."""
        if self.switches.ended is None:
            self.switches.ended = status
            self.actions.append(m.End(status))
