"""Clusters of a batch system come with the first datum, and go: stub commands, real jobs."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest

from jupyter_datum.engines.orphans import notes
from jupyter_datum.runner.client import there
from tests.story import Story, eventually

from .conftest import Slurm

pytest.importorskip("dask_jobqueue")
pytest.importorskip("ipyparallel")

BODY = "1"
SLOW = "import os, time\ntime.sleep(0.1)\n(datum.value, os.environ.get('SLURM_JOB_ID'))"
LIMITED = f"assert 'OMP_NUM_THREADS=3' in open('/proc/self/environ').read()\n{SLOW}"
WITHIN = 150

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def states(story: Story) -> list[str]:
    with story.ledger() as conn:
        return [row.state for row in there(story.project, conn, gone=20)]


@pytest.mark.parametrize("engine", ["slurm", "ipslurm"])
def test_jobs_come_with_the_first_datum_one_is_killed_and_all_are_given_back(
    engine: str, slurm: Slurm, story: Story
) -> None:
    story.namespace["numbers"] = list(range(60))
    line = f"job -i numbers --engine {engine} --workers 0..2 --give-back 1s --backoff 0"
    line = f"{line} --threads 3"
    run = story.start(line, LIMITED)
    story.until(run, lambda row: row.success >= 10, within=WITHIN)
    before = len(slurm.calls("sbatch"))
    for group in slurm.running():
        os.killpg(group, signal.SIGKILL)
    row = story.end(run, within=WITHIN)
    assert (row.status, row.success) == ("success", 60), row.message
    again = sum(story.executions().values()) - 60
    assert again <= 2, f"{again} ran again: at most those at work when the job died"
    assert len(slurm.calls("sbatch")) > before, "nobody has asked for another job"
    jobs = {job for _, job in story.transform("job").results()}
    assert len(jobs) > 1 and None not in jobs, "they ran somewhere else than in jobs"
    assert eventually(lambda: slurm.calls("scancel") != [], within=60)
    assert eventually(lambda: slurm.running() == [], within=60)
    assert eventually(lambda: states(story) == ["gone"], within=60)
    before = len(slurm.calls("sbatch"))
    assert story.run(line, LIMITED, within=WITHIN).skipped == 60
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


@pytest.mark.parametrize("engine", ["slurm", "ipslurm"])
def test_no_job_is_left_when_the_runner_was_killed(engine: str, slurm: Slurm, story: Story) -> None:
    """Jobs that would not end by themselves for a long time; nobody starts another runner."""
    run = begun(engine, slurm, story)
    os.kill(story.runner_pid(), signal.SIGINT)
    at = story.until(run, lambda _: True).success
    story.until(run, lambda row: row.success > at + 3, within=WITHIN)
    story.kill_runner()
    assert eventually(lambda: slurm.running() == [], within=60)
    assert any(args[-1:] and args[-1].isdigit() for args in slurm.calls("scancel"))
    assert eventually(lambda: notes() == [], within=60)


def test_the_next_runner_gives_back_what_one_has_left_that_died_with_its_watcher(
    slurm: Slurm, story: Story
) -> None:
    """As when the host goes down."""
    run = begun("slurm", slurm, story)
    (job,) = slurm.running()
    (note,) = notes()
    os.kill(watcher_of(story.runner_pid()), signal.SIGKILL)
    story.kill_runner()
    story.tell("cancel", run)
    assert job in slurm.running() and note.exists()
    story.next_runner()
    assert eventually(lambda: job not in slurm.running(), within=90)
    assert eventually(lambda: not note.exists())
    assert story.end(run, within=WITHIN).status == "cancelled"
    assert eventually(lambda: notes() == [], within=60)


def begun(engine: str, slurm: Slurm, story: Story) -> str:
    """A run at work in a job that would stay for an hour without its scheduler."""
    slurm.configure(death="1h")
    story.namespace["numbers"] = list(range(400))
    run = story.start(f"job -i numbers --engine {engine} --workers 1", SLOW)
    story.until(run, lambda row: row.success >= 3, within=WITHIN)
    assert slurm.running() and eventually(lambda: notes() != [])
    return run


def watcher_of(runner: int) -> int:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and b"watcher.py" in (entry / "cmdline").read_bytes():
                stat = (entry / "stat").read_text()
                if int(stat.rpartition(")")[2].split()[1]) == runner:
                    return int(entry.name)
    raise AssertionError(f"nobody watches {runner}")
