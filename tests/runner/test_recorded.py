"""Captured code and data go when nothing needs them any more, and not before."""

from __future__ import annotations

import os

import pytest

from jupyter_datum.errors import RunError
from jupyter_datum.ledger import queries
from jupyter_datum.notebook.replay import replay
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.settings import settings_file
from jupyter_datum.transform.recipe import write_payload

from ..story import Story, eventually


@pytest.fixture
def nightly(story: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    """Of each transform the map of one run is kept."""
    config = story.folder / "config"
    config.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(config))
    settings_file().write_text("[history]\nruns = 1\n")
    return story


def night(story: Story, number: int, factor: int = 2) -> str:
    """A row more than last night."""
    story.namespace["table"] = [{"id": f"r{i}", "x": i} for i in range(number + 1)]
    story.namespace["factor"] = factor
    return story.run("job -i rows(table,key='id')", "datum.value['x'] * factor").uuid


def days_go_by(story: Story) -> None:
    """And runners come and go: one looks once an hour."""
    for folder in ("payloads", "recipes"):
        for path in (story.project.dir / folder).iterdir():
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 2 * 86_400))
    story.kill_runner()


def count(story: Story, kind: str) -> int:
    """Payloads of the cells' code, or of the inputs' data."""
    names = os.listdir(story.project.dir / "payloads")
    return sum(("-" in name) == (kind == "data") for name in names)


def test_a_nightly_table_leaves_few_copies(nightly: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    project = nightly.project
    first = night(nightly, 0)
    night(nightly, 1)
    for name in ("ab" * 32, "items-12.part"):  # of a cell that did not run, of a dead kernel
        project.payload(name).write_bytes(b"left")
    assert (count(nightly, "code"), count(nightly, "data")) == (2 + 1, 2 + 1)

    days_go_by(nightly)
    nightly.namespace["other"] = [1]
    planned = nightly.prepare("other -i other", "datum.value").recipe
    night(nightly, 2)
    assert eventually(lambda: count(nightly, "data") == 1 + 1), os.listdir(project.dir)
    assert count(nightly, "code") == 3 + 1, "each night has made a datum"
    assert project.payload(planned.payload).exists(), "it may be about to run"
    assert len(os.listdir(project.dir / "recipes")) == 3 + 1, "they tell what each run was"
    # What the first night made is looked at with the rows as they are now.
    monkeypatch.chdir(nightly.folder)
    assert replay("job", "r0").value == {"id": "r0", "x": 0}
    assert nightly.transform("job").results() == [0, 2, 4]

    days_go_by(nightly)
    night(nightly, 3, factor=3)  # each datum is made anew: nothing is of the first nights
    assert eventually(lambda: (count(nightly, "code"), count(nightly, "data")) == (1, 1))
    with nightly.ledger() as conn:
        row = queries.run_by_uuid(conn, first)
        assert row is not None
        with pytest.raises(RunError, match="the recorded code of job is gone: run its cell again"):
            ask_again(conn, project, row, {"only": ["failed"]})
    assert nightly.findings() == []


def test_what_is_recorded_again_is_young(nightly: Story) -> None:
    project = nightly.project
    night(nightly, 0)
    nightly.namespace["other"] = [1]
    old = nightly.prepare("other -i other", "datum.value").recipe
    days_go_by(nightly)
    path = project.payload(old.payload)
    assert write_payload(project, path.read_bytes()) == path.name
    night(nightly, 1)
    assert eventually(lambda: not project.payload(old.input["items"]).exists())
    assert path.exists()
