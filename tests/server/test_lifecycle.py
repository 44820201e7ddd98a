"""What happens to runs, as other parts of a server hear it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from jupyter_datum import registry
from jupyter_datum.ledger import db
from jupyter_datum.server.lifecycle import SCHEMA, _Ledger
from jupyter_datum.server.reads import Facts
from tests.story import Story

from .conftest import Open
from .test_stream import SLOW

Told = list[dict[str, Any]]


@pytest.fixture
def told(hall: Any, jp_serverapp: Any) -> Iterator[Told]:
    """What a listener of this server hears."""
    heard: Told = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    logger = jp_serverapp.event_logger
    logger.add_listener(schema_id=SCHEMA, listener=listen)
    yield heard
    logger.remove_listener(schema_id=SCHEMA, listener=listen)


def actions(told: Told, run: str) -> list[str]:
    return [event["action"] for event in told if event["run"] == run]


async def until_told(told: Told, run: str, action: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while action not in actions(told, run):
            await asyncio.sleep(0.05)
    return next(e for e in told if e["run"] == run and e["action"] == action)


def start(story: Story, n: int, body: str = SLOW) -> str:
    story.namespace["numbers"] = list(range(n))
    return story.start("slow -i numbers --engine joblib --workers 2 --tries 1 --no-probe", body)


async def test_a_run_that_no_page_shows_is_told_of(story: Story, hall: Any, told: Told) -> None:
    registry.write_project(story.project)  # as kernel and command line do
    run = start(story, 150)
    async with asyncio.timeout(60):
        while not told:  # what the server does by itself every 30 s
            await hall.look()
            await asyncio.sleep(0.1)
    end = await until_told(told, run, "finished")
    assert actions(told, run) == ["started", "failing", "finished"]
    assert (end["status"], end["counts"]["failed"], end["counts"]["success"]) == ("failed", 30, 120)
    assert end["seconds"] > 0 and end["project"] == story.project.uuid
    (kind,) = next(e for e in told if e["action"] == "failing")["failures"]
    assert kind["type"] == "ValueError" and "bad" not in str(kind)
    assert hall.lifecycle._going == set()  # nothing goes on: nobody looks


async def test_a_run_that_is_over_before_one_looks(story: Story, page: Open, told: Told) -> None:
    one = await page()
    await one.say(type="watch", project=story.project.uuid)
    run = start(story, 3, "datum.value")
    await one.until(lambda: one.runs.get(run, {}).get("ended"))
    later = start(story, 150)
    await until_told(told, later, "started")
    await until_told(told, run, "finished")
    assert actions(told, run) == ["started", "finished"]
    story.tell("cancel", later)
    assert (await until_told(told, later, "finished"))["status"] == "cancelled"


async def test_a_runner_that_dies_is_told_of(story: Story, page: Open, told: Told) -> None:
    one = await page()
    run = start(story, 2_000)
    await one.say(type="watch", project=story.project.uuid)
    await until_told(told, run, "started")
    story.kill_runner()
    assert (await until_told(told, run, "interrupted"))["status"] == "interrupted"


def test_one_event_a_look(ran: tuple[Story, str]) -> None:
    story, run = ran
    ledger = _Ledger(story.project.uuid, Facts(story.project, lambda *_: False), 0.0)
    with contextlib.closing(db.connect(story.project, readonly=True)) as conn:
        looks = [ledger.look(conn, float(at)) for at in range(5)]
    assert [[event["action"] for event in look] for look in looks] == [
        ["started"], ["failing"], ["finished"], [], [],
    ]  # fmt: skip
    assert looks[0][0]["run"] == run and ledger.idle


def test_a_run_that_stands_still_is_told_of_once(story: Story) -> None:
    """The clock is the test's own: nobody waits for half a minute."""
    run = start(story, 2, "import time; time.sleep(20 if datum.value else 0)")
    facts = Facts(story.project, lambda *_: False)
    ledger = _Ledger(story.project.uuid, facts, 0.0)
    with contextlib.closing(db.connect(story.project, readonly=True)) as conn:
        end = time.monotonic() + 60
        while True:
            ledger.look(conn, 0.0)
            row = story.row(run)
            if row is not None and row.success == 1 and row.running == 1:
                break
            assert time.monotonic() < end
            time.sleep(0.05)
        ledger.look(conn, 0.0)
        assert ledger.look(conn, 29.0) == []
        (event,) = ledger.look(conn, 31.0)
        assert event["action"] == "stalled" and 30 < event["still"] < 32
        assert ledger.look(conn, 300.0) == []
    story.tell("cancel", run)


async def test_a_listener_that_fails_ends_nothing(
    story: Story, page: Open, told: Told, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    emit = jp_serverapp.event_logger.emit
    broken: list[str] = []

    def fails(**named: Any) -> None:
        if not broken:
            broken.append(named["data"]["action"])
            raise RuntimeError("a modifier of another extension")
        emit(**named)

    monkeypatch.setattr(jp_serverapp.event_logger, "emit", fails)
    one = await page()
    await one.say(type="watch", project=story.project.uuid)
    run = start(story, 60)
    await until_told(told, run, "finished")
    assert broken == ["started"]
