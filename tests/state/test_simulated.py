"""The scheduler against engines that delay, lose, repeat, die and come late; by seed.

A simulated worker executes its sets in order. At each step one thing happens, chosen by
the seed: a datum begins, ends, fails or kills its worker; a record is heard twice or late; a
worker comes up. Nothing here sleeps; time is a number.
"""

from __future__ import annotations

import random
from collections import Counter, deque

import pytest

from jupyter_datum.state import (
    Blame,
    Cancel,
    End,
    Failure,
    Finished,
    Kill,
    PlanEnded,
    Planned,
    ReplaceWorker,
    RunSettings,
    RunState,
    Send,
    SetReturned,
    Tick,
    WorkerBegan,
    WorkerDown,
    WorkerUp,
)
from jupyter_datum.states import SETTLED, DatumState, RunStatus

_STEPS = 20_000


class Simulation:
    """One run under one seed. ``killers`` end their worker each time; ``raisers`` fail."""

    def __init__(self, seed: int, *, datums: int = 120, faults: bool = True) -> None:
        self.random = random.Random(seed)
        self.state = RunState(RunSettings(tries=3, probe=0, backoff=0.1))
        self.faults = faults
        self.now = 0.0
        self.workers: dict[str, deque[tuple[int, list[tuple[int, int]]]]] = {}
        self.executions: Counter[int] = Counter()
        self.blamed: Counter[int] = Counter()
        self.killers = set(self.random.sample(range(datums), 3)) if faults else set()
        self.raisers = set(self.random.sample(range(datums), 5)) if faults else set()
        self.accidents = 4 if faults else 0
        self.ended: RunStatus | None = None
        self.names = 0
        for start in range(0, datums, 40):
            self.tell(Planned(bytes(min(40, datums - start))))
        self.tell(PlanEnded())
        for _ in range(3):
            self.up()

    def up(self) -> None:
        self.names += 1
        name = f"w{self.names}"
        self.workers[name] = deque()
        self.tell(WorkerUp(name))

    def tell(self, event: object) -> None:
        for action in self.state.apply(event, self.now):  # type: ignore[arg-type]
            if isinstance(action, Send):
                assert len(self.workers[action.worker]) < 2, "more than the window"
                self.workers[action.worker].append((action.set_id, list(action.items)))
            elif isinstance(action, ReplaceWorker):
                self.up()
            elif isinstance(action, Blame):
                self.blamed[action.position] += 1
            elif isinstance(action, Kill):
                self.die(action.worker, None)
            elif isinstance(action, End):
                assert self.ended is None
                self.ended = action.status

    def die(self, name: str, begun: tuple[int, int] | None) -> None:
        del self.workers[name]
        self.tell(WorkerDown(name, "killed by SIGKILL", begun))

    def step(self) -> None:
        self.now += self.random.random() * 0.2
        self.tell(Tick())
        name = self.random.choice(list(self.workers)) if self.workers else None
        if name is None or not self.workers[name]:
            return
        if self.accidents and self.random.random() < 0.02:  # somebody kills it between datums
            self.accidents -= 1
            self.die(name, None if self.random.random() < 0.5 else self._begin(name))
            return
        self._work(name)

    def _begin(self, name: str) -> tuple[int, int] | None:
        """It begins one more datum before it is killed from outside."""
        _, items = self.workers[name][0]
        if not items:
            return None
        self.executions[items[0][0]] += 1
        return items[0]

    def _work(self, name: str) -> None:
        set_id, items = self.workers[name][0]
        done = []
        for _ in range(self.random.randint(1, 5)):
            if not items:
                break
            position, attempt = items.pop(0)
            self.executions[position] += 1
            self.tell(WorkerBegan(name, position, attempt, self.now))
            if position in self.killers:
                self._heard(name, set_id, done)
                self.die(name, (position, attempt))
                return
            if position in self.raisers:
                if self.state.accepts(position, attempt):
                    event = Failure(name, set_id, position, attempt, 0.01, "E", False, False)
                    self.tell(event)
                continue
            done.append((position, attempt, 0.01))
        self._heard(name, set_id, done)
        if name in self.workers and not items:
            self.workers[name].popleft()
            self.tell(SetReturned(name, set_id, False))

    def _heard(self, name: str, set_id: int, done: list[tuple[int, int, float]]) -> None:
        """Records come, sometimes twice; who takes them asks first, as the runner does."""
        for _ in range(2 if self.faults and self.random.random() < 0.2 else 1):
            fresh = [record for record in done if self.state.accepts(record[0], record[1])]
            self.tell(Finished(name, set_id, fresh))

    def run(self) -> None:
        for _ in range(_STEPS):
            if self.ended is not None:
                return
            self.step()
        raise AssertionError(f"no end: {self.state.counts}")


@pytest.mark.parametrize("seed", range(150))
def test_every_run_ends_with_each_datum_settled_once_and_nobody_innocent_blamed(
    seed: int,
) -> None:
    simulation = Simulation(seed)
    simulation.run()
    state = simulation.state
    assert simulation.ended is RunStatus.FAILED
    assert set(map(DatumState, state.states)) <= SETTLED
    assert state.counts == [state.states.count(s) for s in DatumState]
    failed = {i for i, s in enumerate(state.states) if s == DatumState.FAILED}
    assert simulation.raisers | simulation.killers <= failed
    assert failed == simulation.raisers | simulation.killers
    for position, n in simulation.executions.items():
        if position in simulation.killers:
            assert n <= 3
        else:  # once, and once more for each time that it was itself at work in an accident
            assert n <= 1 + simulation.blamed[position]


def test_without_faults_each_executes_once() -> None:
    simulation = Simulation(1, datums=1_000, faults=False)
    simulation.run()
    assert simulation.ended is RunStatus.SUCCESS
    assert set(simulation.executions.values()) == {1} and len(simulation.executions) == 1_000


@pytest.mark.parametrize("seed", range(30))
def test_a_cancel_at_any_moment_ends_the_run_and_sends_nothing_more(seed: int) -> None:
    simulation = Simulation(seed)
    for _ in range(simulation.random.randint(0, 60)):
        if simulation.ended is None:
            simulation.step()
    if simulation.ended is not None:
        return
    simulation.tell(Cancel())
    sets = sum(map(len, simulation.workers.values()))
    simulation.run()
    assert simulation.ended is RunStatus.CANCELLED
    assert sum(map(len, simulation.workers.values())) <= sets
    assert set(map(DatumState, simulation.state.states)) <= SETTLED


def test_the_same_seed_tells_the_same_story() -> None:
    one, two = Simulation(7), Simulation(7)
    one.run()
    two.run()
    assert one.executions == two.executions and one.state.states == two.state.states
