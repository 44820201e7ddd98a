"""A runner of another package version finishes what it is at and makes room; none falls between."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from jupyter_datum.ledger import requests
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.runner.client import runner_alive
from jupyter_datum.runner.environment import runner_environment
from jupyter_datum.runner.version import VERSION

from ..story import Story

#: The shipped runner in every line, but for the version that it says it is.
OLD = """
import sys
import jupyter_datum.runner.version as version
version.VERSION = "0.0.1"
from jupyter_datum.runner.__main__ import main
sys.exit(main(*sys.argv[1:]))
"""
SLOW = "import time\ntime.sleep(0.1)\ndatum.value"


@pytest.fixture
def old(story: Story) -> Iterator[subprocess.Popen[bytes]]:
    """A living runner of version 0.0.1."""
    command = [sys.executable, "-c", OLD, str(story.folder), sys.executable]
    with story.project.log.open("wb") as log:
        process = subprocess.Popen(
            command, env=runner_environment(), stdout=log, stderr=log, start_new_session=True
        )
    end = time.monotonic() + 20
    while version_of(story) != "0.0.1":
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)
    yield process
    process.kill()
    process.wait()


def version_of(story: Story) -> str | None:
    with story.ledger() as conn:
        row = requests.runner(conn, sys.executable)
    return row.version if row else None


def test_an_idle_one_ends_at_once(story: Story, old: subprocess.Popen[bytes]) -> None:
    story.namespace["numbers"] = [1, 2, 3]
    row = story.run("job -i numbers --workers 1", "datum.value")
    assert (row.status, row.success) == ("success", 3)
    assert old.wait(10) == 0
    assert version_of(story) == VERSION


def test_a_busy_one_ends_its_run_and_the_next_answers_what_was_asked_meanwhile(
    story: Story, old: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """It was asked by somebody who is gone: nobody but the old runner can start the next."""
    story.namespace["numbers"] = list(range(30))
    first = old_run(story)
    story.until(first, lambda row: row.success > 0)
    second = story.start("other -i numbers --workers 1", "datum.value")
    said = capsys.readouterr().err
    assert f"jupyter-datum 0.0.1 is still at run {first[:8]} of job" in said
    assert f"yours is {VERSION}: waiting for it to end" in said
    assert story.row(second) is None and old.poll() is None
    row = story.end(second, within=20)
    assert (row.status, row.success) == ("success", 30)
    done = story.end(first)
    assert (done.status, done.success, done.executions) == ("success", 30, 30)
    assert done.ended is not None and row.started is not None and done.ended <= row.started
    assert version_of(story) == VERSION and runner_alive(story.project, sys.executable)
    assert set(story.executions().values()) == {2}


def test_a_busy_one_is_still_told_of_its_own_runs(
    story: Story, old: subprocess.Popen[bytes]
) -> None:
    story.namespace["numbers"] = list(range(600))
    first = old_run(story)
    story.until(first, lambda row: row.success > 0)
    second = story.start("other -i numbers --workers 1 --sample 2", "datum.value")
    story.tell("cancel", first)
    assert story.end(first, within=20).status == "cancelled"
    assert story.end(second, within=20).success == 2
    assert old.wait(10) == 0


def test_a_paused_run_does_not_keep_it(story: Story, old: subprocess.Popen[bytes]) -> None:
    story.namespace["numbers"] = list(range(600))
    first = old_run(story)
    story.until(first, lambda row: row.success > 0)
    story.tell("pause", first)
    story.until(first, lambda row: row.status == "paused")
    assert story.run("other -i numbers --workers 1 --sample 2", "datum.value").success == 2
    assert story.until(first, lambda row: row.ended is not None).status == "cancelled"


def test_a_drain_for_a_runner_that_is_gone_is_nobodys(story: Story) -> None:
    story.namespace["numbers"] = [1]
    with story.ledger() as conn:
        requests.ask(
            conn, uuid="drain-0", interpreter=sys.executable, kind="drain", args={"epoch": 0}
        )
    assert story.run("job -i numbers --workers 1", "datum.value").success == 1
    pid = story.runner_pid()
    assert story.run("job -i numbers --workers 1 --force", "datum.value").success == 1
    assert story.runner_pid() == pid


def old_run(story: Story) -> str:
    """Have the old runner run something, as a client of its own version asks for it."""
    prepared = story.prepare("job -i numbers --workers 2", SLOW)
    run = "0" * 31 + "1"
    with story.ledger() as conn:
        requests.ask(
            conn, uuid=run, interpreter=sys.executable, kind="run", run=run,
            recipe=prepared.digest,
        )  # fmt: skip
    return run


@pytest.mark.parametrize(
    ("asked", "named"),
    [({"only": ["new", "sometime"]}, "--only sometime"), ({"quarter": 3}, "'quarter'")],
)
def test_what_only_a_newer_server_knows_is_refused_and_not_passed_over(
    story: Story, asked: dict[str, object], named: str
) -> None:
    story.namespace["numbers"] = [1, 2]
    row = story.run("job -i numbers --workers 1", "datum.value")
    with story.ledger() as conn:
        run, _ = ask_again(conn, story.project, row, asked)
    with pytest.raises(AssertionError, match=f"does not know {named}; upgrade it: "):
        story.end(run)
    assert story.latest("job") == row.uuid
