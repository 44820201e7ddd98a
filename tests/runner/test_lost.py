"""What is finished is not lost: when a run goes wrong, the disk is full, the ledger is locked,
or a copy of the project runs beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_datum.errors import LedgerError, RunError
from jupyter_datum.ledger import db, queries, requests
from jupyter_datum.project import find
from jupyter_datum.runner.ask import ask_again

from ..story import Story, eventually

SLOW = "import time\ntime.sleep(0.1)\ndatum.out_file('.txt').write_text('x')\ndatum.value"


def journals(story: Story, run: str) -> int:
    """Bytes that workers have written to their journals."""
    folder = story.project.run(run) / "j"
    return sum(p.stat().st_size for p in folder.iterdir()) if folder.is_dir() else 0


@contextlib.contextmanager
def locked(story: Story) -> Iterator[None]:
    """Another program has a transaction open."""
    with contextlib.closing(sqlite3.connect(story.project.ledger, isolation_level=None)) as conn:
        conn.execute("begin immediate")
        yield
        conn.execute("rollback")


def test_a_ledger_locked_for_longer_than_a_client_waits_costs_nothing(story: Story) -> None:
    story.namespace["numbers"] = list(range(40))
    run = story.start("job -i numbers --workers 2", SLOW)
    story.until(run, lambda row: row.success >= 4)
    with locked(story):
        time.sleep(db.BUSY + 1)
        with pytest.raises(LedgerError, match="keeps the ledger locked"):
            story.tell("pause", run)
    row = story.end(run)
    assert (row.status, row.success) == ("success", 40)
    assert set(story.executions().values()) == {1}
    assert story.findings() == []


def test_what_was_journaled_counts_when_the_run_itself_goes_wrong(story: Story) -> None:
    """Its listing ends in a crash, and that is what its runner hears of first."""
    (story.folder / "in").mkdir()
    for name in "abc":
        (story.folder / f"in/{name}.txt").write_text(name)
    flag = story.folder / "flag"
    exec(
        "import os, time\ndef parts(path):\n    time.sleep(1)\n"
        f"    while path.stem == 'c' and not os.path.exists({str(flag)!r}): time.sleep(0.02)\n"
        "    if path.stem == 'c': os._exit(3)\n    yield from range(30)\n",
        story.namespace,
    )
    line = 'job -i split(glob("in/*.txt"),by=parts) --workers 2'
    run = story.start(line, SLOW)
    story.until(run, lambda row: row.success >= 6)
    os.kill(story.runner_pid(), signal.SIGSTOP)
    written = journals(story, run)
    assert eventually(lambda: journals(story, run) > written, within=30)
    flag.touch()
    time.sleep(1.0)  # both have done what they were sent, and the child has ended
    executed = len(story.executions())
    os.kill(story.runner_pid(), signal.SIGCONT)
    row = story.end(run)
    assert row.status == "error" and "exit code 3" in (row.message or "")
    assert row.success >= executed - 2, "what was finished was thrown away with the run"
    assert story.findings() == []


def test_a_copy_of_the_project_does_not_kill_the_workers_of_the_first(
    story: Story, tmp_path_factory: pytest.TempPathFactory
) -> None:
    story.namespace["numbers"] = list(range(60))
    run = story.start("job -i numbers --workers 2 --tries 1", SLOW)
    story.until(run, lambda row: row.success >= 4)
    there = tmp_path_factory.mktemp("copied") / "project"
    shutil.copytree(
        story.folder / ".datum", there / ".datum", ignore=shutil.ignore_patterns("runs")
    )
    copied = find(there)
    assert copied is not None and copied.uuid == story.project.uuid
    command = [sys.executable, "-m", "jupyter_datum.runner", str(there), sys.executable]
    other = subprocess.Popen(command, env={**os.environ, "JUPYTER_DATUM_IDLE_SECONDS": "2"})
    try:
        row = story.end(run)
        assert (row.status, row.success, row.failed) == ("success", 60, 0)
        assert set(story.executions().values()) == {1}
    finally:
        other.kill()
        other.wait()


def test_a_copied_project_does_not_write_to_the_first_one(story: Story, tmp_path: Path) -> None:
    (story.folder / "in").mkdir()
    (story.folder / "in/a.txt").write_text("x")
    story.run('job -i "in/*.txt" -o made --workers 1', "datum.out_file('.up').write_text('1')")
    story.kill_runner()  # it may still be tidying up what is copied here
    there = tmp_path / "there"
    shutil.copytree(story.folder, there, ignore=shutil.ignore_patterns("there"))
    copied = find(there)
    assert copied is not None
    with contextlib.closing(db.connect(copied)) as conn:
        row = queries.latest_run(conn, "job")
        assert row is not None
        with pytest.raises(RunError, match="run its cell here once"):
            ask_again(conn, copied, row, {"force": True})
    with story.ledger() as conn:  # where it was recorded all goes on as before
        run, _ = ask_again(conn, story.project, row, {"force": True})
    assert story.end(run).success == 1


def test_a_warm_runner_makes_room_where_its_ledger_was_moved_away(story: Story) -> None:
    """As we advise where it is damaged: the cell that runs next must not wait for ever."""
    story.namespace["numbers"] = list(range(4))
    line = "job -i numbers --workers 1"
    assert story.run(line, "datum.value").success == 4
    first = story.runner_pid()
    for path in story.project.dir.glob("ledger.sqlite*"):
        path.rename(path.with_name(f"old-{path.name}"))
    assert story.run(line, "datum.value").success == 4
    assert story.runner_pid() != first


@pytest.fixture
def full_log(tmp_path: Path) -> Iterator[Story]:
    """A project whose runner can print nothing: its log is a device that is always full."""
    story = Story(tmp_path)
    story.project.log.symlink_to("/dev/full")
    yield story
    story.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_runner_that_cannot_print_goes_on(full_log: Story) -> None:
    story = full_log
    story.namespace["numbers"] = list(range(12))
    with story.ledger() as conn:  # refused with a traceback in the log
        requests.ask(conn, uuid="a", interpreter=sys.executable, kind="scale", args={})
    body = "import os\nif datum.value == 3: os._exit(3)\ndatum.value"
    row = story.run("job -i numbers --workers 1 --tries 1", body)
    assert (row.success, row.failed) == (11, 1)
    with story.ledger() as conn:
        assert conn.execute("select epoch from runner").fetchone() == (1,)


def test_a_ledger_that_lacks_a_table_is_not_waited_for(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    assert story.run("job -i numbers --workers 1", "datum.value").success == 2
    with story.ledger() as conn:
        conn.execute("drop table version")
        run = story.start("job -i numbers --workers 1 --force", "datum.value * 2")
        assert eventually(lambda: requests.answered(conn, run)[0] != "open", within=30)
        assert "no such table: version" in (requests.answered(conn, run)[1] or "")


def test_a_full_disk_is_not_taken_for_one_that_cannot_do_write_ahead_logging(
    small_disk: Path,
) -> None:
    story = Story(small_disk)
    with story.ledger() as conn:
        assert db.journal_mode(conn) == "wal"
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))
    with pytest.raises(LedgerError, match="the disk is full"), story.ledger():
        pass
    filler.unlink()
    with story.ledger() as conn:
        assert db.journal_mode(conn) == "wal"


def test_the_runner_of_a_project_that_was_deleted_ends_with_its_runs(tmp_path: Path) -> None:
    story = Story(tmp_path)  # there is nothing left to close
    story.namespace["numbers"] = list(range(40))
    run = story.start("job -i numbers --workers 1", "import time\ntime.sleep(1)\ndatum.value")
    story.until(run, lambda row: row.running > 0)
    runner = psutil.Process(story.runner_pid())
    there = [runner, *runner.children(recursive=True)]
    shutil.rmtree(story.project.dir, ignore_errors=True)
    left = psutil.wait_procs(there, timeout=20)[1]
    for process in left:
        process.kill()
    assert not left, "nobody sees what it does"
