"""What the text behind ``--engine`` tells by itself: nothing is imported, nobody is asked."""

from __future__ import annotations

import re
from typing import Final

from ..errors import UnknownEngineError, UsageError

#: The engines of this package.
BUILT_IN: Final = ("serial", "joblib", "dask", "ipyparallel")

#: Backends of joblib whose calls are made on this machine.
BACKENDS_HERE: Final = frozenset({"threading", "multiprocessing"})
#: Those that cannot give anybody a worker, and what to write instead.
_BACKENDS: Final = {
    "sequential": "one datum after another, here, is --engine serial",
    "dask": (
        "which cluster is meant? Make a Dask client in the kernel first; or write: dask, or the "
        "address of its scheduler"
    ),
}

_ADDRESS: Final = re.compile(r"[a-z]+://[^\s#]+(#\S*)?")


def is_address(text: str) -> bool:
    """Return whether `text` is the address of a running Dask scheduler."""
    return _ADDRESS.fullmatch(text) is not None


def told_by_text(text: str, known: tuple[str, ...] = BUILT_IN) -> bool:
    """Return whether `text` names an engine whatever is installed or set.

    Parameters
    ----------
    text : str
        As it stands behind ``--engine``.
    known : tuple of str
        Names of engines that there are; said if it is none.

    Returns
    -------
    bool
        False for a name that must be looked up: of the user's settings, or of another package.

    Raises
    ------
    UsageError
        For a backend of joblib that has no workers.
    UnknownEngineError
        If something stands behind the name of an engine that takes nothing there.
    """
    kind, colon, rest = text.partition(":")
    if is_address(text) or not (colon and rest):
        return is_address(text) or text in BUILT_IN
    if kind == "joblib" and rest in _BACKENDS:
        raise UsageError(f"--engine {text}: {_BACKENDS[rest]}")
    if kind not in ("joblib", "ipyparallel"):
        raise UnknownEngineError(text, known)
    return True
