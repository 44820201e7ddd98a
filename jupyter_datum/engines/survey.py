"""What engines there are: installed or not, where their workers come from, who is there now."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Any, Final, NamedTuple

from ..devices import find_devices, holders_of
from ..errors import DatumError, EngineError, EngineNotInstalledError
from ..resources import default_workers
from . import ENGINES, GROUP, Choice, choose_engine, engine_class, known_engines
from .base import EVERY, EngineSettings, Log, Up
from .choice import named_engines
from .dask_ours import class_of

#: Whose version is shown.
_PACKAGES: Final = {"joblib": "joblib", "dask": "distributed", "ipyparallel": "ipyparallel"}
#: A given cluster has so long to answer; and so long to show its workers after the first.
_ANSWER_SECONDS: Final = 5.0
_QUIET_SECONDS: Final = 0.5


class Known(NamedTuple):
    """An engine, as a table shows it."""

    name: str
    kind: str
    installed: bool
    version: str
    #: Where its workers are or come from.
    workers_from: str
    #: ``ready``, ``not installed``, ``connected``, or what is wrong.
    state: str
    #: Workers that a run would have by default, or that a given cluster has now.
    workers: int


def survey(project_dir: str) -> Iterator[Known]:
    """Yield what there is; clusters that the user gave are asked."""
    for name in (*known_engines(), *sorted(named_engines())):
        try:
            yield _known(name, choose_engine(name), project_dir)
        except EngineNotInstalledError as exc:
            yield Known(name, name, False, "", "", f"not installed: needs {exc.args[1]}", 0)
        except DatumError as exc:
            yield Known(name, name, True, "", "", " ".join(str(exc).split()), 0)


def devices() -> list[Known]:
    """Return the devices of this machine, and who holds each."""
    found = []
    for device in find_devices(os.environ).devices:
        held = holders_of(device)
        who = "; ".join(text.removeprefix(f"{device}: ") for text in held)
        found.append(Known(device, "device", True, "", who, "taken" if held else "free", 0))
    return found


def _known(name: str, choice: Choice, project_dir: str) -> Known:
    kind = choice.kind
    engine_class(choice)  # so that it is said if its package is missing
    if choice.given:
        where = str(next(iter(choice.options.values())))
        state, workers = _asked(choice, project_dir)
        return Known(name, kind, True, _version(kind), where, state, workers)
    source = _source(choice)
    where = f"brought up by {source}" if source else "this machine"
    if problem := _wrong(choice):
        return Known(name, kind, True, _version(kind), where, problem, 0)
    workers = 1 if kind == "serial" else default_workers()
    return Known(name, kind, True, _version(kind), where, "ready", workers)


def _source(choice: Choice) -> str:
    return str(choice.options.get("cluster") or choice.options.get("launcher") or "")


def _wrong(choice: Choice) -> str:
    """What stands against bringing up what the settings name; empty if nothing is known to."""
    try:
        if "cluster" in choice.options:
            class_of(str(choice.options["cluster"]))
        if "launcher" in choice.options:
            from .ipyparallel_given import check_launcher

            check_launcher(str(choice.options["launcher"]))
    except EngineError as exc:
        return str(exc)
    except Exception as exc:  # whatever importing somebody's module, or their registry, raises
        return f"{_source(choice)} cannot be used: {type(exc).__name__}: {exc}"
    return ""


def _asked(choice: Choice, project_dir: str) -> tuple[str, int]:
    """Connect to a given cluster, count who can be used, and let go."""
    settings = EngineSettings(project_dir, {}, choice.options)
    workers, problem = 0, ""
    until = time.monotonic() + _ANSWER_SECONDS
    with engine_class(choice)(settings) as engine:
        engine.start(EVERY)
        while (now := time.monotonic()) < until:
            for event in engine.events(0.1):
                if isinstance(event, Up):
                    workers, until = workers + 1, now + _QUIET_SECONDS
                elif isinstance(event, Log):
                    problem = event.text
    if workers:
        return "connected", workers
    return problem or "no worker answers", 0


def _version(kind: str) -> str:
    package: Any = _PACKAGES.get(kind)
    if kind not in ENGINES:
        package = next((e.dist and e.dist.name for e in entry_points(group=GROUP, name=kind)), None)
    try:
        return version(package or "jupyter-datum")
    except PackageNotFoundError:
        return ""
