"""Routes that tell where datums and files come from."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ...lineage.ask import DOWN
from .. import origins, whence
from .base import RESOURCE, Api

#: Steps in one answer.
_STEPS = 20


class _Tree(Api):
    """Has a number of steps up and down."""

    def steps(self) -> tuple[int, int]:
        """Return how many steps are asked for; one up by default."""
        up, down = self.number("up", 0, _STEPS), self.number("down", 0, _STEPS)
        return 1 if up is None else up, DOWN if down is None else down


class Graph(Api):
    """The transforms of a project, and which is fed by which."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET graph``."""
        reader = await self.ledger(project)
        self.send(await reader.read(lambda conn: origins.of_graph(conn, reader.project, self.root)))


class Lineage(_Tree):
    """Where a datum comes from, and what was made from it."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, datum: str) -> None:
        """Answer ``GET lineage``."""
        up, down = self.steps()
        reader = await self.ledger(project)
        self.send(
            await reader.read(lambda conn: origins.of_datum(conn, int(datum), self.root, up, down))
        )


class Origin(_Tree):
    """Where a file comes from, and what was made from it."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET origin``."""
        up, down = self.steps()
        path = self.needed("path")
        reader = await self.ledger(project)
        self.send(await reader.read(lambda conn: origins.of_path(conn, path, self.root, up, down)))


class Users(Api):
    """Which datums have read a file."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET users``."""
        path, transform = self.needed("path"), self.text("transform")
        after, limit = self.number("after", 0) or 0, self.number("limit", 1, 200) or 50
        reader = await self.ledger(project)
        self.send(
            await reader.read(
                lambda conn: origins.of_users(conn, path, self.root, transform, after, limit)
            )
        )


class Whence(Api):
    """Which project knows a file: what made it, what has read it."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer ``GET whence``."""
        self.send(await whence.of_file(self.projects, self.needed("path")))


class History(Api):
    """Every version of a datum."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str, datum: str) -> None:
        """Answer ``GET history``."""
        old, new = self.number("old", 1), self.number("new", 1)
        reader = await self.ledger(project)
        self.send(await reader.read(lambda conn: origins.of_history(conn, int(datum), old, new)))


class Overview(Api):
    """How many datums, how long one takes, how many are new."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET overview``."""
        name = self.text("transform")
        reader = await self.ledger(project)
        self.send(await reader.read(lambda conn: origins.of_transform(conn, reader.project, name)))


class Outputs(Api):
    """Outputs that are old, orphans, edited, or from a run with failures."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, project: str) -> None:
        """Answer ``GET outputs``."""
        name, which, after = self.text("transform"), self.text("which"), self.text("after")
        limit = self.number("limit", 1, 500) or 100
        reader = await self.ledger(project)
        self.send(
            await reader.read(
                lambda conn: origins.outputs(conn, name, which, after, limit, self.root)
            )
        )
