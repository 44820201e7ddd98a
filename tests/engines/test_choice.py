"""Which engine ``--engine TEXT`` means, and where its workers come from."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_datum import engines
from jupyter_datum.engines import choose_engine, is_name, known_engines
from jupyter_datum.engines.base import EngineSettings
from jupyter_datum.engines.terms import Terms
from jupyter_datum.errors import EngineError, UnknownEngineError, UsageError
from jupyter_datum.notebook.clusters import engine_of


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "jupyter_datum.toml"


@pytest.mark.parametrize(
    ("text", "kind", "options"),
    [
        ("joblib", "joblib", {}),
        ("joblib:loky", "joblib", {}),
        ("joblib:threading", "joblib", {"backend": "threading"}),
        (
            "joblib:mine#factory=house.pools%3AMine",
            "joblib",
            {"backend": "mine", "factory": "house.pools:Mine"},
        ),
        ("tcp://host:8786", "dask", {"address": "tcp://host:8786"}),
        (
            "tls://host:8786#ca=/a.pem&key=/k.pem",
            "dask",
            {"address": "tls://host:8786", "security": {"ca": "/a.pem", "key": "/k.pem"}},
        ),
        ("ipyparallel:mpi", "ipyparallel", {"profile": "mpi"}),
        ("ipyparallel:/x/c.json", "ipyparallel", {"connection_file": "/x/c.json"}),
    ],
)
def test_what_a_text_means(settings: Path, text: str, kind: str, options: object) -> None:
    assert choose_engine(text) == (kind, options)


def test_names_of_the_settings_are_engines(settings: Path) -> None:
    settings.write_text('[engines.big]\nkind = "dask"\naddress = "tcp://login:8786"\n')
    choice = choose_engine("big")
    assert choice == ("dask", {"address": "tcp://login:8786"})
    assert choice.given
    assert choice.workers(None) == 0
    assert choice.workers(3) == 3
    with pytest.raises(UnknownEngineError, match=r"'bog'.*joblib.*big"):
        choose_engine("bog")


@pytest.mark.parametrize(
    ("said", "elsewhere"),
    [
        ('kind = "dask"\naddress = "tcp://login:8786"', True),
        ('kind = "dask"\ncluster = "dask_jobqueue:SLURMCluster"', True),
        ('kind = "dask"\ncluster = "distributed:LocalCluster"', False),
        ('kind = "ipyparallel"\nlauncher = "slurm"', True),
        ('kind = "ipyparallel"\nlauncher = "local"', False),
        ('kind = "joblib"', False),
        ('kind = "joblib"\nbackend = "threading"', False),
        ('kind = "joblib"\nbackend = "ray"', True),
    ],
)
def test_where_the_workers_are_is_known(settings: Path, said: str, elsewhere: bool) -> None:
    """Of other machines neither the cores are known, nor how long they take to come."""
    settings.write_text(f"[engines.big]\n{said}\n")
    choice = choose_engine("big")
    assert choice.elsewhere == elsewhere
    terms = Terms(choice.kind, EngineSettings("", {}, choice.options))
    assert terms.patient == (elsewhere and not choice.given)
    assert terms.start_within == (3600 if terms.patient else 60)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[engines.big\n", "cannot be read"),
        ("engines = 3\n", "tables"),
        ("[engines]\nbig = 3\n", "tables"),
        ("[engines.big]\nkind = 'sun'\n", "needs kind = one of serial, joblib"),
        ("[engines.big]\nkind = 'dask'\naddress = 8786\n", r"\[engines.big\].*8786: write text"),
        ("[engines.big]\nkind = 'dask'\noptions = 'cores'\n", "'cores': write a table"),
        ("[engines.big]\nkind = 'dask'\nstart_timeout = 'soon'\n", "'soon': write a duration"),
    ],
)
def test_settings_that_say_nothing_are_refused(settings: Path, text: str, says: str) -> None:
    settings.write_text(text)
    with pytest.raises(UsageError, match=says):
        choose_engine("big")


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes")
def test_settings_that_others_may_write_start_nothing(settings: Path) -> None:
    settings.write_text('[engines.big]\nkind = "dask"\ncluster = "os:system"\n')
    settings.chmod(0o666)
    with pytest.raises(UsageError, match=r"others may write.*chmod go-w"):
        choose_engine("big")


@pytest.mark.parametrize(("name", "why"), [("sequential", "--engine serial"), ("dask", "dask, or")])
def test_backends_of_joblib_that_give_no_worker_are_refused(
    settings: Path, name: str, why: str
) -> None:
    with pytest.raises(UsageError, match=rf"joblib:{name}: .*{why}"):
        choose_engine(f"joblib:{name}")


def test_a_backend_of_joblib_is_no_option_of_another(settings: Path) -> None:
    with pytest.raises(UsageError, match="colour is no part of a backend"):
        choose_engine("joblib:mine#colour=red")


def test_a_registered_backend_of_joblib_names_no_worker() -> None:
    joblib = pytest.importorskip("joblib")
    parallel = pytest.importorskip("joblib.parallel")
    seen = []

    class Mine(parallel.ThreadingBackend):  # type: ignore[misc, name-defined]
        def submit(self, func: Any, callback: Any = None) -> Any:
            seen.append(func)
            return super().submit(func, callback)

    joblib.register_parallel_backend("datum_test", Mine)
    try:
        found = joblib.Parallel(n_jobs=2, backend="datum_test")(
            joblib.delayed(abs)(-n) for n in range(3)
        )
    finally:
        del parallel.BACKENDS["datum_test"]
    assert found == [0, 1, 2] and seen, "it is a real backend, and joblib uses it"
    methods = {name for name in dir(parallel.ParallelBackendBase) if not name.startswith("_")}
    assert not {name for name in methods if "worker" in name or "kill" in name}


def test_an_address_with_unknown_parts_is_refused(settings: Path) -> None:
    with pytest.raises(UsageError, match=r"password.*#ca=FILE"):
        choose_engine("tls://host:1#password=x")


@pytest.mark.parametrize("text", ["tcp://host:1", "ipyparallel:/x/c.json", "a b", "c.json"])
def test_what_a_request_must_not_name(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize("text", ["dask", "big", "joblib:loky", "ipyparallel:mpi"])
def test_what_a_request_may_name(text: str) -> None:
    assert is_name(text)


# -- cluster objects of the kernel -------------------------------------------------------------


def test_a_cluster_object_gives_its_address_and_never_itself(settings: Path) -> None:
    pytest.importorskip("distributed")
    security = SimpleNamespace(tls_ca_file="/ca.pem", tls_client_key="-----BEGIN\nsecret\n")
    cluster = SimpleNamespace(scheduler_address="tls://10.0.0.1:8786", security=security)
    text = engine_of("$cluster", {"cluster": cluster})
    assert text == engine_of("cluster", {"cluster": cluster})
    options = choose_engine(text).options
    assert options["address"] == "tls://10.0.0.1:8786"
    assert options["security"]["ca"] == "/ca.pem"
    key = Path(options["security"]["key"])
    assert key.read_text() == "-----BEGIN\nsecret\n"
    assert key.stat().st_mode & 0o077 == 0
    assert "secret" not in text


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (SimpleNamespace(scheduler_address="inproc://10.0.0.1/7/1"), "processes=True"),
        (SimpleNamespace(scheduler_address=""), "no cluster"),
        (object(), "object is no cluster"),
    ],
)
def test_what_is_no_cluster_or_out_of_reach_is_refused(
    settings: Path, value: object, says: str
) -> None:
    with pytest.raises(EngineError, match=says):
        engine_of("$c", {"c": value})


def test_a_name_that_the_kernel_does_not_know_is_refused(settings: Path) -> None:
    with pytest.raises(EngineError, match="no name 'c'"):
        engine_of("$c", {})
    with pytest.raises(UnknownEngineError, match="'c'"):
        engine_of("c", {})
    with pytest.raises(UnknownEngineError, match=r"\$c"):
        engine_of("c", {"c": "tcp://text:1"})


def test_an_engine_installed_meanwhile_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    assert "abacus" not in known_engines()
    about = tmp_path / "abacus-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: abacus\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{engines.GROUP}]\nabacus = abacus:Engine\n")
    assert "abacus" in known_engines()
    shutil.rmtree(about)
    assert "abacus" not in known_engines()


def test_registered_engines_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known = known_engines()
    monkeypatch.setattr(importlib.metadata, "entry_points", None)
    assert known_engines() == known
