"""The websocket: subscriptions in, frames out, and no command."""

from __future__ import annotations

import copy
from collections.abc import Awaitable
from typing import Any, Final, cast

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketHandler

from ...project import PROTOCOL
from ...runner.version import VERSION
from .. import bodies, codec
from ..errors import ApiError, bad_request, not_found
from ..hall import Hall
from ..outbox import RATES, Outbox
from ..sessions import LEFT
from .base import RESOURCE

#: Bytes of a message that a page may send.
LARGEST: Final = 1 << 16
#: Runs and projects that one page may follow.
MOST: Final = 64
_WATCH: Final[dict[str, bodies.Check]] = {"type": str, "project": bodies.uuid}
_OF_A_RUN: Final[dict[str, bodies.Check]] = {**_WATCH, "run": bodies.uuid}
_FIELDS: Final[dict[str, dict[str, bodies.Check]]] = {
    "watch": _WATCH,
    "unwatch": _WATCH,
    "subscribe": _OF_A_RUN,
    "snapshot": _OF_A_RUN,
    "unsubscribe": _OF_A_RUN,
    "visible": {"type": str, "visible": bodies.boolean},
    "draw": {"type": str, "kernel": str},
    "rate": {"type": str, "rate": bodies.integer(1, 1_000)},
}


class _Nowhere:
    """In the place of a connection: what is written to a cookie or a header goes nowhere."""

    def set_close_callback(self, callback: Any) -> None:
        """It never closes."""


class Again(WebSocketMixin, JupyterHandler):
    """An open socket's request, asked once more and never answered.

    The socket's own handler cannot be asked: it knows its user already, and a websocket may
    not set the cookies that an identity provider sets on the way.
    """

    @classmethod
    async def allows(cls, of: JupyterHandler) -> bool:
        """Return whether the request of a handler is that of somebody who may read.

        Parameters
        ----------
        of : JupyterHandler
            It has been prepared some time ago.
        """
        request = copy.copy(of.request)
        request.connection = cast(Any, _Nowhere())
        again = cls(of.application, request)
        try:
            await again.prepare()
        except web.HTTPError as exc:
            if exc.status_code in (401, 403):
                return False
            raise
        user = again.current_user
        if user is None:
            return False
        return bool(
            await ensure_async(again.authorizer.is_authorized(again, user, "read", RESOURCE))
        )

    async def get(self) -> None:
        """Only there to be asked about."""
        raise web.HTTPError(403)


class Stream(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One page."""

    def initialize(self) -> None:
        """Before anything is known of the page."""
        self._box = Outbox(self._send)
        self._follows: set[tuple[str, ...]] = set()

    @property
    def max_message_size(self) -> int:
        """Bytes of a message; a longer one closes the socket."""
        return LARGEST

    @property
    def hall(self) -> Hall:
        """What the extension keeps for this server."""
        return cast(Hall, self.settings[RESOURCE])

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open the socket for those who may read."""
        allowed = self.authorizer.is_authorized(self, self.current_user, "read", RESOURCE)
        if not await ensure_async(allowed):
            raise web.HTTPError(403)
        self.username = str(self.current_user.username)
        await super().get(*args, **kwargs)

    async def allowed(self) -> bool:
        """Return whether the request that opened this socket would do so now."""
        return await Again.allows(self)

    def leave(self, reason: str) -> None:
        """Close the socket; a page that goes on talking is not listened to."""
        self._box.close()
        self.hall.gone(self._box)
        self.close(LEFT, reason)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Say who we are."""
        super().open(*args, **kwargs)
        self.set_nodelay(True)
        self.hall.sessions.add(self)
        self._box.put(codec.frame({"type": "hello", "proto": PROTOCOL, "version": VERSION}))

    def on_close(self) -> None:
        """The page is gone."""
        self.hall.sessions.remove(self)
        self._box.close()
        self.hall.gone(self._box)

    async def on_message(self, message: str | bytes) -> None:
        """Take one message; the next is read when it is done."""
        if self._box.closed:
            return
        named: dict[str, Any] = {}
        try:
            body = bodies.parse(message.encode() if isinstance(message, str) else message)
            kind = body.get("type")
            if not isinstance(kind, str) or kind not in _FIELDS:
                raise bad_request(f"'type' is one of: {', '.join(_FIELDS)}")
            fields = bodies.checked(body, _FIELDS[kind], *_FIELDS[kind])
            named = {name: fields[name] for name in ("project", "run") if name in fields}
            await self._take(kind, fields)
        except ApiError as exc:
            header = {"type": "error", "project": None, **named, "code": exc.code}
            if not self._box.full:
                self._box.put(codec.frame({**header, "message": exc.message}))

    async def _take(self, kind: str, fields: dict[str, Any]) -> None:
        if kind == "visible":
            self._box.visible = fields["visible"]
            return
        if kind == "rate":
            self._box.rate = min(max(fields["rate"], RATES[0]), RATES[-1])
            return
        if kind == "draw":
            self._draw(fields["kernel"])
            return
        names = tuple(fields[name] for name in ("project", "run") if name in fields)
        if kind in ("watch", "subscribe"):
            await self._follow(names)
        elif kind == "snapshot":
            self.hall.renew(self._box, *names)
        elif kind == "unwatch":
            self._follows.discard(names)
            self.hall.unwatch(self._box, *names)
        else:
            self._follows.discard(names)
            self.hall.unsubscribe(self._box, *names)

    def _draw(self, kernel: str) -> None:
        if kernel not in self.kernel_manager:
            raise not_found("kernel")
        self.hall.drawn.add(self._box, kernel)

    async def _follow(self, names: tuple[str, ...]) -> None:
        if len(self._follows) >= MOST and names not in self._follows:
            raise bad_request(f"a page follows {MOST} runs and projects at most")
        if len(names) == 1:
            await self.hall.watch(self._box, *names)
        else:
            await self.hall.subscribe(self._box, *names)
        self._follows.add(names)

    def _send(self, frame: bytes) -> Awaitable[None]:
        return self.write_message(frame, binary=True)
