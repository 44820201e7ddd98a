"""What this machine lets us use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_datum.resources import (
    THREAD_VARIABLES,
    WORKER_MEMORY,
    default_workers,
    thread_environment,
    usable_cores,
    usable_memory,
)

NOTHING: dict[str, str] = {}


def cgroup(root: Path, line: str, files: dict[str, str]) -> Path:
    """Make a machine whose process is in the control group of `line`."""
    for name, text in {"proc/self/cgroup": line, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


def affinity() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def test_without_limits_all_cores_of_the_affinity_are_usable(tmp_path: Path) -> None:
    assert usable_cores(NOTHING, tmp_path) == affinity()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_a_process_bound_to_one_core_uses_one() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from jupyter_datum.resources import usable_cores; print(usable_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("0::/job", {"sys/fs/cgroup/job/cpu.max": "50000 100000"}),
        ("0::/", {"sys/fs/cgroup/cpu.max": "50000 100000"}),
        ("0::/a/b", {"sys/fs/cgroup/a/cpu.max": "50000 100000"}),
        (
            "4:cpu,cpuacct:/docker/abc",
            {
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
        ),
    ],
    ids=["v2", "v2 at the top", "v2 limit of the parent", "v1, path of the host"],
)
def test_half_a_core_of_quota_is_one_core(tmp_path: Path, line: str, files: dict[str, str]) -> None:
    assert usable_cores(NOTHING, cgroup(tmp_path, line, files)) == 1


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("0::/", {"sys/fs/cgroup/cpu.max": "max 100000"}),
        (
            "4:cpu:/",
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
        ),
    ],
)
def test_no_quota_is_no_limit(tmp_path: Path, line: str, files: dict[str, str]) -> None:
    assert usable_cores(NOTHING, cgroup(tmp_path, line, files)) == affinity()


@pytest.mark.parametrize(("limit", "cores"), [("0.5", 1), ("1", 1), ("", None), ("many", None)])
def test_cpu_limit_of_jupyterhub_counts(tmp_path: Path, limit: str, cores: int | None) -> None:
    assert usable_cores({"CPU_LIMIT": limit}, tmp_path) == (cores or affinity())


@pytest.mark.parametrize("version", [1, 2])
def test_memory_limit_of_the_control_group_counts(tmp_path: Path, version: int) -> None:
    if version == 1:
        files = {"sys/fs/cgroup/memory/x/memory.limit_in_bytes": str(100 << 20)}
        cgroup(tmp_path, "4:memory:/x", files)
    else:
        cgroup(tmp_path, "0::/x", {"sys/fs/cgroup/x/memory.max": str(100 << 20)})
    assert usable_memory(NOTHING, tmp_path) == 100 << 20
    assert usable_memory({"MEM_LIMIT": str(50 << 20)}, tmp_path) == 50 << 20


def test_there_are_no_more_workers_than_memory_for_them(tmp_path: Path) -> None:
    assert default_workers({"MEM_LIMIT": str(WORKER_MEMORY)}, tmp_path) == 1
    assert default_workers({"MEM_LIMIT": "1"}, tmp_path) == 1
    assert default_workers(NOTHING, tmp_path) <= affinity()


def test_workers_share_the_cores_as_threads() -> None:
    assert set(thread_environment(1)) == set(THREAD_VARIABLES)
    assert set(thread_environment(1).values()) == {str(usable_cores())}
    assert set(thread_environment(10**6).values()) == {"1"}
    assert set(thread_environment(10**6, threads=3).values()) == {"3"}
