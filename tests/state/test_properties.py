"""What holds for any plan and any order of events."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jupyter_datum import state as s
from jupyter_datum.errors import InvalidTransitionError, UsageError
from jupyter_datum.state.queue import Queue
from jupyter_datum.state.table import Table
from jupyter_datum.states import DatumState

PLANS = st.lists(st.sampled_from([DatumState.PENDING, DatumState.SKIPPED]), max_size=200).map(bytes)


@given(
    st.lists(PLANS, max_size=5),
    st.integers(1, 40),
    st.integers(0, 30),
    st.sampled_from(["as listed", "some first", "in an order"]),
    st.randoms(use_true_random=False),
)
def test_the_queue_gives_each_pending_position_exactly_once(
    plans: list[bytes], n: int, probe: int, how: str, rng: random.Random
) -> None:
    table = Table()
    queue = Queue(table.states)
    given_out: list[int] = []
    for plan in plans:
        start = len(table.states)
        table.extend(plan)
        fresh = [start + i for i, x in enumerate(plan) if x == DatumState.PENDING]
        rng.shuffle(fresh)
        queue.planned(plan, fresh if how == "in an order" else None)
        if how == "some first":
            queue.bring_forward(fresh[:3])
        assert all(queue.never_sent(position) for position in fresh)
        queue.spread(probe)
        if batch := queue.take(n, 0.0, "w", only=True):
            table.send(batch.items)
            given_out += batch.items if isinstance(batch.items, range) else dict(batch.items)
    while batch := queue.take(n, 0.0, "w", only=True):
        assert 1 <= len(batch.items) <= n
        table.send(batch.items)
        given_out += batch.items if isinstance(batch.items, range) else dict(batch.items)
    wanted = [i for i, x in enumerate(b"".join(plans)) if x == DatumState.PENDING]
    assert sorted(given_out) == wanted and not queue.ready(1e9)


@given(st.sampled_from(DatumState), st.sampled_from(sorted({verb for _, verb in s.TRANSITIONS})))
def test_only_what_stands_in_the_table_can_happen(state: DatumState, verb: str) -> None:
    table = Table()
    table.states += bytes([state])
    table.counts[state] = 1
    if (state, verb) in s.TRANSITIONS:
        table.move(0, verb)
        assert table.states[0] == s.TRANSITIONS[state, verb] and sum(table.counts) == 1
    else:
        with pytest.raises(InvalidTransitionError):
            table.move(0, verb)


@given(st.text(max_size=12))
def test_any_text_is_an_on_error_rule_or_a_usage_error(text: str) -> None:
    try:
        rule_ = s.OnError.parse(text)
    except UsageError:
        return
    assert rule_.kind in text


class Scheduler(RuleBasedStateMachine):
    """Any caller that keeps the contract, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.run = s.RunState(s.RunSettings(tries=2, backoff=0.5, timeout=5.0, probe=3))
        self.now = 0.0
        self.names = 0
        self.work: dict[str, dict[int, list[tuple[int, int]]]] = {}

    def tell(self, event: s.Event) -> None:
        for action in self.run.apply(event, self.now):
            if isinstance(action, s.Send):
                assert action.worker in self.work
                self.work[action.worker][action.set_id] = list(action.items)
                assert len(self.work[action.worker]) <= 2

    @rule(plan=PLANS)
    def planned(self, plan: bytes) -> None:
        self.tell(s.Planned(plan))

    @rule()
    def up(self) -> None:
        self.names += 1
        self.work[f"w{self.names}"] = {}
        self.tell(s.WorkerUp(f"w{self.names}"))

    @rule(seconds=st.floats(0, 4))
    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.tell(s.Tick())

    @rule(event=st.sampled_from([s.Hold(), s.Release(), s.Pause("x"), s.Resume(), s.Scale(2)]))
    def ask(self, event: s.Event) -> None:
        self.tell(event)

    @rule(positions=st.lists(st.integers(-5, 300), max_size=5))
    def retry(self, positions: list[int]) -> None:
        self.tell(s.Retry(tuple(positions)))

    @precondition(lambda self: any(self.work.values()))
    @rule(data=st.data(), good=st.booleans(), returns=st.booleans())
    def outcome(self, data: st.DataObject, good: bool, returns: bool) -> None:
        name = data.draw(st.sampled_from(sorted(n for n, sets in self.work.items() if sets)))
        set_id, items = next(iter(self.work[name].items()))
        n = data.draw(st.integers(0, len(items)))
        done, self.work[name][set_id] = items[:n], items[n:]
        if good:
            self.tell(s.Finished(name, set_id, [(p, a, 0.001) for p, a in done]))
        else:
            for position, attempt in done:
                transient = position % 2 == 0
                self.tell(s.Failure(name, set_id, position, attempt, 0.1, "E", transient, False))
        if returns:
            del self.work[name][set_id]
            self.tell(s.SetReturned(name, set_id, False))

    @precondition(lambda self: self.work)
    @rule(data=st.data(), known=st.booleans())
    def down(self, data: st.DataObject, known: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.work)))
        sets = self.work.pop(name)
        begun = next((items[0] for items in sets.values() if items), None) if known else None
        self.tell(s.WorkerDown(name, "x", begun))

    @invariant()
    def counts_equal_states(self) -> None:
        counted = Counter(self.run.states)
        assert self.run.counts == [counted[state] for state in DatumState]

    @invariant()
    def what_runs_is_in_somebody_s_hands(self) -> None:
        held = {p for sets in self.work.values() for items in sets.values() for p, _ in items}
        running = {i for i, x in enumerate(self.run.states) if x == DatumState.RUNNING}
        assert running <= held

    @invariant()
    def the_next_deadline_is_never_past(self) -> None:
        due = self.run.next_deadline(self.now)
        assert due is None or due >= self.now


TestScheduler = Scheduler.TestCase
TestScheduler.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
