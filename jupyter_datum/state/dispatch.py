"""What happens with the workers of a run: what they are sent, and what their end means."""

from __future__ import annotations

from . import messages as m
from .blame import judge
from .crew import Crew, Worker
from .datums import Datums
from .queue import Entry
from .sizing import Sizing
from .table import Item


class Dispatch:
    """Sends datums to workers.

    Parameters
    ----------
    datums : Datums
    """

    def __init__(self, datums: Datums) -> None:
        self._datums = datums
        self._settings = settings = datums.settings
        self.crew = Crew(settings.window)
        self.sizing = Sizing(settings.set_seconds, settings.max_set)
        self.wanted: int | None = None  # workers, once somebody has said
        self._missing = 0  # workers that died and were not asked for anew
        self._next_set = 1

    # -- sending -------------------------------------------------------------------------

    def dispatch(self, now: float) -> None:
        """Send what may be sent, the emptiest workers first."""
        datums = self._datums
        if not datums.switches.sending or not datums.queue.ready(now):
            return
        window = self.sizing.window(self._settings.window)
        workers = self.crew.free(window)
        if workers and datums.probe.start(datums.pending):
            datums.queue.spread(datums.probe.size)
        for depth in range(window):
            for worker in workers:
                ready = datums.queue.ready(now) and datums.switches.sending
                if len(worker.sets) == depth and ready:
                    self._send(worker, now)

    def _send(self, worker: Worker, now: float) -> None:
        datums = self._datums
        # Until the probe has an answer a set that fails throughout must stay small.
        n = 1 if datums.probe.undecided else self._whole(datums.pending)
        room = datums.switches.room
        n = n if room is None else min(n, room)
        batch = datums.queue.take(n, now, worker.name, only=len(self.crew) == 1)
        if batch is None:
            return
        if not datums.pace.started:
            datums.pace.start(now)
        items = batch.items
        datums.table.send(items)
        if room is not None:
            datums.switches.room = max(0, room - len(items))
        set_id, self._next_set = self._next_set, self._next_set + 1
        self.crew.give(worker, set_id, batch, now)
        pairs = [(p, 1) for p in items] if isinstance(items, range) else items
        datums.actions.append(m.Send(worker.name, set_id, batch.generation, pairs))

    def _whole(self, pending: int) -> int:
        """How many datums the next set holds, in whole batches."""
        n, batch = self.sizing.size(pending, len(self.crew)), self._settings.batch
        return max(n // batch, 1) * batch

    def scale(self, workers: int) -> None:
        """So many workers are wanted from now on."""
        if self.wanted is None or workers > self.wanted:
            self.crew.stay()
        self.wanted = workers

    def returned(self, event: m.SetReturned, now: float) -> None:
        """A set is off its worker's hands; its records came before, if they came."""
        worker = self.crew.get(event.worker)
        batch = self.crew.take_back(worker, event.set_id, now) if worker else None
        if batch is None:
            return
        if not event.refused:
            self.sizing.returned(len(batch.items))
        # Refused, or records that never came: nothing says that they ran, so they go again.
        left = self._datums.table.awaited(batch.items)
        as_they_are = event.leaving or event.cut
        if as_they_are:  # nobody has begun them
            self._datums.put_back([Entry(*item, batch.generation) for item in left])
        if worker and event.leaving:
            self.crew.leave(worker)
            return
        if worker and worker.begun and worker.begun[:2] in left:
            worker.begun = None  # it is not at that any more, whatever became of it
        if not as_they_are:
            self._datums.put_off([Entry(*item, batch.generation + 1) for item in left], now)
        self._recycle(worker)

    def wear_out(self, event: m.WorkerWorn) -> None:
        """Nothing more is sent to a worker; it goes when what it has is done."""
        worker = self.crew.get(event.worker)
        if worker is not None and worker.worn is None:
            self.crew.wear_out(worker, event.reason)
            self._recycle(worker)

    def _recycle(self, worker: Worker | None) -> None:
        if worker and worker.worn is not None and not worker.sets and worker.doom is None:
            self.crew.doom(worker, worker.worn, None)
            self._datums.actions.append(m.Kill(worker.name, worker.worn))

    def next_due(self) -> float | None:
        """When something in the queue may go, if there is a worker that waits for it."""
        window = self.sizing.window(self._settings.window)
        if not self._datums.switches.sending or not self.crew.free(window):
            return None
        return self._datums.queue.next_due()

    # -- what waits behind a slow datum --------------------------------------------------

    def relieve(self, now: float) -> None:
        """Have what waits behind slow datums taken back, if somebody has nothing to do."""
        for worker, item, since in self._relievable(now):
            if now >= since:
                self.crew.relieve(worker, item)
                self._datums.actions.extend(self._reclaims(worker, item))

    def next_relief(self, now: float) -> float | None:
        """When that is due next."""
        return min((since for _, _, since in self._relievable(now)), default=None)

    def _relievable(self, now: float) -> list[tuple[Worker, Item, float]]:
        datums, patience = self._datums, self._settings.reclaim
        if patience is None or not datums.switches.sending or not self.crew.idle():
            return []
        if datums.queue.ready(now):
            return []
        found = []
        for worker in self.crew:
            item, since = worker.at(datums.table)
            if item is None or worker.doom is not None or worker.relieved == item:
                continue
            if sum(len(items) for _, items in worker.lost(datums.table)) > 1:
                found.append((worker, item, since + patience))
        return found

    def _reclaims(self, worker: Worker, item: Item) -> list[m.Action]:
        """The sets that wait, and the rest of the one at work if it is known where that is."""
        asked: list[m.Action] = []
        table = self._datums.table
        for set_id, batch in worker.sets.items():
            items = table.awaited(batch.items)
            if items and item not in items:
                asked.append(m.Reclaim(worker.name, set_id, batch.generation, None))
            elif len(items) > 1 and worker.told(table) == item:
                asked.append(m.Reclaim(worker.name, set_id, batch.generation, item[0]))
        return asked

    def reclaimed(self, event: m.Reclaimed) -> None:
        """What was taken back goes again as it was."""
        worker = self.crew.get(event.worker)
        batch = worker.sets.get(event.set_id) if worker else None
        if worker is None or batch is None:
            return
        items = self._datums.table.awaited(batch.items)
        kept = [item for item in items if item[0] == event.after]
        self.crew.cut(worker, event.set_id, kept)
        again = [Entry(*item, max(batch.generation, 2)) for item in items if item not in kept]
        self._datums.put_back(again)

    # -- deaths --------------------------------------------------------------------------

    def down(self, event: m.WorkerDown, now: float) -> None:
        """A worker is gone, with what it had."""
        worker = self.crew.remove(event.worker)
        if worker is None:
            return
        surplus = self.wanted is not None and len(self.crew) >= self.wanted
        lost = worker.lost(self._datums.table)
        item, _ = worker.at(self._datums.table)
        if worker.doom is not None and item is not None:
            # One that nobody can end goes on with what it has, unless that is taken back.
            self._datums.actions.extend(self._reclaims(worker, item))
        finding = judge(lost, event.begun, blameless=surplus, certain=event.certain)
        if finding.guilty is not None:
            self._ended_with(worker, finding.guilty, event.cause, now)
        self._datums.put_back(finding.alone, alone=True)
        self._datums.put_back(finding.again)
        self._missing += not surplus

    def _ended_with(self, worker: Worker, item: Item, cause: str, now: float) -> None:
        """An attempt is over because its worker is: by its own doing, or by ours."""
        doom = worker.doom
        if doom is not None and doom.reason == "cancel":
            self._datums.cancel(item)
        elif doom is not None and doom.item not in (None, item):
            # The kill was meant for the datum before it, which ended in that very moment.
            self._datums.pardon(item)
        elif doom is not None:
            was = "" if cause.startswith("exited") else "was "
            message = f"took longer than {self._settings.timeout:g} s; its worker {was}{cause}"
            self._blame(worker, item, "timeout", message, now)
        else:
            message = f"the worker died while it ran: {cause}"
            kind = cause.partition(":")[0]  # what follows differs from death to death
            self._blame(worker, item, f"worker died: {kind}", message, now)

    def _blame(self, worker: Worker, item: Item, signature: str, message: str, now: float) -> None:
        datums = self._datums
        told = worker.begun is not None and worker.begun[:2] == item
        since = worker.begun[2] if told and worker.begun else worker.head_since
        last = datums.switches.halted or not datums.tries.after_death(*item)
        recovers = last and datums.recovers(item[0])
        final = last and not recovers
        seconds = max(0.0, now - since)
        datums.actions.append(m.Blame(worker.name, *item, seconds, signature, message, final))
        if recovers:
            datums.recover(item, worker.name, now, died=True)
        elif final:
            datums.fail(item, signature, now)
        else:
            datums.try_again(item, worker.name, now, alone=True)

    def replace_missing(self) -> None:
        """Ask for workers in place of dead ones, as soon as there is work for them."""
        if self._missing and self._datums.pending:
            self._datums.actions.extend([m.ReplaceWorker()] * self._missing)
            self._missing = 0

    def give_up(self) -> None:
        """No worker is left: what they had waits for a later run; nothing stays running."""
        for worker in list(self.crew):
            self.crew.remove(worker.name)
            for _, items in worker.lost(self._datums.table):
                self._datums.put_back([Entry(*item) for item in items])

    # -- deadlines -----------------------------------------------------------------------

    def cancelled(self) -> None:
        """Note what each worker is at, for that alone is waited for."""
        for worker in self.crew:
            worker.last = worker.head(self._datums.table)

    def kill_overdue(self, now: float) -> None:
        """Kill workers that have taken too long."""
        for worker in self.crew:
            for reason, deadline in self._deadlines(worker):
                if now >= deadline:
                    item = worker.at(self._datums.table)[0]
                    self.crew.doom(worker, reason, item)
                    self._datums.actions.append(m.Kill(worker.name, reason))
                    break

    def next_kill(self) -> float | None:
        """When the next worker is to be killed if nothing else happens."""
        times = [at for worker in self.crew for _, at in self._deadlines(worker)]
        return min(times, default=None)

    def _deadlines(self, worker: Worker) -> list[tuple[str, float]]:
        """When `worker` is to be killed, and why; empty if it is being killed."""
        if worker.doom is not None:
            return []
        table, timeout = self._datums.table, self._settings.timeout
        since = self._datums.switches.cancelled_at
        found = []
        if timeout is not None:
            found.append(("timeout", worker.deadline(table, timeout, self._settings.travel)))
        if since is not None:
            grace = self._settings.cancel_grace
            found.append(("cancel", worker.cancel_deadline(table, since, grace)))
        return [(reason, at) for reason, at in found if at is not None]
