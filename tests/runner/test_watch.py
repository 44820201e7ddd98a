"""Watched transforms: real files, a real runner, a real watcher."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections import Counter

import pytest

from jupyter_datum.ledger import queries
from jupyter_datum.ledger.queries import RunRow
from jupyter_datum.ledger.watches import WatchRow, watch
from jupyter_datum.locks import is_locked
from jupyter_datum.runner.towatch import ask_to_stop_watching, ask_to_watch, watched

from ..story import Story, eventually

BODY = "text = open(datum.path).read()\ndatum.out_file('.up').write_text(text.upper())\ntext"
LINE = 'up -i "in/*.txt" --engine serial'


@pytest.fixture(params=[None, 0.3], ids=["events", "listing"])
def every(request: pytest.FixtureRequest) -> float | None:
    found: float | None = request.param
    if found is None:
        pytest.importorskip("watchfiles")
    return found


@pytest.fixture
def ran(story: Story) -> Story:
    """A transform that has run over two files."""
    (story.folder / "in").mkdir()
    for name in ("a", "b"):
        (story.folder / f"in/{name}.txt").write_text(name)
    assert story.run(LINE, BODY).success == 2
    return story


def begin(story: Story, name: str = "up", *, settle: float = 0.5, every: float | None) -> None:
    with story.ledger() as conn:
        row = queries.latest_run(conn, name)
        assert row is not None
        ask_to_watch(conn, story.project, row, settle=settle, every=every)
    assert eventually(lambda: bool(looked(story, name).how), within=60)


def looked(story: Story, name: str = "up") -> WatchRow:
    with story.ledger() as conn:
        found = watch(conn, name)
    return found or WatchRow(name, "", "", "", 0, None, "", "", None, 0, None, 0)


def stop(story: Story, name: str = "up") -> None:
    with story.ledger() as conn:
        row = queries.latest_run(conn, name)
        assert row is not None
        ask_to_stop_watching(conn, story.project, row)
    assert eventually(lambda: looked(story, name).state == "stopped", within=30)


def made(story: Story, name: str, text: str) -> bool:
    path = story.folder / f"out/up/{name}.up"
    return path.exists() and path.read_text() == text


def executed(story: Story) -> Counter[str]:
    return Counter({name.strip("'"): n for name, n in story.executions().items()})


def runs(story: Story, name: str = "up") -> list[RunRow]:
    with story.ledger() as conn:
        row = queries.transform(conn, name)
        return queries.runs(conn, transform=row.id) if row else []


def test_new_and_changed_files_run_by_themselves(ran: Story, every: float | None) -> None:
    begin(ran, every=every)
    (ran.folder / "in/c.txt").write_text("c")
    assert eventually(lambda: made(ran, "c", "C"), within=60)
    (ran.folder / "in/a.txt").write_text("again")
    assert eventually(lambda: made(ran, "a", "AGAIN"), within=60)
    (ran.folder / "in/b.txt").unlink()
    (ran.folder / "in/d.txt").write_text("d")
    assert eventually(lambda: made(ran, "d", "D"), within=60)
    assert made(ran, "b", "B"), "outputs of vanished inputs stay"
    assert eventually(lambda: all(row.ended for row in runs(ran)), within=30)
    assert executed(ran) == {"a.txt": 2, "b.txt": 1, "c.txt": 1, "d.txt": 1}
    assert {row.origin for row in runs(ran)[:-1]} == {"watch"}
    assert len(runs(ran)) == 4, "a run for each batch, and none without one"
    stop(ran)
    (ran.folder / "in/e.txt").write_text("e")
    time.sleep(1.5)
    assert len(runs(ran)) == 4


WRITER = """
import sys, time
with open(sys.argv[1], "w", buffering=1) as file:
    for i in range(12):
        file.write(f"line {i}\\n")
        time.sleep(0.25)
"""


def test_a_file_that_is_being_written_is_not_taken(ran: Story, every: float | None) -> None:
    begin(ran, settle=1.5, every=every)
    path = ran.folder / "in/slow.txt"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
    while writer.poll() is None:
        assert executed(ran)["slow.txt"] == 0, "it is being written"
        time.sleep(0.1)
    assert eventually(lambda: made(ran, "slow", path.read_text().upper()), within=60)
    assert executed(ran)["slow.txt"] == 1


def test_a_file_that_is_moved_here_counts_at_once(ran: Story) -> None:
    pytest.importorskip("watchfiles")
    begin(ran, settle=600, every=None)
    (ran.folder / "in/written.txt").write_text("here")
    (ran.folder / "moved.part").write_text("moved")
    time.sleep(0.05)  # a tick of the file system's clock later
    os.rename(ran.folder / "moved.part", ran.folder / "in/moved.txt")
    assert eventually(lambda: made(ran, "moved", "MOVED"), within=60)
    assert executed(ran)["written.txt"] == 0


def test_a_folder_in_place_of_another_is_watched_as_that_was(ran: Story) -> None:
    pytest.importorskip("watchfiles")
    begin(ran, settle=600, every=None)
    shutil.rmtree(ran.folder / "in")
    (ran.folder / "in").mkdir()
    numbers = itertools.count()

    def one_more_arrives() -> bool:
        n = next(numbers)
        (ran.folder / "moved.part").write_text("moved")
        time.sleep(0.05)  # a tick of the file system's clock later
        os.rename(ran.folder / "moved.part", ran.folder / f"in/n{n}.txt")
        return eventually(lambda: made(ran, f"n{n}", "MOVED"), within=5)

    assert any(one_more_arrives() for _ in range(12)), "only events tell that it was moved"


def test_it_outlives_the_runner_and_ends_with_stop(
    ran: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran.kill_runner()
    monkeypatch.setenv("JUPYTER_DATUM_IDLE_SECONDS", "0.2")
    begin(ran, every=0.3)
    time.sleep(1)
    assert is_locked(ran.project.lock(sys.executable)), "idle, and watching"
    ran.kill_runner()
    (ran.folder / "in/c.txt").write_text("c")
    with ran.ledger() as conn:
        (row,) = watched(conn, ran.project)
        assert "died: nobody looks" in (row.message or "")
        (row,) = watched(conn, ran.project, revive=True)
        assert "started again" in (row.message or "")
        assert watched(conn, ran.project)[0].message is None
    assert eventually(lambda: made(ran, "c", "C"), within=60)
    stop(ran)
    assert eventually(lambda: not is_locked(ran.project.lock(sys.executable)), within=30)
    assert [found for found in ran.findings() if found.check != "leftovers"] == []


def test_a_failed_file_runs_again_when_it_is_mended_and_not_before(ran: Story) -> None:
    body = "text = open(datum.path).read()\nassert text != 'bad', text\ntext"
    (ran.folder / "in/c.txt").write_text("bad")
    assert ran.run(LINE, body).failed == 1
    begin(ran, every=0.3)
    (ran.folder / "in/d.txt").write_text("d")
    assert eventually(lambda: executed(ran)["d.txt"] == 1, within=60)
    (ran.folder / "in/c.txt").write_text("good")
    assert eventually(lambda: len(runs(ran)) == 4 and runs(ran)[0].ended is not None, within=60)
    assert executed(ran)["c.txt"] == 2 and runs(ran)[0].status == "success"
    with ran.ledger() as conn:
        assert queries.failed_datums(conn, runs(ran)[0].transform) == []


def test_what_is_made_of_the_batch_waits_for_all_of_it(ran: Story) -> None:
    total = 'total -i whole(transform("up")) --engine serial'
    ran.run(total, "len(datum.paths['up'])")
    begin(ran, every=0.3)
    begin(ran, "total", every=None)
    for i in range(5):
        (ran.folder / f"in/n{i}.txt").write_text("n")
    assert eventually(lambda: ran.transform("total").results() == [7], within=60)
    assert eventually(lambda: all(row.ended for row in runs(ran, "total")), within=30)
    assert len(runs(ran, "total")) == len(runs(ran)), "one for each batch"
    (ran.folder / "in/n0.txt").rename(ran.folder / "in/m0.txt")
    assert eventually(lambda: len(runs(ran, "total")) == 3, within=60)
    assert eventually(lambda: all(row.ended for row in runs(ran, "total")), within=30)
    assert ran.transform("total").results() == [7], "what has vanished is in it no more"
    assert made(ran, "n0", "N"), "its outputs stay"


def test_the_newest_code_is_what_runs(ran: Story) -> None:
    begin(ran, every=0.3)
    ran.run(LINE, BODY.replace("upper()", "title()"))
    (ran.folder / "in/new.txt").write_text("some words")
    assert eventually(lambda: made(ran, "new", "Some Words"), within=60)
    assert made(ran, "a", "A")


def test_a_folder_that_is_gone_is_said_and_waited_for(ran: Story) -> None:
    begin(ran, every=0.3)
    (ran.folder / "in").rename(ran.folder / "elsewhere")
    assert eventually(lambda: "does not exist" in (looked(ran).message or ""), within=60)
    (ran.folder / "elsewhere").rename(ran.folder / "in")
    (ran.folder / "in/c.txt").write_text("c")
    assert eventually(lambda: made(ran, "c", "C"), within=60)
    assert eventually(lambda: looked(ran).message is None, within=30)
