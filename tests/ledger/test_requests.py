from __future__ import annotations

import sqlite3
import threading

from jupyter_datum.ledger import requests, writes
from jupyter_datum.ledger.db import connect, transaction
from jupyter_datum.project import Project
from jupyter_datum.states import RunStatus

from .build import PYTHON, new_run


def ask(conn: sqlite3.Connection, uuid: str = "a", interpreter: str = PYTHON) -> int:
    return requests.ask(
        conn, uuid=uuid, interpreter=interpreter, kind="cancel", run="r1", args={"n": [1]}
    )


def test_asking_twice_is_asking_once(conn: sqlite3.Connection) -> None:
    assert ask(conn) == ask(conn)
    [request] = requests.open_requests(conn, PYTHON)
    assert (request.kind, request.run, request.args, request.state) == (
        "cancel", "r1", {"n": [1]}, "open",
    )  # fmt: skip


def test_requests_come_in_order_and_each_to_its_own_runner(conn: sqlite3.Connection) -> None:
    for uuid in "zyx":
        ask(conn, uuid)
    ask(conn, "other", "/other/python")
    assert [r.uuid for r in requests.open_requests(conn, PYTHON)] == ["z", "y", "x"]


def test_an_answered_request_is_not_open_and_tells_its_answer(conn: sqlite3.Connection) -> None:
    identity = ask(conn)
    requests.answer(conn, identity, "refused", "no such run")
    assert requests.open_requests(conn, PYTHON) == []
    found = requests.request(conn, identity)
    assert found and (found.state, found.answer) == ("refused", "no such run")
    assert requests.request(conn, identity + 1) is None


def test_each_runner_has_an_epoch_of_its_own_over_all_interpreters(
    conn: sqlite3.Connection,
) -> None:
    epochs = [requests.register_runner(conn, p, "1") for p in (PYTHON, "/other", PYTHON)]
    assert epochs == [1, 2, 3]
    row = requests.runner(conn, PYTHON)
    assert row and (row.epoch, row.state, row.version) == (3, "active", "1")
    assert requests.runner(conn, "/nobody") is None


def test_a_runner_with_nothing_to_do_ends(conn: sqlite3.Connection) -> None:
    epoch = requests.register_runner(conn, PYTHON, "1")
    assert requests.end_runner_if_idle(conn, PYTHON, epoch)
    row = requests.runner(conn, PYTHON)
    assert row and row.state == "ended"


def test_an_open_request_or_an_unfinished_run_keeps_a_runner(conn: sqlite3.Connection) -> None:
    epoch = requests.register_runner(conn, PYTHON, "1")
    identity = ask(conn)
    assert not requests.end_runner_if_idle(conn, PYTHON, epoch)
    requests.answer(conn, identity, "done")
    run = new_run(conn, epoch=epoch)
    assert not requests.end_runner_if_idle(conn, PYTHON, epoch)
    writes.end_run(conn, run, RunStatus.SUCCESS)
    assert requests.end_runner_if_idle(conn, PYTHON, epoch)


def test_a_runner_in_whose_place_another_is_may_go_but_ends_nobody(
    conn: sqlite3.Connection,
) -> None:
    old = requests.register_runner(conn, PYTHON, "1")
    requests.register_runner(conn, PYTHON, "1")
    ask(conn)
    assert requests.end_runner_if_idle(conn, PYTHON, old)
    row = requests.runner(conn, PYTHON)
    assert row and row.state == "active"


def ask_and_look(conn: sqlite3.Connection, uuid: str) -> str:
    """What a client does: insert its request and read the lease in one transaction."""
    with transaction(conn):
        ask(conn, uuid)
        row = requests.runner(conn, PYTHON)
    assert row
    return row.state


def test_a_request_before_the_end_keeps_the_runner(conn: sqlite3.Connection) -> None:
    epoch = requests.register_runner(conn, PYTHON, "1")
    assert ask_and_look(conn, "a") == "active"
    assert not requests.end_runner_if_idle(conn, PYTHON, epoch)


def test_a_request_after_the_end_is_told_of_it(conn: sqlite3.Connection) -> None:
    epoch = requests.register_runner(conn, PYTHON, "1")
    assert requests.end_runner_if_idle(conn, PYTHON, epoch)
    assert ask_and_look(conn, "a") == "ended"


def test_no_request_falls_between_when_both_happen_at_once(
    project: Project, conn: sqlite3.Connection
) -> None:
    start = threading.Barrier(2)
    told: list[str] = []

    def client() -> None:
        mine = connect(project)
        for i in range(40):
            start.wait()
            told.append(ask_and_look(mine, f"request {i}"))
            start.wait()
        mine.close()

    thread = threading.Thread(target=client)
    thread.start()
    ended: list[bool] = []
    epoch = requests.register_runner(conn, PYTHON, "1")
    for _ in range(40):
        start.wait()
        ended.append(requests.end_runner_if_idle(conn, PYTHON, epoch))
        start.wait()
        for request in requests.open_requests(conn, PYTHON):
            requests.answer(conn, request.id, "done")
        epoch = requests.register_runner(conn, PYTHON, "1")
    thread.join()
    assert [state == "ended" for state in told] == ended


def test_a_client_learns_what_became_of_its_request(conn: sqlite3.Connection) -> None:
    identity = ask(conn)
    assert requests.answered(conn, "a") == ("open", None)
    requests.answer(conn, identity, "refused", "no such run")
    assert requests.answered(conn, "a") == ("refused", "no such run")
