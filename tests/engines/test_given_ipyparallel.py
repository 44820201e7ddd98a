"""Clusters of ipyparallel's: one that runs already, and one that a launcher brings up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_datum.engines import choose_engine, engine_class
from jupyter_datum.engines.base import Engine, EngineSettings
from jupyter_datum.errors import EngineError
from jupyter_datum.events import Done, Failed
from jupyter_datum.notebook.clusters import engine_of
from jupyter_datum.notebook.render import closing_lines
from jupyter_datum.server.shapes import run_json

from ..story import Story, eventually
from .conftest import Crew, Work, outcomes

ipyparallel = pytest.importorskip("ipyparallel")

ADD = "datum.value + 1"
#: Starts a process in a session of its own and one by a bare fork, says which, and hangs.
HANG = """
import os, subprocess, time
pids = [subprocess.Popen(["sleep", "600"], start_new_session=True).pid, os.fork()]
if not pids[1]:
    time.sleep(600)
time.sleep(2)  # who looks for children does so now and then
with open(datum.value + "_", "w") as file:
    print(*pids, file=file)
os.rename(datum.value + "_", datum.value)
time.sleep(600)
"""
GATE = "import os, time\nwhile not os.path.exists(datum.value): time.sleep(0.01)"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster of somebody else's with two engines."""
    folder = tmp_path_factory.mktemp("ipython")
    before = os.environ.get("IPYTHONDIR")
    os.environ["IPYTHONDIR"] = str(folder)
    with ipyparallel.Cluster(n=2, profile_dir=str(folder / "profile_x"), log_level=40) as client:
        yield client.cluster
    if before is None:
        del os.environ["IPYTHONDIR"]
    else:
        os.environ["IPYTHONDIR"] = before


def reach(work: Work, text: str, environment: dict[str, str] | None = None) -> Engine:
    choice = choose_engine(text)
    settings = EngineSettings(str(work.project.dir), environment or {}, choice.options)
    return engine_class(choice)(settings)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def results(done: list[Done | Failed]) -> list[bytes]:
    return [record.result.data for record in done if isinstance(record, Done) and record.result]


def test_engines_of_a_running_cluster_are_used_and_stay(cluster: Any, work: Work) -> None:
    text = engine_of("$mine", {"mine": cluster})
    assert text.startswith("ipyparallel:/")
    assert text.endswith("-client.json")
    with reach(work, text) as engine:
        crew = Crew(engine, work)
        workers = crew.start(2)
        recipe = work.transform(ADD)
        sets = [crew.send(workers[n % 2], recipe, [n], first=n) for n in range(20)]
        for n, set_id in enumerate(sets):
            assert results(outcomes(crew.answer(set_id))) == [b"%d" % (n + 1)]
        assert sorted(work.executed()) == list(range(20))
        assert len(crew.start(1)) == 1
        assert len(crew.start(2)) == 2
        crew.check()
    with cluster.connect_client_sync() as client:
        assert len(client.ids) == 2
        assert client[:].apply_sync(_guests) == [0, 0]


def _guests() -> int:
    from jupyter_datum.engines import guest

    return len(guest._guests)


def test_an_engine_of_the_user_is_left_alone_not_killed(cluster: Any, work: Work) -> None:
    with reach(work, engine_of("$mine", {"mine": cluster})) as engine:
        crew = Crew(engine, work)
        (worker,) = crew.start(1)
        gate = work.project.root / "gate"
        late = crew.send(worker, work.transform(GATE), [str(gate)])
        work.until_executed(0)
        engine.kill(worker)
        assert "restart it by hand" in crew.cause(worker)
        gate.touch()
        (other,) = crew.start(1)
        assert outcomes(crew.answer(crew.send(other, work.transform(ADD), [1], first=1)))
        assert late not in crew.returned()
        crew.check()


def test_what_comes_late_is_counted_and_said(cluster: Any, story: Story) -> None:
    """A datum that nobody can end goes to another engine; its first attempt ends all the same,
    while others are at work."""
    story.namespace["numbers"] = list(range(40))
    gate = str(story.folder / "gate")
    body = (
        "import os, time\nif datum.value == 0 and datum.attempt == 1:\n"
        f"    while not os.path.exists({gate!r}): time.sleep(0.01)\n"
        f"elif datum.value == 0: open({gate!r}, 'w').close()\n"
        "else: time.sleep(0.1)\ndatum.attempt"
    )
    text = engine_of("$mine", {"mine": cluster})
    line = f"job -i numbers --engine {text} --workers 2 --timeout 1s --tries 2 --backoff 0"
    row = story.end(story.start(f"{line} --no-probe", body, counted=False), within=100)
    assert (row.status, row.success, row.late) == ("success", 40, 1)
    assert any("came late and did not count" in line for line in closing_lines(row, [], None))
    assert run_json(row, alive=False, retryable=None, needs=[])["late"] == row.late


def test_a_launcher_brings_up_engines_replaces_them_and_gives_them_back(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "jupyter_datum.toml").write_text(
        '[engines.own]\nkind = "ipyparallel"\nlauncher = "local"\noptions = {log_level = 40}\n'
    )
    with reach(work, "own", {"OMP_NUM_THREADS": "3"}) as engine:
        crew = Crew(engine, work)
        workers = crew.start(2)
        first = "open('/proc/self/environ').read()"
        recipe = work.transform(f"import os\nassert 'OMP_NUM_THREADS=3' in {first}\nos.getpid()")
        pids = [
            int(results(outcomes(crew.answer(crew.send(w, recipe, [0], first=n))))[0])
            for n, w in enumerate(workers)
        ]
        strays = work.project.root / "strays"
        crew.send(workers[0], work.transform(HANG), [str(strays)], first=2)
        crew.until(strays.exists)
        engine.kill(workers[0])
        assert crew.cause(workers[0]) == "killed by SIGKILL"
        pids += map(int, strays.read_text().split())
        assert eventually(lambda: not any(map(lives, pids[2:])), within=60)
        crew.send(workers[1], work.transform("import ctypes\nctypes.string_at(0)"), [0], first=3)
        assert crew.cause(workers[1]) == "killed by SIGSEGV"
        crew.until(lambda: len(crew.up()) == 2)
        assert len(crew.start(1)) == 1
        crew.check()
    assert not any(map(psutil.pid_exists, pids))


def test_a_missing_profile_is_said(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_datum.engines import ipyparallel_given

    monkeypatch.setattr(ipyparallel_given, "_CONNECT_SECONDS", 0.5)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    with reach(work, "ipyparallel:nobody") as engine:
        engine.start(1)
        with pytest.raises(EngineError, match=r"nobody cannot be reached"):
            Crew(engine, work).until(lambda: False)


def test_what_is_finished_after_the_controllers_death_does_not_run_again(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its engine goes on, and journals; whether the controller comes back is known later."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cluster = ipyparallel.Cluster(n=1, profile_dir=str(tmp_path / "profile_y"), log_level=40)
    cluster.start_cluster_sync()
    story.namespace["numbers"] = list(range(8))
    first = str(story.folder / "first")
    body = (
        f"import pathlib, time\npathlib.Path({first!r}).touch()\n"
        "time.sleep(2.5 if datum.value == 0 else 8)"
    )
    try:
        line = f"job -i numbers --engine {engine_of('$mine', {'mine': cluster})} --no-probe"
        run = story.start(line, body)
        assert eventually(lambda: Path(first).exists(), within=60)
        for process in psutil.Process(cluster.controller.pid).children(recursive=True):
            process.kill()
        psutil.Process(cluster.controller.pid).kill()
        row = story.end(run, within=100)
        assert (row.status, row.failed) == ("error", 0) and row.success >= 1
        assert "cannot be reached" in (row.message or "")
        assert list(story.executions().values()) == [1] * (row.success + 1), "and the one at work"
        assert story.findings() == []
    finally:
        cluster.stop_cluster_sync()
