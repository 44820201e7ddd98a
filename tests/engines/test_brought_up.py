"""Dask clusters that a class of another package brings up, as the settings name it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_datum.engines.dask_ours import bring_up

from ..story import eventually
from .conftest import Crew, Work, outcomes
from .test_given import MESS, STRAY, reach, results

pytest.importorskip("distributed")

#: Starts its workers while it is made, as dask-cuda's LocalCUDACluster does; knows no time-out when
#: it is closed, as those of dask-gateway and Coiled.
EAGER = """
from pathlib import Path
from distributed import LocalCluster

class LocalEagerCluster(LocalCluster):
    def __init__(self, **options):
        super().__init__(n_workers=0, **options)
        self.scale(1)
        self.sync(self._correct_state)

    def close(self, shutdown=None):
        Path(__file__).with_name("closed").touch()
        return super().close()
"""


def test_a_cluster_class_of_another_package_is_brought_up_and_given_back(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "datum_eager.py").write_text(EAGER)
    (tmp_path / "jupyter_datum.toml").write_text(
        '[engines.own]\nkind = "dask"\ncluster = "datum_eager:LocalEagerCluster"\n'
        'options = {threads_per_worker = 1, dashboard_address = "127.0.0.1:0"}\n'
    )
    with reach(work, "own", {"OMP_NUM_THREADS": "3", "TOLD": "yes"}) as engine:
        crew = Crew(engine, work)
        (worker,) = crew.start(1)
        first = "open('/proc/self/environ').read()"
        recipe = work.transform(f"import os\n[os.getpid(), 'OMP_NUM_THREADS=3' in {first}]")
        answer = outcomes(crew.answer(crew.send(worker, recipe, [0])))
        pid, limited = json.loads(results(answer)[0])
        assert limited, "threads are limited before the first import"
        answer = outcomes(crew.answer(crew.send(worker, work.transform(MESS), [0, 1, 2], first=1)))
        clean = ["yes", None, str(work.project.root), 0o22, False]
        assert [json.loads(text) for text in results(answer)] == [clean] * 3
        assert len(crew.start(2)) == 2
        crew.send(worker, work.transform(STRAY), [str(work.project.root / "stray")], first=4)
        assert crew.cause(worker) == "killed by SIGSEGV"
        stray = int((work.project.root / "stray").read_text())
        assert eventually(lambda: not psutil.pid_exists(stray), within=60)
        assert engine.start_within == 60
    assert (tmp_path / "closed").exists(), "the cluster is given back"
    assert not os.path.exists(f"/proc/{pid}") or os.getpid() == pid


def test_why_none_comes_up_is_said_where_only_the_library_s_log_tells(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "jupyter_datum.toml").write_text(
        '[engines.own]\nkind = "dask"\ncluster = "distributed:LocalCluster"\n'
        'options = {n_wrkers = 1, dashboard_address = "127.0.0.1:0"}\n'
    )
    with reach(work, "own") as engine:
        engine.start(1)
        assert eventually(lambda: bool(engine.events(0.1) or engine.output()), within=60)
        assert "n_wrkers" in engine.output()


@pytest.mark.parametrize(
    ("option", "said", "found"),
    [
        ("environ", {"MINE": "1"}, {"MINE": "1", "OMP_NUM_THREADS": "3"}),
        ("env", None, {"OMP_NUM_THREADS": "3"}),
        (
            "env",
            [{"name": "MINE", "value": "1"}],
            [{"name": "MINE", "value": "1"}, {"name": "OMP_NUM_THREADS", "value": "3"}],
        ),
    ],
)
def test_a_class_that_takes_variables_of_its_workers_gets_the_limits_of_threads_so(
    option: str, said: object, found: object
) -> None:
    """As Coiled's and dask-kubernetes' do; their workers are no children of the runner's."""
    made: dict[str, Any] = {}
    code = f"def Cluster({option}=None, name=''): made.update(env={option}, name=name)"
    scope: dict[str, Any] = {"made": made}
    exec(code, scope)
    asked = {"name": "mine"} | ({option: said} if said else {})
    bring_up(scope["Cluster"], asked, "", {"OMP_NUM_THREADS": "3"})
    assert made == {"env": found, "name": "mine"}
