"""Routes for plans, and for what is decided about results that are there."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ...ledger.schema import VERSION as SCHEMA
from .. import bodies
from ..activity import runner_lives
from ..errors import refused
from ..projects import is_older
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


class Upgrade(Posting):
    """Bring a ledger of an older jupyter-datum up to date."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, project: str) -> None:
        """Answer ``POST upgrade``."""
        bodies.checked(self.body(), {})
        reader = await self.ledger(project)
        if await self.projects.call(is_older, reader.project):
            # What an older runner has under way must not change below it.
            if await self.projects.call(runner_lives, reader.project.root):
                raise refused(
                    "a runner has this ledger open: it ends by itself some minutes after its runs; "
                    "upgrade then, or restart the kernels that run cells of this project now"
                )
            await reader.write(lambda conn: None)  # who opens it to write upgrades it
        self.send({"schema": SCHEMA})


class Errand(Api):
    """How far it is; and to give it up."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, upkeep: str) -> None:
        """Answer ``GET upkeep``."""
        await self.ledger(project)
        self.send(self.hall.upkeep.look(project, upkeep))

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def delete(self, project: str, upkeep: str) -> None:
        """Answer ``DELETE upkeep``."""
        await self.ledger(project)
        self.hall.upkeep.cancel(project, upkeep)
        self.hall.recordings.cancel(upkeep)
        self.send({"upkeep": upkeep}, 202)
