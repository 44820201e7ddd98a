"""More stories of the scheduler: deaths, time-outs, ends, and what may be asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_datum import state as s
from jupyter_datum.errors import InvalidTransitionError, UsageError
from jupyter_datum.states import DatumState, RunStatus


def run(n: int, **settings: object) -> s.RunState:
    state = s.RunState(s.RunSettings(**{"probe": 0, **settings}))  # type: ignore[arg-type]
    state.apply(s.Planned(bytes(n)), 0.0)
    return state


def tell(state: s.RunState, *events: s.Event, now: float = 0.0) -> list[s.Action]:
    return [action for event in events for action in state.apply(event, now)]


def sends(actions: list[s.Action]) -> list[list[tuple[int, int]]]:
    return [action.items for action in actions if isinstance(action, s.Send)]


def blames(actions: list[s.Action]) -> list[s.Blame]:
    return [action for action in actions if isinstance(action, s.Blame)]


def failure(position: int, attempt: int = 1, *, transient: bool = False) -> s.Failure:
    return s.Failure("w", 0, position, attempt, 0.1, "E", transient, False)


def test_a_datum_that_has_ended_is_not_taken_for_one_that_hangs() -> None:
    state = run(9, timeout=3.0)
    tell(state, s.WorkerUp("w"), s.WorkerBegan("w", 0, 1, 0.0))
    tell(state, s.Finished("w", 1, [(0, 1, 0.5)]), now=0.5)
    assert tell(state, s.Tick(), now=3.5) == []


def test_a_kill_that_comes_too_late_is_not_blamed_on_the_next_datum() -> None:
    state = run(2, timeout=3.0, tries=1)
    tell(state, s.PlanEnded(), s.WorkerUp("w"), s.WorkerBegan("w", 0, 1, 0.0))
    tell(state, s.Tick(), now=4.0)
    tell(state, s.Finished("w", 1, [(0, 1, 3.9)]), s.SetReturned("w", 1, False), now=4.1)
    actions = tell(state, s.WorkerDown("w", "killed", (1, 1)), s.WorkerUp("v"), now=4.2)
    assert blames(actions) == [] and sends(actions) == [[(1, 2)]]


def test_a_silent_worker_s_set_is_killed_at_last() -> None:
    state = run(1, timeout=3.0)
    tell(state, s.WorkerUp("w"))
    assert state.next_deadline(0.0) == 63.0
    assert tell(state, s.Tick(), now=62.9) == []
    assert tell(state, s.Tick(), now=63.0) == [s.Kill("w", "timeout")]


def test_of_an_unknown_death_a_single_datum_is_the_suspect() -> None:
    state = run(1)
    tell(state, s.WorkerUp("w"))
    (blame,) = blames(tell(state, s.WorkerDown("w", "lost", None)))
    assert (blame.position, blame.signature) == (0, "worker died: lost")


def test_a_journal_that_swears_nothing_was_begun_is_believed_twice() -> None:
    state = run(1)
    found = []
    for i in range(3):
        tell(state, s.WorkerUp(f"w{i}"))
        found.append(len(blames(tell(state, s.WorkerDown(f"w{i}", "lost", None, certain=True)))))
    assert found == [0, 0, 1]


def test_of_an_unknown_death_in_a_set_each_goes_alone_until_one_kills_again() -> None:
    state = run(400, set_seconds=10.0)
    tell(state, s.WorkerUp("w"), s.Finished("w", 1, [(0, 1, 0.001)]))
    (many,) = sends(tell(state, s.SetReturned("w", 1, False)))
    assert len(many) == 4
    tell(state, s.Finished("w", 2, [(1, 1, 0.001)]), s.SetReturned("w", 2, False))
    again = sends(tell(state, s.WorkerDown("w", "lost", None), s.WorkerUp("v")))
    assert again == [[many[0]], [many[1]]]
    (blame,) = blames(tell(state, s.WorkerDown("v", "lost", None)))
    assert (blame.position, blame.attempt) == many[0]


def test_a_worker_that_was_to_go_is_neither_blamed_nor_replaced() -> None:
    state = run(9)
    tell(state, s.WorkerUp("a"), s.WorkerUp("b"), s.Scale(1))
    assert tell(state, s.WorkerDown("b", "scaled down", None)) == []


def test_a_worker_that_died_while_nothing_waited_is_replaced_when_work_comes() -> None:
    state = run(1)
    tell(state, s.WorkerUp("w"), s.Finished("w", 1, [(0, 1, 1.0)]))
    assert tell(state, s.WorkerDown("w", "x", None)) == []
    assert tell(state, s.Planned(bytes(5))) == [s.ReplaceWorker()]


def test_another_attempt_goes_to_another_worker_unless_that_keeps_it_waiting() -> None:
    for other_is_busy in (False, True):
        state = run(2, timeout=None, window=1)
        tell(state, s.PlanEnded(), s.WorkerUp("w"), s.WorkerUp("v"))
        tell(state, failure(0, transient=True), s.SetReturned("w", 1, False))
        if not other_is_busy:
            tell(state, s.Finished("v", 2, [(1, 1, 0.1)]), s.SetReturned("v", 2, False))
        first = [a for a in tell(state, s.Tick(), now=1.0) if isinstance(a, s.Send)]
        assert [a.worker for a in first] == ([] if other_is_busy else ["v"])
        if other_is_busy:
            assert state.next_deadline(1.0) == 3.0
            assert sends(tell(state, s.Tick(), now=3.0)) == [[(0, 2)]]


def test_the_same_io_error_is_final_whatever_came_between() -> None:
    state = run(1, backoff=0.0, tries=5)
    tell(state, s.WorkerUp("w"), failure(0, transient=True), s.SetReturned("w", 1, False))
    tell(state, s.Tick(), s.WorkerDown("w", "x", (0, 2)), s.WorkerUp("v"), s.Tick())
    assert s.Settle(0, 3) in tell(state, failure(0, 3, transient=True))


def test_what_is_asked_for_again_by_hand_has_all_its_tries_anew() -> None:
    state = run(2, tries=2, backoff=0.0)
    tell(state, s.WorkerUp("w"), failure(0), s.Retry((0, 0, 99, -1)), s.Tick())
    tell(state, s.Finished("w", 2, [(1, 1, 0.1)]), s.SetReturned("w", 1, False))
    tell(state, s.SetReturned("w", 2, False))
    (blame,) = blames(tell(state, s.WorkerDown("w", "x", (0, 2))))
    assert not blame.final


def test_a_record_that_comes_twice_counts_once() -> None:
    state = run(2)
    tell(state, s.WorkerUp("w"))
    twice = s.Finished("w", 1, [(0, 1, 0.1), (0, 1, 0.1)])
    assert s.Accepted("w", 1, [(0, 1, 0.1)]) in tell(state, twice)
    assert state.late == 1 and state.counts[DatumState.SUCCESS] == 1


def test_who_refuses_a_set_over_and_over_gets_it_ever_more_slowly() -> None:
    state = run(1)
    (first,) = tell(state, s.WorkerUp("w"))
    (second,) = tell(state, s.SetReturned("w", 1, True))
    assert isinstance(first, s.Send) and isinstance(second, s.Send)
    assert (first.generation, second.generation) == (1, 2)
    assert tell(state, s.SetReturned("w", 2, True)) == []
    assert sends(tell(state, s.Tick(), now=1.0)) == [[(0, 1)]]


def test_after_a_cancel_the_datum_at_work_may_end_and_the_next_may_not() -> None:
    state = run(9)
    tell(state, s.WorkerUp("w"), s.WorkerBegan("w", 0, 1, 0.0), s.Cancel())
    assert tell(state, s.Tick(), now=2.9) == []
    tell(state, s.Finished("w", 1, [(0, 1, 2.9)]), now=2.9)
    assert tell(state, s.Tick(), now=2.95) == [s.Kill("w", "cancel")]
    actions = tell(state, s.WorkerDown("w", "killed", (1, 1)), now=3.0)
    assert actions == [s.Settle(1, 1, DatumState.CANCELLED), s.End(RunStatus.CANCELLED)]


def test_a_stop_lets_what_runs_end_and_cancels_the_rest() -> None:
    state = run(9, on_error=s.OnError.parse("stop"))
    tell(state, s.WorkerUp("w"))
    assert tell(state, failure(0)) == [s.Settle(0, 1)]
    assert state.counts[DatumState.CANCELLED] == 7
    assert tell(state, s.Finished("w", 2, [(1, 1, 0.1)])) == [s.End(RunStatus.FAILED)]


def test_with_no_worker_left_nothing_stays_running() -> None:
    state = run(5)
    actions = tell(state, s.PlanEnded(), s.WorkerUp("w"), s.NoWorkersLeft("all died"))
    assert actions[-1] == s.End(RunStatus.ERROR)
    assert state.counts[DatumState.PENDING] == 5 and state.status is RunStatus.ERROR


def test_the_probe_pauses_though_the_plan_still_grows() -> None:
    state = run(2, probe=2)
    tell(state, s.WorkerUp("w"), failure(0))
    actions = tell(state, failure(1))
    assert s.PauseRun("the first 2 failed alike: E") in actions
    tell(state, s.Planned(bytes(3)))
    assert state.counts[DatumState.RUNNING] == 0 and state.status is RunStatus.PAUSED


def test_who_is_busy_and_how_long_it_takes_can_be_asked() -> None:
    state = run(4)
    assert state.eta(0.0) is None and state.next_deadline(0.0) is None
    tell(state, s.WorkerUp("w"))
    assert state.busy == {"w": (0, 0.0)}
    tell(state, s.Finished("w", 1, [(0, 1, 2.0)]), now=2.0)
    assert state.rate == 0.5 and state.eta(2.0) == 6.0 and state.remaining == 3


def test_positions_between_skipped_ones_still_fill_a_set() -> None:
    state = s.RunState(s.RunSettings(probe=0))
    tell(state, s.Planned(bytes([0, 5] * 500)), s.WorkerUp("w"))
    tell(state, s.Finished("w", 1, [(0, 1, 1e-4)]))
    (scattered,) = sends(tell(state, s.SetReturned("w", 1, False)))
    assert scattered == [(4, 1), (6, 1), (8, 1), (10, 1)]


def test_what_takes_long_is_sent_before_the_others_and_after_the_probe() -> None:
    state = s.RunState(s.RunSettings(probe=2, window=1))
    sent = sends(tell(state, s.Planned(bytes(9), first=[7, 3]), s.WorkerUp("w")))
    for set_id in (1, 2, 3, 4):
        (item,) = sent[-1]
        tell(state, s.Finished("w", set_id, [(*item, 0.5)]))
        sent += sends(tell(state, s.SetReturned("w", set_id, False)))
    assert sent == [[(0, 1)], [(8, 1)], [(7, 1)], [(3, 1)], [(1, 1)]]


def test_a_plan_with_an_order_is_sent_in_that_order() -> None:
    state = s.RunState(s.RunSettings(probe=0, batch=2, window=1, set_seconds=10.0))
    tell(state, s.Planned(bytes([0, 5, 0, 0]), order=[3, 0, 2]), s.WorkerUp("w"))
    tell(state, s.Planned(bytes(3), order=[6, 4, 5]))
    assert state.counts[DatumState.PENDING] == 4  # the first batch is at work
    tell(state, s.Finished("w", 1, [(3, 1, 1e-3), (0, 1, 1e-3)]))
    (rest,) = sends(tell(state, s.SetReturned("w", 1, False)))
    assert rest == [(2, 1)]  # a batch does not go over the end of a plan
    tell(state, s.Finished("w", 2, [(2, 1, 1e-3)]))
    (last,) = sends(tell(state, s.SetReturned("w", 2, False)))
    assert last[:2] == [(6, 1), (4, 1)]


def test_a_plan_cannot_grow_after_its_end_nor_hold_what_runs_already() -> None:
    state = run(1)
    with pytest.raises(InvalidTransitionError, match="before it was sent"):
        tell(state, s.Planned(bytes([DatumState.RUNNING])))
    tell(state, s.PlanEnded())
    with pytest.raises(InvalidTransitionError, match="the plan has ended"):
        tell(state, s.Planned(bytes(1)))


@pytest.mark.parametrize("wrong", [{"tries": 0}, {"timeout": 0}, {"backoff": -1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        s.RunSettings(**wrong)  # type: ignore[arg-type]


def test_the_page_in_the_docs_is_made_from_the_table() -> None:
    command = [sys.executable, "-m", "jupyter_datum.state"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    page = Path(__file__).parents[2] / "docs" / "states.md"
    assert printed == page.read_text() == s.render()
    assert all(f"| {verb} |" in printed for _, verb in s.TRANSITIONS)


def test_in_a_set_of_many_only_what_was_begun_is_blamed_and_the_rest_goes_as_it_was() -> None:
    state = run(400, set_seconds=10.0)
    tell(state, s.WorkerUp("w"), s.Finished("w", 1, [(0, 1, 0.001)]))
    (many,) = sends(tell(state, s.SetReturned("w", 1, False)))
    tell(state, s.Finished("w", 2, [(1, 1, 0.001)]), s.SetReturned("w", 2, False))
    actions = tell(state, s.WorkerDown("w", "lost", many[1]), s.WorkerUp("v"))
    assert [blame.position for blame in blames(actions)] == [many[1][0]]
    (first, *_) = [action for action in actions if isinstance(action, s.Send)]
    assert first.items[:3] == [many[0], *many[2:]] and first.generation == 2


def test_a_success_of_an_older_attempt_does_not_settle_the_newer_one() -> None:
    state = run(1, backoff=0.0)
    tell(state, s.WorkerUp("w"), s.WorkerDown("w", "lost", (0, 1)), s.WorkerUp("v"))
    tell(state, s.Tick())
    late = s.Finished("w", 1, [(0, 1, 9.0)])
    assert tell(state, late) == [s.Accepted("w", 1, [])]
    assert state.counts[DatumState.RUNNING] == 1 and state.late == 1


def test_what_waits_for_its_second_attempt_is_not_taken_for_fresh() -> None:
    plan = bytes([0, 5] * 20)
    state = s.RunState(s.RunSettings(probe=3, backoff=50.0, set_seconds=10.0))
    tell(state, s.Planned(plan), s.WorkerUp("w"))
    tell(state, s.Finished("w", 1, [(0, 1, 0.001)]), s.SetReturned("w", 1, False))
    tell(state, failure(20, transient=True), s.SetReturned("w", 2, False))
    found: list[tuple[int, int]] = []
    for set_id in range(3, 40):
        for items in sends(tell(state, s.SetReturned("w", set_id, False))):
            found += items
            tell(state, s.Finished("w", 0, [(p, a, 0.001) for p, a in items]))
    assert 20 not in dict(found) and state.counts[DatumState.PENDING] == 1


def test_what_a_worker_gave_back_undone_is_timed_anew_when_it_begins_again() -> None:
    state = run(1, timeout=3.0)
    tell(state, s.WorkerUp("w"), s.WorkerBegan("w", 0, 1, 0.0))
    assert sends(tell(state, s.SetReturned("w", 1, False), now=2.0)) == [[(0, 1)]]
    assert tell(state, s.Tick(), now=4.0) == []
    tell(state, s.WorkerBegan("w", 0, 1, 4.0), now=4.0)
    assert tell(state, s.Tick(), now=7.0) == [s.Kill("w", "timeout")]


def test_no_more_is_sent_than_there_is_room_for() -> None:
    state = run(10, set_seconds=100.0)
    assert sends(tell(state, s.Room(3), s.WorkerUp("w"), s.WorkerUp("v"))) == [
        [(0, 1)],
        [(1, 1)],
        [(2, 1)],
    ]
    done = s.Finished("w", 1, [(0, 1, 0.01)]), s.SetReturned("w", 1, False)
    assert sends(tell(state, *done, s.Tick())) == []
    assert state.next_deadline(1.0) is None, "nothing is due before there is room"
    assert sends(tell(state, s.Room(2))) == [[(3, 1), (4, 1)]], "a large set is cut to the room"
    assert sends(tell(state, s.Room(0), s.WorkerUp("u"))) == []
    assert sends(tell(state, s.Room(None))) == [[(5, 1)], [(6, 1)], [(7, 1)]]


def test_the_rule_for_failures_can_be_another_from_the_next_failure_on() -> None:
    state = run(9, window=1, set_seconds=100.0)
    tell(state, s.PlanEnded(), s.WorkerUp("w"))
    tell(state, failure(0), s.SetReturned("w", 1, False))
    assert state.counts[DatumState.FAILED] == 1 and state.status is RunStatus.RUNNING
    tell(state, s.Rule(s.OnError.parse("stop:2")), s.Tick())
    assert state.status is RunStatus.RUNNING, "what has failed already stops nothing by itself"
    tell(state, failure(1), s.SetReturned("w", 2, False))
    assert state.counts[DatumState.FAILED] == 2 and state.counts[DatumState.CANCELLED] == 7
    assert state.status is RunStatus.FAILED


def test_what_waits_behind_the_datum_at_work_is_counted() -> None:
    state = run(200, set_seconds=100.0)
    tell(state, s.PlanEnded(), s.WorkerUp("w"), s.WorkerBegan("w", 0, 1, 0.0))
    held = sum(len(action.items) for action in tell(state, s.Tick()) if isinstance(action, s.Send))
    assert state.behind["w"] >= held and state.behind["w"] >= 1
    before = state.behind["w"]
    tell(state, s.Finished("w", 1, [(0, 1, 0.001)]), s.SetReturned("w", 1, False))
    tell(state, s.WorkerUp("v"))
    assert set(state.behind) == {"w", "v"} and state.behind["w"] != before
    assert all(n < 200 for n in state.behind.values())


def waiting(**settings: object) -> s.RunState:
    """Of two workers one is at datum 0 since 0.0, with more behind it; the other has nothing."""
    state = run(5, **settings)
    tell(state, s.PlanEnded(), s.WorkerUp("w"), s.WorkerBegan("w", 0, 1, 0.0))
    tell(state, s.WorkerUp("v"))
    for position, set_id in ((2, 3), (3, 4), (4, 5)):
        tell(state, s.Finished("v", set_id, [(position, 1, 0.01)]))
        tell(state, s.SetReturned("v", set_id, False))
    assert bytes(state.states) == bytes([1, 1, 2, 2, 2])
    return state


def test_what_waits_behind_a_slow_datum_goes_to_who_has_nothing_to_do() -> None:
    state = waiting()
    assert tell(state, s.Tick(), now=1.9) == [] and state.next_deadline(1.9) == 2.0
    assert tell(state, s.Tick(), now=2.0) == [s.Reclaim("w", 2, 1, None)]
    assert tell(state, s.Tick(), now=2.1) == [], "it is asked for once"
    (send,) = tell(state, s.Reclaimed("w", 2, None), now=2.1)
    assert isinstance(send, s.Send) and (send.worker, send.items) == ("v", [(1, 1)])
    tell(state, s.SetReturned("w", 2, True), now=2.1)  # what its worker says of it later
    tell(state, s.Finished("v", send.set_id, [(1, 1, 0.01)]), now=2.2)
    actions = tell(state, s.Finished("w", 1, [(0, 1, 9.0)]), now=9.0)
    assert s.End(RunStatus.SUCCESS) in actions


def test_what_cannot_be_taken_back_stays_where_it_is() -> None:
    state = waiting(reclaim=None)
    assert tell(state, s.Tick(), now=60.0) == []


def test_the_rest_of_a_set_is_taken_back_behind_a_slow_datum() -> None:
    state = run(40, max_set=8)
    tell(state, s.PlanEnded(), s.WorkerUp("w"))
    for set_id in (1, 2):  # datums of no duration: sets grow
        tell(state, s.Finished("w", set_id, [(set_id - 1, 1, 1e-5)]))
        tell(state, s.SetReturned("w", set_id, False))
    held = [items for _, items in state._dispatch.crew.get("w").lost(state._table)]  # type: ignore[union-attr]
    first = held[0][0]
    assert len(held[0]) > 2
    tell(state, s.WorkerBegan("w", *first, 0.0), s.WorkerUp("v"))
    while _finish(state):
        pass
    asked = tell(state, s.Tick(), now=3.0)
    assert [a.after for a in asked if isinstance(a, s.Reclaim)] == [first[0], None]
    for action in asked:
        assert isinstance(action, s.Reclaim)
        tell(state, s.Reclaimed("w", action.set_id, action.after), now=3.0)
    while _finish(state):
        pass
    assert state.counts[DatumState.SUCCESS] == 39
    assert state.busy == {"w": (first[0], 0.0)}


def _finish(state: s.RunState) -> list[s.Action]:
    """Worker v ends all that it has."""
    worker = state._dispatch.crew.get("v")
    assert worker is not None
    actions: list[s.Action] = []
    for set_id, batch in list(worker.sets.items()):
        items = state._table.awaited(batch.items)
        actions += tell(state, s.Finished("v", set_id, [(*item, 1e-5) for item in items]))
        actions += tell(state, s.SetReturned("v", set_id, False))
    return actions


def test_a_worn_worker_goes_when_its_sets_are_done_and_nobody_is_blamed() -> None:
    state = run(5)
    tell(state, s.PlanEnded(), s.WorkerUp("w"), s.WorkerBegan("w", 0, 1, 0.0))
    assert not any(isinstance(a, s.Kill) for a in tell(state, s.WorkerWorn("w", "old")))
    first = tell(state, s.Finished("w", 1, [(0, 1, 0.5)]), s.SetReturned("w", 1, False))
    assert first == [], "it is sent no more"
    last = tell(state, s.Finished("w", 2, [(1, 1, 0.5)]), s.SetReturned("w", 2, False))
    assert last == [s.Kill("w", "old")]
    actions = tell(state, s.WorkerDown("w", "killed", None, True))
    assert actions == [s.ReplaceWorker()] and state.counts[DatumState.PENDING] == 3


def test_a_datum_whose_last_try_failed_is_recovered_once() -> None:
    state = run(2, recover=True)
    tell(state, s.PlanEnded(), s.WorkerUp("w"))
    assert s.Recover(0, 2) in tell(state, failure(0))
    assert s.Settle(0, 2) in tell(state, s.SetReturned("w", 1, False), failure(0, 2))
    assert s.Recover(1, 2) in tell(state, failure(1))
    actions = tell(state, s.SetReturned("w", 2, False), s.Finished("w", 0, [(1, 2, 0.1)]))
    assert bytes(state.states) == bytes([DatumState.FAILED, DatumState.RECOVERED])
    assert s.End(RunStatus.FAILED) in actions
    tell(state, s.Rejected(1, 2))
    assert state.counts[DatumState.FAILED] == 2
