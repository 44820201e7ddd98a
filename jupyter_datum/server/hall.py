"""What the extension keeps for one server: ledgers, tails, watches, and whether runs go on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from .. import registry
from ..project import Project
from .actions import Actions
from .activity import run_active
from .capture import Captures
from .counts import Counts
from .drawn import Drawn
from .engines import Engines
from .lifecycle import Emit, Lifecycle
from .outbox import Outbox
from .projects import Projects
from .reader import Reader
from .reads import Facts
from .recordings import Recordings
from .sessions import Sessions
from .sight import Sight
from .tail import Tail
from .times import Times
from .timing import Timings
from .upkeep import Upkeep
from .watch import Watch

#: Seconds between two looks whether runs go on that nobody watches, and whether those who
#: watch still may.
_LOOK: Final = 30.0


class Hall:
    """Shared by all handlers of a server.

    Parameters
    ----------
    root : Path or None
        The folder that the server shows; None if its contents are no files.
    hidden : bool
        Whether names that begin with a dot are shown.
    settings : dict
        The server's; activity is told there.
    kernels : MappingKernelManager or None
        The server's, unless its kernels run elsewhere.
    emit : callable
        Takes what happens to runs (:mod:`.lifecycle`).
    """

    def __init__(
        self,
        root: Path | None,
        hidden: bool,
        settings: dict[str, Any],
        kernels: Any,
        emit: Emit,
    ) -> None:
        self.captures = Captures(kernels)
        self.projects = Projects(root, hidden)
        self.actions = Actions()
        self.upkeep = Upkeep()
        self.recordings = Recordings(kernels, self.upkeep)
        self.engines = Engines()
        self.counts = Counts()
        self.drawn = Drawn(self.projects.files.submit)
        self.sessions = Sessions()
        self.lifecycle = Lifecycle(self.projects, self.facts, emit)
        self.times = Times()
        self.timings = Timings()
        self._settings = settings
        self._facts: dict[Project, Facts] = {}
        self._tails: dict[tuple[str, str], Tail] = {}
        self._watches: dict[str, Watch] = {}
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for runs that go on; to be called in the server's loop."""
        self._keeper = asyncio.ensure_future(self._keep())

    def facts(self, reader: Reader) -> Facts:
        """Return what is known beside a ledger; of a project that was begun in the place of
        another one, nothing is known yet."""
        return self._facts.setdefault(reader.project, Facts(reader.project, self.captures.is_lost))

    def close(self) -> None:
        """Let go of everything."""
        if self._keeper is not None:
            self._keeper.cancel()
        self.lifecycle.close()
        self.captures.close()
        self.recordings.close()
        self.upkeep.close()
        self.engines.close()
        self.counts.close()
        self.drawn.close()
        self.projects.close()

    # -- pages ---------------------------------------------------------------------------

    async def subscribe(self, box: Outbox, project: str, run: str) -> None:
        """Let a page follow a run.

        Raises
        ------
        ApiError
            If there is no such project.
        """
        reader = await self.projects.reader(project)
        if box.closed:
            return
        key = (project, run)
        if key not in self._tails:
            sight = Sight(reader.project, self.facts(reader), run)
            names = {"project": project, "run": run}
            again = partial(self.projects.reader, project)
            self._tails[key] = Tail(names, sight, again, partial(self.active, project))
        self._tails[key].add(box)

    def renew(self, box: Outbox, project: str, run: str) -> None:
        """Send a page a snapshot."""
        if (tail := self._tails.get((project, run))) is not None:
            tail.renew(box)

    def unsubscribe(self, box: Outbox, project: str, run: str) -> None:
        """Let a page go from a run."""
        if (tail := self._tails.get((project, run))) is not None:
            tail.remove(box)
            if tail.idle:
                del self._tails[project, run]

    async def watch(self, box: Outbox, project: str) -> None:
        """Let a page follow a project's runs (errors: :meth:`subscribe`)."""
        reader = await self.projects.reader(project)
        if box.closed:
            return
        if project not in self._watches:
            again = partial(self.projects.reader, project)
            self._watches[project] = Watch(
                project, self.facts(reader), again, partial(self.active, project)
            )
        self._watches[project].add(box)

    def unwatch(self, box: Outbox, project: str) -> None:
        """Let a page go from a project."""
        if (watch := self._watches.get(project)) is not None:
            watch.remove(box)
            if watch.idle:
                del self._watches[project]

    def gone(self, box: Outbox) -> None:
        """A page has closed."""
        self.drawn.gone(box)
        for project, run in list(self._tails):
            self.unsubscribe(box, project, run)
        for project in list(self._watches):
            self.unwatch(box, project)

    # -- activity --------------------------------------------------------------------------

    def active(self, *projects: str) -> None:
        """Tell the server that something goes on, in these projects: it is not to be culled."""
        for project in projects:
            self.lifecycle.going(project)
        times = self._settings.setdefault("last_activity_times", {})
        times["jupyter_datum"] = datetime.now(UTC)

    async def look(self) -> None:
        """Tell the server of runs that go on, whether or not somebody watches them."""
        known = [reader.project for reader in self.projects.readers]
        if going := await self.projects.call(_active, known):
            self.active(*going)

    async def _keep(self) -> None:
        while True:
            await self.look()
            await self.sessions.check()
            await asyncio.sleep(_LOOK)


def _active(known: list[Project]) -> list[str]:
    """The projects in which a runner is at work, among those open here and the user's own."""
    roots = {Path(str(each.get("root"))): str(each.get("project")) for each in registry.projects()}
    roots.update((project.root, project.uuid) for project in known)
    return [project for root, project in roots.items() if run_active(root)]
