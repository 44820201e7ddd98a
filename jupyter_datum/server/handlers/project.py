"""Routes that need no project yet: the server's half, a notebook's project, its transforms."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ...ledger.schema import VERSION as SCHEMA
from ...project import PROTOCOL
from ...runner.version import VERSION
from .. import bodies
from ..counts import UNKNOWN, input_of
from ..errors import ApiError, not_found
from ..notebook import read_mark, read_transforms, with_runs
from ..projects import Where, is_expected
from .base import RESOURCE, Api, Posting


class Status(Api):
    """Which half this is."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer ``GET status``."""
        self.send({"version": VERSION, "protocol": PROTOCOL, "schema": SCHEMA})


class OfNotebook(Api):
    """What is asked of a notebook and its kernel."""

    def where(self) -> Where:
        """Return what the query names; a kernel that this server does not run is none."""
        kernel = self.text("kernel")
        known = kernel is not None and kernel in self.kernel_manager
        return Where(self.needed("path"), kernel if known else None)


class Context(OfNotebook):
    """In which project a notebook stands."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer ``GET context``."""
        self.send(await self.projects.context(self.where()))


class Transforms(OfNotebook):
    """The marked cells of a notebook as it is saved."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer ``GET transforms``."""
        where = self.where()
        path = await self.projects.notebook(where.path)
        found = await self.projects.call(read_transforms, path)
        project = await self.projects.project(where)
        if project is not None and found:
            reader = await self.ledger(project.uuid)
            facts = self.hall.facts(reader)
            try:
                found = await reader.read(lambda conn: with_runs(conn, facts, found))
            except ApiError as exc:
                if not await self.projects.call(is_expected, exc, project):
                    raise
        self.send({"transforms": found})


class Nothing(Api):
    """Every other path below ours: an error in our form, for those who may ask."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """There is nothing."""
        raise not_found("route")

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self) -> None:
        """There is nothing."""
        raise not_found("route")


class Marks(Posting):
    """The metadata that mark a cell, before they are saved."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def post(self) -> None:
        """Answer ``POST marks``."""
        asked = bodies.checked(self.body(), {"mark": bodies.anything}, "mark")
        self.send(read_mark(asked["mark"]))


class Counts(Posting):
    """How many datums the input of a cell has, before it runs."""

    _counting: asyncio.Future[dict[str, Any]] | None = None

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)  # starts a process that lists files
    async def post(self) -> None:
        """Answer ``POST counts``."""
        asked = bodies.checked(self.body(), bodies.COUNT, "notebook")
        file = await self.projects.notebook(asked["notebook"])
        what = input_of(asked)
        if what["input"] is None:
            mistake = what.get("mistake")
            self.send({**UNKNOWN, "mistake": mistake, "why": "line"} if mistake else UNKNOWN)
            return
        self._counting = asyncio.ensure_future(self.hall.counts.count(file.parent, what))
        with contextlib.suppress(asyncio.CancelledError):  # nobody waits for the answer
            self.send(await self._counting)

    def on_connection_close(self) -> None:
        """Who has typed on asks anew: what was asked before is not counted to its end."""
        if self._counting is not None:
            self._counting.cancel()
        super().on_connection_close()
