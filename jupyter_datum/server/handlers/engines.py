"""Which engines there are."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ... import registry
from ...project import Project
from .. import engines
from ..errors import ApiError
from .base import RESOURCE
from .project import OfNotebook


class Engines(OfNotebook):
    """The engines that a notebook's runs could have."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)  # starts a process, asks clusters
    async def get(self) -> None:
        """Answer ``GET engines``."""
        where = self.where()
        fresh = self.number("fresh", 0, 1) == 1
        project = await self.projects.project(where)
        said = (
            await self.projects.call(registry.read_kernel, where.kernel) if where.kernel else None
        )
        python = engines.usable(said) or await self._recorded(project) or engines.own()
        root = project.root if project is not None else None
        self.send(await self.hall.engines.look(python, root, fresh=fresh))

    async def _recorded(self, project: Project | None) -> str | None:
        """The interpreter of the newest run; a ledger that cannot be read tells of none."""
        if project is None:
            return None
        try:
            reader = await self.ledger(project.uuid)
            return await reader.read(lambda conn: engines.interpreter_of(conn, reader.project))
        except ApiError:
            return None
