"""Which engine is meant: a name, an address, or a name of the user's own settings.

``joblib``, ``dask``: an engine by its name. ``tcp://host:8786``: the Dask cluster that runs
there. ``joblib:NAME``: another backend of joblib's. ``ipyparallel:PROFILE`` or
``ipyparallel:FILE.json``: a running ipyparallel cluster. Anything else is looked up in
``jupyter_datum.toml`` of the user's Jupyter configuration::

    [engines.big]
    kind = "dask"
    address = "tcp://login-1:8786"

    [engines.slurm]
    kind = "dask"
    cluster = "dask_jobqueue:SLURMCluster"
    options = {cores = 1, memory = "4GB", walltime = "01:00:00"}

    [limits]
    start = "60s"
    travel = "60s"

Such a file starts programs, so it counts only in the user's own folder, never in a project.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from ..errors import UnknownEngineError, UsageError
from ..resources import workers_of
from ..settings import settings_file, table
from ..transform.engine import BACKENDS_HERE, is_address, told_by_text
from ..words import duration

#: What follows ``#`` in an address: the files that prove who is who (TLS), or one with all that
#: a cluster object holds for that; and the module that makes the address's scheme known.
SECURITY: Final = ("ca", "cert", "key", "credentials", "module")

#: What follows ``#`` behind the name of one of joblib's backends.
BACKEND: Final = ("factory", "scheduler_host")

#: Options that are text, and those that are tables; what else an engine takes is its own.
_TEXTS: Final = frozenset(
    {
        "address", "cluster", "launcher", "profile", "connection_file", "cluster_id", "backend",
        "factory", "scheduler_host",
    }
)  # fmt: skip
_TABLES: Final = frozenset({"options", "security"})

_NAME: Final = re.compile(r"[\w.-]+(:[\w.-]+)?")


class Choice(NamedTuple):
    """An engine and how it is reached.

    Parameters
    ----------
    kind : str
        The name it is registered under.
    options : dict
        For :class:`~.base.EngineSettings`; empty: its workers are started on this machine.
    """

    kind: str
    options: dict[str, Any]

    @property
    def given(self) -> bool:
        """Whether the workers are there already: the user's, used as they are found."""
        running = {"address", "connection_file", "profile"} & self.options.keys()
        return bool(running) and "launcher" not in self.options

    @property
    def elsewhere(self) -> bool:
        """Whether its workers are, or may be, on other machines: this one's cores say nothing
        of theirs."""
        place = str(self.options.get("cluster") or self.options.get("launcher") or "")
        brought_up_here = place.rpartition(":")[2].lower().startswith("local")
        if "backend" in self.options:
            return self.options["backend"] not in BACKENDS_HERE
        return self.given or bool(place and not brought_up_here)

    def workers(self, asked: int | None) -> int:
        """Return how many workers a run has; 0: all that its cluster has."""
        return asked or 0 if self.given else workers_of(self.kind, asked)


def choose(text: str, known: tuple[str, ...]) -> Choice:
    """Return what ``--engine TEXT`` means.

    Parameters
    ----------
    text : str
    known : tuple of str
        The names that engines are registered under.

    Raises
    ------
    UnknownEngineError
        If it is no engine, no address and no name of the settings.
    UsageError
        If the settings cannot be read.
    """
    if is_address(text):
        address, _, security = text.partition("#")
        return Choice("dask", {"address": address, **_security(text, security)})
    kind, colon, rest = text.partition(":")
    if told_by_text(text, known) and colon:
        return _of_kind(kind, rest)
    if text in known:
        return Choice(text, {})
    named = named_engines()
    if text not in named:
        raise UnknownEngineError(text, (*known, *sorted(named.keys() - set(known))))
    return _of_settings(text, named[text], known)


def is_name(text: str) -> bool:
    """Return whether `text` is only a name: neither an address nor a file.

    What an unsigned request asks for must be one: whoever answers at an address can have
    the runner execute what they like.
    """
    return _NAME.fullmatch(text) is not None and not text.endswith(".json")


def secured(address: str, files: Mapping[str, str]) -> str:
    """Return an address that names the files of its TLS security, as `choose` reads it."""
    return f"{address}#{urlencode(dict(files))}" if files else address


def _security(text: str, query: str) -> dict[str, Any]:
    files = dict(parse_qsl(query))
    if unknown := files.keys() - set(SECURITY):
        raise UsageError(
            f"{text}: {', '.join(sorted(unknown))} is no part of a secured address; there are: "
            "#ca=FILE&cert=FILE&key=FILE"
        )
    module = {"module": files.pop("module")} if "module" in files else {}
    return {"security": files, **module} if files else dict(module)


def _of_kind(kind: str, rest: str) -> Choice:
    if kind == "joblib":
        return Choice(kind, _backend(rest))
    if rest.endswith(".json"):
        return Choice(kind, {"connection_file": os.path.expanduser(rest)})
    return Choice(kind, {"profile": rest})


def _backend(rest: str) -> dict[str, Any]:
    """One of joblib's, and what makes it known where the kernel alone knew it."""
    name, _, query = rest.partition("#")
    more = dict(parse_qsl(query))
    if unknown := more.keys() - set(BACKEND):
        raise UsageError(f"joblib:{rest}: {', '.join(sorted(unknown))} is no part of a backend")
    return {} if name == "loky" else {"backend": name, **more}


# -- the user's own names ------------------------------------------------------------------


def named_engines() -> dict[str, dict[str, Any]]:
    """Return the engines that the user's settings name.

    Raises
    ------
    UsageError
        If the file is no TOML, holds something else, or others may write it.
    """
    found = table("engines")
    if all(isinstance(each, dict) for each in found.values()):
        return found
    raise UsageError(f"{str(settings_file())!r}: engines are tables, as in: [engines.big]")


def _of_settings(name: str, said: Mapping[str, Any], known: tuple[str, ...]) -> Choice:
    options = dict(said)
    kind = options.pop("kind", None)
    where = f"[engines.{name}] in {str(settings_file())!r}"
    if kind not in known:
        raise UsageError(f"{where} needs kind = one of {', '.join(known)}")
    for option, value in options.items():
        if problem := _problem(option, value):
            raise UsageError(f"{where}: {option} = {value!r}: {problem}")
    return Choice(str(kind), options)


def _problem(option: str, value: Any) -> str:
    """What is wrong with the value of an option; empty if nothing is known to be."""
    if option in _TEXTS and not isinstance(value, str):
        return "write text in quotes"
    if option in _TABLES and not isinstance(value, dict):
        return "write a table, as {name = value}"
    if option == "start_timeout":
        try:
            duration(str(value))
        except ValueError as exc:
            return str(exc)
    return ""
