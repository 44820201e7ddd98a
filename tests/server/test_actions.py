"""Effects: runs, retries and requests, with every kernel shut down."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from functools import partial
from typing import Any

import pytest

from jupyter_datum.ledger import queries, requests
from jupyter_datum.transform.recipe import write_recipe
from tests.story import Story, eventually

from .conftest import Call

Ran = tuple[Story, str]
SLOW = "import time\ntime.sleep(0.05)\ndatum.value"


def slow(story: Story, n: int = 2_000) -> tuple[str, ...]:
    story.namespace["many"] = list(range(n))
    run = story.start("slow -i many --engine joblib --workers 2", SLOW)
    story.until(run, lambda row: row.success > 0)
    return ("projects", story.project.uuid, "runs", run)


async def test_a_run_without_a_kernel(call: Call, ran: Ran) -> None:
    story, first = ran
    base = ("projects", story.project.uuid, "runs")
    key = uuid.uuid4().hex
    body = {"transform": "thumbs", "force": True, "workers": 1, "key": key}
    answer = await call(*base, method="POST", body=body)
    assert (answer.status, answer.json) == (202, {"run": key})
    again = await call(*base, method="POST", body=body)
    assert (again.status, again.json) == (202, {"run": key})
    row = story.end(key)
    assert (row.success, row.failed, row.origin, row.workers) == (6, 3, "server", 1)
    assert set(story.executions().values()) == {2}
    taken = await call(*base, first, "retry", method="POST", body={"what": "failed", "key": key})
    assert taken.json == {"run": key}


async def test_only_what_is_asked_for(call: Call, ran: Ran) -> None:
    story, _ = ran
    base = ("projects", story.project.uuid, "runs")
    answer = await call(*base, method="POST", body={"transform": "thumbs", "only": ["new"]})
    row = story.end(answer.json["run"])
    assert (row.skipped, row.executions) == (9, 0)
    with story.ledger() as conn:
        transform = queries.latest_run(conn, "thumbs")
    assert transform is not None
    body = {"transform": transform.transform, "force": True, "sample": 2, "engine": "serial"}
    answer = await call(*base, method="POST", body=body)
    row = story.end(answer.json["run"])
    assert (row.engine, row.executions) == ("serial", 2)


async def test_retry_failed(call: Call, ran: Ran) -> None:
    story, run = ran
    before = story.executions()
    answer = await call(
        "projects", story.project.uuid, "runs", run, "retry", method="POST", body={"what": "failed"}
    )
    assert answer.status == 202
    row = story.end(answer.json["run"])
    assert (row.failed, row.skipped, row.origin) == (3, 6, "server")
    again = {each for each, n in story.executions().items() if n > before[each]}
    assert again == {"3", "6", "9"}


async def test_what_a_retry_names_must_be_there(call: Call, ran: Ran) -> None:
    story, run = ran
    path = ("projects", story.project.uuid, "runs", run, "retry")
    for what in ({"group": 999}, {"datums": [999]}, {"datums": [1, 999]}):
        answer = await call(*path, method="POST", body={"what": what})
        assert (answer.status, answer.json["code"]) == (404, "not-found"), what
    with story.ledger() as conn:
        assert len(queries.runs(conn)) == 1
        assert conn.execute("select count(*) from request").fetchone() == (1,)


async def test_retry_a_group_and_some_datums(call: Call, ran: Ran) -> None:
    story, run = ran
    path = ("projects", story.project.uuid, "runs", run)
    group = (await call(*path, "groups")).json["groups"][0]
    asked: list[tuple[dict[str, Any], int]] = [
        ({"datums": [group["sample"]]}, 1),
        ({"group": group["id"]}, 2),  # the third has failed in another run since
    ]
    for what, executions in asked:
        answer = await call(*path, "retry", method="POST", body={"what": what})
        assert answer.status == 202, answer
        row = story.end(answer.json["run"])
        assert (row.executions, row.failed) == (executions, executions), what
        assert row.skipped == 9 - executions
        with story.ledger() as conn:
            (kept,) = conn.execute(
                "select args from request where uuid = ?", (answer.json["run"],)
            ).fetchone()
        assert json.loads(kept) == {**what, "origin": "server"}


async def test_retry_a_group_with_what_a_kernel_has_recorded_since(call: Call, ran: Ran) -> None:
    story, run = ran
    path = ("projects", story.project.uuid, "runs", run)
    group = (await call(*path, "groups")).json["groups"][0]
    mended = story.prepare("thumbs -i numbers --workers 1", "datum.value")
    other = story.prepare("other -i numbers", "datum.value")
    body = {"what": {"group": group["id"]}, "recipe": write_recipe(story.project, other.recipe)}
    refused = await call(*path, "retry", method="POST", body=body)
    assert refused.status == 409 and "is of other, not of thumbs" in refused.json["message"]
    body["recipe"] = write_recipe(story.project, mended.recipe)
    answer = await call(*path, "retry", method="POST", body=body)
    assert answer.status == 202, answer
    row = story.end(answer.json["run"])
    assert (row.executions, row.success, row.failed) == (3, 3, 0)
    assert row.skipped == 6, "made by the former code, and not asked for"


async def test_pause_resume_scale_and_cancel(call: Call, story: Story) -> None:
    path = slow(story)
    run = path[-1]

    async def ask(**body: Any) -> str:
        answer = await call(*path, "requests", method="POST", body=body)
        assert answer.status == 202, answer
        return str(answer.json["request"])

    await ask(kind="pause")
    story.until(run, lambda row: row.status == "paused")
    await ask(kind="resume")
    story.until(run, lambda row: row.status == "running")
    await ask(kind="scale", workers=1)
    request = await ask(kind="cancel")
    assert story.end(run).status == "cancelled"
    told = await call("projects", story.project.uuid, "requests", request)
    assert told.json == {"state": "done", "answer": None}
    late = await call(*path, "requests", method="POST", body={"kind": "cancel"})
    assert (late.status, late.json["code"]) == (409, "refused")


async def test_a_run_takes_every_option_of_a_cell(call: Call, ran: Ran) -> None:
    story, _ = ran
    base = ("projects", story.project.uuid, "runs")
    more = {"engine": "joblib", "on_error": "stop:5", "tries": 2, "timeout": "5min"}
    body = {"transform": "thumbs", "force": True, "workers": "1..2", **more}
    answer = await call(*base, method="POST", body=body)
    row = story.end(answer.json["run"])
    assert (row.engine, row.workers, row.failed) == ("joblib", 2, 3)
    told = (await call(*base, row.uuid)).json["options"]
    assert (await call(*base, row.uuid)).json["cell"].get("on_error") is None
    assert told == {
        "workers": 2, "workers_min": 1, "on_error": "stop:5", "tries": 2, "timeout": 300.0,
    }  # fmt: skip


async def test_an_engine_that_nobody_knows_is_refused_by_the_runner(call: Call, ran: Ran) -> None:
    story, _ = ran
    base = ("projects", story.project.uuid, "runs")
    for engine, why in (("slurm", "slurm"), ("tcp://evil.example:1", "signed cell")):
        body = {"transform": "thumbs", "engine": engine}
        answer = await call(*base, method="POST", body=body)
        assert answer.status == 202
        run = answer.json["run"]
        with story.ledger() as conn:
            settled = partial(requests.answered, conn, run)
            assert eventually(lambda: settled()[0] == "refused", within=60)  # noqa: B023
        told = await call("projects", story.project.uuid, "requests", run)
        assert told.json["state"] == "refused" and why in told.json["answer"]


async def test_the_rule_for_failures_changes_while_it_runs(call: Call, story: Story) -> None:
    story.namespace["many"] = list(range(60))
    body = "if datum.value >= 1: raise ValueError('no')"
    run, gate = story.held("strict -i many --workers 1 --no-probe", body)
    path = ("projects", story.project.uuid, "runs", run)
    for wrong in ({"kind": "on-error"}, {"kind": "pause", "on_error": "stop"}):
        answer = await call(*path, "requests", method="POST", body=wrong)
        assert (answer.status, answer.json["code"]) == (400, "bad-request")
    asked = {"kind": "on-error", "on_error": "stop:3"}
    answer = await call(*path, "requests", method="POST", body=asked)
    assert answer.status == 202
    with story.ledger() as conn:
        assert eventually(
            lambda: requests.answered(conn, answer.json["request"])[0] == "done", within=60
        )
    assert (await call(*path)).json["options"]["on_error"] == "stop:3"
    gate.touch()
    row = story.end(run)
    assert row.status == "failed" and 3 <= row.failed < 59
    assert row.cancelled == 60 - row.failed - row.success


async def test_a_run_whose_runner_died_goes_on_when_it_is_resumed(call: Call, story: Story) -> None:
    path = slow(story, 100)
    story.kill_runner()
    assert (await call(*path)).json["status"] == "interrupted"
    answer = await call(*path, "requests", method="POST", body={"kind": "resume"})
    assert answer.status == 202
    row = story.end(path[-1])
    assert (row.status, row.success) == ("success", 100)
    assert story.findings() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"transform": "thumbs", "workers": 0},
        {"transform": "thumbs", "workers": True},
        {"transform": "thumbs", "workers": 1.5},
        {"transform": "thumbs", "only": ["old"]},
        {"transform": "thumbs", "only": []},
        {"transform": "thumbs", "only": [[]]},
        {"transform": "thumbs", "engine": "a b"},
        {"transform": "thumbs", "engine": "dask --recover x"},
        {"transform": "thumbs", "engine": "--force"},
        {"transform": "thumbs", "workers": "9..2"},
        {"transform": "thumbs", "workers": "0..100001"},
        {"transform": "thumbs", "gpus": "many"},
        {"transform": "thumbs", "on_error": "stop:0"},
        {"transform": "thumbs", "on_error": "stop:200%"},
        {"transform": "thumbs", "tries": 0},
        {"transform": "thumbs", "timeout": "soon"},
        {"transform": "thumbs", "batch": True},
        {"transform": "thumbs", "force": 1},
        {"transform": "thumbs", "key": "../../../../etc/passwd"},
        {"transform": "thumbs", "interpreter": "/bin/sh"},
        {"transform": "a b"},
        {"transform": 2**63},
        {"transform": None},
    ],
)
async def test_a_wrong_body_is_told(call: Call, story: Story, body: dict[str, Any]) -> None:
    answer = await call("projects", story.project.uuid, "runs", method="POST", body=body)
    # without a ledger: the body is looked at first
    assert (answer.status, answer.json["code"]) == (400, "bad-request"), answer


async def test_a_recipe_that_was_changed_is_not_run(call: Call, ran: Ran) -> None:
    story, run = ran
    for path in (story.project.dir / "recipes").iterdir():
        path.write_bytes(path.read_bytes().replace(b'"python"', b'"pythom"'))
    base = ("projects", story.project.uuid, "runs")
    assert "someone else" in (await call(*base, run)).json["retryable"]
    for path, body in (
        (base, {"transform": "thumbs"}),
        ((*base, run, "retry"), {"what": "failed"}),
    ):
        answer = await call(*path, method="POST", body=body)
        assert (answer.status, answer.json["code"]) == (409, "foreign")
    with story.ledger() as conn:
        assert conn.execute("select count(*) from request").fetchone() == (1,)


async def test_values_that_only_a_kernel_knows(
    call: Call, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary")
    story.namespace["numbers"] = [1, 2]
    row = story.run("t -i numbers --tries 1", "import os; os.environ['MY_TOKEN']; 1 / 0")
    assert row.failed == 2
    base = ("projects", story.project.uuid, "runs", row.uuid)
    told = (await call(*base)).json["retryable"]
    assert "MY_TOKEN" in told and "canary" not in told
    answer = await call(*base, "retry", method="POST", body={"what": "failed"})
    assert (answer.status, answer.json["code"]) == (409, "refused")
    assert answer.json["message"] == told
    with story.ledger() as conn:
        assert conn.execute("select count(*) from request").fetchone() == (1,)


async def test_the_input_of_a_transform_is_watched_and_not_any_more(
    call: Call, story: Story
) -> None:
    (story.folder / "in").mkdir()
    (story.folder / "in/a.txt").write_text("a")
    story.run('up -i "in/*.txt" --engine serial', "datum.stem")
    where = ("projects", story.project.uuid, "watches")
    answer = await call(*where, method="POST", body={"transform": "up", "settle": 0, "every": 0.3})
    assert answer.status == 202
    (story.folder / "in/b.txt").write_text("b")
    assert eventually(lambda: story.executions()["'b.txt'"] == 1, within=60)
    (found,) = (await call(*where)).json["watches"]
    assert (found["transform"], found["state"], found["runs"]) == ("up", "active", 1)
    wrong = await call(*where, method="POST", body={"transform": "up", "stop": True, "settle": 1})
    assert wrong.status == 400
    await call(*where, method="POST", body={"transform": "up", "stop": True})

    async def stopped() -> bool:
        return bool((await call(*where)).json["watches"][0]["state"] == "stopped")

    end = time.monotonic() + 30
    while not await stopped():
        assert time.monotonic() < end
        await asyncio.sleep(0.1)
    story.namespace["numbers"] = [1]
    story.run("one -i numbers --engine serial", "1")
    fixed = await call(*where, method="POST", body={"transform": "one"})
    assert fixed.status in (400, 409) and "nothing to watch" in fixed.json["message"]
