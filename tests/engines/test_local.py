"""Clusters that we start on this machine: what Dask and ipyparallel need beside the contract."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_datum.engines import get_engine
from jupyter_datum.engines.base import Down, EngineSettings, Log, Returned
from jupyter_datum.errors import EngineError, EngineNotInstalledError
from jupyter_datum.events import unpack_return

from .conftest import Crew, Work, outcomes

ENGINES = ["dask", "ipyparallel"]


@pytest.fixture(params=ENGINES)
def crew(request: pytest.FixtureRequest, work: Work) -> Iterator[Crew]:
    try:
        engine = get_engine(request.param)(EngineSettings(str(work.project.dir)))
    except EngineNotInstalledError as exc:
        pytest.skip(str(exc))
    with engine:
        crew = Crew(engine, work)
        yield crew
    crew.check()


def kill_hub(crew: Crew) -> None:
    hub = crew.engine._hub  # type: ignore[attr-defined]
    if crew.name == "dask":
        hub._client.loop.add_callback(hub._cluster.scheduler.close)
    else:
        psutil.Process(hub.children._pids["controller"]).kill()


def test_death_of_the_scheduler_ends_all_workers_and_the_next_cluster_is_a_fresh_one(
    crew: Crew,
) -> None:
    workers = crew.start(2)
    lost = crew.send(workers[0], crew.work.transform("import time\ntime.sleep(600)"), [0])
    crew.work.until_executed(0)
    kill_hub(crew)
    crew.until(lambda: not crew.up(), within=10)
    assert any("cluster" in event.text for event in crew.all(Log))
    assert all("lost with its cluster" in event.cause for event in crew.all(Down))
    fresh = crew.start(2)
    assert set(fresh).isdisjoint(workers)
    assert outcomes(crew.answer(crew.send(fresh[0], crew.work.transform("1"), [1], first=1)))
    assert lost not in crew.returned()


def test_death_of_all_workers_is_seen_and_they_are_replaced(crew: Crew) -> None:
    workers = crew.start(2)
    for worker in workers:
        psutil.Process(crew.pid(worker)).send_signal(signal.SIGKILL)
    crew.until(lambda: not crew.up(), within=10)
    assert [event.cause for event in crew.all(Down)] == ["killed by SIGKILL"] * 2
    (fresh, _) = crew.start(2)
    assert outcomes(crew.answer(crew.send(fresh, crew.work.transform("1"), [1])))


def test_of_a_hundred_datums_the_one_that_crashes_takes_no_other_along(crew: Crew) -> None:
    """Bare, Dask runs each of the other 99 three times, and ipyparallel stays one short."""
    recipe = crew.work.transform("import ctypes\nif datum.value == 57: ctypes.string_at(0)")
    free = {worker: 0 for worker in crew.start(2)}
    todo = list(range(100))
    datum_of: dict[int, int] = {}
    done: set[int] = set()
    culprits = []
    while len(done) < 99:
        for worker in free:
            while free[worker] < 2 and todo:
                datum = todo.pop(0)
                datum_of[crew.send(worker, recipe, [datum], first=datum)] = datum
                free[worker] += 1
        for event in crew.engine.events(10):
            crew.events.append(event)
            if isinstance(event, Returned):
                assert unpack_return(event.data).status == "done"
                free[event.worker] -= 1
                done.add(datum_of[event.set_id])
            elif isinstance(event, Down):
                # What the runner does too: the journal tells what it had been doing.
                culprits.append(crew.work.journal(event.worker)[-1].position)
                lost = {datum_of[s] for s, worker in crew.sent.items() if worker == event.worker}
                done |= lost & set(crew.work.executed()) - set(culprits)
                todo[:0] = sorted(lost - done - set(culprits))
                del free[event.worker]
                crew.engine.scale(2)
        free.update({worker: 0 for worker in crew.up() if worker not in free})
    assert culprits == [57]
    assert sorted(crew.work.executed()) == list(range(100))


def test_a_worker_that_cannot_start_is_an_error_that_shows_its_output(
    crew: Crew, work: Work, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nprint('no luck')\nos._exit(7)\n")
    settings = EngineSettings(str(work.project.dir), {"PYTHONPATH": str(tmp_path)})
    with get_engine(crew.name)(settings) as engine:
        engine.start(1)
        with pytest.raises(EngineError, match=r"code 7(.|\n)*no luck"):
            while True:
                engine.events(30)


def test_all_that_listens_listens_on_loopback(crew: Crew) -> None:
    here = psutil.Process()
    before = set(here.net_connections())
    crew.start(2)
    family = [here, *here.children(recursive=True)]
    sockets = {c for process in family for c in process.net_connections()} - before
    assert {c.laddr.ip for c in sockets if c.status == "LISTEN"} <= {"127.0.0.1", "::1"}


PARENT = """
import sys
from jupyter_datum.engines import get_engine
from jupyter_datum.engines.base import EngineSettings, Up
engine = get_engine(sys.argv[1])(EngineSettings(sys.argv[2]))
engine.start(2)
up = 0
while up < 2:
    up += sum(isinstance(event, Up) for event in engine.events(60))
print(engine._hub.children.folder, flush=True)
input()
"""


def test_workers_end_with_a_parent_that_is_killed(crew: Crew, work: Work) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, crew.name, str(work.project.dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        folder = Path(parent.stdout.readline().strip())
        family = psutil.Process(parent.pid).children(recursive=True)
        assert len(family) >= 2
        assert folder.is_dir()
        parent.kill()
    psutil.wait_procs(family, timeout=10)
    assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert not folder.exists()


@pytest.mark.parametrize("name", ENGINES)
def test_one_that_is_still_being_opened_is_not_waited_for(
    name: str, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first import of a library takes long on a busy machine; who ends the runner waits."""
    engine = get_engine(name)(EngineSettings(str(work.project.dir)))
    opens, goes_on = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        opens.set()
        goes_on.wait(60)

    monkeypatch.setattr(engine.hub_class, "open", slow)  # type: ignore[attr-defined]
    engine.start(2)
    assert opens.wait(10)
    before = time.monotonic()
    engine.close()
    took = time.monotonic() - before
    goes_on.set()
    assert took < 8, "its children alone are waited for"
