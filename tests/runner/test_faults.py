"""Whatever dies, what was finished is not run again, and nobody innocent is blamed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from jupyter_datum.ledger import queries
from jupyter_datum.runner.tail import JournalTail

from ..story import Story, eventually

ENGINES = ["joblib", "dask", "ipyparallel", "serial"]


def once(story: Story, but: dict[str, int] | None = None) -> None:
    """Every datum has executed once, but those named."""
    more = {key: n for key, n in story.executions().items() if n != 1}
    assert more == (but or {})


@pytest.mark.parametrize("engine", ENGINES)
def test_culprits_fail_alone_and_are_named(story: Story, engine: str) -> None:
    story.namespace["numbers"] = list(range(60))
    body = (
        "import ctypes, os\n"
        "if datum.value == 10: raise ValueError('bad pixel')\n"
        "if datum.value == 20: os._exit(3)\n"
        "if datum.value == 30: ctypes.string_at(0)\n"
        "if datum.value == 40: os.kill(os.getpid(), 9)\n"
        "(lambda: 1) if datum.value == 99 else datum.value"
    )
    line = f"job -i numbers --engine {engine} --workers 2 --tries 1"
    row = story.run(line, body, within=100)
    assert (row.status, row.success, row.failed) == ("failed", 56, 4)
    once(story)
    with story.ledger() as conn:
        messages = " | ".join(g.message for g in queries.failure_groups(conn, row.id))
    for word in ("bad pixel", "code 3", "SIGSEGV", "SIGKILL"):
        assert word in messages
    assert story.findings() == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hang_in_c_ends_at_the_timeout_with_its_grandchildren(story: Story, engine: str) -> None:
    story.namespace["numbers"] = list(range(12))
    pid_file = story.folder / "grandchild"
    body = (
        "import ctypes, subprocess, sys\n"
        "if datum.value == 5:\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        " start_new_session=True)\n"
        f"    open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "    ctypes.PyDLL(None).sleep(600)\n"
    )
    line = f"job -i numbers --engine {engine} --workers 2 --tries 1 --timeout 2s"
    row = story.run(line, body, within=100)
    assert (row.success, row.failed) == (11, 1)
    once(story)
    end = time.monotonic() + 5
    grandchild = int(pid_file.read_text())
    while psutil.pid_exists(grandchild) and time.monotonic() < end:
        time.sleep(0.05)
    assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == "zombie"


def test_the_runner_killed_in_mid_run_is_followed_by_one_that_does_the_rest(
    story: Story,
) -> None:
    story.namespace["numbers"] = list(range(100))
    body = "import time\ntime.sleep(0.05)\ndatum.out_file('.txt').write_text('x')\ndatum.value"
    run = story.start("job -i numbers --workers 2", body)
    story.until(run, lambda row: row.success >= 30)
    shared = f"loky-{story.runner_pid()}-"
    assert any(shared in name for name in os.listdir("/dev/shm"))
    story.kill_runner()
    assert eventually(lambda: not any(shared in name for name in os.listdir("/dev/shm"))), (
        "its semaphores outlive it"
    )
    done = sum(story.executions().values())
    story.next_runner()
    row = story.end(run)
    assert (row.status, row.success, row.total) == ("success", 100, 100)
    assert sum(story.executions().values()) <= 100 + 4, "more than what was in flight ran again"
    assert done >= 30
    assert story.transform("job").results() == list(range(100))
    assert story.findings() == []


def test_a_run_cancelled_after_its_runner_was_killed_counts_what_it_had_done(story: Story) -> None:
    story.namespace["numbers"] = list(range(60))
    body = "import time\ntime.sleep(0.05)\ndatum.value"
    run = story.start("job -i numbers --workers 1", body)
    story.until(run, lambda row: row.success >= 10)
    story.kill_runner()
    story.tell("cancel", run)
    story.next_runner()
    row = story.end(run)
    done = len(story.executions())
    assert row.status == "cancelled" and row.total == 60
    assert done - 2 <= row.success <= done and row.success + row.cancelled == 60
    assert story.findings() == []


def test_what_was_journaled_and_not_committed_is_not_run_again(story: Story) -> None:
    """The runner is stopped while workers go on, then killed: their journals speak."""
    story.namespace["numbers"] = list(range(100))
    body = "import time\ntime.sleep(0.01)\ndatum.value"
    run = story.start("job -i numbers --workers 2", body)
    story.until(run, lambda row: row.success >= 10)
    os.kill(story.runner_pid(), signal.SIGSTOP)
    time.sleep(1.0)  # workers finish what they were sent
    executed = story.executions()
    begun_and_open = _open_datums(story, run)
    story.kill_runner()
    story.next_runner()
    row = story.end(run)
    assert (row.status, row.success) == ("success", 100)
    again = {key for key, n in story.executions().items() if n > 1}
    assert len(again) <= begun_and_open
    assert len(executed) > 10


def _open_datums(story: Story, run: str) -> int:
    """How many datums the journals show as begun and not finished."""
    tails = [JournalTail(path) for path in (story.project.run(run) / "j").iterdir()]
    for tail in tails:
        tail.read()
    return sum(tail.begun is not None for tail in tails)


def test_cancel_stops_soon_and_the_next_run_does_the_rest(story: Story) -> None:
    story.namespace["numbers"] = list(range(60))
    body = "import time\ntime.sleep(0.05)\ndatum.value"
    run = story.start("job -i numbers --workers 2", body)
    story.until(run, lambda row: row.success >= 10)
    story.tell("cancel", run)
    row = story.end(run, within=10)
    assert row.status == "cancelled" and row.cancelled > 0
    rest = story.run("job -i numbers --workers 2", body)
    assert (rest.status, rest.skipped) == ("success", row.success)
    assert sum(n > 1 for n in story.executions().values()) <= 2


def test_a_hold_ends_by_itself(story: Story) -> None:
    story.namespace["numbers"] = list(range(30))
    run = story.start("job -i numbers --workers 1", "import time\ntime.sleep(0.02)")
    story.until(run, lambda row: row.success >= 1)
    story.tell("hold", run)
    assert story.end(run, within=30).status == "success"


def test_the_second_run_finds_warm_workers(story: Story) -> None:
    story.namespace["numbers"] = [1, 2, 3, 4]
    body = "import os\nos.getpid()"
    story.run("job -i numbers --workers 2", body)
    first = set(story.transform("job").results())
    story.run("job -i numbers --workers 2 --force", body)
    assert set(story.transform("job").results()) & first


def test_an_idle_runner_ends_itself_and_the_next_request_starts_one(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATUM_IDLE_SECONDS", "0.3")
    story.namespace["numbers"] = [1]
    story.run("job -i numbers --workers 1", "1")
    pid = story.runner_pid()
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    assert not psutil.pid_exists(pid)
    assert story.run("job -i numbers --workers 1 --force", "1").status == "success"
    assert story.runner_pid() != pid


def test_a_planted_recipe_starts_nothing(story: Story) -> None:
    """A ledger that somebody else wrote names an interpreter that is a script of theirs."""
    from jupyter_datum.errors import SignatureError
    from jupyter_datum.transform.recipe import read_recipe

    canary = story.folder / "canary"
    script = story.folder / "python"
    script.write_text(f"#!/bin/sh\ntouch {canary}\n")
    script.chmod(0o755)
    planted = story.project.recipe("0" * 64)
    planted.write_text("00\n" + json.dumps({"interpreter": str(script)}))
    with pytest.raises(SignatureError):
        read_recipe(story.project, "0" * 64)
    assert not canary.exists() and sys.executable != str(script)


def test_a_full_disk_pauses_the_run_and_nothing_is_lost(small_disk: Path) -> None:
    story = Story(small_disk)
    story.count_file = small_disk.parent / "executions"
    story.namespace["numbers"] = list(range(80))
    body = "datum.out_file('.bin').write_bytes(bytes(100_000))\ndatum.value"
    run = story.start("job -i numbers --workers 2", body)
    row = story.end(run)
    assert row.status == "paused" and "disk is full" in (row.message or "")
    assert row.failed == 0
    subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
    story.tell("resume", run)
    row = story.until(run, lambda row: row.ended is not None)
    assert (row.status, row.success, row.failed) == ("success", 80, 0)
    again = sum(story.executions().values()) - 80
    assert again <= 12, "more than what the full disk had hit ran again"
    assert story.transform("job").results() == list(range(80))
    assert story.findings() == []
    story.close()


def test_attempts_are_counted_on_when_the_runner_dies(story: Story) -> None:
    story.namespace["numbers"] = [1, 2, 3]
    body = "import os\nif datum.value == 2 and datum.attempt == 1: os._exit(3)\ndatum.attempt"
    run = story.start("job -i numbers --workers 1 --backoff 3s", body)

    def first_attempt() -> bool:
        with story.ledger() as conn:
            return bool(conn.execute("select count(*) from attempt").fetchone()[0])

    assert eventually(first_attempt, within=20)
    story.kill_runner()
    story.next_runner()
    assert story.end(run).success == 3
    assert story.transform("job").results() == [1, 2, 1]
    with story.ledger() as conn:
        found = conn.execute("select attempt, state from attempt order by attempt").fetchall()
    assert found == [(1, 3), (2, 2)]
