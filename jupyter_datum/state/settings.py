"""How a run is to behave; nothing here changes while it lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from ..errors import UsageError


@dataclass(frozen=True)
class OnError:
    """What failed datums do to the others.

    Parameters
    ----------
    kind : {"continue", "stop"}
    limit : int or None
        With ``stop``: failed datums at which nothing new is started.
    percent : float or None
        The same, in percent of the datums that have been settled (20 at least).
        With neither, the first failure stops.
    """

    kind: Literal["continue", "stop"] = "continue"
    limit: int | None = None
    percent: float | None = None

    @classmethod
    def parse(cls, text: str) -> OnError:
        """Read ``continue``, ``stop``, ``stop:N`` or ``stop:P%``.

        Raises
        ------
        UsageError
            If it is none of these.
        """
        word, colon, bound = text.partition(":")
        try:
            if text == "continue":
                return cls()
            if word == "stop" and bound.endswith("%") and 0 < float(bound[:-1]) <= 100:
                return cls("stop", percent=float(bound[:-1]))
            if word == "stop" and (not colon or int(bound) >= 1):
                return cls("stop", limit=int(bound) if colon else 1)
        except ValueError:
            pass
        raise UsageError(f"on-error is continue, stop, stop:N or stop:P%, not {text!r}")

    def reached(self, failed: int, settled: int) -> bool:
        """Return whether so many failures end the run."""
        if self.kind == "continue":
            return False
        if self.percent is not None:
            return settled >= _ENOUGH and failed * 100 >= self.percent * settled
        return failed >= (self.limit or 1)


#: Settled datums below which a percentage says nothing.
_ENOUGH: Final = 20


@dataclass(frozen=True)
class RunSettings:
    """Settings of one run. Times in seconds.

    What is tried again and what is not stands in :mod:`.tries`.

    Parameters
    ----------
    tries : int
        Attempts in all for what may go away by itself: deaths, time-outs, I/O errors.
    on_error : OnError
    timeout : float or None
        Longest time for one datum.
    backoff : float
        Before the second attempt; doubled before each further one.
    window : int
        Sets that a worker has at most: the one at work and those that wait.
    set_seconds : float
        Work that a set should hold.
    max_set : int
        Datums that a set holds at most.
    probe : int
        So many datums, spread over the plan, go first; if they all fail alike the run
        pauses. 0 for none.
    cancel_grace : float
        After a cancel, how long a datum at work may take to end.
    hold : float
        After which a hold ends by itself.
    reclaim : float or None
        How long a datum may be at work before what waits behind it goes to idle workers;
        None where what was sent cannot be taken back.
    recover : bool
        Whether a datum whose last try failed is sent once more, to be recovered.
    travel : float
        How long a set may take beside its datums' time-outs on a worker that has not told
        what it is at: its code and what it leaves travel, and may be long.
    batch : int
        Datums that a worker takes at once: a set holds whole batches where it can.
    """

    tries: int = 3
    on_error: OnError = field(default_factory=OnError)
    timeout: float | None = None
    backoff: float = 1.0
    window: int = 2
    set_seconds: float = 0.15
    max_set: int = 2_000
    probe: int = 20
    cancel_grace: float = 3.0
    hold: float = 3.0
    reclaim: float | None = 2.0
    recover: bool = False
    travel: float = 60.0
    batch: int = 1

    def __post_init__(self) -> None:
        for name in ("tries", "window", "max_set"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be 1 or more, not {getattr(self, name)!r}")
        for name in ("backoff", "probe", "cancel_grace", "hold", "travel"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be negative, it is {getattr(self, name)!r}")
        if self.timeout is not None and self.timeout <= 0:
            raise UsageError(f"timeout must be more than 0 seconds, not {self.timeout!r}")
