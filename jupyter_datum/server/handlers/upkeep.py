"""Routes for plans, and for what is decided about results that are there."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .. import bodies
from .base import RESOURCE, Api, Posting


class Upkeep(Posting):
    """Plan a transform, prune, move, mark as equivalent."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, project: str) -> None:
        """Answer ``POST upkeep``."""
        asked = bodies.checked(self.body(), bodies.UPKEEP, "verb", "transform")
        bodies.check_upkeep(asked)
        reader = await self.ledger(project)
        started = await self.projects.call(self.hall.upkeep.start, reader.project, asked)
        self.send({"upkeep": started}, 202)


class Errand(Api):
    """How far it is."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, upkeep: str) -> None:
        """Answer ``GET upkeep``."""
        await self.ledger(project)
        self.send(self.hall.upkeep.look(project, upkeep))
