"""joblib's other backends: whatever they are, each of their calls looks after one worker."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import joblib
import psutil
import pytest

from jupyter_datum.engines import choose_engine, engine_class
from jupyter_datum.engines.base import Engine, EngineSettings, Log
from jupyter_datum.errors import EngineError
from jupyter_datum.events import Done
from jupyter_datum.notebook.clusters import engine_of

from ..story import eventually
from .conftest import Crew, Work, outcomes

MINE = """
from joblib import register_parallel_backend
from joblib._parallel_backends import ThreadingBackend

class Mine(ThreadingBackend):
    "Somebody's own."

register_parallel_backend("mine", Mine)
"""
#: An engine in a process of its own, with one worker whose pid it says.
ALONE = """
import sys
from jupyter_datum.engines import choose_engine, engine_class
from jupyter_datum.engines.base import EngineSettings, Up
choice = choose_engine(sys.argv[2])
engine = engine_class(choice)(EngineSettings(sys.argv[1], {}, choice.options))
engine.start(1)
while True:
    for event in engine.events(1):
        if isinstance(event, Up):
            print(event.worker, flush=True)
"""


def reach(work: Work, text: str) -> Engine:
    choice = choose_engine(text)
    return engine_class(choice)(EngineSettings(str(work.project.dir), {}, choice.options))


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A backend that this process, as a kernel, has made known."""
    (tmp_path / "datum_mine.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    importlib.import_module("datum_mine")
    yield "joblib:mine"
    del joblib.parallel.BACKENDS["mine"], sys.modules["datum_mine"]


def test_a_backend_of_the_users_own_is_known_to_the_runner_too(mine: str, work: Work) -> None:
    text = engine_of(mine, {})
    assert text == "joblib:mine#factory=datum_mine%3AMine"
    with reach(work, text) as engine:
        crew = Crew(engine, work)
        workers = crew.start(2)
        recipe = work.transform("datum.value + 1")
        sets = [crew.send(worker, recipe, [n], first=n) for n, worker in enumerate(workers)]
        (one,), (two,) = (outcomes(crew.answer(set_id)) for set_id in sets)
        assert isinstance(one, Done) and isinstance(two, Done)
        crew.check()
    assert not list(work.project.dir.glob("jobs/*"))


def test_a_call_whose_process_dies_is_missed_with_its_worker(work: Work) -> None:
    """A pool of multiprocessing's never says so: the call would be waited for without end."""
    with reach(work, "joblib:multiprocessing") as engine:
        crew = Crew(engine, work)
        (worker,) = crew.start(1)
        here = crew.pid(worker)
        crew.send(worker, work.transform("import time\ntime.sleep(600)"), [0])
        work.until_executed(0)
        psutil.Process(here).parent().kill()  # type: ignore[union-attr]
        assert "lost: the backend has ended the call" in crew.cause(worker)
        assert eventually(lambda: not psutil.pid_exists(here), within=30)
        (again,) = crew.start(1)
        assert outcomes(crew.answer(crew.send(again, work.transform("1"), [1], first=1)))
        crew.check()


def test_a_backend_that_nobody_knows_is_said(work: Work) -> None:
    with reach(work, "joblib:nobodys") as engine:
        engine.start(1)
        with pytest.raises(EngineError, match=r"'joblib:nobodys' has made no call: .*nobodys"):
            Crew(engine, work).until(lambda: False)
    with reach(work, "joblib:ray#factory=no_such_package:register") as engine:
        crew = Crew(engine, work)
        engine.start(2)
        with pytest.raises(EngineError, match=r"no_such_package:register' cannot be imported"):
            crew.until(lambda: False)
        assert all("joblib:ray" in event.text for event in crew.all(Log))


def test_workers_elsewhere_end_when_the_engines_process_is_killed(work: Work) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://",
        dashboard_address="127.0.0.1:0",
    ) as cluster, distributed.Client(cluster):  # fmt: skip
        text = engine_of("joblib:dask", {})
        alone = subprocess.Popen(
            [sys.executable, "-c", ALONE, str(work.project.dir), text],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert alone.stdout is not None and alone.stdout.readline() == "b1\n"
            (worker,) = [p for p in psutil.Process().children() if "--inbox" in p.cmdline()]
        finally:
            alone.send_signal(signal.SIGKILL)
            alone.communicate()
        assert eventually(lambda: not worker.is_running(), within=60)
