"""Start runs of a notebook's transforms, whether or not a kernel has ever executed it."""

from __future__ import annotations

import uuid as uuids
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import ensure_async
from tornado import web

from ...project import Project, find_or_create
from .. import bodies, engines
from ..capture import Wanted
from ..errors import ApiError, refused
from ..kernels import Notebook
from ..notebook import read_notebook
from ..projects import Where
from ..start import chosen, of_line, recorded_runs, text_of
from .base import RESOURCE, Posting


class FromNotebook(Posting):
    """What takes a notebook as it stands, and may start its kernel."""

    async def project_at(self, where: Where, folder: Any) -> Project:
        """Return the notebook's project, made by the rule that a kernel goes by."""
        found = await self.projects.project(where)
        if found is None:
            await self.projects.call(find_or_create, folder)
            found = await self.projects.project(where)
        if found is None:
            raise refused("no project can be made in the folder of this notebook")
        return found

    async def check_kernels(self) -> None:
        """Refuse those who may start no kernels here."""
        for action in ("write", "execute"):  # as Jupyter asks for starting one and for using it
            may = self.authorizer.is_authorized(self, self.current_user, action, "kernels")
            if not await ensure_async(may):
                raise ApiError(403, "forbidden", "you may not start kernels on this server")


class Recipes(FromNotebook):
    """A notebook's transform as it stands, to be planned."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self) -> None:
        """Answer ``POST recipes``."""
        asked = bodies.checked(self.body(), bodies.RECIPE, "notebook", "transform")
        path = asked["notebook"]
        file = await self.projects.notebook(path)
        kernel, cells = await self.projects.call(read_notebook, file)
        target = of_line(cells, asked["transform"])
        await self.check_kernels()
        project = await self.project_at(Where(path, None), file.parent)
        notebook = Notebook(path, file, kernel, cells)
        begun = self.hall.recordings.begin(project, notebook, target)
        self.send({"project": project.uuid, "upkeep": begun}, 202)


class Start(FromNotebook):
    """A notebook's transforms."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self) -> None:
        """Answer ``POST runs``."""
        asked = bodies.spread(bodies.checked(self.body(), bodies.START, "notebook"))
        path, name = asked.pop("notebook"), asked.pop("transform", None)
        with_its = asked.pop("needs", False)
        run = asked.pop("key", None) or uuids.uuid4().hex
        file = await self.projects.notebook(path)
        there = await self.projects.project(Where(path, None))
        engines.check(asked.get("engine"), self.hall.engines.names(there.root if there else None))
        kernel, cells = await self.projects.call(read_notebook, file)
        targets = chosen(cells, name, with_its=with_its)
        project = await self.project_at(Where(path, None), file.parent)
        reader = await self.ledger(project.uuid)
        code = "recorded"
        if not await reader.write(lambda conn: recorded_runs(conn, reader, targets, asked, run)):
            code = "capture"
            names = frozenset(target.name or "" for target in targets)
            notebook = Notebook(path, file, kernel, cells)
            await self.check_kernels()
            wanted = Wanted(run, notebook, targets[-1], text_of(asked), names)
            await self.hall.captures.begin(reader, wanted)
        self.send({"project": project.uuid, "run": run, "code": code}, 202)
