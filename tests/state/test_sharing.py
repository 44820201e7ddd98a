"""How much is sent to whom, what is taken back from behind a slow datum, and who leaves."""

from __future__ import annotations

from jupyter_datum import state as s
from jupyter_datum.states import DatumState, RunStatus

from .telling import failure, run, sends, tell


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
