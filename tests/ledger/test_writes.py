from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Callable

import pytest

from jupyter_datum.errors import RunError
from jupyter_datum.events import LogSegment, OutputFile, Stat
from jupyter_datum.ledger import keys, queries, writes
from jupyter_datum.ledger.db import connect, transaction
from jupyter_datum.ledger.writes import Fenced, RunKey
from jupyter_datum.project import Project
from jupyter_datum.states import DatumState, RunStatus

from .build import done, fail, failed, file, new_run, succeed


def known(conn: sqlite3.Connection, run: RunKey) -> list[tuple[bytes, int, int]]:
    return [row[:3] for row in queries.known(conn, run.transform, None, 1000)]


def group_counts(conn: sqlite3.Connection, run: RunKey) -> dict[str, int]:
    return {g.signature: g.datums for g in queries.failure_groups(conn, run.id)}


# -- successes -------------------------------------------------------------------------------


def test_a_first_success_stands_in_its_row_alone(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    succeed(conn, run, done(3, key=b"\xff\x00.jpg", inputs=(file(b"\xff\x00.jpg"),)))
    detail = queries.datum_detail(conn, 3)
    assert detail and detail.attempts == []
    assert detail.inputs == [file(b"\xff\x00.jpg", name="")]
    row = detail.datum
    assert (row.key, row.state, row.position, row.attempt) == (b"\xff\x00.jpg", 2, 2, 1)
    assert (row.result_kind, row.result, row.worker, row.seconds) == ("json", b"[1]", "w1", 0.5)
    assert (row.version, row.run, detail.transform) == (run.version, run.id, "thumbs")


def test_everything_that_a_success_says_is_recorded(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    record = done(
        1,
        attempt=2,
        outputs=(OutputFile("s", b"a.png", 1, b"d" * 32),),
        result=None,
        log=LogSegment(10, 20, 5),
        metrics={"loss": 0.5},
        dirty=True,
    )
    succeed(conn, run, record)
    row = queries.datum_by_id(conn, 1)
    assert row and (row.attempt, row.outputs, row.dirty) == (2, 1, 1)
    assert (row.log, row.metrics, row.result) == ("1-w1:10:20:5", '{"loss": 0.5}', None)
    [attempt] = queries.attempts(conn, 1)
    assert (attempt.attempt, attempt.state, attempt.message) == (2, DatumState.SUCCESS, None)


def test_input_files_of_a_datum_with_several_stand_in_their_own_rows(
    conn: sqlite3.Connection,
) -> None:
    run = new_run(conn)
    two = (file(b"a", name="left"), file(b"b", name="right"))
    succeed(conn, run, done(1, inputs=two), done(2))
    detail = queries.datum_detail(conn, 1)
    assert detail and detail.inputs == list(two)
    succeed(conn, run, done(1, inputs=(file(b"a"),)))
    detail = queries.datum_detail(conn, 1)
    assert detail and [i.rel for i in detail.inputs] == [b"a"], "its key is not its path"
    succeed(conn, run, done(1, inputs=(file(b"000001"),)))
    detail = queries.datum_detail(conn, 1)
    assert detail and [i.rel for i in detail.inputs] == [b"000001"], "the key of a single file"
    assert conn.execute("select count(*) from input").fetchone() == (0,)


def test_a_success_takes_the_place_of_what_was_before(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    succeed(conn, run, done(1, inputs=(file(b"a"),), metrics={"x": 1}, dirty=True))
    later = new_run(conn, code=b"2")
    succeed(conn, later, done(1, result=b"[2]"))
    row = queries.datum_by_id(conn, 1)
    assert row and (row.version, row.run, row.result) == (later.version, later.id, b"[2]")
    assert (row.metrics, row.dirty, row.content) == (None, 0, None)


# -- failures --------------------------------------------------------------------------------


def test_a_datum_that_fails_keeps_its_former_result_and_outputs(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    succeed(conn, run, done(1, outputs=(OutputFile("s", b"a.png", 1, b"d" * 32),)))
    later = new_run(conn, code=b"2")
    fail(conn, later, 1)
    row = queries.datum_by_id(conn, 1)
    assert row and (row.state, row.version, row.run) == (3, later.version, later.id)
    assert (row.result, row.outputs) == (b"[1]", 1)
    assert list(queries.results(conn, [1])) == []


def test_an_attempt_that_another_follows_fails_no_datum(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    fail(conn, run, failed(1, signature="OSError"), final=False)
    assert queries.datum_by_id(conn, 1) is None
    assert group_counts(conn, run) == {}
    succeed(conn, run, done(1, attempt=2))
    assert [(a.attempt, a.state) for a in queries.attempts(conn, 1)] == [(2, 2), (1, 3)]


def test_an_attempt_tells_why_it_failed(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    partial = (OutputFile("1-1-1-0", b"\xe9.png", 3, b"d" * 32),)
    fail(conn, run, failed(1, inputs=(file(b"a"),), partial=partial))
    [attempt] = queries.attempts(conn, 1)
    assert (attempt.message, attempt.phase, attempt.place) == ("bad pixel", "cell", "cell line 4")
    assert attempt.traceback == "Traceback: bad pixel" and attempt.log == "1-w1:3:4:0"
    assert json.loads(attempt.partial or "") == [["1-1-1-0", "\udce9.png"]]
    row = queries.datum_by_id(conn, 1)
    assert row and row.content == b"c" * 32


def test_text_that_is_no_text_is_shown_as_escapes(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    fail(conn, run, failed(1, signature="V\udcff", message="no such file: \udcff.jpg\0"))
    [attempt] = queries.attempts(conn, 1)
    assert attempt.message == "no such file: \\udcff.jpg\0"
    assert group_counts(conn, run) == {"V\\udcff": 1}


def test_failures_that_are_alike_are_one_group_counted_exactly(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    fail(conn, run, 1, 2, failed(3, signature="OSError"))
    fail(conn, run, 4)
    assert group_counts(conn, run) == {"ValueError": 3, "OSError": 1}


def test_a_datum_that_succeeds_after_all_leaves_its_group(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    fail(conn, run, 1, 2)
    succeed(conn, run, done(1, attempt=2), 3)
    [group] = queries.failure_groups(conn, run.id)
    assert (group.datums, group.sample) == (1, 2)
    fail(conn, run, failed(2, attempt=2, signature="OSError"))
    assert group_counts(conn, run) == {"OSError": 1}
    succeed(conn, run, done(2, attempt=3))
    assert group_counts(conn, run) == {}


def test_what_a_run_has_failed_stays_told_when_a_later_one_mends_it(
    conn: sqlite3.Connection,
) -> None:
    first = new_run(conn)
    fail(conn, first, 1, 2, 3)
    writes.end_run(conn, first, RunStatus.FAILED)
    second = new_run(conn)
    succeed(conn, second, 1)
    fail(conn, second, 2)
    assert group_counts(conn, first) == {"ValueError": 3}
    assert group_counts(conn, second) == {"ValueError": 1}
    [now] = queries.failed_groups(conn, first.transform)
    assert (now.signature, now.datums, now.sample) == ("ValueError", 2, 3)


# -- keys ------------------------------------------------------------------------------------


def test_few_new_datums_are_found_by_key_at_once(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    succeed(conn, run, 2, 1)
    fail(conn, run, 3)
    assert known(conn, run) == [(b"000001", 1, 2), (b"000002", 2, 2), (b"000003", 3, 3)]


def test_keys_of_many_new_datums_wait_until_enough_are_there_or_the_run_ends(
    conn: sqlite3.Connection,
) -> None:
    run = new_run(conn)
    many = keys.FEW + 1
    succeed(conn, run, *range(1, 2 * many, 2))
    assert known(conn, run) == []
    succeed(conn, run, *range(2, 2 * many, 2))
    writes.end_run(conn, run, RunStatus.SUCCESS)
    assert [row[1] for row in known(conn, run)] == list(range(1, 2 * many))


def test_keys_are_put_in_their_places_when_they_have_become_too_many(
    conn: sqlite3.Connection,
) -> None:
    run = new_run(conn)
    succeed(conn, run, *range(1, keys.MANY))
    assert known(conn, run) == []
    succeed(conn, run, *range(keys.MANY, keys.MANY + keys.FEW + 1))
    found = conn.execute("select count(*) from datum_key").fetchone()[0]
    assert found == keys.MANY + keys.FEW


@pytest.mark.parametrize("again", ["take over", "new run"])
def test_keys_that_a_dead_runner_left_waiting_are_found_by_the_next(
    project: Project, conn: sqlite3.Connection, again: str
) -> None:
    run = new_run(conn)
    succeed(conn, run, *range(1, keys.FEW + 2))
    conn.close()
    conn = connect(project)
    if again == "take over":
        writes.take_over(conn, run._replace(epoch=2))
    else:
        new_run(conn, epoch=2)
    assert len(known(conn, run)) == keys.FEW + 1
    conn.close()


def test_ids_are_given_once(conn: sqlite3.Connection) -> None:
    assert [writes.allocate_datums(conn, n) for n in (5, 1, 2)] == [1, 6, 7]


def test_a_touched_file_gets_its_new_stat(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    succeed(conn, run, done(1, inputs=(file(b"a"),)))
    writes.refresh(conn, [(1, Stat(10, 21, 22, 23), True)], [], [])
    [row] = queries.known(conn, run.transform, None, 9)
    assert row[4:9] == (10, 21, 22, 23, b"c" * 32)


# -- runs ------------------------------------------------------------------------------------


def test_a_transform_is_known_by_its_name_and_a_version_by_its_fingerprint(
    conn: sqlite3.Connection,
) -> None:
    one, two, other = new_run(conn), new_run(conn, code=b"2"), new_run(conn, name="other")
    again = new_run(conn)
    assert one.transform == two.transform == again.transform != other.transform
    assert one.version == again.version != two.version
    assert queries.version_parts(conn, two.version) == {"cell": "32"}
    writes.transform_id(conn, "thumbs", None, None, b"/new/place")
    found = queries.transform(conn, "thumbs")
    assert found and (found.notebook, found.out) == (b"book.ipynb", b"/new/place")


def test_a_run_is_started_once(conn: sqlite3.Connection) -> None:
    new_run(conn, public="u" * 32)
    with pytest.raises(RunError, match="started already"):
        new_run(conn, public="u" * 32)
    assert not conn.in_transaction


def test_the_row_of_a_run_tells_how_it_goes_and_how_it_ended(conn: sqlite3.Connection) -> None:
    run = new_run(conn, public="u" * 32)
    writes.update_run(
        conn, run, counts={"total": 9, "running": 2}, executions=3, seconds=1.5, planned=1
    )
    writes.update_run(conn, run, counts={"success": 4}, executions=2, late=1, note="{}")
    writes.add_counters(conn, run, failed=1, cancelled=4, saved=2.5)
    writes.set_status(conn, run, RunStatus.PAUSED, "by hand")
    row = queries.run_by_uuid(conn, "u" * 32)
    assert row and (row.status, row.message, row.ended) == ("paused", "by hand", None)
    assert (row.executions, row.late, row.seconds, row.saved) == (5, 1, 1.5, 2.5)
    assert queries.counts(conn, run.id) == (9, 2, 4, 1, 0, 0, 4, 1)
    writes.end_run(conn, run, RunStatus.FAILED, None, {"cancelled": 4})
    row = queries.run_by_uuid(conn, "u" * 32)
    assert row and (row.status, row.message, row.running) == ("failed", None, 0)
    assert row.ended is not None and row.pending == 0


def test_a_column_that_there_is_not_is_refused(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    with pytest.raises(ValueError, match="epoch"):
        writes.update_run(conn, run, epoch=7)
    with pytest.raises(ValueError, match="succes'"):
        writes.add_counters(conn, run, succes=1)


def test_workers_tell_what_they_are_at(conn: sqlite3.Connection) -> None:
    run = new_run(conn)
    row = {"pid": 7, "host": "here", "up": 1.0, "position": 3, "done": 0, "state": "busy"}
    writes.put_workers(conn, run, {"w1": row, "w2": {**row, "state": "gone"}})
    [worker] = queries.workers(conn, run.id)
    assert (worker["worker"], worker["pid"], worker["position"]) == ("w1", 7, 3)
    writes.put_workers(conn, run, {"w1": {**row, "position": 4}})
    assert queries.workers(conn, run.id)[0]["position"] == 4


FENCED: dict[str, Callable[[sqlite3.Connection, RunKey], None]] = {
    "put_successes": lambda conn, run: succeed(conn, run, 2),
    "put_failures": lambda conn, run: fail(conn, run, 2),
    "put_workers": lambda conn, run: writes.put_workers(
        conn, run, {"w": {"up": 0, "done": 0, "state": "idle"}}
    ),
    "update_run": lambda conn, run: writes.update_run(conn, run, executions=1),
    "add_counters": lambda conn, run: writes.add_counters(conn, run, success=1),
    "set_status": lambda conn, run: writes.set_status(conn, run, RunStatus.PAUSED),
    "end_run": lambda conn, run: writes.end_run(conn, run, RunStatus.SUCCESS),
    "take_over": writes.take_over,
    "check_epoch": writes.check_epoch,
}


@pytest.mark.parametrize("write", FENCED.values(), ids=FENCED)
def test_a_runner_taken_for_dead_writes_nothing_more(
    conn: sqlite3.Connection, write: Callable[[sqlite3.Connection, RunKey], None]
) -> None:
    run = new_run(conn)
    writes.take_over(conn, run._replace(epoch=2))
    before = list(conn.iterdump())
    with pytest.raises(Fenced, match="held by the runner of epoch 2"):
        write(conn, run)
    assert list(conn.iterdump()) == before


def test_a_fenced_commit_takes_everything_of_its_transaction_with_it(
    conn: sqlite3.Connection,
) -> None:
    run, mine = new_run(conn), new_run(conn, name="mine")
    writes.take_over(conn, run._replace(epoch=2))
    with pytest.raises(Fenced), transaction(conn):
        succeed(conn, mine, 1)
        succeed(conn, run, 2)
    assert queries.datum_by_id(conn, 1) is None


def test_the_same_runner_may_take_a_run_twice(conn: sqlite3.Connection) -> None:
    run = new_run(conn)._replace(epoch=5)
    writes.put_workers(conn, run._replace(epoch=1), {"w": {"up": 0, "done": 0, "state": "busy"}})
    writes.take_over(conn, run)
    writes.take_over(conn, run)
    writes.check_epoch(conn, run)
    assert queries.workers(conn, run.id) == [], "workers of the former runner are gone"


def test_being_fenced_survives_a_process_border() -> None:
    error = pickle.loads(pickle.dumps(Fenced(1, 2, 3)))
    assert error.args == (1, 2, 3) and "epoch 3" in str(error)
