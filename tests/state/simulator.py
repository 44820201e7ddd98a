"""A seeded world of workers that are slow, late, doubled, lost and dying.

``python -m tests.state.simulator SEED`` prints the story of one seed; the same seed always
tells the same story. Nothing here sleeps: time is a number.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from jupyter_datum import state as s
from jupyter_datum.states import SETTLED, DatumState, RunStatus

from .simcrew import CALM, KINDS, Faults, SimWorker, Workers

#: Events after which a run is taken to go on for ever.
BUDGET = 30_000


class World(Workers):
    """One run, from plan to end."""

    def __init__(self, seed: int, faults: Faults | None = None) -> None:
        self.rng = rng = Random(seed)
        self.faults = faults or self._faults()
        self.size = rng.choice((0, 1, 2, 7, 40, 150, 300))
        self.settings = s.RunSettings(
            tries=rng.choice((1, 2, 3, 3)),
            on_error=s.OnError.parse(rng.choice(("continue", "continue", "stop:3", "stop:20%"))),
            timeout=3.0,
            backoff=rng.choice((0.0, 0.1, 1.0)),
            probe=rng.choice((0, 3, 20)),
            max_set=rng.choice((5, 2000)),
            reclaim=rng.choice((None, 0.3)),
            recover=rng.random() < 0.3,
        )
        self.ordered = rng.random() < 0.3
        self.kinds = [self._kind() for _ in range(self.size)]
        self.run = s.RunState(self.settings)
        self.now = 0.0
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.order = 0
        self.workers: dict[str, SimWorker] = {}
        self.story: list[str] = []
        self.ended: RunStatus | None = None
        self.executed: Counter[int] = Counter()
        self.hit: set[int] = set()  # at work while their worker died
        self.settled: Counter[int] = Counter()
        self.final: dict[int, DatumState] = {}
        self.sent: dict[int, s.Send] = {}
        self.recovering: set[int] = set()
        self.fell_back: set[int] = set()  # the same, ever
        self.named = 0
        self.closed = False  # nothing may be sent: held or paused

    def _faults(self) -> Faults:
        rng = self.rng
        journals = rng.random() < 0.75
        return Faults(
            journals=journals,
            certain=journals and rng.random() < 0.5,
            doubles=rng.random() < 0.5,
            unfiltered=rng.random() < 0.5,
            lossy=rng.random() < 0.25,
            deaths=rng.choice((0.0, 0.0, 0.3, 1.5)),
            bad=rng.choice((0.0, 0.05, 0.3, 1.0)),
            replaced=rng.random() < 0.93,
            lazy=rng.random() < 0.5,
            asks=rng.random() < 0.3,
            cancels=rng.random() < 0.15,
            wears=rng.choice((0.0, 0.0, 0.1)),
        )

    def _kind(self) -> str:
        return self.rng.choice(KINDS) if self.rng.random() < self.faults.bad else "ok"

    # -- the loop ------------------------------------------------------------------------

    def play(self) -> World:
        """Run to the end; raises AssertionError when an invariant breaks."""
        rng, count = self.rng, self.rng.randint(1, 5)
        self._plan()
        for _ in range(count):
            self.after(rng.uniform(0, 2), self._worker_up)
        if self.faults.deaths:
            self.after(rng.expovariate(self.faults.deaths), self._strike)
        if self.faults.asks:
            self.after(rng.uniform(0, 3), self._ask)
        if self.faults.cancels:
            self.after(rng.uniform(0, 6), lambda: self.tell(s.Cancel()))
        if not self.faults.lazy:
            self.after(0.25, self._tick)
        for step in range(BUDGET):
            if self.ended is not None or not self.heap:
                break
            self.now, _, happen = heappop(self.heap)
            happen()
            if step % 20 == 0:
                self.check()
        self.check()
        self.check_end()
        return self

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        self.order += 1
        heappush(self.heap, (self.now + seconds, self.order, happen))

    def tell(self, event: s.Event) -> None:
        if self.ended is not None:
            return
        before = self.run.counts[DatumState.RUNNING]
        actions = self.run.apply(event, self.now)
        self.story.append(f"{self.now:9.3f} {event}")
        self.story += [f"{'':9} -> {action}" for action in actions]
        if isinstance(event, s.Finished):
            told = [action for action in actions if isinstance(action, s.Accepted)]
            for position, _, _ in (told or [event])[0].outcomes:
                was = position in self.recovering
                self._settle(position, DatumState.RECOVERED if was else DatumState.SUCCESS)
        for action in actions:
            self._act(action)
        if isinstance(event, s.Hold | s.Pause):
            assert self.run.counts[DatumState.RUNNING] <= before
            assert not any(isinstance(action, s.Send) for action in actions)
        if self.faults.lazy and self.ended is None:
            due = self.run.next_deadline(self.now)
            if due is not None:
                assert due >= self.now
                self.after(due - self.now + 1e-6, self._lazy_tick(due))

    def _tick(self) -> None:
        self.tell(s.Tick())
        self.after(0.25, self._tick)

    def _lazy_tick(self, due: float) -> Callable[[], None]:
        def tick() -> None:
            if self.run.next_deadline(due) is not None:
                self.tell_once(due)

        return tick

    def tell_once(self, due: float) -> None:
        """One tick for each deadline, however often it was asked for."""
        if due > getattr(self, "ticked", -1.0):
            self.ticked = due
            self.tell(s.Tick())

    # -- what the scheduler wants --------------------------------------------------------

    def _act(self, action: s.Action) -> None:
        if isinstance(action, s.Send):
            self._sent(action)
        elif isinstance(action, s.Kill):
            worker = self.workers[action.worker]
            self.after(self.rng.uniform(0, 0.5), lambda: self._die(worker, "killed"))
        elif isinstance(action, s.ReplaceWorker):
            self._replace()
        elif isinstance(action, s.Reclaim):
            self._reclaim(action)
        elif isinstance(action, s.Recover):
            self._recover(action.position)
        elif isinstance(action, s.Settle):
            self._settle(action.position, action.state)
        elif isinstance(action, s.PauseRun):
            self.after(self.rng.uniform(0, 5), lambda: self.tell(s.Resume()))
        elif isinstance(action, s.End):
            self.ended = action.status

    def _replace(self) -> None:
        if self.faults.replaced:
            self.after(self.rng.uniform(0.1, 2), self._worker_up)
        elif not any(worker.alive for worker in self.workers.values()):
            self.after(1.0, self._nobody_left)

    def _recover(self, position: int) -> None:
        assert self.settings.recover and position not in self.recovering
        self.recovering.add(position)
        self.fell_back.add(position)

    def _settle(self, position: int, state: DatumState) -> None:
        self.settled[position] += 1
        self.final[position] = state
        assert self.settled[position] == 1, f"{position} is settled twice"

    def _sent(self, send: s.Send) -> None:
        worker = self.workers[send.worker]
        assert send.set_id not in self.sent, "a set id is used twice"
        assert 1 <= len(send.items) <= self.settings.max_set
        self.sent[send.set_id] = send
        worker.sets.append(send)
        worker.knew[send.set_id] = worker.heard if self.run.bounded else float("inf")
        assert len(worker.sets) <= self.settings.window + (not worker.alive) * 10
        self._go_on(worker)

    # -- planner and user ----------------------------------------------------------------

    def _plan(self) -> None:
        at, left = 0.0, self.size
        start = 0
        while left:
            n = min(left, self.rng.randint(1, 100))
            skip = self.rng.choice((0.0, 0.0, 0.3))
            states = bytes(
                DatumState.SKIPPED if self.rng.random() < skip else DatumState.PENDING
                for _ in range(n)
            )
            plan = s.Planned(states, (), *self._sequence(states, start))
            self.after(at, lambda plan=plan: self.tell(plan))  # type: ignore[misc]
            at += self.rng.uniform(0, 1)
            left -= n
            start += n
        self.after(at, lambda: self.tell(s.PlanEnded()))

    def _sequence(self, states: bytes, start: int) -> tuple[list[int], list[int] | None]:
        """What of a plan goes first, or the order of all of it."""
        fresh = [start + i for i, x in enumerate(states) if x == DatumState.PENDING]
        self.rng.shuffle(fresh)
        if self.ordered:
            return [], fresh
        return fresh[: self.rng.choice((0, 0, 2))], None

    def _ask(self) -> None:
        failed = [i for i, x in enumerate(self.run.states) if x == DatumState.FAILED]
        kind = self.rng.choice(("hold", "pause", "scale", "retry", "retry"))
        if kind == "hold":
            self.tell(s.Hold())
            if self.rng.random() < 0.5:
                self.after(0.5, lambda: self.tell(s.Release()))
        elif kind == "pause":
            self.tell(s.Pause("by hand"))
            self.after(self.rng.uniform(0, 3), lambda: self.tell(s.Resume()))
        elif kind == "scale":
            self.tell(s.Scale(self.rng.randint(1, 5)))
            self._worker_up()
        elif failed and self.now < CALM:
            self._retry(self.rng.sample(failed, min(len(failed), 5)))
        if self.now < CALM:
            self.after(self.rng.uniform(0.5, 5), self._ask)

    def _retry(self, positions: list[int]) -> None:
        """What is asked for again is settled once more, if it is taken up."""
        for position in positions:
            self.settled[position] -= 1
            self.recovering.discard(position)
        before = bytes(self.run.states)
        self.tell(s.Retry(tuple([*positions, *positions, self.size + 5])))
        for position in positions:
            now = self.run.states[position]
            if now == before[position]:
                self.settled[position] += 1

    # -- what must hold ------------------------------------------------------------------

    def check(self) -> None:
        counted = Counter(self.run.states)
        assert self.run.counts == [counted[state] for state in DatumState]

    def check_end(self) -> None:
        assert self.ended is not None, f"no end after {BUDGET} events, or nothing left to happen"
        states = [DatumState(x) for x in self.run.states]
        counts = Counter(states)
        if self.ended is RunStatus.ERROR:
            assert DatumState.RUNNING not in counts
            return
        assert set(states) <= SETTLED
        for position, settled in self.final.items():
            assert states[position] is settled, f"{position} is {states[position]}, not {settled}"
        for position, found in enumerate(states):
            if found in (DatumState.SUCCESS, DatumState.FAILED, DatumState.RECOVERED):
                assert self.settled[position] == 1, f"{position} was settled unsaid"
        self._check_status(counts)
        self._check_innocents(states)

    def _check_status(self, counts: Counter[DatumState]) -> None:
        if self.ended is RunStatus.SUCCESS:
            assert not counts[DatumState.FAILED] and not counts[DatumState.CANCELLED]
        elif self.ended is RunStatus.FAILED:
            assert counts[DatumState.FAILED]
        limit = self.settings.on_error.limit
        if limit and not self.faults.lossy and not self.faults.asks:
            assert counts[DatumState.FAILED] < limit + self.named, "one more for each worker"
        if self.ended is not RunStatus.CANCELLED and self.settings.on_error.kind == "continue":
            assert len(self.run.states) == self.size
            assert not counts[DatumState.CANCELLED]

    def _check_innocents(self, states: list[DatumState]) -> None:
        """Who neither fails nor kills, and was at work in no death, runs exactly once."""
        for position, found in enumerate(states):
            if self.kinds[position] != "ok" or position in self.hit | self.fell_back:
                continue
            if self.faults.journals and not self.faults.lossy:
                wanted = int(found is DatumState.SUCCESS)
                if found is not DatumState.CANCELLED:
                    assert self.executed[position] == wanted, f"{position} ran more than once"
            if self.faults.certain and self.settings.tries > 1:
                assert found is not DatumState.FAILED, f"{position} is blamed and innocent"


if __name__ == "__main__":
    world = World(int(sys.argv[1]))
    try:
        world.play()
    finally:
        print(*world.story, world.faults, world.settings, sep="\n")
    print(world.ended, dict(Counter(DatumState(x).name for x in world.run.states)))
