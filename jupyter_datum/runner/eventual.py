"""Listings that are not there yet: their datums come in time, and the runner never waits."""

from __future__ import annotations

import threading
import time
import traceback
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from ..errors import DatumError, InputError
from ..inputs.base import Input, Listed
from .standin import StandIn

#: When nothing more is to come, any number of datums can be asked for.
ALL: Final = 1 << 30
#: Datums that wait to be planned, at most.
_WAITING: Final = 10_000
#: Seconds between two looks for room.
_LOOK: Final = 0.01


class Eventual(Iterator[Listed]):
    """A listing that comes in time."""

    @abstractmethod
    def ready(self, *, wait: bool) -> int:
        """Return how many datums there are to be had without waiting.

        Parameters
        ----------
        wait : bool
            For the first of them, or the end.

        Raises
        ------
        InputError
            If it cannot be listed, in a sentence.
        """

    @abstractmethod
    def close(self) -> None:
        """Nobody wants more."""


class Threaded(Eventual):
    """A listing that a thread makes, since it waits for others.

    Parameters
    ----------
    listing : iterator of Listed
        Used by that thread alone.
    name : str
        Of the input, for people.
    stop : callable
        Has whoever waits in the listing come back.
    """

    def __init__(self, listing: Iterator[Listed], name: str, stop: Callable[[], None]) -> None:
        self._listing = listing
        self._name = name
        self._stop = stop
        self._rows: deque[Listed] = deque()
        self._failure: str | None = None
        self._ended = self._closed = False
        self._thread = threading.Thread(target=self._list, name="listing", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Datums listed and not yet planned."""
        return len(self._rows)

    def __next__(self) -> Listed:
        if not self._rows and not self.ready(wait=True):
            raise StopIteration
        try:
            return self._rows.popleft()
        except IndexError:
            raise StopIteration from None

    def ready(self, *, wait: bool) -> int:
        while not self._rows:
            if self._ended:
                if not self._rows:  # between the two looks the last ones may have come
                    if self._failure is not None:
                        raise InputError(self._failure)
                    return ALL
            elif not wait:
                return 0
            else:
                time.sleep(_LOOK)
        return len(self._rows)

    def close(self) -> None:
        self._closed = True
        self._stop()

    def _list(self) -> None:
        try:
            for listed in self._listing:
                self._rows.append(listed)
                while len(self._rows) >= _WAITING and not self._closed:
                    time.sleep(_LOOK)
                if self._closed:
                    break
        except DatumError as exc:
            self._failure = str(exc)
        except Exception as exc:  # nobody else hears of it
            traceback.print_exc()
            self._failure = f"{self._name} cannot be listed: {type(exc).__name__}: {exc}"
        finally:
            close: Callable[[], Any] = getattr(self._listing, "close", lambda: None)
            close()  # in this thread: its connection belongs to it
            self._ended = True


class ThreadedInput(StandIn):
    """An input that waits for others, for whoever must not.

    Parameters
    ----------
    source : Input
    stop : callable
        Has whoever waits in its listing come back.
    """

    kind = "threaded"

    def __init__(self, source: Input, stop: Callable[[], None]) -> None:
        super().__init__(source)
        self._stop = stop

    def list(self, exclude: frozenset[bytes], errors: list[str]) -> Iterator[Listed]:
        listing = self._source.list(exclude, errors)
        return Threaded(listing, self._source.describe(), self._stop)
