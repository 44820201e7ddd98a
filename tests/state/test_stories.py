"""More stories of the scheduler: deaths, time-outs, ends, and what may be asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_datum import state as s
from jupyter_datum.errors import InvalidTransitionError, UsageError
from jupyter_datum.states import DatumState, RunStatus

from .telling import blames, failure, run, sends, tell


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


@pytest.mark.parametrize(
    ("workers", "seconds", "size"),
    [(1, 0.05, 1), (8, 0.05, 6), (64, 0.048, 20), (1000, 0.4, 2), (1000, 1.0, 1), (1, 0.01, 15)],
)
def test_the_more_workers_the_larger_the_sets(workers: int, seconds: float, size: int) -> None:
    state = run(200_000, window=1)
    sent = tell(state, *(s.WorkerUp(f"w{i}") for i in range(workers)))
    for _ in range(4):  # they grow as sets come back
        asked, sent = sent, []
        for one in asked:
            assert isinstance(one, s.Send)
            outcomes = [(*item, seconds) for item in one.items]
            sent += tell(state, s.Finished(one.worker, one.set_id, outcomes))
            sent += tell(state, s.SetReturned(one.worker, one.set_id, False))
    assert [len(items) for items in sends(sent)] == [size] * workers


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


def test_what_a_worker_was_not_to_begin_goes_again_as_it_was() -> None:
    state = run(9, set_seconds=100.0, on_error=s.OnError.parse("stop:3"), window=1)
    tell(state, s.WorkerUp("w"), s.Finished("w", 1, [(0, 1, 0.001)]))
    assert not state.bounded and not state.halts
    (many,) = sends(tell(state, s.SetReturned("w", 1, False)))
    assert len(many) == 4 and state.bounded, "if all of these fail the run ends"
    failed = failure(1)._replace(seconds=0.001)
    actions = tell(state, failed, s.SetReturned("w", 2, False, cut=True))
    (again,) = [action for action in actions if isinstance(action, s.Send)]
    assert again.items == many[1:] and again.generation == 1
    tell(state, s.Pause("by hand"))
    assert state.halts and not tell(state, s.SetReturned("w", 3, True))
    assert state.counts[DatumState.RUNNING] == 0
    (send,) = [a for a in tell(state, s.Resume()) if isinstance(a, s.Send)]
    assert send.items == many[1:] and send.generation == 2, "nothing of it was done"


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
