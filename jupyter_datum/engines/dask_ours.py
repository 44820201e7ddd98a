"""A Dask cluster that a class of another package brings up for us, as the settings name it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from ..errors import EngineError


def class_of(place: str) -> Any:
    """Return the class that ``package:Class`` names.

    Raises
    ------
    EngineError
        If there is none.
    """
    module, colon, name = place.partition(":")
    if not colon:
        raise EngineError(f"cluster = {place!r}: write it as package:Class")
    return getattr(imported(module), name)


def imported(module: str) -> Any:
    """Return a module that a cluster of the user's needs here.

    Raises
    ------
    EngineError
        If it cannot be imported.
    """
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        found = import_module(module)
    except ImportError as exc:
        package = module.partition(".")[0].replace("_", "-")
        raise EngineError(
            f"the cluster's module {module!r} needs {exc.name!r}: pip install {package}"
        ) from exc
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, interrupt)  # dask_jobqueue would have it end the runner
    return found


def bring_up(made_by: Any, asked: Mapping[str, Any], logs: str, threads: Mapping[str, str]) -> Any:
    """Return a new cluster that has no worker yet.

    Parameters
    ----------
    made_by : type
    asked : mapping
        What the settings give it.
    logs : str
        Folder for what jobs print, if nothing else is asked for.
    threads : mapping of str to str
        Variables that each worker has before its first import.
    """
    options: dict[str, Any] = {}
    if hasattr(made_by, "job_cls"):  # dask-jobqueue; jobs would print into the runner's folder
        options |= {"log_directory": logs}
        if threads:
            asked = {**asked, "job_script_prologue": _prologue(made_by, asked, threads)}
        threads = {}
    elif made_by.__name__ == "LocalCluster":
        # As many as there is work for; what one has is one process, which does one set at a time.
        options |= {"threads_per_worker": 1}
        asked = {**asked, "n_workers": 0}
    cluster = made_by(**{**options, **asked})
    if threads and hasattr(cluster, "new_worker_spec"):
        cluster.new_worker_spec = _limited(cluster.new_worker_spec, threads)
    return cluster


def _prologue(made_by: Any, asked: Mapping[str, Any], threads: Mapping[str, str]) -> list[str]:
    """The user's own lines of a job's script, and ours, which are to hold."""
    from dask import config

    name = asked.get("config_name", made_by.job_cls.config_name)
    lines = asked.get("job_script_prologue")
    if lines is None:
        lines = config.get(f"jobqueue.{name}.job-script-prologue", None)
    return [*(lines or ()), *(f"export {key}={value}" for key, value in threads.items())]


def _limited(
    new_spec: Callable[[], dict[Any, Any]], threads: Mapping[str, str]
) -> Callable[[], dict[Any, Any]]:
    """Have nannies in this process start workers with `threads`; they take their own from
    variables of this process, which are one for all clusters."""

    def limited() -> dict[Any, Any]:
        return {
            name: {**spec, "cls": _with(spec["cls"], threads)} for name, spec in new_spec().items()
        }

    return limited


def _with(make: Any, threads: Mapping[str, str]) -> Any:
    if isinstance(make, str):
        return make

    def made(*args: Any, **options: Any) -> Any:
        nanny = make(*args, **options)
        if hasattr(nanny, "pre_spawn_env"):
            nanny.pre_spawn_env = {**nanny.pre_spawn_env, **threads}
        return nanny

    return made
