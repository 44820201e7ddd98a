"""Follows a run for those who have subscribed to it, and only while somebody has.

One tail a run, whatever the number of pages: the ledger is asked once, the delta is made
once, and each page gets it under its own number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from . import codec
from .errors import ApiError
from .outbox import RATE, Outbox
from .reader import Reader
from .sight import Look, Sight

#: Seconds between two frames to a page that cannot be seen.
HIDDEN: Final = 1.0
#: Seconds until the next look at a ledger that could not be read.
MENDED: Final = 2.0


class Subscription:
    """One page that follows a run.

    Parameters
    ----------
    box : Outbox
    """

    def __init__(self, box: Outbox) -> None:
        self.box = box
        #: The number of its last frame; -1 before the first.
        self.seq = -1
        #: Whether its states are not those that a delta would start from.
        self.stale = True
        self.told_at = 0.0
        self.told: dict[str, Any] = {}
        self.groups = self.workers = 0


class Tail:
    """The followers of one run.

    Parameters
    ----------
    names : dict
        ``project`` and ``run``, as each header has them.
    sight : Sight
    reader : callable
        Gives the ledger's reader; it may be another one after a while.
    active : callable
        Called while a runner is at work on the run.
    """

    def __init__(
        self,
        names: dict[str, str],
        sight: Sight,
        reader: Callable[[], Awaitable[Reader]],
        active: Callable[[], None],
    ) -> None:
        self._names = names
        self._sight = sight
        self._reader = reader
        self._active = active
        self._pages: dict[Outbox, Subscription] = {}
        self._wake = asyncio.Event()
        self._failed = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody follows."""
        return not self._pages

    def add(self, box: Outbox) -> None:
        """A page subscribes: it gets a snapshot at once. Twice is a new snapshot."""
        self._pages.setdefault(box, Subscription(box)).stale = True
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._follow())

    def renew(self, box: Outbox) -> None:
        """A page has seen a gap: its next frame is a snapshot."""
        if box in self._pages:
            self._pages[box].stale = True

    def remove(self, box: Outbox) -> None:
        """A page goes."""
        self._pages.pop(box, None)
        if not self._pages and self._task is not None:
            self._task.cancel()
            self._task = None

    # -- following -----------------------------------------------------------------------

    async def _follow(self) -> None:
        due = 0.0
        while self._pages:
            now = time.monotonic()
            fresh = now >= due
            if fresh:
                due = now + self._period()
            self._wake.clear()
            try:
                await self._look(fresh=fresh)
            except ApiError as exc:
                self._fail(exc)
                if exc.code != "ledger" and exc.code != "narrow-the-filter":
                    self._pages.clear()
                    return
                due = now + MENDED
            await self._until(due)

    def _period(self) -> float:
        """Seconds between two looks: one look serves all, so the fastest page counts."""
        return 1 / max((page.rate for page in self._pages if page.visible), default=RATE)

    async def _until(self, due: float) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), max(0.0, due - time.monotonic()))
        except TimeoutError:
            pass

    async def _look(self, *, fresh: bool) -> None:
        reader = await self._reader()
        wanted = any(self._wants_snapshot(page) for page in self._pages.values())
        look = await reader.read(partial(self._sight.look, fresh=fresh, snapshot=wanted))
        self._failed = ""
        if look is None:  # asked for, and not begun
            return
        if look.active:
            self._active()
        now = time.monotonic()
        for page in list(self._pages.values()):
            self._tell(page, look, now)

    def _wants_snapshot(self, page: Subscription) -> bool:
        return page.stale and not page.box.full and (page.box.visible or page.seq < 0)

    def _tell(self, page: Subscription, look: Look, now: float) -> None:
        """Send what this page has to know; or note that it has missed something."""
        if look.replace or (look.delta is not None and (page.box.full or not page.box.visible)):
            page.stale = True
        if page.box.full:
            return
        if not page.box.visible and page.seq >= 0:
            self._tell_hidden(page, look, now)
            return
        if page.seq >= 0:  # before the counters: who sees the end has seen the rest
            self._tell_slow(page)
        if page.stale and look.snapshot is not None:
            page.stale = False
            self._send(page, "snapshot", look, look.snapshot, now)
        elif not page.stale and look.delta is not None:
            self._send(page, "delta", look, look.delta, now)
        self._tell_slow(page)

    def _tell_hidden(self, page: Subscription, look: Look, now: float) -> None:
        """Counters only, once a second; it gets a snapshot when it can be seen again."""
        if now - page.told_at >= HIDDEN and page.told != look.counts:
            self._send(page, "delta", look, b"", now)

    def _send(self, page: Subscription, kind: str, look: Look, body: bytes, now: float) -> None:
        page.seq += 1
        page.told_at, page.told = now, look.counts
        header = {
            "type": kind, **self._names, "seq": page.seq, "total": look.total,
            "counts": look.counts,
        }  # fmt: skip
        page.box.put(codec.frame(header, body))

    def _tell_slow(self, page: Subscription) -> None:
        for name in ("groups", "workers"):
            number, body = getattr(self._sight, name)
            if number != getattr(page, name):
                setattr(page, name, number)
                page.box.put(codec.frame({"type": name, **self._names}, body))

    def _fail(self, exc: ApiError) -> None:
        """Say once what is wrong; look on, since it may be mended."""
        known, self._failed = self._failed, exc.message
        for page in self._pages.values():
            if page.stale and known == exc.message:
                continue
            page.stale = True
            if not page.box.full:
                header = {"type": "error", **self._names, "code": exc.code}
                page.box.put(codec.frame({**header, "message": exc.message}))
