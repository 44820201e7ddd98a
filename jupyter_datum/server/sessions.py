"""The open sockets and whose they are: who logs out, or may not read any more, loses theirs.

Jupyter's cookies are stateless: one that a log-out has cleared in the browser is still good
if it is sent again, so nothing tells afterwards that its user has left. The log-out itself
is therefore heard (:mod:`.handlers.logout`). What has no such moment, a token that is
changed, a cookie that is too old, a permission taken back, is found by asking again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

#: Close code of RFC 6455 for what a rule forbids; the page may come again, and is asked anew.
LEFT: Final = 1008
#: Times in a row that nobody could say whether a socket is allowed, before it is closed.
_UNSURE: Final = 3

_log = logging.getLogger(__name__)


class Socket(Protocol):
    """An open websocket."""

    @property
    def username(self) -> str:
        """Who opened it, as the server's identity provider names them."""

    async def allowed(self) -> bool:
        """Return whether it would be opened now."""

    def leave(self, reason: str) -> None:
        """Close it; nothing goes in or out any more."""


class Sessions:
    """The open sockets of a server."""

    def __init__(self) -> None:
        self._unsure: dict[Socket, int] = {}

    def add(self, socket: Socket) -> None:
        """A socket has opened."""
        self._unsure[socket] = 0

    def remove(self, socket: Socket) -> None:
        """A socket has closed."""
        self._unsure.pop(socket, None)

    def logged_out(self, username: str) -> None:
        """Close what this user has open, in all their pages; who is still known comes again."""
        for socket in [each for each in self._unsure if each.username == username]:
            self._close(socket, "logged out")

    async def check(self) -> None:
        """Close the sockets that would not be opened any more."""
        await asyncio.gather(*(self._check(socket) for socket in list(self._unsure)))

    async def _check(self, socket: Socket) -> None:
        try:
            sure = await socket.allowed()
        except Exception:  # an identity provider may be anything, and its hub may be away
            _log.warning("it could not be asked whether a page may still read", exc_info=True)
            self._cannot_say(socket)
            return
        if not sure:
            self._close(socket, "not allowed any more")
        elif socket in self._unsure:
            self._unsure[socket] = 0

    def _cannot_say(self, socket: Socket) -> None:
        if socket not in self._unsure:  # closed meanwhile
            return
        self._unsure[socket] += 1
        if self._unsure[socket] >= _UNSURE:
            self._close(socket, "nobody can say whether this page may still read")

    def _close(self, socket: Socket, reason: str) -> None:
        self.remove(socket)
        socket.leave(reason)
