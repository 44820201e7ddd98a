"""Workers that do not see the project's folder: a real mount of their own hides it from them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import pytest

from jupyter_datum.engines import far

from ..story import Story

distributed = pytest.importorskip("distributed")


def hides() -> bool:
    """Whether this machine lets a process have mounts of its own."""
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
    return done.returncode == 0


pytestmark = pytest.mark.skipif(not hides(), reason="no mounts of one's own")


@contextmanager
def cluster_that_does_not_see(folder: Path) -> Iterator[Any]:
    """A scheduler, and one worker for which `folder` is empty."""
    with distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        worker = subprocess.Popen(
            ["unshare", "-rm", "sh", "-c",
             'mount -t tmpfs none "$0" && exec "$@"', str(folder),
             sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address,
             "--nthreads", "1", "--no-dashboard"],
            cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield cluster
        finally:
            worker.terminate()
            worker.wait()


@pytest.fixture
def hidden(tmp_path: Path) -> Iterator[tuple[Story, Any]]:
    folder = tmp_path / "project"
    folder.mkdir()
    story = Story(folder)
    with cluster_that_does_not_see(folder) as cluster:
        yield story, cluster
        story.close()


BODY = """
import os
print("at", datum.value)
helper = scale(datum.value)
if datum.value == 7:
    raise ValueError("bad pixel")
datum.out_file(".bin").write_bytes(bytes([datum.value]) * size)
[helper, os.path.exists(project)]
"""


def test_files_logs_and_results_come_as_bytes(hidden: tuple[Story, Any]) -> None:
    story, cluster = hidden
    exec("def scale(x): return x * factor", story.namespace)
    size = 2 * far.PIECE + 17  # three pieces
    story.namespace.update(
        numbers=list(range(12)), factor=3, size=size, project=str(story.project.ledger)
    )  # fmt: skip
    line = f"job -i numbers --engine {cluster.scheduler_address} --tries 1"
    run = story.start(line, BODY, counted=False)
    row = story.end(run, within=100)
    assert (row.status, row.success, row.failed) == ("failed", 11, 1)
    results = story.transform("job").results()
    assert sorted(results) == [[3 * n, False] for n in range(12) if n != 7]
    found = sorted((story.folder / "out" / "job").glob("*.bin"), key=lambda p: p.read_bytes()[:1])
    assert [p.read_bytes() for p in found] == [bytes([n]) * size for n in range(12) if n != 7]
    (failure,) = story.transform("job").failures()
    assert "bad pixel" in str(failure)
    with story.ledger() as conn:
        logs = dict(conn.execute("select position, log from datum"))
    assert len(logs) == 12
    for log in logs.values():
        where, offset, length, *_ = log.split(":")
        text = (story.project.run(run) / "logs" / f"{where}.log").read_bytes()
        assert text[int(offset) : int(offset) + int(length)].startswith(b"at ")
    assert story.findings() == []
    assert "files travel as bytes" in story.project.log.read_text()


def test_large_results_and_captured_values_travel_whole(hidden: tuple[Story, Any]) -> None:
    story, cluster = hidden
    table = os.urandom(far.PIECE + 5)  # two pieces of code and values
    story.namespace.update(numbers=[0, 1, 2], table=table)
    body = "bytes([datum.value]) + table"
    line = f"big -i numbers --engine {cluster.scheduler_address}"
    run = story.start(line, body, counted=False)
    assert story.end(run, within=100).success == 3
    assert story.transform("big").results() == [bytes([n]) + table for n in range(3)]
    again = story.start(f"{line} --force", body, counted=False)
    assert story.end(again, within=100).success == 3
    fsspec.filesystem("memory").pipe("/far/a.txt", b"of the kernel")
    line = f'seen -i "memory://far/*.txt" --engine {cluster.scheduler_address}'
    assert story.end(story.start(line, "datum.path.read_bytes()", counted=False)).success == 1
    assert story.transform("seen").results() == [b"of the kernel"]
    assert story.findings() == []


def test_a_death_out_of_sight_takes_only_the_culprit(hidden: tuple[Story, Any]) -> None:
    """No journal says what the worker was at: sets are halved until the culprit is alone."""
    story, cluster = hidden
    story.namespace["numbers"] = list(range(8))
    body = "import os\nos._exit(3) if datum.value == 4 else datum.value"
    line = f"job -i numbers --engine {cluster.scheduler_address} --tries 1"
    row = story.end(story.start(line, body, counted=False), within=110)
    assert (row.status, row.success, row.failed) == ("failed", 7, 1)
    assert story.transform("job").results() == [0, 1, 2, 3, 5, 6, 7]
    assert story.findings() == []


def test_a_hang_out_of_sight_ends_at_its_time_out(
    hidden: tuple[Story, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the worker is at it says by the cluster's own connections: nobody waits for longer
    than that, which is told from the time-out of a worker that says nothing."""
    story, cluster = hidden
    settings = tmp_path / "conf"
    settings.mkdir()
    (settings / "jupyter_datum.toml").write_text('[limits]\ntravel = "1h"\n')
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(settings))
    story.namespace["numbers"] = list(range(6))
    body = "import time\nif datum.value == 4: time.sleep(3600)\ndatum.value"
    line = f"job -i numbers --engine {cluster.scheduler_address} --tries 1 --timeout 3s"
    row = story.end(story.start(line, body, counted=False), within=150)
    assert (row.status, row.success, row.failed) == ("failed", 5, 1)
    (failure,) = story.transform("job").failures()
    assert "longer than 3 s" in str(failure)


@contextmanager
def engines_that_do_not_see(folder: Path, profile: Path, n: int) -> Iterator[Path]:
    """A controller of ipyparallel's, and `n` engines for which `folder` is empty; yields the
    file by which a client finds them."""
    ipyparallel = pytest.importorskip("ipyparallel")
    cluster = ipyparallel.Cluster(n=0, profile_dir=str(profile), log_level=40)
    cluster.start_controller_sync()
    cluster.connect_client_sync().close()  # its files stand only some time after its start
    file = f"{profile}/security/ipcontroller-{cluster.cluster_id}"
    try:
        engines = [
            subprocess.Popen(
                ["unshare", "-rm", "sh", "-c",
                 'mount -t tmpfs none "$0" && exec "$@"', str(folder),
                 sys.executable, "-m", "ipyparallel.engine", f"--profile-dir={profile}",
                 f"--file={file}-engine.json", "--log-level=ERROR"],
                cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for _ in range(n)
        ]  # fmt: skip
        try:
            yield Path(f"{file}-client.json")
        finally:
            for engine in engines:
                engine.kill()
                engine.wait()
    finally:
        cluster.stop_cluster_sync()


def test_engines_of_ipyparallel_say_what_they_are_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "jupyter_datum.toml").write_text('[limits]\ntravel = "1h"\n')
    folder = tmp_path / "project"
    folder.mkdir()
    story = Story(folder)
    story.namespace["numbers"] = list(range(6))
    body = "import time\nif datum.value == 4: time.sleep(3600)\ndatum.value"
    with engines_that_do_not_see(folder, tmp_path / "profile_far", 2) as file:
        line = f"job -i numbers --engine ipyparallel:{file} --tries 1 --timeout 3s"
        row = story.end(story.start(line, body, counted=False), within=150)
        story.close()
    assert (row.status, row.success, row.failed) == ("failed", 5, 1), row.message
    (failure,) = story.transform("job").failures()
    assert "longer than 3 s" in str(failure)
