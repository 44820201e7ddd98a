"""The user's own settings: ``jupyter_datum.toml`` of the Jupyter configuration.

``[engines.NAME]`` names clusters (:mod:`jupyter_datum.engines.choice`); ``[history]`` says how
much is kept of what was::

    [history]
    runs = 50            # of each transform: attempts, failures, workers, the order of datums
    keep_days = 30       # former versions of outputs (--keep)
    keep_size = "100GB"
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

from .errors import UsageError

FILE: Final = "jupyter_datum.toml"

_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?\s*", re.IGNORECASE)
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class History(NamedTuple):
    """How much is kept of what was.

    ``runs`` of a transform are kept with all their attempts; of older ones each day's counts
    stay. Former versions of outputs go after ``keep_seconds``, and the oldest of them while
    all are more than ``keep_bytes``.
    """

    runs: int = 20
    keep_seconds: float = 90 * 86_400.0
    keep_bytes: int = 20 * 10**9


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
    path = settings_file()
    try:
        _check_owner(path)
        found = tomllib.loads(path.read_text("utf-8")).get(name, {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise UsageError(f"the settings {str(path)!r} cannot be read: {exc}") from exc
    if isinstance(found, dict):
        return found
    raise UsageError(f"{str(path)!r}: {name} must be a table; tables begin with [{name}]")


def history() -> History:
    """Return how much is to be kept.

    Raises
    ------
    UsageError
        If a value is none that can be.
    """
    found = table("history")
    known = ("runs", "keep_days", "keep_size")
    for name in found:
        if name not in known:
            raise _wrong(name, f"is not known; there are: {', '.join(known)}")
    default = History()
    return History(
        _runs(found.get("runs", default.runs)),
        _days(found.get("keep_days", default.keep_seconds / 86_400)) * 86_400.0,
        _bytes(found.get("keep_size", default.keep_bytes)),
    )


def _runs(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise _wrong("runs", f"is {value!r}, and must be a whole number from 1 on")
    return value


def _days(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < float("inf"):
        raise _wrong("keep_days", f"is {value!r}, and must be a number of days from 0 on")
    return float(value)


def _bytes(value: Any) -> int:
    if type(value) is int and value >= 0:
        return value
    return parse_size(str(value), f"{str(settings_file())!r}, [history]: keep_size")


def parse_size(text: str, what: str) -> int:
    """Read ``500MB``, ``20 GB``, ``0``; `what` is how people call the number.

    Raises
    ------
    UsageError
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise UsageError(f"{what} is a size as 500MB or 20GB, not {text!r}")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _wrong(name: str, what: str) -> UsageError:
    return UsageError(f"{str(settings_file())!r}, [history]: {name} {what}")


def _check_owner(path: Path) -> None:
    status = path.stat()
    if sys.platform == "win32":
        return
    if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageError(
            f"the settings {str(path)!r} start programs, and others may write them. Run: "
            f"chmod go-w {str(path)!r}"
        )
