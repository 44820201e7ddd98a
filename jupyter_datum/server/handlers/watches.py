"""Routes for transforms whose input is watched."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ...runner.towatch import watch_json, watched
from .base import RESOURCE, Posting


class Watches(Posting):
    """What is watched, and whether it is to be."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET watches``."""
        reader = await self.ledger(project)
        place = reader.project
        found = await reader.read(lambda conn: [watch_json(row) for row in watched(conn, place)])
        self.send({"watches": found})

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, project: str) -> None:
        """Answer ``POST watches``."""
        body = self.body()
        reader = await self.ledger(project)
        self.send({"request": await self.hall.actions.watch(reader, body)}, 202)
