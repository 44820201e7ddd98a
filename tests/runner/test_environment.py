"""Variables of the kernel reach the workers of its run, and nothing that is written down."""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
from pathlib import Path

import pytest

from jupyter_datum.cli import main
from jupyter_datum.errors import RunError
from jupyter_datum.runner import handover
from jupyter_datum.runner.environment import carried, needed, of_stores, values_of
from jupyter_datum.runner.handover import Receiver, offer

from ..story import Story

CANARY = "canary-1f0c5b7e-value"
READ = "import os\nos.environ.get('HOUSE_TOKEN')"


def holding(folder: Path, text: bytes) -> list[str]:
    """Files under `folder` that hold `text`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if text in _read(path)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a run that ends sweeps what only an active one needs
        return b""


@pytest.mark.parametrize("engine", ["joblib", "dask", "ipyparallel", "serial"])
def test_a_variable_set_in_the_kernel_is_there_in_the_workers_and_nowhere_else(
    story: Story, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", CANARY)
    story.namespace["numbers"] = [1, 2, 3]
    prepared = story.prepare("job -i numbers", READ)
    assert "HOUSE_TOKEN" in prepared.recipe.environment
    body = READ.replace("os.environ.get", "len(os.environ.get") + ")"
    row = story.run(f"job -i numbers --engine {engine} --workers 1", body)
    assert (row.status, row.success) == ("success", 3)
    assert story.transform("job").results() == [len(CANARY)] * 3
    assert holding(story.project.dir, CANARY.encode()) == []
    assert holding(story.project.dir, b"HOUSE_TOKEN") != [], "the search finds what is there"


def test_another_value_means_other_workers(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.namespace["numbers"] = [1]
    seen = []
    for value in ("a", "a", "b"):
        monkeypatch.setenv("HOUSE_TOKEN", value)
        line = "job -i numbers --workers 1 --force"
        story.run(line, "import os\n[os.environ['HOUSE_TOKEN'], os.getpid()]")
        seen += story.transform("job").results()
    assert [value for value, _ in seen] == ["a", "a", "b"]
    assert seen[0][1] == seen[1][1] != seen[2][1]


def test_a_retry_without_a_kernel_says_what_is_missing_and_runs_nothing(
    story: Story, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", CANARY)
    story.namespace["numbers"] = [1, 2]
    assert story.run("job -i numbers --workers 1", READ + "\n1 / 0").failed == 2
    before = story.executions()
    assert main(["retry", "job", "--project", str(story.folder)]) == 2
    said = capsys.readouterr().err
    assert "HOUSE_TOKEN" in said and "run its cell" in said and CANARY not in said
    assert story.executions() == before
    with story.ledger() as conn:
        assert conn.execute("select count(*) from request where kind = 'run'").fetchone()[0] == 1


def test_a_new_runner_is_told_again(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", CANARY)
    story.namespace["numbers"] = list(range(40))
    body = "import os, time\ntime.sleep(0.05)\nlen(os.environ['HOUSE_TOKEN'])"
    run = story.start("job -i numbers --workers 2", body)
    story.until(run, lambda row: row.success >= 5)
    story.kill_runner()
    story.next_runner()
    row = story.end(run)
    assert (row.status, row.success) == ("success", 40)
    assert story.transform("job").results() == [len(CANARY)] * 40


def test_a_run_whose_kernel_is_gone_ends_with_a_sentence(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", CANARY)
    story.namespace["numbers"] = list(range(400))
    # The kernel that asks is another process, and dies as soon as it has.
    body = "import os, time\ntime.sleep(0.05)\nlen(os.environ['HOUSE_TOKEN'])"
    asked = os.fork()
    if asked == 0:
        try:
            run = story.start("job -i numbers --workers 2", body)
            story.until(run, lambda row: row.success >= 5)
            (story.folder / "run").write_text(run)
        finally:
            os._exit(0)
    os.waitpid(asked, 0)
    run = (story.folder / "run").read_text()
    story.kill_runner()
    story.next_runner()
    row = story.end(run)
    assert row.status == "error" and "HOUSE_TOKEN" in (row.message or "")
    assert story.findings() == []


def test_what_counts_as_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = {
        "GIT_EDITOR",
        "JPY_PARENT_PID",
        "TERM",
        "PS1",
        "SSH_AUTH_SOCK",
        "JUPYTERHUB_API_TOKEN",
    }
    for name in noise:
        monkeypatch.setenv(name, "changed just now")
    monkeypatch.setenv("HOUSE_MODE", "fast")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("GDAL_HTTP_USERPWD", "me:canary")
    found = needed([])
    assert {"HOUSE_MODE", "GDAL_HTTP_USERPWD"} <= set(found)
    assert carried()["CUDA_VISIBLE_DEVICES"] == "3", "it says where, and may be written down"
    assert not {"GDAL_HTTP_USERPWD", "HOUSE_MODE"} & carried().keys()
    assert "CUDA_VISIBLE_DEVICES" not in found
    assert not {*noise, "PATH"} & set(found)
    code = compile("import os\ndef f():\n    return os.getenv('TERM')", "<cell>", "exec")
    assert "TERM" in needed([code]), "what the code names is meant"


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("AZURE_STORAGE_CONNECTION_STRING", "DefaultEndpointsProtocol=http", True),
        ("AZURE_STORAGE_SAS_URL", "x", True),
        ("AZURE_WHATEVER", "BlobEndpoint=http://x;AccountKey=canary==", True),
        ("AZURE_PLACE", "https://x.blob/y?sv=1&sig=canary", True),
        ("AZURE_STORAGE_ACCOUNT_NAME", "mine", False),
    ],
)
def test_what_leads_to_a_store_is_told_by_name_where_it_is_a_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, secret: bool
) -> None:
    monkeypatch.setenv(name, value)
    names, plain = of_stores(["az://data/x"])
    assert (name in names, name in plain) == (secret, not secret)


def test_what_a_dask_cluster_sets_for_its_own_workers_is_not_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nanny = pytest.importorskip("distributed.nanny")
    before = needed([]), carried()
    for name, value in nanny._get_env_variables("distributed.nanny.pre-spawn-environ").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("__DASK_PARENT_PID", "7")
    monkeypatch.setenv("PYTHONHASHSEED", "6640")
    assert (needed([]), carried()) == before
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert carried() == {**before[1], "OMP_NUM_THREADS": "3"}, "this one a user has set"


def test_the_socket_is_this_users_alone(story: Story, tmp_path: Path) -> None:
    receiver = Receiver(story.project, sys.executable)
    try:
        (place,) = [p for p in handover._places(story.project, sys.executable) if p.exists()]
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert len(os.fsencode(place)) < 104
    finally:
        receiver.close()
    assert not place.exists()


def test_sockets_that_killed_runners_left_are_removed_when_they_are_old(story: Story) -> None:
    home = next(handover._places(story.project, sys.executable)).parent
    names = {name: home / f"{story.folder.name}-{os.getpid()}-{name}" for name in ("old", "used")}
    names["young"] = home / f"{story.folder.name}-{os.getpid()}-young"
    sockets = []
    for place in names.values():
        sockets.append(socket.socket(socket.AF_UNIX))
        sockets[-1].bind(str(place))
    sockets[1].listen()
    for name in ("old", "used"):
        os.utime(names[name], (0, 0))
    sockets[0].close()
    sockets[2].close()
    try:
        handover._sweep(home, most=sys.maxsize)
        assert [name for name, path in names.items() if path.exists()] == ["used", "young"]
    finally:
        sockets[1].close()
        for place in names.values():
            place.unlink(missing_ok=True)


def test_a_deep_project_has_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    story = Story(deep)
    receiver = Receiver(story.project, sys.executable)
    try:
        offer(story.project, sys.executable, "run-1", {"A": "b"})
        for _ in range(200):
            if receiver.values("run-1"):
                break
            time.sleep(0.02)
        assert receiver.values("run-1") == {"A": "b"}
        assert receiver.values("run-2") is None
        receiver.forget("run-1")
        assert receiver.values("run-1") is None
    finally:
        receiver.close()


def test_a_kernel_that_lacks_one_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_A", "1")
    monkeypatch.delenv("HOUSE_B", raising=False)
    assert values_of(["HOUSE_A"], {"origin": "kernel"}) == {"HOUSE_A": "1"}
    with pytest.raises(RunError, match="variables HOUSE_B,"):
        values_of(["HOUSE_A", "HOUSE_B"], {"origin": "kernel"})
    with pytest.raises(RunError, match="variables HOUSE_A,"):
        values_of(["HOUSE_A"], {"origin": "cli"})
