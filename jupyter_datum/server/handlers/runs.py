"""Routes that read runs and their datums."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ...states import DatumState
from .. import bodies, details, engines, pages, reads
from ..errors import bad_request
from .base import RESOURCE, Api, Posting

_STATES = {
    state.name.lower(): state
    for state in (
        DatumState.SUCCESS,
        DatumState.FAILED,
        DatumState.RECOVERED,
        DatumState.CANCELLED,
    )
}


class Runs(Posting):
    """The runs of a project."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET runs``."""
        transform, before = self.text("transform"), self.number("before", 1)
        limit = self.number("limit", 1, 200) or 50
        reader = await self.ledger(project)
        facts = self.hall.facts(reader)
        self.send(await reader.read(lambda conn: reads.runs(conn, facts, transform, before, limit)))

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, project: str) -> None:
        """Answer ``POST runs``."""
        asked = bodies.spread(bodies.checked(self.body(), bodies.RECORDED, "transform"))
        reader = await self.ledger(project)
        engines.check(asked.get("engine"), self.hall.engines.names(reader.project.root))
        self.send({"run": await self.hall.actions.start(reader, asked)}, 202)


class Run(Api):
    """One run."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET run``."""
        reader = await self.ledger(project)
        facts = self.hall.facts(reader)
        self.send(
            await reader.read(lambda conn: reads.run(conn, facts, reader.project, run, self.root))
        )


class Groups(Api):
    """The failure groups of a run."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET groups``."""
        reader = await self.ledger(project)
        self.send(await reader.read(lambda conn: reads.groups(conn, reads.run_of(conn, run))))


class Clusters(Api):
    """The clusters of a project."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET clusters``."""
        reader = await self.ledger(project)
        found = await reader.read(lambda conn: reads.clusters(conn, reader.project))
        self.send({"clusters": found})


class Workers(Api):
    """The workers of a run."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET workers``."""
        reader = await self.ledger(project)
        found = await reader.read(
            lambda conn: reads.workers(conn, reader.project, reads.run_of(conn, run))
        )
        self.send({"workers": found})


class Datums(Api):
    """Datums of a run, page by page."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET datums``."""
        wanted = self._filter()
        reader = await self.ledger(project)
        self.send(
            await reader.read(lambda conn: pages.datums(conn, reads.run_of(conn, run), wanted))
        )

    def _filter(self) -> pages.Filter:
        state = self.text("state")
        if state is not None and state not in _STATES:
            raise bad_request(f"'state' takes one of: {', '.join(_STATES)}")
        return pages.Filter(
            state=_STATES[state] if state else None,
            group=self.number("group", 1),
            name=self.text("name"),
            error=self.text("error"),
            after=self.text("after"),
            limit=self.number("limit", 1, 500) or 100,
        )


class Position(Api):
    """The datum at a place of a run's input."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str, position: str) -> None:
        """Answer ``GET position``."""
        n = int(position)
        reader = await self.ledger(project)
        self.send(
            await reader.read(
                lambda conn: pages.position(conn, reader.project, reads.run_of(conn, run), n)
            )
        )


class Durations(Api):
    """How long the datums of a run took."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str) -> None:
        """Answer ``GET durations``."""
        body = await self.hall.times.of(await self.ledger(project), run)
        await self.finish(body, set_content_type="application/octet-stream")


class Datum(Api):
    """One datum."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, datum: str) -> None:
        """Answer ``GET datum``."""
        reader = await self.ledger(project)
        found = await reader.read(
            lambda conn: details.datum(conn, reader.project, int(datum), self.root)
        )
        self.send(found)


class Log(Api):
    """What a datum printed."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, datum: str) -> None:
        """Answer ``GET log``."""
        run, attempt = self.text("run"), self.number("attempt", 1, 10**6)
        reader = await self.ledger(project)
        found = await reader.read(
            lambda conn: details.log(conn, reader.project, int(datum), run, attempt)
        )
        self.send(found)


class Display(Api):
    """What a datum's cell displayed."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, datum: str) -> None:
        """Answer ``GET display``."""
        run, attempt = self.text("run"), self.number("attempt", 1, 10**6)
        reader = await self.ledger(project)
        found = await reader.read(
            lambda conn: details.display(conn, reader.project, int(datum), run, attempt)
        )
        self.send(found)


class Request(Api):
    """What became of a request."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, uuid: str) -> None:
        """Answer ``GET request``."""
        reader = await self.ledger(project)
        facts = self.hall.facts(reader)
        state, answer = await reader.read(lambda conn: facts.asked(conn, uuid))
        self.send({"state": state, "answer": answer})
