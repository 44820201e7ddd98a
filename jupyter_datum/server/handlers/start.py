"""Start a run of a notebook's transform, whether or not a kernel has ever executed it."""

from __future__ import annotations

import uuid as uuids
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import ensure_async
from tornado import web

from ...project import Project, find_or_create
from .. import bodies
from ..capture import Wanted
from ..errors import ApiError, refused
from ..notebook import read_notebook
from ..projects import Where
from ..reader import Reader
from ..start import of_line, recorded_run, text_of
from .base import RESOURCE, Posting


class Start(Posting):
    """A notebook's transform."""

    @web.authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self) -> None:
        """Answer ``POST runs``."""
        asked = bodies.checked(self.body(), bodies.START, "notebook", "transform")
        path, name = asked.pop("notebook"), asked.pop("transform")
        run = asked.pop("key", None) or uuids.uuid4().hex
        file = await self.projects.notebook(path)
        kernel, cells = await self.projects.call(read_notebook, file)
        target = of_line(cells, name)
        project = await self._project(Where(path, None), file.parent)
        reader = await self.ledger(project.uuid)
        code = "recorded"
        if not await reader.write(lambda conn: recorded_run(conn, reader, target, asked, run)):
            code = "capture"
            wanted = Wanted(run, path, file, kernel, cells, target, text_of(asked))
            await self._capture(reader, wanted)
        self.send({"project": project.uuid, "run": run, "code": code}, 202)

    async def _project(self, where: Where, folder: Any) -> Project:
        """The notebook's project, made by the rule that a kernel goes by."""
        found = await self.projects.project(where)
        if found is None:
            await self.projects.call(find_or_create, folder)
            found = await self.projects.project(where)
        if found is None:
            raise refused("no project can be made in the folder of this notebook")
        return found

    async def _capture(self, reader: Reader, wanted: Wanted) -> None:
        for action in ("write", "execute"):  # as Jupyter asks for starting one and for using it
            may = self.authorizer.is_authorized(self, self.current_user, action, "kernels")
            if not await ensure_async(may):
                raise ApiError(403, "forbidden", "you may not start kernels on this server")
        await self.hall.captures.begin(reader, wanted)
