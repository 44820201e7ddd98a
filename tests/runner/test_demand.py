"""Workers that come when there is work, share the cores, and go: real runs."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from jupyter_datum.ledger.clusters import ClusterRow
from jupyter_datum.notebook.submit import request_run
from jupyter_datum.runner.client import cluster_lines, there
from tests.story import Story, eventually

SHORT = "import time\ntime.sleep(0.05)"


def clusters(story: Story, gone: int = 20) -> list[ClusterRow]:
    with story.ledger() as conn:
        return there(story.project, conn, gone=gone)


def of(story: Story, run: str) -> ClusterRow | None:
    return next((row for row in clusters(story) if row.run == run), None)


def seen(story: Story, holds: Callable[[], bool]) -> None:
    assert eventually(holds, within=90), clusters(story)


def test_a_run_without_work_starts_no_worker(story: Story) -> None:
    story.namespace["numbers"] = list(range(8))
    story.run("job -i numbers --workers 2", "datum.value")
    assert len(clusters(story)) == 1
    story.kill_runner()
    assert [row.state for row in clusters(story)] == ["gone"], "a dead runner has no cluster"
    row = story.run("job -i numbers --workers 2", "datum.value")
    assert (row.status, row.skipped) == ("success", 8)
    (left,) = clusters(story)
    assert (left.state, left.message) == ("gone", "its runner died")
    with story.ledger() as conn:
        assert not conn.execute("select 1 from worker where run = ?", (row.id,)).fetchone()


def test_workers_are_as_many_as_datums_and_go_when_nobody_needs_them(story: Story) -> None:
    story.namespace["one"] = [1]
    run = story.start("job -i one --workers 4 --give-back 1s", SHORT)
    story.end(run)
    seen(story, lambda: clusters(story)[0].state == "gone")
    with story.ledger() as conn:
        ups = conn.execute("select count(*) from worker").fetchone()[0]
        assert cluster_lines(story.project, conn) == []
    assert ups == 1, "four were allowed, one was of use"


def test_a_serial_process_serves_the_next_run_unless_a_kernel_may_do_that(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    for name in "ab":
        story.run(f"{name} -i numbers --engine serial", "import os\nos.getpid()")
    with story.ledger() as conn:  # as a cell does that waits for its run
        prepared = story.prepare("c -i numbers --engine serial", "import os\nos.getpid()")
        story.end(request_run(conn, prepared))
    first, second, own = (set(story.transform(name).results()) for name in "abc")
    assert first == second != own and len(own) == 1
    seen(story, lambda: [row.state for row in clusters(story, gone=0)] == ["idle"])


def test_the_least_stays_while_its_run_waits(story: Story) -> None:
    story.namespace["numbers"] = [0.01, 30]
    line = "job -i numbers --workers 2..3 --give-back 0"
    run = story.start(line, "import time\ntime.sleep(datum.value)")
    seen(story, lambda: (row := of(story, run)) is not None and row.up == 2)
    story.until(run, lambda row: row.success == 1)
    story.tell("pause", run)
    seen(story, lambda: (row := of(story, run)) is not None and row.wanted == 2)
    story.tell("cancel", run)
    story.end(run)
    seen(story, lambda: clusters(story, gone=0) == [])


def test_two_runs_share_the_cores_and_the_one_that_stays_gets_all(story: Story) -> None:
    story.namespace["many"] = list(range(2_000))
    story.namespace["some"] = list(range(80))
    first = story.start("first -i many --workers 2 --no-probe", SHORT, counted=False)
    seen(story, lambda: (row := of(story, first)) is not None and (row.up, row.wanted) == (2, 2))
    second = story.start("second -i some --workers 2 --no-probe", SHORT, counted=False)

    def halves() -> bool:
        rows = [of(story, first), of(story, second)]
        return all(row is not None and (row.up, row.wanted) == (1, 1) for row in rows)

    seen(story, halves)
    before = [story.until(run, lambda _: True).success for run in (first, second)]
    story.until(second, lambda row: row.success >= before[1] + 30, within=120)
    after = [story.until(run, lambda _: True).success for run in (first, second)]
    done = [a - b for a, b in zip(after, before, strict=True)]
    assert 0.4 < done[0] / done[1] < 2.5, done
    story.end(second, within=120)
    seen(story, lambda: (row := of(story, first)) is not None and (row.up, row.wanted) == (2, 2))
    story.tell("cancel", first)
    story.end(first)
    assert not story.findings()


@pytest.mark.parametrize("line", ["--workers 4..2", "--workers ..2", "--workers 0"])
def test_numbers_of_workers_that_make_no_sense_are_refused(story: Story, line: str) -> None:
    from jupyter_datum.errors import UsageError

    with pytest.raises(UsageError, match=r"--workers"):
        story.prepare(f"job -i items([1]) {line}", "1")


def test_a_dead_worker_beside_one_that_is_given_back_is_replaced(story: Story) -> None:
    """Whoever is left must not be taken for the one that was to go."""
    story.namespace["many"] = list(range(400))
    body = (
        "import os, time\ntime.sleep(0.05)\n"
        "if datum.value % 50 == 7 and datum.attempt == 1: os.kill(os.getpid(), 9)"
    )
    first = story.start("first -i many --workers 2 --no-probe --backoff 0", body)
    story.until(first, lambda row: row.success > 10)
    story.namespace["few"] = list(range(20))
    second = story.start("second -i few --workers 2 --no-probe", SHORT, counted=False)
    assert story.end(second, within=120).success == 20
    row = story.end(first, within=240)
    assert (row.status, row.success) == ("success", 400)
    assert sys.platform == "win32" or sum(story.executions().values()) == 408


def test_an_idle_cluster_that_breaks_goes_and_the_next_run_has_another(story: Story) -> None:
    """Its scheduler lies in a process of its own: nothing but its end tells of it."""
    story.namespace["numbers"] = list(range(4))
    line = "job -i numbers --engine ipyparallel --workers 1 --force"
    story.run(line, "datum.value")
    seen(story, lambda: [row.state for row in clusters(story)] == ["idle"])
    runner = psutil.Process(story.runner_pid())
    for process in runner.children(recursive=True):
        with contextlib.suppress(psutil.Error):  # some end while we look
            if "ipyparallel.controller" in process.cmdline():
                process.kill()
    seen(story, lambda: [row.state for row in clusters(story)] == ["gone"])
    assert story.run(line, "datum.value", within=90).success == 4
    assert runner.is_running(), "the runner died of it"


@pytest.fixture
def own(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A user whose settings name a class of clusters."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "jupyter_datum.toml").write_text(
        '[engines.own]\nkind = "dask"\ncluster = "distributed:LocalCluster"\n'
        'options = {n_workers = 0, threads_per_worker = 1, dashboard_address = "127.0.0.1:0"}\n'
    )
    return story


def test_a_cluster_that_a_class_makes_grows_with_the_work_and_gives_back_the_idle(
    own: Story,
) -> None:
    """Of those that are up none goes while it is at work: the class would end any of them."""
    story = own
    gate = story.folder / "gate"
    story.namespace["numbers"] = list(range(12))
    body = (
        "import os, time\n"
        "def held(): return not os.path.exists('gate')\n"
        "while datum.value < 3 and held(): time.sleep(0.02)\n"
        "while datum.value == 1 and not os.path.exists('end'): time.sleep(0.02)\n"
        "os.getpid()"
    )
    line = "job -i numbers --engine own --workers 0..3 --give-back 1s --no-probe"
    run = story.start(line, body)
    seen(story, lambda: (row := of(story, run)) is not None and (row.up, row.wanted) == (3, 3))
    gate.touch()
    story.until(run, lambda row: row.success == 11)
    seen(story, lambda: (row := of(story, run)) is not None and (row.up, row.wanted) == (1, 1))
    (story.folder / "end").touch()
    row = story.end(run)
    assert (row.status, row.success) == ("success", 12)
    assert set(story.executions().values()) == {1}, "one at work was ended"
    seen(story, lambda: [row.state for row in clusters(story)] == ["gone"])
    assert not story.findings()


def test_worn_workers_of_a_cluster_that_a_class_makes_are_replaced(own: Story) -> None:
    own.namespace["numbers"] = list(range(14))
    line = "job -i numbers --engine own --workers 1 --max-datums-per-worker 5"
    row = own.run(line, "import os\nos.getpid()", within=150)
    assert (row.status, row.success, row.late) == ("success", 14, 0)
    by_worker = Counter(own.transform("job").results())
    assert max(by_worker.values()) <= 5 and len(by_worker) >= 3
    assert set(own.executions().values()) == {1}
