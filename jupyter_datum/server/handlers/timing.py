"""Routes that tell how a run went, and what it was."""

from __future__ import annotations

import time
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from tornado import web

from .. import origins
from ..spec import spec
from ..timing import timing
from .base import RESOURCE, Api

#: Seconds that a timeline can look back.
_WINDOW = 7 * 86_400
#: Nothing of it is executed, loaded or sent, and it has no origin, so no cookies either.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


class Timing(Api):
    """How long the datums of a run took."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET timing``."""
        window = self.number("window", 0, _WINDOW)
        reader = await self.ledger(project)
        facts, timings = self.hall.facts(reader), self.hall.timings
        self.send(await reader.read(lambda conn: timing(conn, timings, facts, run, window)))


class Spec(Api):
    """What a run was."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET spec``."""
        reader = await self.ledger(project)
        self.send(await reader.read(lambda conn: spec(conn, reader.project, run, self.root)))


class Report(Api):
    """The report on a transform: one page that needs nothing else."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET report``: a file to be saved, or, with ``show``, a page without rights."""
        name, show = self.text("transform"), self.number("show", 0, 1)
        reader = await self.ledger(project)
        title, page = await reader.read(lambda conn: origins.report_on(conn, reader.project, name))
        how = "inline" if show else "attachment"
        file = quote(f"{title} {time.strftime('%Y-%m-%d %H.%M')}.html", safe="")
        self.set_header("Content-Disposition", f"{how}; filename*=UTF-8''{file}")
        self.set_header("Content-Security-Policy", _SANDBOX)
        self.finish(page, set_content_type="text/html; charset=utf-8")
