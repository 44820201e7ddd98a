"""Stories of the scheduler: what is told, and what it wants done."""

from __future__ import annotations

import pytest

from jupyter_datum.errors import InvalidTransitionError, UsageError
from jupyter_datum.state import (
    TRANSITIONS,
    Action,
    Blame,
    Cancel,
    End,
    Event,
    Failure,
    Finished,
    Hold,
    Kill,
    OnError,
    Pause,
    PauseRun,
    PlanEnded,
    Planned,
    Rejected,
    Release,
    Resume,
    Retry,
    RunSettings,
    RunState,
    Send,
    SetReturned,
    Settle,
    Tick,
    WorkerBegan,
    WorkerDown,
    WorkerUp,
)
from jupyter_datum.states import DatumState, RunStatus


def run(n: int, **settings: object) -> RunState:
    state = RunState(RunSettings(**{"probe": 0, **settings}))  # type: ignore[arg-type]
    state.apply(Planned(bytes(n)), 0.0)
    return state


def tell(state: RunState, *events: Event, now: float = 0.0) -> list[Action]:
    return [action for event in events for action in state.apply(event, now)]


def sends(actions: list[Action]) -> list[Send]:
    return [action for action in actions if isinstance(action, Send)]


def test_a_worker_gets_two_sets_and_no_more() -> None:
    state = run(10)
    first, second = sends(tell(state, WorkerUp("w1")))
    assert first.items == [(0, 1)] and second.items == [(1, 1)]
    assert sends(tell(state, Tick())) == []
    done = Finished("w1", first.set_id, [(0, 1, 0.5)])
    (third,) = sends(tell(state, done, SetReturned("w1", first.set_id, False)))
    assert third.items == [(2, 1)]


def test_sets_grow_with_short_datums_and_stay_alone_with_long_ones() -> None:
    for seconds, largest in ((0.0001, 16), (0.5, 1)):
        state = run(10_000)
        waiting = sends(tell(state, WorkerUp("w1")))
        sizes = []
        for _ in range(4):
            sent = waiting.pop(0)
            outcomes = [(position, attempt, seconds) for position, attempt in sent.items]
            done = Finished("w1", sent.set_id, outcomes)
            waiting += sends(tell(state, done, SetReturned("w1", sent.set_id, False)))
            sizes.append(len(waiting[-1].items))
        assert max(sizes) >= largest if largest > 1 else max(sizes) == 1


def test_a_late_record_of_an_older_attempt_is_dropped_and_counted() -> None:
    state = run(1)
    (sent,) = sends(tell(state, WorkerUp("w1")))
    tell(state, WorkerDown("w1", "lost", (0, 1)), WorkerUp("w2"), now=5.0)
    tell(state, Tick(), now=10.0)
    assert not state.accepts(0, 1) and state.late == 1
    assert state.accepts(0, 2)
    assert sent.items == [(0, 1)]


def test_only_the_datum_at_work_is_blamed_for_a_death() -> None:
    state = run(2)
    tell(state, WorkerUp("w1"))
    actions = tell(state, WorkerDown("w1", "killed by SIGSEGV", (0, 1)))
    (blame,) = [a for a in actions if isinstance(a, Blame)]
    assert (blame.position, blame.final) == (0, False)
    (again,) = sends(tell(state, WorkerUp("w2")))
    assert again.items == [(1, 1)], "it was only near: sent as it was"


def test_deaths_end_at_the_number_of_tries() -> None:
    state = run(1, tries=2, backoff=0.0)
    tell(state, PlanEnded(), WorkerUp("w1"), WorkerDown("w1", "x", (0, 1)), WorkerUp("w2"))
    actions = tell(state, WorkerDown("w2", "x", (0, 2)), now=1.0)
    assert Settle(0, 2) in actions and End(RunStatus.FAILED) in actions


def failure(position: int, attempt: int = 1, *, transient: bool, signature: str = "E") -> Failure:
    return Failure("w1", 0, position, attempt, 0.1, signature, transient, False)


def test_what_may_go_away_is_tried_again_later_and_once_if_it_is_the_same() -> None:
    state = run(1, backoff=2.0)
    tell(state, WorkerUp("w1"))
    assert tell(state, failure(0, transient=True)) == []
    assert sends(tell(state, SetReturned("w1", 1, False), now=1.0)) == []
    (again,) = sends(tell(state, Tick(), now=2.5))
    assert again.items == [(0, 2)]
    assert Settle(0, 2) in tell(state, failure(0, 2, transient=True), now=3.0)


def test_an_ordinary_exception_is_final_at_once() -> None:
    state = run(1)
    tell(state, WorkerUp("w1"))
    assert Settle(0, 1) in tell(state, failure(0, transient=False))


def test_a_datum_beyond_its_time_has_its_worker_killed() -> None:
    state = run(2, timeout=3.0, tries=1)
    tell(state, WorkerUp("w1"), WorkerBegan("w1", 0, 1, 10.0), now=10.0)
    assert tell(state, Tick(), now=12.9) == []
    assert tell(state, Tick(), now=13.1) == [Kill("w1", "timeout")]
    actions = tell(state, WorkerDown("w1", "killed by SIGKILL", (0, 1)), now=13.2)
    (blame,) = [a for a in actions if isinstance(a, Blame)]
    assert blame.signature == "timeout" and blame.final


def test_outcome_that_comes_after_a_cancel_still_counts() -> None:
    state = run(5)
    sent = sends(tell(state, WorkerUp("w1")))
    tell(state, Cancel())
    assert state.counts[DatumState.CANCELLED] == 3
    actions = []
    for s in sent:
        assert state.accepts(*s.items[0])
        done = Finished("w1", s.set_id, [(*s.items[0], 0.1)])
        actions += tell(state, done, SetReturned("w1", s.set_id, False))
    assert actions == [End(RunStatus.CANCELLED)]
    assert state.counts[DatumState.SUCCESS] == 2


def test_hold_and_pause_start_nothing_and_a_hold_ends_by_itself() -> None:
    state = run(5)
    tell(state, Hold(), now=0.0)
    assert sends(tell(state, WorkerUp("w1"), now=1.0)) == []
    assert len(sends(tell(state, Tick(), now=3.1))) == 2
    paused = run(5)
    tell(paused, Pause("by hand"))
    assert sends(tell(paused, WorkerUp("w1"), Tick(), now=100.0)) == []
    assert len(sends(tell(paused, Resume(), now=101.0))) == 2
    held = run(5)
    tell(held, Hold())
    assert len(sends(tell(held, Release(), WorkerUp("w1")))) == 2


def test_the_probe_goes_first_spread_over_the_plan_and_pauses_once() -> None:
    state = RunState(RunSettings(probe=5))
    tell(state, Planned(bytes(1_000)))
    seen: list[int] = []
    waiting = sends(tell(state, WorkerUp("w1")))
    paused: list[Action] = []
    while waiting and not paused:
        sent = waiting.pop(0)
        position = sent.items[0][0]
        seen.append(position)
        actions = tell(state, failure(position, transient=False))
        actions += tell(state, SetReturned("w1", sent.set_id, False))
        waiting += sends(actions)
        paused = [a for a in actions if isinstance(a, PauseRun)]
    assert seen == [0, 250, 500, 749, 999]
    assert "first 5 failed alike" in paused[0].reason  # type: ignore[union-attr]


def test_one_success_and_the_probe_is_content() -> None:
    state = RunState(RunSettings(probe=2))
    tell(state, Planned(bytes(10)), WorkerUp("w1"))
    tell(state, Finished("w1", 1, [(0, 1, 0.1)]))
    waiting = sends(tell(state, SetReturned("w1", 1, False)))
    actions = tell(state, failure(9, transient=False), SetReturned("w1", 2, False))
    waiting += sends(actions)
    for sent in waiting:
        actions += tell(state, failure(sent.items[0][0], transient=False))
    assert not any(isinstance(action, PauseRun) for action in actions)
    assert state.counts[DatumState.FAILED] >= 3


def test_a_success_that_cannot_be_published_becomes_a_failure_even_at_the_end() -> None:
    state = run(1)
    tell(state, PlanEnded(), WorkerUp("w1"))
    done = Finished("w1", 1, [(0, 1, 0.1)])
    assert End(RunStatus.SUCCESS) in tell(state, done, SetReturned("w1", 1, False))
    tell(state, Rejected(0, 1))
    assert state.counts[DatumState.FAILED] == 1 and state.counts[DatumState.SUCCESS] == 0


def test_retry_gives_a_failed_datum_its_next_attempt() -> None:
    state = run(2)
    tell(state, WorkerUp("w1"), failure(0, transient=False))
    actions = tell(state, SetReturned("w1", 1, False), Retry((0,)))
    assert [(0, 2)] in [s.items for s in sends(actions)]


def test_skipped_datums_are_not_sent_and_a_run_of_nothing_succeeds() -> None:
    state = RunState(RunSettings())
    tell(state, Planned(bytes([DatumState.SKIPPED]) * 5))
    assert tell(state, PlanEnded()) == [End(RunStatus.SUCCESS)]


def test_what_is_not_in_the_table_cannot_happen() -> None:
    state = run(1)
    with pytest.raises(InvalidTransitionError, match="position 0 is pending"):
        tell(state, failure(0, transient=False))
    assert (DatumState.PENDING, "fail") not in TRANSITIONS


@pytest.mark.parametrize("text", ["never", "stop:x", "continue:3", "stop:%"])
def test_on_error_is_one_of_four(text: str) -> None:
    with pytest.raises(UsageError, match="on-error"):
        OnError.parse(text)


def test_on_error_counts() -> None:
    assert OnError.parse("stop").reached(1, 1)
    assert not OnError.parse("stop:3").reached(2, 50)
    assert OnError.parse("stop:10%").reached(5, 50)
    assert not OnError.parse("stop:10%").reached(1, 2), "two datums are no percentage"
    assert not OnError.parse("continue").reached(10**6, 10**6)


def test_attempts_of_a_former_runner_are_counted_on() -> None:
    state = RunState(RunSettings(tries=3, probe=0))
    state.apply(Planned(bytes(4), tried=[(2, 2)]), 0.0)
    actions = tell(state, PlanEnded(), WorkerUp("w1"))
    sent = [item for action in actions if isinstance(action, Send) for item in action.items]
    assert (2, 3) in sent and sent.count((2, 1)) == 0
    assert state.accepts(2, 3) and not state.accepts(2, 1)
