"""``--recover``: what is called when the last try at a datum has failed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..errors import UsageError
from ..events import Failure
from ..hashing import type_name

#: Under this name the function travels among the captured values: no cell can read it.
RECOVER: Final = "<recover>"

#: Called with the datum and its failure; what it returns is the datum's result.
Fallback = Callable[[Any, Failure], Any]


def checked_fallback(name: str, namespace: Mapping[str, Any]) -> Fallback:
    """Return the function of the kernel that ``--recover NAME`` names.

    Raises
    ------
    UsageError
        If there is none, or it cannot be called with a datum and a failure.
    """
    wanted = f"write it as: def {name}(datum, failure): ..."
    if name not in namespace:
        raise UsageError(f"--recover {name}: the kernel has no function of that name; {wanted}")
    function = namespace[name]
    if not callable(function):
        raise UsageError(f"--recover {name} is {type_name(function)}, not a function; {wanted}")
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        raise UsageError(f"--recover {name} is called with two arguments; {wanted}") from None
    except ValueError:  # of C code, which shows no signature
        pass
    found: Fallback = function
    return found


def both(first: Failure, second: Failure) -> Failure:
    """Return the failure of a datum whose recovery failed too: it tells of both."""
    return first._replace(
        message=f"{first.message}\nrecovering it failed too: {second.type}: {second.message}",
        traceback=f"{first.traceback}\n\nthen recovering it failed:\n\n{second.traceback}".strip(),
        signature=f"{first.signature}, then {second.signature}",
        transient=False,
        fatal=True,
    )
