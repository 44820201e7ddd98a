"""Failures that are expected: marked by their kind, counted apart, and failed all the same."""

from __future__ import annotations

from tests.story import Story

from .conftest import CELL, Call, Open

Ran = tuple[Story, str]


async def _group(call: Call, story: Story, run: str) -> dict[str, object]:
    (group,) = (await call("projects", story.project.uuid, "runs", run, "groups")).json["groups"]
    return dict(group)


async def test_a_mark_holds_for_the_transform_and_changes_no_outcome(call: Call, ran: Ran) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs")
    group = await _group(call, story, run)
    assert (group["expected"], group["new_since"]) == (None, None), "there was no run before"
    told = await call(*base, run, "expected", method="POST", body={"group": group["id"]})
    assert told.status == 200 and told.json["expected"]["by"]
    assert (await _group(call, story, run))["expected"] == told.json["expected"]
    row = (await call(*base, run)).json
    assert (row["status"], row["failed"], row["expected"]) == ("failed", 3, 3)
    again = story.run("thumbs -i numbers --engine joblib --workers 2 --tries 1", CELL)
    assert again.failed == 3, "they are tried again as before"
    next_one = await _group(call, story, again.uuid)
    assert next_one["expected"] == told.json["expected"] and next_one["new_since"] is None
    undone = await call(
        *base, again.uuid, "expected", method="POST", body={"group": next_one["id"], "undo": True}
    )
    assert undone.json == {"expected": None}
    assert (await call(*base, run)).json["expected"] == 0


async def test_what_was_not_in_the_run_before_is_new(call: Call, ran: Ran) -> None:
    story, run = ran
    first = (await call("projects", story.project.uuid, "runs", run)).json["id"]
    cell = CELL.replace("ValueError(f", "KeyError(f")
    again = story.run("thumbs -i numbers --engine joblib --workers 2 --tries 1", cell)
    assert (await _group(call, story, again.uuid))["new_since"] == first


async def test_refusals(call: Call, ran: Ran) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs", run, "expected")
    assert (await call(*base, method="POST", body={"group": 4711})).status == 404
    assert (await call(*base, method="POST", body={"group": "1"})).status == 400
    assert (await call(*base, method="POST", body={})).status == 400
    with story.ledger() as conn:
        other = conn.execute(
            "insert into failure (run, signature, type, message, place, phase, datums, first,"
            " last, sample) values (4711, 's', 't', 'm', 'p', 'cell', 1, 0, 0, 1) returning id"
        ).fetchone()[0]
    assert (await call(*base, method="POST", body={"group": other})).status == 404


async def test_who_follows_the_run_is_told(call: Call, ran: Ran, page: Open) -> None:
    story, run = ran
    project = story.project.uuid
    group = await _group(call, story, run)
    socket = await page()
    await socket.say(type="subscribe", project=project, run=run)
    await socket.until(lambda: socket.counts.get(run, {}).get("expected") == 0)
    await call(
        "projects", project, "runs", run, "expected", method="POST", body={"group": group["id"]}
    )
    await socket.until(lambda: socket.counts[run]["expected"] == 3)
