"""Which failed attempt is followed by another, and when.

* A death or a time-out: up to ``tries`` attempts in all.
* An exception that may go away by itself (I/O, marked *transient*): the same, but ended
  early when it comes a second time with the same signature.
* Any other exception is final at once, and so is a *fatal* one: the same code on the same
  input raises again, and running it twice would only double the cost of a mistake.

Asking for a datum again by hand gives it all its tries anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Seconds above which no wait between two attempts grows.
LONGEST: Final = 300.0


@dataclass(slots=True)
class _Trial:
    """Of a datum tried more than once: attempts that do not count, and its last exception."""

    pardoned: int = 0
    signature: str | None = None


class Tries:
    """Counts tries.

    Parameters
    ----------
    tries : int
        Attempts in all.
    backoff : float
        Seconds before the second attempt; doubled before each further one.
    """

    def __init__(self, tries: int, backoff: float) -> None:
        self._tries = tries
        self._backoff = backoff
        self._trials: dict[int, _Trial] = {}

    def after_exception(
        self, position: int, attempt: int, signature: str, *, transient: bool, fatal: bool
    ) -> bool:
        """Return whether another attempt follows one that raised."""
        known = self._trials.get(position)
        seen = known is not None and known.signature == signature
        if fatal or not transient or seen or self._used(position, attempt) >= self._tries:
            return False
        self._trial(position).signature = signature
        return True

    def after_death(self, position: int, attempt: int) -> bool:
        """Return whether another attempt follows one that ended with its worker."""
        return self._used(position, attempt) < self._tries

    def delay(self, position: int, attempt: int) -> float:
        """Seconds to wait after this attempt."""
        doublings = min(self._used(position, attempt) - 1, 30)
        return float(min(self._backoff * 2**doublings, LONGEST))

    def pardon(self, position: int) -> None:
        """Do not count the present attempt: it was ended for no fault of its own."""
        self._trial(position).pardoned += 1

    def renew(self, position: int, attempt: int) -> None:
        """Count anew after this attempt."""
        self._trials[position] = _Trial(pardoned=attempt)

    def forget(self, position: int) -> None:
        """It is settled."""
        self._trials.pop(position, None)

    def forget_all(self, positions: list[int]) -> None:
        """They are settled."""
        for position in positions if self._trials else ():
            self._trials.pop(position, None)

    def _used(self, position: int, attempt: int) -> int:
        known = self._trials.get(position)
        return attempt - (known.pardoned if known else 0)

    def _trial(self, position: int) -> _Trial:
        return self._trials.setdefault(position, _Trial())
