"""Routes of a run's table: its rows, and the same as a file."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any, cast
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError

from .. import reads
from ..export import PAGE, Export
from ..rows import Table
from ..search import rows_of
from ..views import View
from .base import RESOURCE, Api


class Rows(Api):
    """Rows of a run's table, by their numbers."""

    _waits: asyncio.Future[View] | None = None

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET rows``."""
        wanted, sort = self.text("filter") or "", self.text("sort") or "pos"
        other = self.text("other")
        first, limit = self.number("first", 0) or 0, self.number("limit", 1, 500) or 100
        reader = await self.ledger(project)
        self._waits = asyncio.ensure_future(rows_of(reader, run, wanted, sort, other))
        try:
            view = await self._waits
        except asyncio.CancelledError:
            return  # whoever asked has gone

        def look(conn: sqlite3.Connection) -> dict[str, Any]:
            row = reads.run_of(conn, run)
            return Table(conn, reader.project, row, self.root, other).page(view, first, limit)

        self.send(await reader.read(look))

    def on_connection_close(self) -> None:
        """Look for nothing that nobody waits for."""
        if self._waits is not None:
            self._waits.cancel()
        super().on_connection_close()


class File(Api):
    """Rows of a run's table as CSV."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET datums.csv``."""
        wanted, sort = self.text("filter") or "", self.text("sort") or "pos"
        export = Export(await self.ledger(project), run, wanted, sort, self.root)
        name, part = await export.begin()
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name)}")
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")
        first = 0
        try:
            while part:
                self.write(part)
                await self.flush()
                part = await export.page(first)
                first += PAGE
        except StreamClosedError:
            return  # whoever asked has gone
        except Exception:
            # The headers are out: half of it must not look like the whole.
            cast(HTTP1Connection, self.request.connection).close()
            raise
        self.finish(set_content_type="text/csv; charset=utf-8")
