"""What the text behind ``--engine`` tells by itself: nothing is imported, nobody is asked."""

from __future__ import annotations

import re
from typing import Final

from ..errors import UnknownEngineError, UsageError

#: The engines of this package.
BUILT_IN: Final = ("serial", "joblib", "dask", "ipyparallel")

#: Why joblib's other backends run no datums, and what to write instead. What joblib asks of a
#: backend is a pool: it takes calls and gives results, and no worker of it has a name.
_ANY_BACKEND: Final = (
    "a backend of joblib takes calls and gives results; which of its workers is at a datum nobody "
    "can say, so none could be timed out, blamed for a crash, or given its own device. Write: "
    "joblib (its backend loky, one process for each worker). A cluster behind it has an engine "
    "of its own, or can have one: docs/engines.md"
)
_BACKENDS: Final = {
    "threading": (
        "threads cannot be ended, and share one working folder, one set of variables and one "
        "standard output: a datum that hangs would hang the run, and what datums print could "
        "not be told apart. Write: joblib --workers N; for code that lets go of the interpreter "
        "lock: --threads N"
    ),
    "multiprocessing": (
        "when a process of its pool dies the call that it had is never answered, so the run would "
        "wait for ever. Write: joblib (loky's processes notice)"
    ),
    "sequential": "one datum after another, here, is --engine serial",
    "dask": "Dask has an engine of its own. Write: dask, or the address of its scheduler",
    "ipyparallel": "ipyparallel has an engine of its own. Write: ipyparallel",
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
        For a backend of joblib that runs no datums.
    UnknownEngineError
        If something stands behind the name of an engine that takes nothing there.
    """
    kind, colon, rest = text.partition(":")
    if is_address(text) or not (colon and rest):
        return is_address(text) or text in BUILT_IN
    if kind == "joblib" and rest != "loky":
        raise UsageError(f"--engine {text}: {_BACKENDS.get(rest, _ANY_BACKEND)}")
    if kind not in ("joblib", "ipyparallel"):
        raise UnknownEngineError(text, known)
    return True
