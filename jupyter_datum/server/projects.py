"""Which ledgers may be opened, and which one a notebook or a kernel means.

A ledger is opened if it stands in the registry, or if its real path lies under the
server's root folder. A project is known to the browser by its uuid alone.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .. import registry
from ..errors import LedgerError, LedgerOlderError, LedgerVersionError, ProjectError
from ..ledger import db
from ..project import FOLDER, PROTOCOL, Project, find
from .errors import ApiError, not_found
from .paths import contents_file, inside, shown_root, uuid_at
from .reader import Reader

#: Seconds for which the place of an open ledger is taken as checked.
_CHECKED: Final = 5.0
#: Open ledgers above which those that were not asked for a while are closed.
_OPEN: Final = 8
_IDLE: Final = 300.0


@dataclass(frozen=True)
class Where:
    """What a page asks for.

    Parameters
    ----------
    path : str
        Contents path of a notebook.
    kernel : str or None
        Id of a kernel that runs.
    """

    path: str
    kernel: str | None


class Projects:
    """The projects of one server.

    Parameters
    ----------
    root : Path or None
        The folder that the server shows; None if its contents are no files.
    hidden : bool
        Whether names that begin with a dot are shown.
    """

    def __init__(self, root: Path | None, hidden: bool = False) -> None:
        self.root = Path(os.path.realpath(root)) if root is not None else None
        self.files = ThreadPoolExecutor(4, "datum-files")
        self._looks = ThreadPoolExecutor(2, "datum-look")
        self._hidden = hidden
        self._roots: dict[str, Path] = {}
        self._open: dict[str, tuple[Reader, float]] = {}

    async def call(self, function: Any, *args: Any) -> Any:
        """Return what `function` gives, called in a thread: it may touch files."""
        return await asyncio.wrap_future(self.files.submit(function, *args))

    async def look(self, function: Any, *args: Any) -> Any:
        """The same for what is in users' files: a disk that hangs holds up no other request."""
        return await asyncio.wrap_future(self._looks.submit(function, *args))

    def close(self) -> None:
        """Let go of all ledgers."""
        for reader, _ in self._open.values():
            reader.close()
        self._open.clear()
        self.files.shutdown(wait=False)
        self._looks.shutdown(wait=False, cancel_futures=True)

    @property
    def readers(self) -> list[Reader]:
        """The open ledgers."""
        return [reader for reader, _ in self._open.values()]

    # -- by uuid -------------------------------------------------------------------------

    async def reader(self, uuid: str) -> Reader:
        """Return the ledger of a project.

        Raises
        ------
        ApiError
            ``not-found`` if there is none, or none that this server may open.
        """
        known = self._open.get(uuid)
        now = time.monotonic()
        if known is not None and now - known[1] < _CHECKED:
            return known[0]
        project = await self.call(self._located, uuid)
        if project is None:
            raise not_found("project")
        return self._opened(project, now)

    def _opened(self, project: Project, now: float) -> Reader:
        known = self._open.get(project.uuid)
        if known is None or known[0].project != project:
            if known is not None:
                known[0].close()
            known = (Reader(project), now)
            self._close_idle(now)
        self._open[project.uuid] = (known[0], now)
        return known[0]

    def _close_idle(self, now: float) -> None:
        if len(self._open) < _OPEN:
            return
        for uuid, (reader, _) in list(self._open.items()):
            if now - reader.asked > _IDLE:
                reader.close()
                del self._open[uuid]

    def _located(self, uuid: str) -> Project | None:
        """Find a project by where it was seen, where it is registered, or around the root."""
        places = [self._roots.get(uuid), _registered(uuid), self._around()]
        for place in places:
            if place is not None and (project := self._verified(place, uuid)) is not None:
                return project
        return None

    def _around(self) -> Path | None:
        try:
            found = find(self.root) if self.root is not None else None
        except (ProjectError, OSError):
            return None
        return found.root if found else None

    def _verified(self, root: Path, uuid: str) -> Project | None:
        """The project at `root`, if it is this user's, has this uuid, and may be opened."""
        real = Path(os.path.realpath(root))
        if not _ours(real) or uuid_at(real) != uuid:
            return None
        project = Project(real, uuid)
        ledger = Path(os.path.realpath(project.dir))
        if ledger != real / FOLDER:  # a link out of the project
            return None
        return project if self._may_open(project) else None

    def _may_open(self, project: Project) -> bool:
        if self.root is not None and inside(project.root, self.root):
            return True
        registered = _registered(project.uuid)
        return registered is not None and Path(os.path.realpath(registered)) == project.root

    # -- by notebook and kernel ------------------------------------------------------------

    async def notebook(self, path: str) -> Path:
        """Return the file of a notebook.

        Raises
        ------
        ApiError
            ``not-found`` if the server shows no such file.
        """
        if self.root is None:
            raise not_found("file")
        found: Path | None = await self.call(contents_file, self.root, path, self._hidden)
        if found is None:
            raise not_found("file")
        return found

    def shows(self, path: str) -> bool:
        """Return whether the server shows files with such a contents path: none of its names
        begins with a dot, unless it shows these too."""
        return self._hidden or not any(part.startswith(".") for part in path.split("/"))

    async def near(self, folder: Path) -> Project | None:
        """Return the project in which a folder lies, if it may be opened."""
        try:
            found: Project | None = await self.call(self._found, folder)
        except ProjectError:
            return None
        return self._remembered(found) if found is not None else None

    async def context(self, where: Where) -> dict[str, Any]:
        """Return in which project a notebook stands, and what its kernel has said."""
        if self.root is None:
            return _context("no-files", "this server's files are not on a disk it can read")
        said = await self.call(registry.read_kernel, where.kernel) if where.kernel else None
        try:
            project = await self._project_of(where, said)
        except ProjectError as exc:
            return _context("damaged", str(exc), said=said)
        except ApiError:
            if said is None:
                raise
            # A notebook of another drive; its kernel is ours, and runs its cells.
            return _context("no-files", "this server has no such notebook", said=said)
        state, message = await self._state(project)
        if state in ("ok", "no-project"):
            state, message = _kernel_state(where, said, state, message)
        return _context(state, message, project, self.root, said)

    async def project(self, where: Where) -> Project | None:
        """Return the project of a notebook and its kernel, or None if nothing has run there."""
        said = await self.call(registry.read_kernel, where.kernel) if where.kernel else None
        try:
            return await self._project_of(where, said)
        except ProjectError:
            return None

    async def _project_of(self, where: Where, said: dict[str, Any] | None) -> Project | None:
        if said is not None and isinstance(said.get("project"), str):
            named = await self.call(self._named, said)
            if named is not None:
                return self._remembered(named)
        notebook = await self.notebook(where.path)
        found: Project | None = await self.call(self._found, notebook.parent)
        return self._remembered(found) if found is not None else None

    def _named(self, said: dict[str, Any]) -> Project | None:
        return self._verified(Path(str(said.get("root"))), said["project"])

    def _found(self, folder: Path) -> Project | None:
        try:
            _check_markers(folder)
            found = find(folder)
        except OSError:  # gone, or not ours to look into
            return None
        if found is None:
            return None
        other = self._roots.get(found.uuid)
        if other not in (None, found.root) and self._verified(other, found.uuid):
            raise ProjectError(
                f"{str(found.root)!r} is a copy of the project {str(other)!r}: remove its "
                f"folder {FOLDER!r}, which begins a history of its own"
            )
        return self._verified(found.root, found.uuid)

    def _remembered(self, project: Project) -> Project:
        self._roots[project.uuid] = project.root
        return project

    async def _state(self, project: Project | None) -> tuple[str, str]:
        nothing = ("no-project", "nothing has run here yet")
        if project is None or not await self.call(os.path.lexists, project.ledger):
            return nothing
        reader = self._opened(project, time.monotonic())
        try:
            await reader.read(lambda conn: conn.execute("select 1 from run limit 1").fetchone())
        except ApiError as exc:
            if isinstance(exc.__cause__, LedgerVersionError):
                return "newer", exc.message
            mine = not await self.call(db.is_foreign, project)
            older = isinstance(exc.__cause__, LedgerOlderError)
            return "older" if older and mine else "damaged", exc.message
        if await self.call(db.is_foreign, project):
            return "foreign", "this ledger is another user's: it is shown, and nothing is run"
        return "ok", ""


def _context(
    state: str,
    message: str,
    project: Project | None = None,
    root: Path | None = None,
    said: dict[str, Any] | None = None,
) -> dict[str, Any]:
    kernel = None
    if said is not None:
        kernel = {name: said.get(name) for name in ("python", "version", "protocol")}
    return {
        "state": state,
        "message": message,
        "project": project.uuid if project else None,
        "root": shown_root(root, project.root) if project else None,
        "kernel": kernel,
    }


def _kernel_state(
    where: Where, said: dict[str, Any] | None, state: str, message: str
) -> tuple[str, str]:
    """What is to be said of the kernel, if the project gives nothing worse to say."""
    if where.kernel is None:
        return state, message
    if said is None:
        return "kernel-without-extension", "run %load_ext jupyter_datum in this kernel"
    if said.get("protocol") != PROTOCOL:
        return (
            "version-mismatch",
            f"the kernel has jupyter-datum {said.get('version')!s:.40}, which speaks another "
            "protocol than this server: install one version in both",
        )
    return state, message


def is_expected(exc: ApiError, project: Project) -> bool:
    """Whether a ledger cannot be read for a reason that the context tells of a notebook: there
    is none yet, or another version wrote it."""
    by_another = isinstance(exc.__cause__, LedgerOlderError | LedgerVersionError)
    return by_another or not os.path.lexists(project.ledger)


def is_older(project: Project) -> bool:
    """Return whether an older version of this package wrote a project's ledger."""
    try:
        db.connect(project, readonly=True).close()
    except LedgerOlderError:
        return True
    except LedgerError:
        return False  # who reads it is told what is wrong with it
    return False


def _registered(uuid: str) -> Path | None:
    fields = registry.read_project(uuid)
    if fields is None or fields.get("project") != uuid or not isinstance(fields.get("root"), str):
        return None
    return Path(fields["root"])


def _check_markers(folder: Path) -> None:
    """What is read as a whole further down must not be endless."""
    for above in (folder, *folder.parents):
        marker = above / FOLDER / "project.json"
        try:
            size = os.lstat(marker).st_size
        except OSError:
            continue
        if size > registry.LIMIT:
            raise ProjectError(f"{str(marker)!r} is damaged: it is too large")


def _ours(folder: Path) -> bool:
    try:
        status = os.stat(folder)
    except (OSError, ValueError):
        return False
    mine = sys.platform == "win32" or status.st_uid == os.getuid()
    return mine and stat.S_ISDIR(status.st_mode)
