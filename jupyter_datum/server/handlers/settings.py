"""The user's settings that kernels, runners and command line go by; the panel's editor has them."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ...errors import UsageError
from ...settings import edit, settings_file
from .. import bodies, engines
from ..errors import refused
from .base import RESOURCE, Posting


class Settings(Posting):
    """Read and change what stands in the user's file; there is no other place."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer ``GET settings``."""
        self.send(await self.projects.call(_told))

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)  # names engines, which start programs
    async def post(self) -> None:
        """Answer ``POST settings``."""
        asked = bodies.checked(self.body(), bodies.SETTINGS)
        engines.check(asked.get("engine"), self.hall.engines.names(None))
        try:
            await self.projects.call(edit.change, asked)
        except UsageError as exc:
            raise refused(str(exc)) from None
        self.send(await self.projects.call(_told))


def _told() -> dict[str, Any]:
    """What the file says, or why it cannot be read."""
    try:
        return {"file": str(settings_file()), "said": edit.said(), "mistake": None}
    except UsageError as exc:
        return {"file": str(settings_file()), "said": {}, "mistake": str(exc)}
