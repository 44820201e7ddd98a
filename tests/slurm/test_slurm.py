"""Clusters of a batch system come with the first datum, and go: stub commands, real jobs."""

from __future__ import annotations

import os
import signal

import pytest

from jupyter_datum.engines.orphans import notes
from jupyter_datum.runner.client import there
from tests.story import Story, eventually

from .conftest import Slurm

pytest.importorskip("dask_jobqueue")
pytest.importorskip("ipyparallel")

BODY = "import os\n(datum.value, os.environ.get('SLURM_JOB_ID'))"
SLOW = "import os, time\ntime.sleep(0.1)\n(datum.value, os.environ.get('SLURM_JOB_ID'))"
WITHIN = 150

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def states(story: Story) -> list[str]:
    with story.ledger() as conn:
        return [row.state for row in there(story.project, conn, gone=20)]


@pytest.mark.parametrize("engine", ["slurm", "ipslurm"])
def test_jobs_come_with_the_first_datum_and_are_given_back(
    engine: str, slurm: Slurm, story: Story
) -> None:
    story.namespace["numbers"] = list(range(30))
    line = f"job -i numbers --engine {engine} --workers 0..2 --give-back 1s"
    row = story.run(line, BODY, within=WITHIN)
    assert (row.status, row.success) == ("success", 30), row.message
    jobs = {job for _, job in story.transform("job").results()}
    assert jobs and None not in jobs, "they ran somewhere else than in jobs"
    assert eventually(lambda: slurm.calls("scancel") != [], within=60)
    assert eventually(lambda: slurm.running() == [], within=60)
    assert eventually(lambda: states(story) == ["gone"], within=60)
    before = len(slurm.calls("sbatch"))
    assert story.run(line, BODY, within=WITHIN).skipped == 30
    assert len(slurm.calls("sbatch")) == before, "nothing to do asks for no job"
    assert not story.findings()


def test_a_job_that_never_becomes_a_worker_is_shown_with_its_last_words(
    slurm: Slurm, story: Story
) -> None:
    slurm.configure("8s", ["echo module: there is no cuda/99 >&2", "exit 1"])
    story.namespace["numbers"] = [1]
    row = story.run("job -i numbers --engine slurm --workers 1", BODY, within=WITHIN)
    assert row.status == "error"
    assert "no worker came up within 8 s" in (row.message or "")
    assert "there is no cuda/99" in (row.message or "")
    assert eventually(lambda: states(story) == ["gone"], within=60)


def test_ipyparallel_without_srun_says_so(slurm: Slurm, story: Story) -> None:
    slurm.configure("10s")
    slurm.without("srun")
    story.namespace["numbers"] = [1]
    row = story.run("job -i numbers --engine ipslurm --workers 1", BODY, within=WITHIN)
    assert row.status == "error"
    assert "srun" in (row.message or "") and "not found" in (row.message or "")


def test_what_a_killed_job_had_not_finished_runs_again_and_nothing_else(
    slurm: Slurm, story: Story
) -> None:
    story.namespace["numbers"] = list(range(60))
    line = "job -i numbers --engine slurm --workers 2 --give-back 1s --backoff 0"
    run = story.start(line, SLOW)
    story.until(run, lambda row: row.success >= 10, within=WITHIN)
    for group in slurm.running():
        os.killpg(group, signal.SIGKILL)
    row = story.end(run, within=WITHIN)
    assert (row.status, row.success) == ("success", 60)
    again = sum(story.executions().values()) - 60
    assert again <= 2, f"{again} ran again: at most those at work when the job died"


def test_no_job_is_left_when_the_runner_was_killed(slurm: Slurm, story: Story) -> None:
    story.namespace["numbers"] = list(range(400))
    run = story.start("job -i numbers --engine slurm --workers 1", SLOW)
    story.until(run, lambda row: row.success >= 3, within=WITHIN)
    assert slurm.running()
    os.kill(story.runner_pid(), signal.SIGINT)
    at = story.until(run, lambda _: True).success
    story.until(run, lambda row: row.success > at + 3)
    story.kill_runner()
    assert eventually(lambda: slurm.running() == [], within=90), "past its death time-out"


@pytest.mark.parametrize("engine", ["slurm", "ipslurm"])
def test_the_next_runner_gives_back_what_a_killed_one_has_left(
    engine: str, slurm: Slurm, story: Story
) -> None:
    """Jobs that would not end by themselves for a long time."""
    slurm.configure(death="1h")
    story.namespace["numbers"] = list(range(400))
    run = story.start(f"job -i numbers --engine {engine} --workers 1", SLOW)
    story.until(run, lambda row: row.success >= 3, within=WITHIN)
    (job,) = slurm.running()
    (note,) = notes()
    story.kill_runner()
    story.tell("cancel", run)
    story.next_runner()
    assert eventually(lambda: job not in slurm.running(), within=90)
    assert any(args[-1:] and args[-1].isdigit() for args in slurm.calls("scancel"))
    assert eventually(lambda: not note.exists())
    assert story.end(run, within=WITHIN).status == "cancelled"
    assert eventually(lambda: notes() == [], within=60)
