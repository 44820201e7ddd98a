"""``--gpus``: runs with devices that no driver knows, each with a real runner."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.devices.lease import folder
from jupyter_datum.ledger import requests
from jupyter_datum.ledger.clusters import clusters
from jupyter_datum.notebook.looks import look
from jupyter_datum.notebook.render import Meter, progress_line
from jupyter_datum.states import RunStatus

from ..story import Story, eventually
from .test_streams import Pipe

SEES_HERE = "[__import__('os').environ.get('CUDA_VISIBLE_DEVICES', ''), datum.device]"
SEES = "import os\n[os.environ['CUDA_VISIBLE_DEVICES'], datum.device]"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two devices of this test's own, told as a user would in the kernel."""
    tag = uuid.uuid4().hex[:8]
    found = [f"fake-{tag}-{n}" for n in range(2)]
    monkeypatch.setenv("JUPYTER_DATUM_DEVICES", ",".join(found))
    yield found
    for file in folder().glob(f"fake-{tag}-*"):
        file.unlink()


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    story = Story(tmp_path)
    yield story
    story.close()


def refusal(story: Story, line: str) -> str:
    """Ask for a run; return why it is refused."""
    run = story.start(line, SEES)
    answers: list[str] = []

    def answered() -> bool:
        with story.ledger() as conn:
            state, answer = requests.answered(conn, run)
        answers.append(answer or "")
        return state == "refused"

    assert eventually(answered, within=60), answers
    return answers[-1]


def test_a_run_has_a_worker_for_each_device_and_says_which(story: Story, names: list[str]) -> None:
    story.namespace["xs"] = range(40)
    row = story.run("m -i xs --gpus 1 --workers 8", "import time\ntime.sleep(0.05)\n" + SEES)
    assert row.status == RunStatus.SUCCESS
    assert row.devices == ",".join(names)
    assert row.workers == 2
    found = Counter(tuple(result) for result in story.transform("m").results())
    assert set(found) == {(name, "cuda:0") for name in names}
    # Its workers wait for another run, and keep the devices; one that needs them has them: here
    # in the middle of a pipeline of which each transform has an engine of its own.
    pipe = Pipe(story)
    runs = [
        pipe.start("decode -i xs --engine joblib", SEES),
        pipe.start("n -i decode --gpus 0.5 --engine dask", f"[datum.value, {SEES_HERE}]"),
        pipe.start("total -i whole(n) --engine serial", f"[datum.value, {SEES_HERE}]"),
    ]
    ended = pipe.ended(*runs)
    assert [(row.engine, row.success, row.devices) for row in ended] == [
        ("joblib", 40, None), ("dask", 40, names[0]), ("serial", 1, None)
    ]  # fmt: skip
    (found,) = story.transform("total").results()
    assert found == [[[["", "cpu"], [names[0], "cuda:0"]]] * 40, ["", "cpu"]]


def test_two_of_a_pipeline_take_turns_at_the_same_devices(
    story: Story, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is ahead has to wait for the other one, which has no device: it gives its own up."""
    monkeypatch.setenv("JUPYTER_DATUM_AHEAD", "12")
    story.namespace["xs"] = range(16)
    pipe = Pipe(story)
    up = pipe.start("decode -i xs --gpus 2", SEES)
    low = pipe.start("n -i decode --gpus 2 --engine dask", SEES)
    assert [row.success for row in pipe.ended(up, low)] == [16, 16]
    assert {result[0] for result in story.transform("n").results()} == {",".join(names)}


def test_a_worker_without_devices_sees_none(story: Story, names: list[str]) -> None:
    story.namespace["xs"] = [1, 2]
    row = story.run("m -i xs --engine joblib", SEES)
    assert (row.status, row.devices) == (RunStatus.SUCCESS, None)
    assert list(story.transform("m").results()) == [["", "cpu"]] * 2


def test_without_a_device_auto_runs_on_the_cpu_and_others_say_where_they_looked(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATUM_DEVICES", "")
    story.namespace["xs"] = [1, 2]
    row = story.run("m -i xs --gpus auto", SEES)
    assert (row.status, row.devices) == (RunStatus.SUCCESS, "cpu")
    assert list(story.transform("m").results()) == [["", "cpu"]] * 2
    why = refusal(story, "n -i xs --gpus 1")
    assert "there is no device" in why
    assert "JUPYTER_DATUM_DEVICES=" in why
    assert "--gpus 1 --workers 1" in refusal(story, "o -i xs --gpus 1 --engine serial")
    monkeypatch.delenv("JUPYTER_DATUM_DEVICES")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    why = refusal(story, "n -i xs --gpus 1")
    assert "JUPYTER_DATUM_DEVICES=" not in why, "what the kernel has removed counts no more"
    assert "CUDA_VISIBLE_DEVICES=" in why


def test_of_two_projects_one_waits_for_the_other_and_says_so(
    tmp_path: Path, names: list[str]
) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for path in folders:
        path.mkdir()
    first, second = (Story(path) for path in folders)
    gate = tmp_path / "gate"
    try:
        for story in (first, second):
            story.namespace["xs"] = [1, 2]
            story.namespace["gate"] = str(gate)
        waits = "import time\nfrom pathlib import Path\nwhile not Path(gate).exists():\n"
        run = first.start("m -i xs --gpus 2 --give-back 0", waits + "    time.sleep(0.02)\n" + SEES)
        first.until(run, lambda row: row.running > 0)
        assert eventually(lambda: bool(first.executions()), within=60)
        pipe = Pipe(second)
        late = pipe.start("m -i xs --gpus 1", SEES)
        row = second.until(late, lambda row: bool(row.message))
        assert "waiting for a device: 1 of 1 taken" in (row.message or "")
        assert str(folders[0]) in (row.message or "")
        assert "1 of 1 taken" in second.transform("m").status()
        assert "1 of 1 taken" in progress_line(row, Meter(), 0.0), "what the cell shows"
        below = pipe.start("below -i m --engine serial", "datum.value")
        row = second.until(below, lambda row: bool(row.message))
        assert (row.message or "").startswith("waits for m, waiting for a device: 1 of 1 taken")
        gate.touch()
        assert first.end(run).status == RunStatus.SUCCESS
        assert second.end(late).status == RunStatus.SUCCESS
        row = second.end(below)
        assert (row.status, row.success, row.message) == (RunStatus.SUCCESS, 2, None)
        assert {result[0] for result in second.transform("m").results()} <= set(names)
    finally:
        first.close()
        second.close()


def devices_of(story: Story) -> dict[str, Any]:
    """What `engines` says, by name."""
    return {row["name"]: row for row in look("engines", [], story.project, "").to_json()}


def test_idle_workers_of_another_project_give_their_device_back_at_once(
    tmp_path: Path, names: list[str]
) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for path in folders:
        path.mkdir()
    first, second = (Story(path) for path in folders)
    try:
        for story in (first, second):
            story.namespace["xs"] = [1, 2]
        first.run("m -i xs --gpus 2", SEES)  # then idle, for ten minutes
        rows = devices_of(second)
        for name in names:
            assert rows[name]["state"] == "taken" and str(folders[0]) in rows[name]["workers_from"]
        row = second.end(second.start("m -i xs --gpus 1", SEES), within=100)
        assert row.status == RunStatus.SUCCESS
        with first.ledger() as conn:
            (gone,) = clusters(conn, lambda _: True, gone=5)
        assert gone.message == "another run waits for its devices"
        second.kill_runner()
        free = lambda: {devices_of(second)[name]["state"] for name in names} == {"free"}  # noqa: E731
        assert eventually(free, within=30), "its watcher ends its workers within two seconds"
    finally:
        first.close()
        second.close()
