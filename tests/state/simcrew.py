"""The workers of a simulated run: slow, late, doubled, lost and dying."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from jupyter_datum import state as s

#: Simulated seconds after which no fault happens by itself any more.
CALM = 40.0

KINDS = ("plain", "fatal", "flaky", "io", "killer", "killer once", "hang", "slow")


@dataclass
class Faults:
    """What goes wrong in a world."""

    journals: bool  # workers tell what they begin, and what they finish as they do
    certain: bool  # and the caller says so when one dies
    doubles: bool  # records come twice, the second time late
    unfiltered: bool  # the caller hands late records on
    lossy: bool  # sets are refused, records get lost
    deaths: float  # workers killed from outside, per second
    bad: float  # share of datums that do not simply succeed
    replaced: bool  # dead workers are replaced
    lazy: bool  # the clock ticks only when the scheduler asked for it
    asks: bool  # the user holds, pauses, scales, retries
    cancels: bool
    wears: float  # share of sets after which a worker asks to be replaced


@dataclass
class SimWorker:
    name: str
    sets: list[s.Send] = field(default_factory=list)
    at: tuple[int, int] | None = None  # the truth
    alive: bool = True
    running: bool = False
    cut: tuple[int, int] | None = None  # a set whose rest after a position was taken back
    records: list[s.Event] = field(default_factory=list)  # written, not delivered
    failed: int = 0
    heard: int = 0  # failures of it that the scheduler has heard of
    knew: dict[int, float] = field(default_factory=dict)  # the same when a set was sent


class Workers:
    """The half of a world that executes."""

    rng: Random
    faults: Faults
    kinds: list[str]
    run: s.RunState
    now: float
    workers: dict[str, SimWorker]
    executed: Counter[int]
    recovering: set[int]
    hit: set[int]
    named: int
    after: Callable[[float, Callable[[], object]], None]
    tell: Callable[[s.Event], None]

    def _worker_up(self) -> None:
        self.named += 1
        name = f"w{self.named}"
        self.workers[name] = SimWorker(name)
        self.tell(s.WorkerUp(name))

    def _nobody_left(self) -> None:
        if not any(worker.alive for worker in self.workers.values()):
            self.tell(s.NoWorkersLeft("all died"))

    def _strike(self) -> None:
        alive = [worker for worker in self.workers.values() if worker.alive]
        if alive and self.now < CALM:
            self._die(self.rng.choice(alive), "killed by SIGKILL")
        self.after(self.rng.expovariate(self.faults.deaths), self._strike)

    def _go_on(self, worker: SimWorker) -> None:
        if worker.alive and worker.sets and not worker.running:
            worker.running = True
            send = worker.sets[0]
            if self.faults.lossy and self.now < CALM and self.rng.random() < 0.05:
                self.after(self._delay(), lambda: self._return(worker, send, refused=True))
            else:
                self.after(self._delay(), lambda: self._item(worker, send, 0))

    def _item(self, worker: SimWorker, send: s.Send, i: int) -> None:
        if not worker.alive:
            return
        if i < len(send.items) and self._halts(worker, send):
            worker.at = None
            told = worker.failed > worker.knew[send.set_id]
            refused = i == 0 and not told
            self.after(
                self._delay(),
                lambda: self._return(worker, send, refused=refused, cut=not refused),
            )
            return
        if i == len(send.items) or (i and worker.cut == (send.set_id, send.items[i - 1][0])):
            worker.at = None
            self.after(self._delay(), lambda: self._return(worker, send, refused=False))
            return
        position, attempt = worker.at = send.items[i]
        self.executed[position] += 1
        if self.faults.journals and self.rng.random() < 0.8:
            began = s.WorkerBegan(worker.name, position, attempt, self.now)
            self.after(self._delay(), lambda: worker.alive and self.tell(began))
        kind = self._kind_of(position)
        seconds = 2.5 if kind == "slow" else self.rng.choice((0.0005, 0.003, 0.05, 0.4))
        if kind == "hang":
            return
        if kind == "killer" or (kind == "killer once" and attempt == 1):
            self.after(seconds, lambda: self._die(worker, "killed by SIGSEGV"))
        else:
            self.after(seconds, lambda: self._done(worker, send, i, seconds))

    def _halts(self, worker: SimWorker, send: s.Send) -> bool:
        """It has failed more often than is known; or the run halts, and it has looked."""
        if self.faults.lossy:  # a failure may never be heard of
            return False
        told = worker.failed > worker.knew[send.set_id]
        return told or (self.run.halts and self.rng.random() < 0.7)

    def _done(self, worker: SimWorker, send: s.Send, i: int, seconds: float) -> None:
        if not worker.alive:
            return
        record = self._outcome(worker, send, i, seconds)
        worker.failed += isinstance(record, s.Failure)
        if not (self.faults.lossy and self.now < CALM and self.rng.random() < 0.03):
            worker.records.append(record)
        if self.faults.journals and self.rng.random() < 0.3:
            self.after(self._delay(), lambda: worker.alive and self._deliver(worker))
        self._item(worker, send, i + 1)

    def _kind_of(self, position: int) -> str:
        """What a datum does; half of the fallbacks fail too."""
        if position in self.recovering:
            return "fatal" if position % 2 else "ok"
        return self.kinds[position]

    def _reclaim(self, action: s.Reclaim) -> None:
        """As a claim on a file: whoever comes first has it."""
        worker = self.workers[action.worker]
        send = next((send for send in worker.sets if send.set_id == action.set_id), None)
        at_work = worker.running and send is worker.sets[0]
        if send is None or at_work != (action.after is not None):
            return
        if action.after is None:
            worker.sets.remove(send)
        elif worker.at is not None and worker.at[0] == action.after:
            worker.cut = (send.set_id, action.after)
        else:
            return
        self.tell(s.Reclaimed(*action[:2], action.after))

    def _outcome(self, worker: SimWorker, send: s.Send, i: int, seconds: float) -> s.Event:
        position, attempt = send.items[i]
        kind = self._kind_of(position)
        if kind in ("plain", "fatal", "io") or (kind == "flaky" and attempt == 1):
            transient, fatal = kind in ("io", "flaky"), kind == "fatal"
            return s.Failure(
                worker.name, send.set_id, position, attempt, seconds, kind, transient, fatal
            )
        return s.Finished(worker.name, send.set_id, [(position, attempt, seconds)])

    def _return(self, worker: SimWorker, send: s.Send, *, refused: bool, cut: bool = False) -> None:
        if not worker.alive:
            return
        self._deliver(worker)
        worker.sets.remove(send)
        worker.running = False
        if self.rng.random() < self.faults.wears:
            self.tell(s.WorkerWorn(worker.name, "it has grown"))
        self.tell(s.SetReturned(worker.name, send.set_id, refused, cut=cut))
        if self.faults.doubles:
            self.tell(s.SetReturned(worker.name, send.set_id, refused))
        self._go_on(worker)

    def _deliver(self, worker: SimWorker) -> None:
        """Records come in bulk, in any order, some of them again later."""
        records, worker.records = worker.records, []
        worker.heard += sum(isinstance(record, s.Failure) for record in records)
        self.rng.shuffle(records)
        self._hand_on(worker, records)
        if records and self.faults.doubles:
            self.after(self.rng.uniform(0, 5), lambda: self._hand_on(worker, records))

    def _hand_on(self, worker: SimWorker, records: list[s.Event]) -> None:
        done: list[tuple[int, int, float]] = []
        for record in records:
            if isinstance(record, s.Finished):
                position, attempt, _ = record.outcomes[0]
                if self.faults.unfiltered or self.run.accepts(position, attempt):
                    done += record.outcomes * (2 if self.faults.doubles else 1)
            elif isinstance(record, s.Failure) and (
                self.faults.unfiltered or self.run.accepts(record.position, record.attempt)
            ):
                self.tell(record)
        if done:
            self.tell(s.Finished(worker.name, 0, done))

    def _die(self, worker: SimWorker, cause: str) -> None:
        if not worker.alive:
            return
        worker.alive = False
        if worker.at is not None:
            self.hit.add(worker.at[0])
        self.after(self.rng.uniform(0, 1), lambda: self._down(worker, cause))

    def _down(self, worker: SimWorker, cause: str) -> None:
        begun = None
        if self.faults.journals:
            self._deliver(worker)
            begun = worker.at
        certain = self.faults.certain and begun is None
        self.tell(s.WorkerDown(worker.name, cause, begun, certain))
        if self.faults.doubles:
            self.tell(s.WorkerDown(worker.name, cause, begun, certain))
        if not self.faults.replaced and not any(w.alive for w in self.workers.values()):
            self.after(1.0, self._nobody_left)

    def _delay(self) -> float:
        return self.rng.choice((0.0, 0.01, 0.05, 0.3))
