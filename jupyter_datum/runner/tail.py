"""Reads what workers journal: each record once, whichever way it comes first.

A worker's frames come twice: in its journal, which is tailed, and in the bytes that the
engine gives back for a set. The answer says which stretch of the journal it repeats, so
one offset per worker life tells what is still unseen.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from ..errors import FrameError
from ..events import Begun, Done, Failed, Record, SetReturn, frames, outcomes, unpack_return
from ..events import Failure as FailureRecord
from ..state import Action, Failure, Finished, PauseRun
from ..words import common

_SET: Final = attrgetter("set_id")
#: How a set ended of which there are records.
_WROTE: Final = ("done", "cut")
#: Seconds after which what looks damaged is damaged: a network file system may show zeros for
#: a moment where another host has written.
_PATIENCE: Final = 5.0


class LastWords(NamedTuple):
    """What a worker had written, and the attempt that it had begun and not finished."""

    records: list[Record]
    begun: tuple[int, int] | None


class JournalTail:
    """The journal of one worker life in one run.

    Parameters
    ----------
    path : Path
        It need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self._seen = 0
        self._doubt: float | None = None
        #: The datum at work, as far as the journal tells.
        self.begun: Begun | None = None

    def read(self) -> list[Record]:
        """Return the records that were appended since the last look; of those that say
        *begun* only the last one, if nothing follows it."""
        data = self._new_bytes()
        return self._take(data) if data else []

    def returned(self, answer: SetReturn) -> list[Record]:
        """Return those records of a set's answer that the journal has not shown yet."""
        if answer.stop <= self._seen:
            return []
        if answer.start > self._seen:  # what lies between can only stand in the journal
            before = self.read()
            return before + self.returned(answer) if self._seen >= answer.start else before
        return self._take(answer.frames[self._seen - answer.start :])

    def _take(self, data: bytes) -> list[Record]:
        try:
            records, end = outcomes(data)
            self._doubt = None
        except FrameError as exc:
            records, end = _before_damage(data)
            now = time.monotonic()
            self._doubt = now if records or self._doubt is None else self._doubt
            if now - self._doubt > _PATIENCE:
                raise FrameError(f"the journal {str(self._path)!r} is damaged: {exc}") from exc
        self._seen += end
        self._note(records)
        return records

    def _note(self, records: list[Record]) -> None:
        if not records:
            return
        last = records[-1]
        self.begun = last if isinstance(last, Begun) else None

    def _new_bytes(self) -> bytes:
        if self._handle is None:
            try:
                self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return b""
        size = os.fstat(self._handle).st_size
        return os.pread(self._handle, size - self._seen, self._seen) if size > self._seen else b""

    def close(self) -> None:
        """Close the file; twice is safe."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Tails:
    """The journals of all workers of a run.

    Parameters
    ----------
    path : callable
        Gives a worker's journal.
    """

    def __init__(self, path: Callable[[str], Path]) -> None:
        self._path = path
        self._tails: dict[str, JournalTail] = {}

    def begin(self, worker: str) -> None:
        """A worker is up."""
        self._tails[worker] = JournalTail(self._path(worker))

    def read(self) -> Iterator[tuple[str, list[Record]]]:
        """Yield what each worker has appended since the last look."""
        for worker, tail in list(self._tails.items()):
            yield worker, tail.read()

    def returned(self, worker: str, answer: SetReturn) -> list[Record]:
        """Return those records of a set's answer that were not seen yet."""
        tail = self._tails.get(worker)
        return tail.returned(answer) if tail is not None and answer.status in _WROTE else []

    def end(self, worker: str) -> LastWords | None:
        """Return what a worker that is no more has left; None if nobody knows it."""
        tail = self._tails.pop(worker, None)
        if tail is None:
            return None
        records, begun = tail.read(), tail.begun
        tail.close()
        return LastWords(records, begun and (begun.position, begun.attempt))

    def finished(self) -> Iterator[tuple[str, list[Done]]]:
        """Yield what workers that are no more have finished and nobody has heard of yet; of a
        damaged journal nothing more."""
        for worker, tail in self._tails.items():
            try:
                done = [record for record in tail.read() if type(record) is Done]
            except FrameError as exc:
                print(exc, flush=True)
                continue
            if done:
                yield worker, done

    @property
    def workers(self) -> list[str]:
        """Those that are up."""
        return list(self._tails)

    def close(self) -> None:
        """Let go of all files."""
        for tail in self._tails.values():
            tail.close()


def ended_in(answer: bytes) -> int:
    """Return how many attempts a set's answer says to have ended."""
    records, _ = outcomes(unpack_return(answer).frames)
    return sum(not isinstance(record, Begun) for record in records)


def _before_damage(data: bytes) -> tuple[list[Record], int]:
    found: list[Record] = []
    end = 0
    with suppress(FrameError):
        for record, end in frames(data):  # noqa: B007
            found.append(record)
    return found, end


def finished_events(worker: str, done: Sequence[Done]) -> Iterator[Finished]:
    """Yield what the scheduler is told of datums that succeeded: an event for each set."""
    for set_id, group in groupby(done, _SET):
        outcomes = [(record.position, record.attempt, record.seconds) for record in group]
        yield Finished(worker, set_id & 0xFFFFFFFF, outcomes)


def failure_event(worker: str, record: Failed) -> Failure:
    """Return what the scheduler is told of an attempt that failed."""
    failure = record.failure
    return Failure(
        worker,
        record.set_id & 0xFFFFFFFF,
        record.position,
        record.attempt,
        record.seconds,
        failure.signature,
        failure.transient,
        failure.fatal,
    )


def in_words(action: Action, failure: FailureRecord) -> Action:
    """Return what the scheduler answers to a failure as people read it: it knows the signature
    alone, which has an N for each number."""
    if not isinstance(action, PauseRun):
        return action
    lines = common(failure.message).splitlines()
    said = f"{failure.type}: {lines[0][:200]}" if lines else failure.type
    place = f" ({failure.place})" if failure.place else ""
    return PauseRun(action.reason.replace(failure.signature, said + place))
