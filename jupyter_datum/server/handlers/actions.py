"""Routes with an effect: each asks a runner, and needs the action ``execute``."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ...runner.upkeep import this_user
from .base import RESOURCE, Posting


class Retry(Posting):
    """Run failed datums again, with the recorded code."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, project: str, run: str) -> None:
        """Answer ``POST retry``."""
        body = self.body()
        reader = await self.ledger(project)
        self.send({"run": await self.hall.actions.retry(reader, run, body)}, 202)


class Expected(Posting):
    """Mark a group of failures as expected, or not any more."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, project: str, run: str) -> None:
        """Answer ``POST expected``."""
        body = self.body()
        reader = await self.ledger(project)
        found = await self.hall.actions.expect(reader, run, body, self._user())
        self.send({"expected": found})

    def _user(self) -> str:
        """Who says so: the name by which a hub or a site knows them, else this machine's."""
        own = type(self.identity_provider).__module__.startswith("jupyter_server.")
        return this_user() if own else str(self.current_user.username)


class Requests(Posting):
    """Cancel, pause, resume or scale a run."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, project: str, run: str) -> None:
        """Answer ``POST requests``."""
        body = self.body()
        reader = await self.ledger(project)
        if body.get("kind") == "cancel" and self.hall.captures.cancel(run):
            self.send({"request": run}, 202)
            return
        self.send({"request": await self.hall.actions.ask(reader, run, body)}, 202)
