"""Routes that show one datum closely: its code, its files, what it is printing."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .. import code, live, previews
from ..errors import bad_request
from ..reads import run_of
from .base import RESOURCE, Api


class _OfAttempt(Api):
    """May be about one attempt of a datum."""

    def attempt(self) -> tuple[str, int] | None:
        """Return run and number of the attempt that is asked for, None for the latest."""
        run, number = self.text("run"), self.number("attempt", 1, 10**6)
        if (run is None) != (number is None):
            raise bad_request("'run' and 'attempt' go together")
        return None if run is None or number is None else (run, number)


class Code(_OfAttempt):
    """The code of an attempt, and where it failed."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, datum: str) -> None:
        """Answer ``GET code``."""
        which = self.attempt()
        reader = await self.ledger(project)
        self.send(
            await reader.read(
                lambda conn: code.code(conn, reader.project, int(datum), which, self.root)
            )
        )


class Preview(_OfAttempt):
    """The beginning of a file of a datum."""

    @property
    def content_security_policy(self) -> str:
        """Of one who opens the answer by itself, beside JupyterLab's own: nothing may run."""
        return f"{super().content_security_policy}; sandbox"

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, datum: str) -> None:
        """Answer ``GET preview``."""
        side, n = self.text("side") or "input", self.number("n", 0, 10**9) or 0
        raw = bool(self.number("raw", 0, 1))
        if side not in previews.SIDES:
            raise bad_request(f"'side' takes one of: {', '.join(previews.SIDES)}")
        attempt = self.attempt()
        reader = await self.ledger(project)
        found = await reader.read(
            lambda conn: previews.place(
                conn, reader.project, int(datum), (side, n), attempt, self.root
            )
        )
        # Not in the ledger's thread: a file may lie on a disk that takes its time.
        self.send(await self.projects.look(lambda: previews.look(found, raw=raw)))


class Printing(Api):
    """What the datum at a place of a run's input is printing."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, run: str, position: str) -> None:
        """Answer ``GET log`` of a place."""
        reader = await self.ledger(project)
        self.send(
            await reader.read(
                lambda conn: live.printing(conn, reader.project, run_of(conn, run), int(position))
            )
        )
