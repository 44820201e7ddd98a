"""The user's own settings: ``jupyter_datum.toml`` of the Jupyter configuration.

``[engines.NAME]`` names clusters (:mod:`jupyter_datum.engines.choice`); the other tables are
those of :data:`SETTINGS`::

    [defaults]
    engine = "dask"      # where neither the cell nor whoever starts the run names one
    workers = 8

    [runner]
    idle = "10min"       # without work a runner ends, and gives its workers back

    [history]
    runs = 50            # of each transform: attempts, failures, workers, the order of datums
    keep_days = 30       # former versions of outputs (--keep)
    keep_size = "100GB"

What the panel sets is written into this file (:mod:`.edit`): there is no other place.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import UsageError
from ..words import duration
from .units import days, size, text, whole

__all__ = [
    "FILE",
    "SETTINGS",
    "Defaults",
    "History",
    "Limits",
    "Setting",
    "ahead",
    "cache_size",
    "check",
    "defaults",
    "history",
    "idle_seconds",
    "limits",
    "settings_file",
    "table",
]

FILE: Final = "jupyter_datum.toml"


class Setting(NamedTuple):
    """One value of the file.

    ``read`` gives what it means, or a ValueError that says what it must be. ``variable`` is
    the one of the environment that stands over it. ``panel`` is what the panel's settings
    call it, if they have it.
    """

    table: str
    key: str
    read: Callable[[Any], Any]
    default: Any
    panel: str = ""
    variable: str = ""


def _seconds(value: Any) -> float:
    """Read a time: a number of seconds, or as options have it."""
    if type(value) in (int, float) and 0 <= value < float("inf"):
        return float(value)
    if not isinstance(value, str):
        raise ValueError(f"is {value!r}, and must be a time as 30s, 5min or 2h")
    try:
        return duration(value)
    except ValueError:
        raise ValueError(f"is a time as 30s, 5min or 2h, not {value!r}") from None


#: All that there is but ``[engines]``.
SETTINGS: Final = (
    Setting("defaults", "engine", text, "", "engine"),
    Setting("defaults", "workers", whole, None, "workers"),
    Setting("runner", "idle", _seconds, 600.0, "idle", "JUPYTER_DATUM_IDLE_SECONDS"),
    Setting("history", "runs", whole, 20, "historyRuns"),
    Setting("history", "keep_days", days, 90.0, "keepDays"),
    Setting("history", "keep_size", size, 20 * 10**9, "keepSize"),
    Setting("cache", "size", size, None, "cacheSize", "JUPYTER_DATUM_CACHE_SIZE"),
    # A few kilobytes each as a rule, and work for any number of workers.
    Setting("limits", "ahead", whole, 10_000, "ahead", "JUPYTER_DATUM_AHEAD"),
    Setting("limits", "start", _seconds, 60.0),
    Setting("limits", "travel", _seconds, 60.0),
    Setting("limits", "log", size, 1 << 20, "logSize"),
)


class Defaults(NamedTuple):
    """What a run has that nobody has said anything about; an empty engine is joblib."""

    engine: str = ""
    workers: int | None = None


class History(NamedTuple):
    """How much is kept of what was.

    ``runs`` of a transform are kept with all their attempts; of older ones each day's counts
    stay. Former versions of outputs go after ``keep_seconds``, and the oldest of them while
    all are more than ``keep_bytes``.
    """

    runs: int = 20
    keep_seconds: float = 90 * 86_400.0
    keep_bytes: int = 20 * 10**9


class Limits(NamedTuple):
    """How long to wait for a worker to come up; and, beside its time-out, for a set whose
    worker has not told what it is at; how many bytes are kept of what a datum prints."""

    start: float = 60.0
    travel: float = 60.0
    log: int = 1 << 20


def settings_file() -> Path:
    """Return where the user's settings lie, by Jupyter's rule."""
    given = os.environ.get("JUPYTER_CONFIG_DIR")
    return (Path(given) if given else Path.home() / ".jupyter") / FILE


def table(name: str) -> dict[str, Any]:
    """Return a table of the settings; an empty one if there is none.

    Raises
    ------
    UsageError
        If the file is no TOML, holds something else, or others may write it.
    """
    return _table(name, read_file())


def read_file() -> dict[str, Any]:
    """Return all that the file holds; nothing if there is none (errors: :func:`table`)."""
    path = settings_file()
    try:
        _check_owner(path)
        import tomllib

        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise UsageError(f"the settings {str(path)!r} cannot be read: {exc}") from exc


def _table(name: str, file: Mapping[str, Any]) -> dict[str, Any]:
    found = file.get(name, {})
    if isinstance(found, dict):
        return found
    raise UsageError(
        f"{str(settings_file())!r}: {name} must be a table; tables begin with [{name}]"
    )


def read_table(name: str, file: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table's values mean, with the default of each that it leaves out.

    Raises
    ------
    UsageError
        If one is not known, or is none that can be.
    """
    known = {one.key: one for one in SETTINGS if one.table == name}
    found = _table(name, file)
    for key in found:
        if key not in known:
            raise _wrong(name, f"{key} is not known; there are: {', '.join(known)}")
    return {key: _read(one, found[key]) if key in found else one.default
            for key, one in known.items()}  # fmt: skip


def _read(one: Setting, value: Any) -> Any:
    try:
        return one.read(value)
    except ValueError as exc:
        raise _wrong(one.table, f"{one.key} {exc}") from None


def _wrong(name: str, what: str) -> UsageError:
    return UsageError(f"{str(settings_file())!r}, [{name}]: {what}")


def check() -> dict[str, Any]:
    """See that no setting is a mistake, before anything runs; return the file (errors:
    :func:`read_table`)."""
    file = read_file()
    for name in dict.fromkeys(one.table for one in SETTINGS):
        read_table(name, file)
    return file


def defaults() -> Defaults:
    """Return what the user has set for runs (errors: :func:`read_table`)."""
    return Defaults(**read_table("defaults", read_file()))


def history() -> History:
    """Return how much is to be kept (errors: :func:`read_table`)."""
    found = read_table("history", read_file())
    return History(found["runs"], found["keep_days"] * 86_400.0, found["keep_size"])


def limits() -> Limits:
    """Return what bounds a run's workers (errors: :func:`read_table`)."""
    found = read_table("limits", read_file())
    return Limits(found["start"], found["travel"], found["log"])


def idle_seconds() -> float:
    """Return after how many seconds without work a runner ends (errors: :func:`read_table`)."""
    return float(_over("runner", "idle"))


def cache_size() -> int | None:
    """Return how many bytes of copies are kept; None: nobody says (errors: :func:`read_table`)."""
    found = _over("cache", "size")
    return None if found is None else int(found)


def ahead() -> int:
    """Return how many finished datums may wait for whoever takes them (errors:
    :func:`read_table`)."""
    return int(_over("limits", "ahead"))


def _over(name: str, key: str) -> Any:
    """A setting, and over it the variable of the environment."""
    one = next(each for each in SETTINGS if (each.table, each.key) == (name, key))
    said = os.environ.get(one.variable)
    if not said:
        return read_table(name, read_file())[key]
    try:
        return one.read(int(said) if said.isdecimal() else said)
    except ValueError as exc:
        raise UsageError(f"{one.variable} {exc}") from None


def _check_owner(path: Path) -> None:
    status = path.stat()
    if sys.platform == "win32":
        return
    if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageError(
            f"the settings {str(path)!r} start programs, and others may write them. Run: "
            f"chmod go-w {str(path)!r}"
        )
