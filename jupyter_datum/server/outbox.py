"""What waits to be sent to one page: bounded, so that a page that does not read costs little."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from tornado.websocket import WebSocketClosedError

#: Bytes that may wait before frames are left out.
LIMIT: Final = 1 << 20
#: Frames a second unless a page says otherwise, and what it may say.
RATE: Final = 4
RATES: Final = range(1, 11)


class Outbox:
    """Sends frames one after the other, each when the one before has gone.

    Parameters
    ----------
    send : callable
        Sends one message; what it returns is awaited.
    """

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send
        self._frames: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None
        #: Bytes that wait.
        self.waiting = 0
        #: Whether the page can be seen.
        self.visible = True
        #: Frames a second that the page wants of a run.
        self.rate = RATE
        self.closed = False

    @property
    def full(self) -> bool:
        """Whether more than a page should hold up waits already."""
        return self.waiting > LIMIT

    def put(self, frame: bytes) -> None:
        """Send a frame as soon as those before it have gone."""
        if self.closed:
            return
        self._frames.append(frame)
        self.waiting += len(frame)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._drain())

    def close(self) -> None:
        """Forget what waits."""
        self.closed = True
        self._frames.clear()
        if self._task is not None:
            self._task.cancel()

    async def _drain(self) -> None:
        with contextlib.suppress(WebSocketClosedError):
            while self._frames:
                frame = self._frames.popleft()
                await self._send(frame)
                self.waiting -= len(frame)
