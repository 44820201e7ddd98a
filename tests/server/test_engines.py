"""Which engines a run could have: asked of the interpreter that would run it, in a child."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum import registry
from jupyter_datum.server import engines
from tests.story import Story

from .conftest import Call
from .test_context import save

CELL = "%%datum thumbs -i numbers\n1"


async def test_the_engines_of_the_interpreter_that_ran_last(
    call: Call, ran: tuple[Story, str]
) -> None:
    story, _ = ran
    book = save(story.folder, CELL)
    told = await call("engines", params={"path": book})
    assert told.status == 200
    found = {engine["name"]: engine for engine in told.json["engines"]}
    assert found["joblib"]["state"] == "ready" and found["joblib"]["installed"]
    assert found["serial"]["workers"] == 1
    assert told.json["cores"] >= 1 and told.json["memory"] > 1 << 20
    assert told.json["problem"] is None
    again = await call("engines", params={"path": book, "fresh": "1"})
    assert again.json == told.json, "a second click starts no second child"


async def test_a_run_on_an_engine_that_there_is_not_is_refused_at_once(
    call: Call, ran: tuple[Story, str]
) -> None:
    story, _ = ran
    book = save(story.folder, CELL)
    routes = [
        (("projects", story.project.uuid, "runs"), {"transform": "thumbs"}),
        (("runs",), {"transform": "thumbs", "notebook": book}),
    ]
    assert (await call("engines", params={"path": book})).status == 200
    for engine, why in (
        ("slurm", "no engine is named 'slurm'; there are: dask"),
        ("joblib:sequential", "is --engine serial"),
        ("dask:x", "no engine is named 'dask:x'"),
    ):
        for route, body in routes:
            told = await call(*route, method="POST", body={**body, "engine": engine})
            assert (told.status, told.json["code"]) == (400, "bad-request"), told
            assert why in told.json["message"]
    with story.ledger() as conn:
        assert conn.execute("select count(*) from request").fetchone()[0] == 1, "the first run's"


async def test_where_nothing_has_run_the_server_answers_for_itself(
    call: Call, story: Story
) -> None:
    book = save(story.folder, CELL)
    told = await call("engines", params={"path": book})
    assert told.status == 200 and told.json["engines"]
    assert (await call("engines", params={"path": "not/there.ipynb"})).status == 404
    assert (await call("engines")).status == 400


async def test_an_interpreter_that_cannot_say_is_a_sentence(tmp_path: Path, hall: Any) -> None:
    look = hall.engines.look
    gone = await look(str(tmp_path / "python"), None, fresh=False)
    assert gone["engines"] == [] and "cannot be started" in gone["problem"]
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho 'No module named jupyter_datum' >&2; exit 1\n")
    other.chmod(other.stat().st_mode | stat.S_IXUSR)
    told = await look(str(other), None, fresh=False)
    assert told["problem"].endswith("No module named jupyter_datum")


async def test_one_that_never_answers_is_given_up(
    tmp_path: Path, hall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_WITHIN", 0.5)
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    told = await hall.engines.look(str(slow), None, fresh=False)
    assert "not known within 0.5 s" in told["problem"]


def test_only_an_absolute_path_is_an_interpreter() -> None:
    assert engines.usable({"python": sys.executable}) == sys.executable
    assert os.path.isabs(engines.own())
    for wrong in (None, {}, {"python": "python3"}, {"python": 7}):
        assert engines.usable(wrong) is None
    assert registry.read_kernel("nobody") is None
