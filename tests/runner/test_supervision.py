"""On every engine: no silence without workers, nothing left behind, going on elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from jupyter_datum.notebook.submit import request_run
from jupyter_datum.runner.ask import ask_again

from ..story import Story, eventually
from .test_faults import ENGINES

pytestmark = pytest.mark.started_anew

SLEEP = "import time\ntime.sleep(0.1)\ndatum.value"
CLUSTERS = {"dask": "scheduler", "ipyparallel": "ipyparallel.controller"}


def processes(
    story: Story, holds: Callable[[str], bool] = lambda line: True
) -> list[psutil.Process]:
    """What the runner has started and `holds` of its command line."""
    found = []
    for process in psutil.Process(story.runner_pid()).children(recursive=True):
        try:
            if holds(" ".join(process.cmdline())):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def lives(process: psutil.Process) -> bool:
    """Whether it does; a zombie does not, though nobody may have asked for its end."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def workers_of(story: Story, run: str) -> list[int]:
    """The processes of a run's workers."""
    with story.ledger() as conn:
        query = "select pid from worker w join run r on r.id = w.run where r.uuid = ?"
        return [pid for (pid,) in conn.execute(query + " and w.state != 'gone'", (run,))]


@pytest.mark.parametrize("engine", ENGINES)
def test_where_no_worker_can_live_the_run_ends_and_says_so(
    story: Story, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every interpreter that starts while the file is there ends at once."""
    flag = tmp_path / "no more"
    (tmp_path / "sitecustomize.py").write_text(
        f"import os\nif os.path.exists({str(flag)!r}): os._exit(7)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    story.namespace["numbers"] = list(range(200))
    run = story.start(f"job -i numbers --engine {engine} --workers 2", SLEEP)
    # All of them: one that is just coming up would live on and do everything.
    workers = 1 if engine == "serial" else 2
    story.until(run, lambda row: row.success >= 3 and len(workers_of(story, run)) == workers)
    flag.touch()
    for pid in workers_of(story, run):
        psutil.Process(pid).kill()
    row = story.end(run)
    assert row.status == "error" and "exited with code 7" in (row.message or "")
    assert row.success >= 3 and row.running == 0
    flag.unlink()
    rest = story.run(f"job -i numbers --engine {engine} --workers 2", "datum.value")
    assert rest.status == "success" and rest.skipped == 0  # the cell is another one
    assert story.findings() == []


def test_a_start_that_hangs_ends_when_the_settings_say(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every interpreter that starts while the file is there waits for ever."""
    flag = tmp_path / "hangs"
    (tmp_path / "sitecustomize.py").write_text(
        f"import os, time\nwhile os.path.exists({str(flag)!r}): time.sleep(0.1)\n"
    )
    (tmp_path / "jupyter_datum.toml").write_text('[limits]\nstart = "1500ms"\n')
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    with story.ledger() as conn:  # the runner itself is up, and keeps no process of this run
        story.end(request_run(conn, story.prepare("warm -i items([1])", "1")))
    flag.touch()
    for engine in ENGINES:
        row = story.run(f"{engine} -i items([1]) --engine {engine} --workers 1", "1")
        assert row.status == "error", engine
        said = row.message or ""
        assert "came up within 1.5 s" in said or "come up within 1.5 s" in said
    flag.unlink()
    assert story.findings() == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_runner_leaves_nothing_behind_on_any_engine(story: Story, engine: str) -> None:
    story.namespace["numbers"] = list(range(40))
    run = story.start(f"job -i numbers --engine {engine} --workers 2", SLEEP)
    story.until(run, lambda row: row.success >= 5)
    children = processes(story)
    assert children
    story.kill_runner()
    assert eventually(lambda: not any(map(lives, children)), within=10)
    done = story.executions()
    story.next_runner()
    row = story.end(run)
    assert (row.status, row.success) == ("success", 40)
    again = sum(story.executions().values()) - 40
    assert len(done) >= 5 and again <= 2, "more ran again than what was at work"


@pytest.mark.parametrize("engine", CLUSTERS)
def test_a_lost_cluster_is_replaced_and_the_rest_may_run_on_another_engine(
    story: Story, engine: str
) -> None:
    story.namespace["numbers"] = list(range(60))
    body = SLEEP + "\nassert datum.value % 10 or __import__('os').path.exists('fixed')"
    run = story.start(f"job -i numbers --engine {engine} --workers 2", body)
    story.until(run, lambda row: row.success >= 5)
    for process in processes(story, lambda line: CLUSTERS[engine] in line):
        process.kill()
    row = story.end(run, within=100)
    if row.status == "error":  # resumable
        row = story.run("job -i numbers --engine joblib --workers 2", body)
    assert row.status == "failed" and row.success + row.skipped == 54
    (story.folder / "fixed").touch()
    with story.ledger() as conn:
        again, _ = ask_again(
            conn, story.project, row, {"only": ["failed"], "engine": "joblib", "workers": 1}
        )
    row = story.end(again)
    assert (row.status, row.engine, row.success) == ("success", "joblib", 6)
    assert max(story.executions().values()) <= 3


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_are_limited_and_errors_stop_the_run(story: Story, engine: str) -> None:
    story.namespace["numbers"] = list(range(300))
    body = (
        "import os\n"
        "assert datum.value not in (1, 2, 3, 4)\n"
        "[os.environ[n] for n in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS')]"
    )
    line = f"job -i numbers --engine {engine} --workers 2 --threads 3 --on-error stop:3"
    row = story.run(line, "import time\ntime.sleep(0.02)\n" + body)
    assert row.status == "failed" and 3 <= row.failed <= 4
    assert row.cancelled > 0 and row.success + row.failed + row.cancelled == 300
    found = [result for result in story.transform("job").results() if result is not None]
    assert found and all(result == ["3"] * 3 for result in found)
