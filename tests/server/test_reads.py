"""Every route that reads, on a real run."""

from __future__ import annotations

from tests.story import Story

from .conftest import Call

Ran = tuple[Story, str]


async def test_status(call: Call) -> None:
    answer = await call("status")
    assert answer.status == 200
    assert answer.json["protocol"] == 1 and answer.json["schema"] == 1


async def test_runs_and_a_run(call: Call, ran: Ran) -> None:
    story, run = ran
    project = story.project.uuid
    answer = await call("projects", project, "runs")
    assert answer.status == 200, answer
    (row,) = answer.json["runs"]
    assert answer.json["next"] is None
    assert (row["uuid"], row["status"], row["failed"], row["success"]) == (run, "failed", 3, 6)
    assert row["retryable"] is None
    assert row["reasons"] == {"new": 9}
    one = await call("projects", project, "runs", run)
    assert "raise ValueError" in one.json["source"]
    assert {k: one.json[k] for k in row} == row


async def test_failures_datums_and_logs(call: Call, ran: Ran) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs", run)
    groups = await call(*base, "groups")
    (group,) = groups.json["groups"]
    assert group["datums"] == 3 and group["type"] == "ValueError"
    assert groups.json["other"] is None
    page = await call(*base, "datums", params={"state": "failed", "limit": "2"})
    assert len(page.json["datums"]) == 2
    rest = await call(
        *base, "datums", params={"state": "failed", "limit": "2", "after": page.json["next"]}
    )
    assert len(rest.json["datums"]) == 1 and rest.json["next"] is None
    first = page.json["datums"][0]
    assert (first["state"], first["group"], first["run"]) == ("failed", group["id"], run)
    detail = await call("projects", story.project.uuid, "datums", str(first["id"]))
    (attempt,) = detail.json["attempts"]
    assert "<img src=x" in attempt["message"] and "ValueError" in attempt["traceback"]
    log = await call("projects", story.project.uuid, "datums", str(first["id"]), "log")
    assert log.json["text"].startswith("at ") and log.json["cut"] is False
