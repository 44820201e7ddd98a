"""``%datum engines``, and ``--try``: a sample on each engine, of which nothing is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.cli import main
from jupyter_datum.errors import UsageError
from jupyter_datum.notebook.looks import look

from ..story import Story

OF_DATUMS = "select key, state, attempt, run, began, result from datum order by key"


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))
    return folder / "jupyter_datum.toml"


def rows(story: Story, *words: str) -> dict[str, Any]:
    view = look("engines", words, story.project, str(story.folder))
    return {row.get("name") or row["engine"]: row for row in view.to_json()}


def test_what_there_is_and_what_is_missing(
    story: Story, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_datum.engines import ENGINES, survey

    monkeypatch.setitem(ENGINES, "lost", "jupyter_datum_lost_package.engine:Engine")
    monkeypatch.setattr(survey, "_ANSWER_SECONDS", 0.5)
    settings.write_text(
        '[engines.gone]\nkind = "dask"\naddress = "tcp://127.0.0.1:9"\n'
        '[engines.slurm]\nkind = "dask"\ncluster = "dask_jobqueue:SLURMCluster"\n'
        '[engines.typo]\nkind = "dask"\ncluster = "distributed:LocalClutser"\n'
        '[engines.far]\nkind = "dask"\ncluster = "nobody_has_this:Cluster"\n'
        '[engines.ipp]\nkind = "ipyparallel"\nlauncher = "slurn"\n'
        '[engines.adress]\nkind = "dask"\nadress = "tcp://127.0.0.1:9"\n'
        '[engines.fine]\nkind = "ipyparallel"\nlauncher = "slurm"\n'
    )
    found = rows(story)
    assert found["serial"]["workers"] == 1
    assert found["joblib"]["state"] == "ready"
    assert found["joblib"]["version"]
    assert not found["lost"]["installed"]
    assert "jupyter_datum_lost_package" in found["lost"]["state"]
    if "distributed" in sys.modules or found["dask"]["installed"]:
        assert found["gone"]["state"] == "no worker answers"
        assert found["gone"]["workers_from"] == "tcp://127.0.0.1:9"
        assert "SLURMCluster" in found["slurm"]["workers_from"]
        assert found["typo"]["state"].endswith("distributed has no LocalClutser")
        assert "pip install nobody-has-this" in found["far"]["state"]
        assert "no option adress; there are: address" in found["adress"]["state"]
        assert found["far"]["workers"] == 0, "--try leaves it out"
    if found["ipyparallel"]["installed"]:
        assert found["fine"]["state"] == "ready" and "slurn" in found["ipp"]["state"]


def test_a_given_cluster_is_asked_who_is_there(story: Story, settings: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        settings.write_text(
            f'[engines.big]\nkind = "dask"\naddress = "{cluster.scheduler_address}"'
        )
        big = rows(story, "--engine", "big")["big"]
    assert (big["state"], big["workers"]) == ("connected", 1)


def test_a_sample_runs_on_each_engine_and_leaves_nothing(story: Story, settings: Path) -> None:
    story.namespace["numbers"] = list(range(30))
    body = "assert datum.value != 3\ndatum.out_file('.txt').write_text('x')\ndatum.value"
    story.run("job -i numbers", body)
    before = story.executions()
    files = sorted((story.folder / "out").glob("job/*.txt"))
    with story.ledger() as conn:
        ledger = list(conn.execute(OF_DATUMS))
    found = rows(
        story, "--try", "job", "--sample", "5", "--engine", "serial", "--engine", "joblib",
        "--engine", "nothing",
    )  # fmt: skip
    for name in ("serial", "joblib"):
        assert (found[name]["datums"], found[name]["failed"]) == (5, 1), found[name]
        assert found[name]["datum"] >= found[name]["cell"] > 0
        assert found[name]["start"] > 0
    assert "no engine is named 'nothing'" in found["nothing"]["problem"]
    assert sum((story.executions() - before).values()) == 12  # five, and one to warm up
    assert sorted((story.folder / "out").glob("job/*.txt")) == files
    assert len(os.listdir(story.project.dir / "runs")) == 1
    with story.ledger() as conn:
        assert list(conn.execute(OF_DATUMS)) == ledger
        assert conn.execute("select count(*) from run").fetchone() == (1,)
    with pytest.raises(UsageError, match=r"'jub'.*job"):
        rows(story, "--try", "jub")


def test_the_command_line_prints_it_too(story: Story, settings: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_datum.cli", "engines", "--json"],
        cwd=story.folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert {row["name"] for row in json.loads(done.stdout)} >= {"serial", "joblib"}


def test_outside_of_a_project_engines_are_listed_all_the_same(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATUM_PROJECT", raising=False)
    assert main(["engines"]) == 0
    assert "joblib" in capsys.readouterr().out
    assert os.listdir(tmp_path) == []
    for words, says in ((["--try", "job"], "no .datum folder"), (["--project", "."], "'.'")):
        assert main(["engines", *words]) == 2
        assert says in capsys.readouterr().err
