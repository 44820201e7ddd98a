"""One active run: planner, scheduler, workers and ledger, moved on a step at a time.

The scheduler (:mod:`jupyter_datum.state`) decides; this module only carries events to it
and actions away from it. All of it happens in the runner's one thread.
"""

from __future__ import annotations

import time
from typing import Final

from ..engines.base import Down, Late, Log, Returned, Told, Up, Waiting
from ..engines.base import Event as EngineEvent
from ..engines.base import Refused as EngineRefused
from ..errors import DatumError, EngineError, OutputError
from ..events import Begun, Done, Failed, Record, outcomes, unpack_return
from ..outputs.disk import is_full, says_full
from ..state import RunState
from ..state import messages as m
from ..states import DatumState, RunStatus
from .care import Care
from .cluster import Cluster, Pool
from .commit import Committer
from .consumers import Consumers
from .durable import Durable
from .job import Job
from .parcels import Parcels
from .plan import Planner
from .planning import Planning
from .staff import Staff
from .tail import Tails, ended_in, failure_event, finished_events, in_words

#: Seconds between two looks into the journals, and between two commits.
GROUP: Final = 0.05
#: Seconds between two tries to write what a full disk did not take.
BLOCKED: Final = 1.0


class Drive:
    """An active run.

    Parameters
    ----------
    job : Job
        The run, its recipe and where everything lies.
    planner : Planner
    state : RunState
    cluster : Cluster
    pool : Pool
        Where it comes from.
    committer : Committer
    """

    def __init__(
        self,
        job: Job,
        planner: Planner,
        state: RunState,
        cluster: Cluster,
        pool: Pool,
        committer: Committer,
    ) -> None:
        self.job = job
        self.state = state
        self.cluster = cluster
        self._staff = Staff(cluster, pool)
        self.status: RunStatus = RunStatus.RUNNING
        self.ended = False
        self.paused_since: float | None = None
        self.committer = committer
        self._planning = Planning(job, planner)
        self._durable = Durable(job, committer)
        self._consumers = Consumers(job.folder)
        self._tails = Tails(job.journal)
        self._looked = time.monotonic()
        self._ending: RunStatus | None = None
        self._parcels = Parcels(job, self._planning.rows)
        self._care = Care()

    # -- moving on -----------------------------------------------------------------------

    def begin(self, now: float) -> None:
        """Take the workers that are up already; others are asked for when there is work."""
        for worker in list(self.cluster.workers):
            self._up(worker, now)

    def step(self, now: float, timeout: float) -> None:
        """Do what there is to do; wait up to `timeout` seconds for workers."""
        try:
            planned = self._plan(now)
            if planned and not self.cluster.size:
                self._resize(now)  # the first datum that can be sent
            for event in self.cluster.events(0 if planned else timeout):
                self._engine_event(event, now)
            if now - self._looked >= (BLOCKED if self._durable.blocked else GROUP):
                self._looked = now
                self._look(now)
        except OutputError as exc:
            self._block(str(exc), now)
        except DatumError as exc:
            self.fail(str(exc))

    def tell(self, event: m.Event, now: float) -> None:
        """Give the scheduler a request of the user's."""
        try:
            if isinstance(event, m.Cancel):
                self._apply(m.Pause("it is being cancelled"), now)
                for _ in self._planning.anew():  # only then it counts what it had done before
                    self._plan(now)
            self._apply(event, now)
        except OutputError as exc:  # it was the run's end, and cannot be written yet
            self._block(str(exc), now)

    def close(self, now: float) -> None:
        """Write what is known, and let go of files. The cluster is the caller's."""
        if not self.ended:
            self._commit_if_it_can(now)
        self._tails.close()
        self._planning.close()
        self._durable.close()

    # -- planning ------------------------------------------------------------------------

    def _plan(self, now: float) -> bool:
        """Plan another batch, if the listing goes on; tell whether it did."""
        if self._planning.waits:
            return False
        try:
            planned = self._planning.step()
        finally:
            if self._planning.ended:
                self.committer.planned(self._planning.planner)
        self._apply(planned or m.PlanEnded(), now)
        return planned is not None

    # -- what workers say ----------------------------------------------------------------

    def _engine_event(self, event: EngineEvent, now: float) -> None:
        if isinstance(event, Up):
            self._up(event.worker, now)
        elif isinstance(event, Down):
            self._down(event, now)
        elif isinstance(event, Returned):
            self._returned(event, now)
        elif isinstance(event, EngineRefused):
            leaving = self.cluster.surplus
            self._apply(m.SetReturned(event.worker, event.set_id & 0xFFFFFFFF, True, leaving), now)
        elif isinstance(event, Told):
            self._told(event, now)
        elif isinstance(event, Late):
            self.committer.late += ended_in(event.data)
        elif isinstance(event, Waiting):
            self.committer.waits(event.reason)
        elif isinstance(event, Log):
            print(f"{self.cluster.wanted.engine}: {event.text}", flush=True)

    def _up(self, worker: str, now: float) -> None:
        self._tails.begin(worker)
        self.committer.worker_up(worker, self.cluster.workers.get(worker))
        self._apply(m.WorkerUp(worker), now)

    def _told(self, event: Told, now: float) -> None:
        """A worker's own word, where its journal comes only with its answer. It may be late by
        a datum: so it starts the clock, and blames nobody."""
        records, _ = outcomes(event.data)
        if records and isinstance(records[-1], Begun):
            self._at(event.worker, records[-1], now)
        else:
            self._apply(m.WorkerEnded(event.worker), now)

    def _at(self, worker: str, begun: Begun, now: float) -> None:
        self._apply(m.WorkerBegan(worker, begun.position, begun.attempt, now), now)
        self.committer.worker_at(worker, begun)

    def _down(self, event: Down, now: float) -> None:
        """A worker died: first hear all that it wrote, then say what it was at."""
        last = self._tails.end(event.worker)
        begun = last.begun if last else None
        self._records(event.worker, last.records if last else [], now)
        cause = self._care.cause(event.worker, event.cause)
        self.committer.worker_gone(event.worker, cause)
        self._staff.gone()
        # The journal was read to its end: what it does not show as begun was not.
        certain = last is not None and event.certain
        if begun is not None and self.job.options.batch:
            begun, certain = None, False  # all of a batch were: which of them, tells the next try
        self._apply(m.WorkerDown(event.worker, cause, begun, certain), now)
        if is_full(str(self.job.project.dir)):  # it died of that, or will soon
            self._block("the disk is full: workers cannot write their journals", now)
        if self._staff.hopeless:
            text = f"the last {self._staff.deaths} workers died at once: {event.cause}"
            self._no_workers(text, now)

    def _returned(self, event: Returned, now: float) -> None:
        answer = unpack_return(event.data)
        self._records(event.worker, self._tails.returned(event.worker, answer), now)
        set_id = answer.set_id & 0xFFFFFFFF
        if answer.batch and self._parcels.cut(answer.batch):
            self.committer.batches_cut(answer.batch)
        if answer.status == "unfit":
            raise EngineError(answer.worn)
        if answer.worn:
            self._apply(m.WorkerWorn(event.worker, answer.worn), now)
        refused, cut = answer.status == "refused", answer.status == "cut"
        self._apply(m.SetReturned(event.worker, set_id, refused, cut=cut), now)
        if self.state.rests(event.worker):
            self.committer.worker_rests(event.worker)

    def _look(self, now: float) -> None:
        for worker, records in self._tails.read():
            self._records(worker, records, now)
        self.committer.name_current(self._planning.listing)
        if self._care.look(self.cluster.workers, now):
            self.committer.measured(self._care.memory, self.state.behind)
        self._apply(m.Tick(), now)
        if self._consumers.known(self.state, now):
            self._apply(m.Room(self._consumers.room), now)
            self.committer.feed(self._consumers.take_news())
        if not self.ended:
            self._resize(now)
        if self.state.remaining and (why := self._staff.overdue(now)):
            self._no_workers(why, now)
        if not self.ended:
            self._commit(now)

    def _resize(self, now: float) -> None:
        if self._staff.fit(self.state.useful, now):
            self._apply(m.Scale(self.cluster.size), now)

    def _records(self, worker: str, records: list[Record], now: float) -> None:
        """Hand records on: successes of a set together, failures one by one."""
        done = [record for record in records if type(record) is Done]
        self._parcels.hears(worker, records if len(done) < len(records) else ())
        for record in records if len(done) < len(records) else ():
            if isinstance(record, Failed):
                self._failed(worker, record, now)
        if done:
            self._succeeded(worker, done, now)
        last = records[-1] if records else None
        if isinstance(last, Begun):
            self._at(worker, last, now)

    def _succeeded(self, worker: str, done: list[Done], now: float) -> None:
        epoch = self.job.epoch
        fresh = self.state.expected([record for record in done if record.epoch == epoch])
        self.committer.late += len(done) - len(fresh)
        if not fresh:
            return
        self._staff.deaths = 0
        self.committer.done(fresh, worker)
        self._parcels.succeeded(fresh)
        for event in finished_events(worker, fresh):
            self._apply(event, now)

    def _failed(self, worker: str, record: Failed, now: float) -> None:
        known = self.state.accepts(record.position, record.attempt)
        if record.epoch != self.job.epoch or not known:
            self.committer.late += 1
            return
        self._staff.deaths = 0
        failure = record.failure
        actions = self.state.apply(failure_event(worker, record), now)
        final = any(isinstance(a, m.Settle) and a.position == record.position for a in actions)
        self.committer.failed(record, worker, final)
        self._parcels.failed(failure)
        self._act([in_words(action, failure) for action in actions], now)
        if says_full(failure.type, failure.message):
            self._block(f"the disk is full: {failure.message}", now)

    # -- what the scheduler says ---------------------------------------------------------

    def _apply(self, event: m.Event, now: float) -> None:
        if not self.ended:
            self._act(self.state.apply(event, now), now)

    def _act(self, actions: list[m.Action], now: float) -> None:
        self._parcels.halt(self.state.halts)
        for action in actions:
            if isinstance(action, m.Send):
                parcel = self._parcels.pack(action, bounded=self.state.bounded)
                self.cluster.send(action.worker, *parcel)
            elif isinstance(action, m.Reclaim):
                self._reclaim(action, now)
            elif isinstance(action, m.Kill):
                self._care.ended(action.worker, action.reason)
                self.cluster.engine.kill(action.worker)
            elif isinstance(action, m.ReplaceWorker):
                self._staff.replace()
            elif isinstance(action, m.Blame):
                self._parcels.failed(self.committer.blamed(self._planning.listing, action, now))
            elif isinstance(action, m.Recover | m.Settle):
                self._parcels.heed(action)
            elif isinstance(action, m.PauseRun):
                self.set_status(RunStatus.PAUSED, action.reason)
            elif isinstance(action, m.End):
                self._end(action.status, now)

    def _reclaim(self, action: m.Reclaim, now: float) -> None:
        if self._parcels.reclaim(action):
            self._apply(m.Reclaimed(action.worker, action.set_id, action.after), now)

    def _no_workers(self, reason: str, now: float) -> None:
        self.committer.message = reason
        self._apply(m.NoWorkersLeft(reason), now)

    # -- the ledger ----------------------------------------------------------------------

    def set_status(self, status: RunStatus, message: str | None = None) -> None:
        """Show `status` from the next commit on."""
        self.status = status
        self.paused_since = time.monotonic() if status is RunStatus.PAUSED else None
        self.committer.set_status(status, message)

    def _commit(self, now: float) -> None:
        was_blocked = self._durable.blocked
        for rejected in self._durable.commit(self.state):
            self._act(self.state.apply(rejected, now), now)
        if was_blocked and self._ending is not None:
            self._end(self._ending, now)

    def _commit_if_it_can(self, now: float) -> None:
        """What is not committed stands in the journals."""
        try:
            self._commit(now)
        except OutputError as exc:
            print(f"run {self.job.uuid[:8]}: {exc}", flush=True)

    def _block(self, reason: str, now: float) -> None:
        """The disk takes no more: pause, say so once, keep what was gathered."""
        if self.ended:
            return
        if not self._durable.blocked:
            self._staff.deaths = 0
            self.set_status(RunStatus.PAUSED, reason)
            self._apply(m.Pause(reason), now)
        self._durable.block(reason)

    def _end(self, status: RunStatus, now: float) -> None:
        """Write the last of it; if the disk does not take it, that is tried again.

        A conflict found only now turns a success into a failure.
        """
        self._ending = status
        if status is RunStatus.CANCELLED:
            self._commit_if_it_can(now)
        else:
            self._commit(now)
        if self.ended:
            return
        if status is RunStatus.SUCCESS and self.state.counts[DatumState.FAILED]:
            status = RunStatus.FAILED
        if status in (RunStatus.SUCCESS, RunStatus.FAILED):
            self.committer.prune(self._planning.planner)
        self._durable.end(self.state, status)
        self.status, self.ended = status, True

    @property
    def behind(self) -> int:
        """Datums listed and not settled."""
        return self.state.remaining + self._planning.planner.waiting

    def hold_back(self, room: int | None, now: float) -> None:
        """Send so many datums at most, for the sake of those who take them."""
        self._consumers.runs = room
        self._apply(m.Room(self._consumers.room), now)

    @property
    def reusable(self) -> bool:
        """Whether the run's workers are fit for another run: none is in the middle of
        something. A kernel that waits for its run works for no other."""
        return self.state.remaining == 0 and "inbox" not in dict(self.cluster.wanted.options)

    def _gather(self) -> None:
        """End the workers, then hear and write down all that they had finished: their journals
        go with the run."""
        now = time.monotonic()
        self._apply(m.Pause("it is given up"), now)  # heeded by those whom nobody can end, too
        for worker in self._tails.workers:
            self.cluster.engine.kill(worker)
        for worker, done in self._tails.finished():
            self._succeeded(worker, done, now)
        if not self.ended:
            self._commit_if_it_can(now)

    def scale(self, workers: int) -> None:
        """Have so many workers at most from now on."""
        self._staff.bound(workers)
        self.committer.wants(workers)
        self._resize(time.monotonic())

    def fail(self, message: str) -> None:
        """The run itself went wrong: nothing that is finished is lost, the rest is left."""
        self._gather()
        if self.ended:
            return  # that was the last of it
        self.status, self.ended = RunStatus.ERROR, True
        self._durable.give_up(self.state, message)
