"""``NAME.stream()``: the datums of a transform, one after the other, while its run goes on.

First what the ledger holds already, then what the run makes, as it is made. Nothing is kept
of what was handed out but a byte and a bit for each datum.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator, Iterator
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, Final, Self

from ..errors import RunError, SignatureError, UsageError
from ..inputs import Input
from ..ledger import db, queries
from ..ledger.bitmap import Bitmap
from ..ledger.consumers import Position, Taker, now
from ..ledger.queries import RunRow
from ..outcomes import label_at
from ..outcomes.order import Outcome, outcomes, read
from ..project import Project
from ..remote import is_url
from ..results import value_of
from ..states import DatumState, RunStatus
from .follow import Follower, project_here
from .settled import Place, Settled

ORDERS: Final = ("completion", "index")
ON_ERROR: Final = ("skip", "raise", "wait")
#: Datums whose rows are read at once.
_ROWS: Final = 256
#: Seconds between two looks at the run, and between two notes of how far the stream is.
_LOOK: Final = 0.03
_NOTE: Final = 0.05
_S: Final = DatumState
_GOOD: Final = (_S.SUCCESS, _S.RECOVERED, _S.SKIPPED)
_MADE: Final = (_S.SUCCESS, _S.RECOVERED)


class StreamedDatum:
    """A datum that has succeeded.

    Attributes
    ----------
    id : int
        The ledger's.
    key : str
        Which one it is within the input: a path, for a glob; an item's value.
    index : int
        Its place in the input.
    paths : tuple of Path or str
        Its outputs; URLs where these go to a URL.
    """

    __slots__ = ("_data", "_kind", "_project", "id", "index", "key", "paths")

    def __init__(
        self, project: Project, index: int, row: Outcome, key: str, paths: tuple[Any, ...]
    ) -> None:
        self._project, self._kind, self._data = project, row.kind, row.data
        self.id = row.id
        self.key = key
        self.index = index
        self.paths = paths

    @property
    def result(self) -> Any:
        """What its cell gave; read and decoded each time it is looked at."""
        return value_of(self._kind, self._data, self._project)

    def __repr__(self) -> str:
        return f"<datum {self.index} {self.key}: {len(self.paths)} outputs>"


class Stream(Iterator[StreamedDatum]):
    """Iterates the datums of a transform that succeed, each once.

    Parameters
    ----------
    project : Project
    name : str
    order : {"completion", "index"}
        As they are finished, or in the order of the input.
    on_error : {"skip", "raise", "wait"}
        What a failed datum does: nothing (they are counted in :attr:`failed`), an error, or
        wait for a run that mends it.
    ahead : int or None
        Finished datums that may wait to be taken before the run holds back; None for any
        number.
    part : tuple of (int, int)
        ``(k, n)``: only datums whose index is `k` modulo `n`.
    """

    def __init__(
        self,
        project: Project,
        name: str,
        *,
        order: str = "completion",
        on_error: str = "skip",
        ahead: int | None = 1_000,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        _check(order, on_error, ahead, part)
        if db.is_foreign(project):
            raise SignatureError("the ledger is another user's: its results are not unpickled")
        self.name = name
        self._own = _Reading(project, name, order, on_error, ahead, part)

    @property
    def count(self) -> int:
        """Datums handed out."""
        return self._own.count

    @property
    def failed(self) -> int:
        """Datums that failed, as far as is known."""
        return self._own.failed

    @property
    def waited(self) -> float:
        """Seconds waited for the run."""
        return self._own.waited

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamedDatum:
        return self._own.next()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_own"):  # it was made
            self._own.close()

    def close(self) -> None:
        """Take no more, and hold the run back no more."""
        self._own.close()


class _Reading:
    """What a stream does. It holds itself by its generator; the stream does not, so that it is
    closed as soon as nobody holds that: a loop that is left must not hold a run back."""

    def __init__(
        self,
        project: Project,
        name: str,
        order: str,
        on_error: str,
        ahead: int | None,
        part: tuple[int, int],
    ) -> None:
        self._project = project
        self._order, self._on_error = order, on_error
        self._ahead, self._part = ahead or 0, part
        self._follower = Follower(project, name)
        self._given = Bitmap()
        self._taker: Taker | None = None
        self._taken = 0
        self._noted = 0.0
        self._waits = False
        self.count = 0
        self.failed = 0
        self.waited = 0.0
        self._names: Input | None = None
        self._source = self._follow()

    def next(self) -> StreamedDatum:
        """Return the next one."""
        try:
            datum = next(self._source)
        except BaseException:  # the end, a failed datum, an interrupt while it waits
            self._let_go()
            raise
        self.count += 1
        if self._waits or time.monotonic() - self._noted > _NOTE:
            self._note(waits=False)
        return datum

    def close(self) -> None:
        """Let go of the run."""
        self._let_go()
        with contextlib.suppress(ValueError):  # it is being iterated, by who closes it
            self._source.close()
        self._follower.close()

    # -- runs ----------------------------------------------------------------------------

    def _follow(self) -> Generator[StreamedDatum, None, None]:
        row = self._follower.first(self._pause)
        while True:
            row = yield from self._of_run(row)
            if self._on_error != "wait":
                _check_whole(row)
                return
            if not self._missing(row):
                return
            while (newer := self._follower.newer(row)) is None:
                self._pause()
            row = newer

    def _of_run(self, row: RunRow) -> Generator[StreamedDatum, None, RunRow]:
        folder, self._names = self._project.run(row.uuid), self._follower.source(row)
        settled = Settled(folder, self._settled, self._part)
        if row.ended is not None and not settled.there:
            yield from self._recorded(row)
            return row
        self._taken, self.failed = 0, 0
        self._open(row, folder)
        pages = settled.in_order if self._order == "index" else settled.new
        while True:
            row = self._follower.again(row)  # first: what ends it is in the files by then
            took = False
            for page in pages():
                for start in range(0, len(page), _ROWS):
                    for datum in self._good(row, settled, page[start : start + _ROWS]):
                        took = True
                        self._open(row, folder)
                        yield datum
            if took:
                continue
            if row.ended is not None:
                self.failed = row.failed
                self._let_go()
                return row
            if self._on_error != "wait":
                _check_goes_on(row)
            self._open(row, folder)
            self._pause()

    @property
    def _settled(self) -> tuple[DatumState, ...]:
        """States of positions that are looked at: a failure may be what ends the stream, and
        must not end the order."""
        looks = self._on_error == "raise" or (self._on_error == "skip" and self._order == "index")
        return (*_GOOD, _S.FAILED) if looks else _GOOD

    def _missing(self, row: RunRow) -> bool:
        """Whether a run that has ended has left something to wait for."""
        return row.status != RunStatus.SUCCESS or bool(self._follower.failed_before(row))

    # -- datums --------------------------------------------------------------------------

    def _good(self, row: RunRow, settled: Settled, page: list[Place]) -> Iterator[StreamedDatum]:
        """Those that succeeded and were not handed out; the others are looked at."""
        conn = self._follower.conn
        ids = [place.datum for place in page]
        found = read(conn, ids)
        outputs = queries.outputs_of(conn, ids)
        for place, outcome in zip(page, found, strict=True):
            if outcome is None or place.state == _S.FAILED:
                if not self._without(row, settled, place):
                    return  # its row is about to be written: it comes again
                continue
            settled.done(place.position)
            if place.datum in self._given:
                continue
            self._given.add(place.datum)
            self._taken += place.state in _MADE
            paths = tuple(_path(each[0]) for each in sorted(outputs.get(place.datum, ())))
            yield self._datum(place.position, outcome, paths)

    def _datum(self, index: int, row: Outcome, paths: tuple[Any, ...]) -> StreamedDatum:
        key = label_at(self._names, index, row.key)
        return StreamedDatum(self._project, index, row, key, paths)

    def _without(self, row: RunRow, settled: Settled, place: Place) -> bool:
        """Deal with a datum that has no success; return False if it may get one any moment."""
        if place.state in _MADE:
            return False
        if self._on_error == "raise":
            self._follower.check_fine(row, place.datum, failed=place.state == _S.FAILED)
        settled.done(place.position)
        return True

    def _recorded(self, row: RunRow) -> Iterator[StreamedDatum]:
        """All that is recorded, by key: of a run whose files are gone."""
        conn, index = self._follower.conn, -1
        for page in outcomes(conn, self._project, row.transform):
            there = [each for each in page if each is not None]
            outputs = queries.outputs_of(conn, [each.id for each in there])
            for each in there:
                index += 1
                if index % self._part[1] == self._part[0] and each.id not in self._given:
                    self._given.add(each.id)
                    paths = tuple(_path(o[0]) for o in sorted(outputs.get(each.id, ())))
                    yield self._datum(index, each, paths)

    # -- how far it is -------------------------------------------------------------------

    def _open(self, row: RunRow, folder: Path) -> None:
        """Be known to a run that goes on."""
        if self._taker is None and row.ended is None:
            self._taker = Taker(folder)
            self._note(waits=False)

    def _note(self, *, waits: bool) -> None:
        self._noted, self._waits = time.monotonic(), waits
        if self._taker is not None:
            self._taker.put(
                Position(self._ahead, self._part[1], self._taken, waits, self.waited, now())
            )

    def _pause(self) -> None:
        """Wait a moment for the run."""
        begin = time.monotonic()
        _check_wanted()
        self._note(waits=True)
        time.sleep(_LOOK)
        self.waited += time.monotonic() - begin

    def _let_go(self) -> None:
        if self._taker is not None:
            self._taker.close()
            self._taker = None


def _check(order: str, on_error: str, ahead: int | None, part: tuple[int, int]) -> None:
    if order not in ORDERS:
        raise UsageError(f"order is one of {', '.join(ORDERS)}, not {order!r}")
    if on_error not in ON_ERROR:
        raise UsageError(f"on_error is one of {', '.join(ON_ERROR)}, not {on_error!r}")
    if ahead is not None and ahead < 1:
        raise UsageError(f"ahead is 1 or more datums, or None for any number, not {ahead!r}")
    k, n = part
    if not 0 <= k < n:
        raise UsageError(f"part is (k, n) with 0 <= k < n, not {part!r}")


def _check_wanted() -> None:
    """The process of a loader that was killed would wait here for ever."""
    parent = parent_process()
    if parent is not None and not parent.is_alive():
        raise RunError("the process that has asked for what this stream gives is gone")


def _check_goes_on(row: RunRow) -> None:
    if row.status == RunStatus.PAUSED:
        raise RunError(
            f"{row.name} is paused: {row.message}. To go on: %datum resume {row.name}; "
            'stream(on_error="wait") waits for it'
        )


def _check_whole(row: RunRow) -> None:
    """A run that was stopped must not look like the end of the data."""
    if row.status in (RunStatus.CANCELLED, RunStatus.ERROR):
        why = f": {row.message}" if row.message else ""
        raise RunError(
            f"{row.name} ended before all its datums were done ({row.status}{why}). "
            "Run its cell again for the rest"
        )


def _path(path: bytes) -> Path | str:
    return os.fsdecode(path) if is_url(path) else Path(os.fsdecode(path))


def stream_here(name: Any, folder: str | None = None, **options: Any) -> Stream:
    """Return a :class:`Stream` of a transform, or of its name in the project of `folder`."""
    project = getattr(name, "project", None) or project_here(folder)
    return Stream(project, getattr(name, "name", name), **options)


__all__ = ["Stream", "StreamedDatum", "stream_here"]
