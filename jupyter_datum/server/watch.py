"""Follows the runs of a project, for pages that list them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, Final

from ..ledger import db, queries
from ..ledger.queries import RunRow
from ..ledger.rows import RUN
from . import codec, reads
from .errors import ApiError
from .outbox import Outbox
from .reader import Reader
from .reads import Facts

#: Seconds between two looks.
PERIOD: Final = 0.5
#: Runs that a page is told of when it comes.
LATEST: Final = 50


class Watch:
    """The pages that list a project's runs.

    Parameters
    ----------
    project : str
        uuid.
    facts : Facts
    reader : callable
        Gives the ledger's reader.
    active : callable
        Called while a runner is at work on one of the runs.
    """

    def __init__(
        self,
        project: str,
        facts: Facts,
        reader: Callable[[], Awaitable[Reader]],
        active: Callable[[], None],
    ) -> None:
        self._project = project
        self._facts = facts
        self._reader = reader
        self._active = active
        self._pages: set[Outbox] = set()
        self._late: set[Outbox] = set()
        self._seen: dict[str, bytes] = {}
        self._clusters = b"[]"
        self._version = -1
        self._unfinished = True
        self._failed = ""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody watches."""
        return not self._pages

    def add(self, box: Outbox) -> None:
        """A page comes: it gets the latest runs. Twice is the latest once more."""
        self._pages.add(box)
        self._late.add(box)
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._follow())

    def remove(self, box: Outbox) -> None:
        """A page goes."""
        self._pages.discard(box)
        self._late.discard(box)
        if not self._pages and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _follow(self) -> None:
        while self._pages:
            try:
                reader = await self._reader()
                before = self._clusters
                changed = await reader.read(self._look)
                self._tell(changed, self._clusters if self._clusters != before else None)
                self._failed = ""
            except ApiError as exc:
                self._fail(exc)
            await self._until_next()

    async def _until_next(self) -> None:
        """Wait; a page that comes does not. A look is never cut off: it would be lost."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), PERIOD)
        self._wake.clear()

    def _tell(self, changed: list[bytes], clusters: bytes | None) -> None:
        """Send what has changed; all of the latest to those who have missed some of it."""
        if self._unfinished:
            self._active()
        frame = self._frame(changed) if changed else None
        whole: bytes | None = None
        for box in self._pages:
            if box.full or not box.visible:
                self._late.add(box)
            elif box in self._late:
                whole = whole or self._frame(list(self._seen.values())[-LATEST:])
                self._late.discard(box)
                box.put(whole)
                box.put(self._frame_of("clusters", self._clusters))
                continue
            elif frame is not None:
                box.put(frame)
            if clusters is not None and box not in self._late:
                box.put(self._frame_of("clusters", clusters))

    def _frame(self, runs: list[bytes]) -> bytes:
        return self._frame_of("runs", b"[" + b",".join(reversed(runs)) + b"]")

    def _frame_of(self, kind: str, body: bytes) -> bytes:
        return codec.frame({"type": kind, "project": self._project}, body)

    def _fail(self, exc: ApiError) -> None:
        """Say once what is wrong; look on, since it may be mended."""
        if exc.message == self._failed:
            return
        self._failed = exc.message
        header = {"type": "error", "project": self._project, "code": exc.code}
        for box in self._pages:
            box.put(codec.frame({**header, "message": exc.message}))

    # -- in the reader's thread ------------------------------------------------------------

    def _look(self, conn: sqlite3.Connection) -> list[bytes]:
        """Return the runs that are new or have changed, oldest first.

        A runner may die without a change of the ledger: unfinished runs are always asked for.
        """
        version = db.data_version(conn)
        if version != self._version or self._clusters != b"[]":
            self._clusters = _json(reads.clusters(conn, self._facts.project))
        if version == self._version and not self._unfinished and self._seen:
            return []
        self._version = version
        rows = _rows(conn)
        self._unfinished = any(row.ended is None and self._facts.alive(row) for row in rows)
        asked = {row.uuid: _packed(self._facts, row) for row in rows}
        changed = [data for uuid, data in asked.items() if self._seen.get(uuid) != data]
        self._seen = asked
        return changed


def _rows(conn: sqlite3.Connection) -> list[RunRow]:
    """The latest runs and all that have not ended, oldest first."""
    rows = {row.id: row for row in queries.runs(conn, limit=LATEST)}
    unfinished = conn.execute(RUN + "where r.ended is null order by r.id desc limit ?", (LATEST,))
    rows.update((row[0], RunRow(*row)) for row in unfinished)
    return [rows[identity] for identity in sorted(rows)]


def _packed(facts: Facts, row: RunRow) -> bytes:
    return _json(facts.run(row))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
