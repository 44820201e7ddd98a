"""The server's own log-out, heard: whoever leaves it leaves our sockets too."""

from __future__ import annotations

from typing import Any, cast

from jupyter_server.auth.identity import IdentityProvider
from tornado.web import RequestHandler

from ..hall import Hall
from .base import RESOURCE


def heard(provider: IdentityProvider) -> type[RequestHandler] | None:
    """Return the provider's log-out handler, which then also closes the sockets of its user.

    It answers as before: what it does when its answer is out is all that is added.

    Parameters
    ----------
    provider : IdentityProvider
        The server's.
    """
    if not provider.logout_available:
        return None

    class LogOut(provider.logout_handler_class):  # type: ignore[misc, name-defined]
        def on_finish(self) -> None:
            super().on_finish()
            hall: Any = self.settings.get(RESOURCE)  # None once the extension is unloaded
            user = self.current_user
            if hall is not None and user is not None:
                cast(Hall, hall).sessions.logged_out(user.username)

    return LogOut
