"""A Dask cluster that a class of another package brings up for us, as the settings name it."""

from __future__ import annotations

import inspect
import signal
import threading
from collections.abc import Mapping
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
    try:
        return getattr(imported(module), name)
    except AttributeError:
        raise EngineError(f"cluster = {place!r}: {module} has no {name}") from None


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
    if threads and (name := _takes_variables(made_by)):
        asked = {**asked, name: _with_variables(_own(made_by, name, asked), threads)}
    elif threads and hasattr(made_by, "new_worker_spec"):
        made_by = _limited(made_by, threads)
    return made_by(**{**options, **asked})


def give_back(cluster: Any, within: float) -> None:
    """Close a cluster; some know no time-out, and would not close at all if they were told one."""
    known = inspect.signature(cluster.close).parameters
    limited = "timeout" in known or any(p.kind is p.VAR_KEYWORD for p in known.values())
    cluster.close(**({"timeout": within} if limited else {}))


def _takes_variables(made_by: Any) -> str | None:
    """The option by which a class gives its workers variables, wherever they are: Coiled's and
    dask-kubernetes' have one."""
    known = inspect.signature(made_by).parameters
    return next((name for name in ("environ", "env") if name in known), None)


def _own(made_by: Any, name: str, asked: Mapping[str, Any]) -> Any:
    """The user's own variables: what an option says takes the place of dask-kubernetes' file."""
    if name not in asked and (made_by.__module__ or "").partition(".")[0] == "dask_kubernetes":
        from dask import config

        return config.get("kubernetes.env", None)
    return asked.get(name)


def _with_variables(own: Any, threads: Mapping[str, str]) -> Any:
    if isinstance(own, list):  # as Kubernetes writes them
        return [*own, *({"name": name, "value": value} for name, value in threads.items())]
    return {**(own or {}), **threads}


def _prologue(made_by: Any, asked: Mapping[str, Any], threads: Mapping[str, str]) -> list[str]:
    """The user's own lines of a job's script, and ours, which are to hold."""
    from dask import config

    name = asked.get("config_name", made_by.job_cls.config_name)
    lines = asked.get("job_script_prologue")
    if lines is None:
        lines = config.get(f"jobqueue.{name}.job-script-prologue", None)
    return [*(lines or ()), *(f"export {key}={value}" for key, value in threads.items())]


def _limited(made_by: Any, threads: Mapping[str, str]) -> Any:
    """A class whose nannies, in this process, start workers with `threads`; else they take theirs
    from variables of this process, which are one for all clusters. Some classes start workers
    while they are made."""

    class Limited(made_by):  # type: ignore[misc]
        """A cluster of the user's."""

        def new_worker_spec(self) -> dict[Any, Any]:
            return {
                name: {**spec, "cls": _with(spec["cls"], threads)}
                for name, spec in super().new_worker_spec().items()
            }

    return Limited


def _with(make: Any, threads: Mapping[str, str]) -> Any:
    if isinstance(make, str):
        return make

    def made(*args: Any, **options: Any) -> Any:
        nanny = make(*args, **options)
        if hasattr(nanny, "pre_spawn_env"):
            nanny.pre_spawn_env = {**nanny.pre_spawn_env, **threads}
        return nanny

    return made
