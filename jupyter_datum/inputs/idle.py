"""Datums of a transform that feed nothing: they failed, or were made by older code.

What is made of one of them alone is not there either. What is made of several (a group, a
whole) would be made of a part of them, and look like all the others: it waits, unless the
input says ``on_error="skip"``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..errors import UsageError
from ..ledger.feed import Given
from ..states import DatumState
from ..words import counted
from .base import Errors
from .follow import Keys

WAIT: Final = "wait"
SKIP: Final = "skip"


class Idle:
    """Those of one transform.

    Parameters
    ----------
    transform : str
    on_error : {"wait", "skip"}
        What becomes of what is made of several datums where one of them is among these.
    """

    def __init__(self, transform: str, on_error: str) -> None:
        self._transform = transform
        self._on_error = on_error
        self._failed = self._other = 0
        self._keys = Keys()
        #: Whether there are more of them, which nobody can name.
        self.more = False
        #: How many were listed and never run: only a part was asked for.
        self.not_run = 0

    def add(self, datum: Given) -> None:
        """Put one more in."""
        self._keys.add(datum.key)
        if datum.state == DatumState.FAILED:
            self._failed += 1
        else:
            self._other += 1

    @property
    def keys(self) -> Iterator[bytes] | None:
        """Keys of all of them, in order; None if there are none. To be read once."""
        return iter(self._keys) if self._keys.count else None

    def tell(self, errors: Errors) -> None:
        """Say how many there are, and what to do."""
        name = self._transform
        if n := self._failed:
            what = f"{counted(n, 'failed datum')} of {name}"
            errors.append(
                f"{what} {'is' if n == 1 else 'are'} left out, as on_error='skip' says"
                if self._on_error == SKIP
                else f"what is made of {what} waits; to go on, once "
                f"{'it is' if n == 1 else 'they are'} mended: %datum retry {name}"
            )
        if n := self._other:
            errors.append(
                f"{counted(n, 'datum')} of {name} {'feeds' if n == 1 else 'feed'} nothing: made "
                f"by older code, or without an output by now. Run {name} again"
            )
        if (n := self.not_run) > 0:
            errors.append(
                f"{counted(n, 'datum')} of {name} {'has' if n == 1 else 'have'} not run: only a "
                f"part of it is here; for the rest run {name}"
            )


def check_on_error(value: object) -> str:
    """Return what ``on_error`` says, if it is one of the two.

    Raises
    ------
    UsageError
        If it is not.
    """
    if value not in (WAIT, SKIP):
        raise UsageError(
            f"on_error of transform(...) is 'wait' or 'skip', not {value!r}: whether a group waits "
            "for failed datums, or is made without them"
        )
    return str(value)
