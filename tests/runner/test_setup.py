"""``%%datum_setup``: what a worker does once, before its first datum."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.notebook.setups import add_setup
from jupyter_datum.states import RunStatus
from jupyter_datum.transform.cell import Cell

from ..story import Story

#: Counts how often a worker is set up, where it happens.
SETUP = "with open(ups, 'a') as f: f.write('up\\n')\nmodel = ('model', factor, datum.device)\n"


@pytest.fixture
def ups(story: Story) -> Path:
    file = story.folder / "ups"
    story.namespace.update(ups=str(file), factor=3, xs=range(60))
    return file


def add(story: Story, line: str, body: str) -> None:
    add_setup(line, Cell(body, f"<setup {line}>", 1), story.namespace)


def test_it_runs_once_for_each_worker_and_its_names_are_there(story: Story, ups: Path) -> None:
    story.namespace["model"] = open  # the kernel's own is not what the cell sees
    add(story, "m", SETUP)
    row = story.run("m -i xs --workers 2", "[datum.value, *model]")
    assert (row.status, row.success) == (RunStatus.SUCCESS, 60)
    assert sorted(story.transform("m").results()) == [[n, "model", 3, "cpu"] for n in range(60)]
    assert 1 <= len(ups.read_text().splitlines()) <= 2
    # It belongs to that transform alone.
    assert story.run("n -i xs --sample 2", "'here' if 'model' in globals() else 0").success == 2
    assert list(story.transform("n").results()) == [0, 0]


def test_it_is_part_of_the_code_and_so_is_what_it_reads(story: Story, ups: Path) -> None:
    add(story, "", SETUP)
    body = "model[1] * datum.value"
    line = "m -i xs --workers 1"
    assert story.run(line, body).success == 60
    story.namespace["other"] = 1
    assert story.run(line, body).skipped == 60
    story.namespace["factor"] = 4
    assert story.run(line, body).success == 60
    assert max(story.transform("m").results()) == 4 * 59
    add(story, "m", SETUP + "model = (0, 5)\n")  # its own counts more than the one for all
    assert story.run(line, body).success == 60
    assert max(story.transform("m").results()) == 5 * 59


def test_a_new_worker_is_set_up_too(story: Story, ups: Path) -> None:
    add(story, "m", SETUP)
    body = (
        "import os, signal\nfrom pathlib import Path\n"
        "if datum.value == 7 and datum.attempt == 1: os.kill(os.getpid(), signal.SIGKILL)\n"
        "model[1]"
    )
    row = story.run("m -i xs --workers 1 --backoff 0", body)
    assert (row.status, row.success) == (RunStatus.SUCCESS, 60)
    assert len(ups.read_text().splitlines()) == 2


def test_its_failure_is_told_as_such_and_ends(story: Story, ups: Path) -> None:
    add(story, "m", SETUP + "raise ValueError('no weights')\n")
    row = story.run("m -i xs --workers 1 --no-probe --tries 1", "1")
    assert (row.status, row.failed) == (RunStatus.FAILED, 60)
    failures = story.transform("m").failures()
    assert "no weights" in str(failures)
    with story.ledger() as conn:
        phases = {phase for (phase,) in conn.execute("select distinct phase from attempt")}
    assert phases == {"setup"}
    assert not story.executions()


def test_there_is_no_datum_yet(story: Story, ups: Path) -> None:
    add(story, "m", "first = datum.path\n")
    row = story.run("m -i xs --sample 1", "1")
    assert row.failed == 1
    assert "before any datum" in str(story.transform("m").failures())


def test_a_name_that_is_none_is_refused(story: Story) -> None:
    with pytest.raises(UsageError, match="names of transforms"):
        add(story, "-i x", "1")
