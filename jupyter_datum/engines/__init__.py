"""Where datums run: a registry of engines, each imported at its first use.

An engine of another package is found by an entry point of the group
``jupyter_datum.engines``, whose value is ``"module:Class"`` as below.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from importlib import import_module
from typing import Final

from ..errors import EngineError, EngineNotInstalledError, UnknownEngineError
from .base import Engine, check_options
from .choice import Choice, choose, is_name

__all__ = [
    "ENGINES",
    "Choice",
    "choose_engine",
    "engine_class",
    "get_engine",
    "is_name",
    "known_engines",
]

GROUP: Final = "jupyter_datum.engines"

#: Name -> where its class is.
ENGINES: Final = {
    "serial": "jupyter_datum.engines.serial:SerialEngine",
    "joblib": "jupyter_datum.engines.joblib:JoblibEngine",
    "dask": "jupyter_datum.engines.dask:DaskEngine",
    "ipyparallel": "jupyter_datum.engines.ipyparallel:IpyparallelEngine",
}


_IPYPARALLEL: Final = "jupyter_datum.engines.ipyparallel_given:GivenIpyparallelEngine"
#: The same for engines whose cluster is not started here, by the option that says so.
DOORS: Final = {
    ("dask", "address"): "jupyter_datum.engines.dask_given:GivenDaskEngine",
    ("dask", "cluster"): "jupyter_datum.engines.dask_given:GivenDaskEngine",
    ("joblib", "backend"): "jupyter_datum.engines.backend:BackendEngine",
    ("ipyparallel", "profile"): _IPYPARALLEL,
    ("ipyparallel", "connection_file"): _IPYPARALLEL,
    ("ipyparallel", "launcher"): _IPYPARALLEL,
}


def choose_engine(text: str) -> Choice:
    """Return what ``--engine TEXT`` means (see :mod:`.choice`)."""
    return choose(text, known_engines())


def known_engines() -> tuple[str, ...]:
    """Return the names that engines are registered under, ours first."""
    return (*ENGINES, *sorted(_foreign().keys() - ENGINES.keys()))


def engine_class(choice: Choice) -> type[Engine]:
    """Return the class that reaches what was chosen.

    Raises
    ------
    UnknownEngineError, EngineNotInstalledError, EngineError
        As :func:`get_engine`.
    UsageError
        If it has an option that nobody knows.
    """
    doors = {option: place for (kind, option), place in DOORS.items() if kind == choice.kind}
    place = next((doors[option] for option in choice.options if option in doors), None)
    found = _load(choice.kind, place) if place else get_engine(choice.kind)
    check_options(choice.kind, choice.options, found.knows if place else found.knows | doors.keys())
    return found


def get_engine(name: str) -> type[Engine]:
    """Return the class of the engine called `name`.

    Raises
    ------
    UnknownEngineError
        If there is no such engine; names those there are.
    EngineNotInstalledError
        If its package is missing.
    """
    places = ENGINES if name in ENGINES else {**_foreign(), **ENGINES}
    if name not in places:
        raise UnknownEngineError(name, tuple(places))
    return _load(name, places[name])


def _load(name: str, place: str) -> type[Engine]:
    module, _, attribute = place.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except ImportError as exc:
        raise EngineNotInstalledError(name, exc.name or module) from exc
    if not (isinstance(found, type) and issubclass(found, Engine)):
        raise EngineError(f"{place!r} is not an engine: it does not subclass Engine")
    return found


def _foreign() -> dict[str, str]:
    """What other packages have registered. To read that takes some 20 ms, and every run asks:
    so it is read again where something was installed since, or ``sys.path`` is another one."""
    return _registered(tuple((path, _changed(path)) for path in sys.path))


@lru_cache(1)
def _registered(_: tuple[tuple[str, int], ...]) -> dict[str, str]:
    from importlib.metadata import entry_points  # no worker asks, and each would pay for it

    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


def _changed(path: str) -> int:
    try:
        return os.stat(path or os.curdir).st_mtime_ns
    except OSError:  # not there; or no folder of the file system
        return 0
