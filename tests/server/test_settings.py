"""What the panel sets is what runners go by; a mistake is one sentence, and nothing is lost."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from jupyter_datum.locks import is_locked
from jupyter_datum.settings import settings_file
from tests.story import Story, eventually

from .conftest import Call

CELL = "datum.value"


@pytest.fixture
def numbers(story: Story) -> Story:
    story.namespace["numbers"], story.engine = [1, 2], ""
    return story


async def put(call: Call, **values: Any) -> Any:
    answer = await call("settings", method="POST", body=values)
    assert answer.status == 200, answer
    return answer.json


async def test_it_is_written_where_everybody_reads_it(call: Call) -> None:
    before = (await call("settings")).json
    assert before == {"file": str(settings_file()), "said": {}, "mistake": None}
    said = {"idle": "2min", "historyRuns": 3, "keepSize": "1GB", "workers": 2}
    assert (await put(call, **said))["said"] == said
    assert 'idle = "2min"' in settings_file().read_text()
    del said["idle"]
    assert (await put(call, idle=None))["said"] == said
    assert "idle" not in settings_file().read_text()


@pytest.mark.parametrize(
    ("values", "status", "says"),
    [
        ({"idle": "soon"}, 409, "idle is a time as 30s, 5min or 2h, not 'soon'"),
        ({"workers": 0}, 409, "must be a whole number from 1 on"),
        ({"engine": "tcp://evil:8786"}, 400, "by hand"),
        ({"engine": "joblib:sequential"}, 400, "--engine serial"),
        ({"nothing": 1}, 400, "there is no 'nothing'"),
        ({"idle": ["1s"]}, 400, "a number, a text, or null"),
    ],
)
async def test_mistakes_change_nothing(
    call: Call, values: dict[str, Any], status: int, says: str
) -> None:
    await put(call, historyRuns=7)
    text = settings_file().read_text()
    answer = await call("settings", method="POST", body=values)
    assert (answer.status, says in answer.json["message"]) == (status, True), answer
    assert settings_file().read_text() == text


async def test_a_file_that_cannot_be_read_is_told_and_left_alone(call: Call) -> None:
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text("[history")
    told = (await call("settings")).json
    assert told["said"] == {} and "cannot be read" in told["mistake"]
    answer = await call("settings", method="POST", body={"idle": "1s"})
    assert answer.status == 409 and settings_file().read_text() == "[history"


async def test_the_idle_time_counts_for_a_runner_that_waits_already(
    call: Call, numbers: Story
) -> None:
    assert numbers.run("job -i numbers --workers 1 --give-back 0.1s", CELL).status == "success"
    lock = numbers.project.lock(sys.executable)
    assert not eventually(lambda: not is_locked(lock), within=1)
    await put(call, idle="0.2s")
    assert eventually(lambda: not is_locked(lock), within=20)


async def test_a_cell_stands_over_the_settings_and_what_is_asked_for_over_both(
    call: Call, numbers: Story
) -> None:
    await put(call, engine="joblib:threading", workers=1)
    uuid = numbers.project.uuid

    async def asked(**more: Any) -> tuple[str, int]:
        body = {"transform": "job", "force": True, **more}
        told = await call("projects", uuid, "runs", method="POST", body=body)
        row = numbers.end(told.json["run"])
        return row.engine, row.workers

    row = numbers.run("job -i numbers", CELL)
    assert (row.status, row.engine, row.workers) == ("success", "joblib:threading", 1)
    assert await asked(engine="joblib", workers=2) == ("joblib", 2)
    row = numbers.run("job -i numbers --engine joblib --workers 2 --force", CELL)
    assert (row.engine, row.workers) == ("joblib", 2)
    assert await asked() == ("joblib", 2), "the recorded cell names it"
    await put(call, engine=None, workers=None)
    row = numbers.run("job -i numbers --force", CELL)
    assert row.engine == "joblib"


async def test_an_engine_that_there_is_not_is_said_before_anything_runs(
    call: Call, numbers: Story
) -> None:
    await put(call, engine="nowhere")
    with pytest.raises(Exception, match="nowhere"):
        numbers.start("job -i numbers", CELL)
