"""Where datums run: a registry of engines, each imported at its first use.

An engine of another package is found by an entry point of the group
``jupyter_datum.engines``, whose value is ``"module:Class"`` as below.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

from ..errors import EngineError, EngineNotInstalledError, UnknownEngineError
from .base import Engine

GROUP: Final = "jupyter_datum.engines"

#: Name -> where its class is.
ENGINES: Final = {
    "serial": "jupyter_datum.engines.serial:SerialEngine",
    "joblib": "jupyter_datum.engines.joblib:JoblibEngine",
    "dask": "jupyter_datum.engines.dask:DaskEngine",
    "ipyparallel": "jupyter_datum.engines.ipyparallel:IpyparallelEngine",
}


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
    module, _, attribute = places[name].partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except ImportError as exc:
        raise EngineNotInstalledError(name, exc.name or module) from exc
    if not (isinstance(found, type) and issubclass(found, Engine)):
        raise EngineError(f"{places[name]!r} is not an engine: it does not subclass Engine")
    return found


def _foreign() -> dict[str, str]:
    return {entry.name: entry.value for entry in entry_points(group=GROUP)}
