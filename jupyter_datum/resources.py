"""What this machine lets us use: cores, memory, and threads for each worker.

A container shows all of its host's cores and memory, so the limits of its control groups
(versions 1 and 2), the CPU affinity and JupyterHub's ``CPU_LIMIT`` and ``MEM_LIMIT`` are
asked too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

#: Memory that a worker is expected to need at least, in bytes.
WORKER_MEMORY: Final = 300 << 20

#: Variables that limit the threads of numerical libraries. Read at their first import.
THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

_ROOT: Final = Path("/")


def usable_cores(environ: Mapping[str, str] = os.environ, root: Path = _ROOT) -> int:
    """Return how many cores this process may keep busy; at least 1.

    Parameters
    ----------
    environ : mapping
        Where ``CPU_LIMIT`` is looked up (JupyterHub; may be a fraction).
    root : Path
        Where ``proc`` and ``sys`` are found.
    """
    limits = [float(_affinity()), *_cpu_quotas(root)]
    if limit := _number(environ.get("CPU_LIMIT")):
        limits.append(limit)
    return max(1, math.ceil(min(limits)))


def usable_memory(environ: Mapping[str, str] = os.environ, root: Path = _ROOT) -> int:
    """Return the memory that this process and its workers may use, in bytes."""
    limits = [float(_installed_memory()), *_memory_limits(root)]
    if limit := _number(environ.get("MEM_LIMIT")):
        limits.append(limit)
    return int(min(limits))


def default_workers(environ: Mapping[str, str] = os.environ, root: Path = _ROOT) -> int:
    """Return how many workers to start if nobody says: one a core, if there is memory."""
    return max(1, min(usable_cores(environ, root), usable_memory(environ, root) // WORKER_MEMORY))


def workers_of(engine: str, workers: int | None) -> int:
    """Return how many workers a run has: those asked for, else what fits the machine; a
    serial run has one."""
    return 1 if engine == "serial" else workers or default_workers()


def thread_environment(workers: int, threads: int | None = None) -> dict[str, str]:
    """Return the variables that keep `workers` from starting more threads than cores.

    Parameters
    ----------
    workers : int
        Workers of this machine together.
    threads : int, optional
        Threads of one worker; by default its share of the cores.
    """
    n = threads or max(1, usable_cores() // max(1, workers))
    return dict.fromkeys(THREAD_VARIABLES, str(n))


def cgroup_files(controller: str, v1: str, v2: str, root: Path = _ROOT) -> Iterator[Path]:
    """Yield the files of this process's control groups, from its own up to the top one.

    Parameters
    ----------
    controller : str
        ``"cpu"`` or ``"memory"``.
    v1, v2 : str
        The file's name in either version of the interface.
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mounts, name = ["", "unified"], v2
        elif controller in controllers.split(","):
            mounts, name = [controllers, controller], v1
        else:
            continue
        for mount in mounts:
            top = root / "sys/fs/cgroup" / mount
            # In a container the path may be the host's, of which only the mount is seen.
            for folder in (top / path.lstrip("/"), *(top / path.lstrip("/")).parents):
                if (folder / name).is_file():
                    yield folder / name
                if folder == top:
                    break


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _cpu_quotas(root: Path) -> Iterator[float]:
    for file in cgroup_files("cpu", "cpu.cfs_quota_us", "cpu.max", root):
        fields = " ".join(_lines(file)).split()
        if file.name == "cpu.cfs_quota_us":
            fields += _lines(file.with_name("cpu.cfs_period_us"))
        if len(fields) == 2 and (quota := _number(fields[0])) and (period := _number(fields[1])):
            yield quota / period


def _memory_limits(root: Path) -> Iterator[float]:
    for file in cgroup_files("memory", "memory.limit_in_bytes", "memory.max", root):
        if limit := _number("".join(_lines(file))):
            yield limit


def _installed_memory() -> int:
    import psutil  # only where it is needed: a worker never asks

    return int(psutil.virtual_memory().total)


def _number(text: str | None) -> float | None:
    """A positive number, or None: ``"max"``, ``"-1"`` and nonsense are no limits."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
