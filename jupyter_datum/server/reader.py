"""One thread per open ledger that reads it, one that searches it, one that writes; the event
loop does none of it.

A statement that runs longer than its deadline is ended by SQLite itself, through its
progress handler. What may take seconds (an order of a million rows) is searched for in a thread
of its own, so that it holds up no page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from ..ledger import db
from ..ledger.relocate import follow_project
from ..project import Project
from .errors import FOREIGN, ApiError, api_error
from .paths import uuid_at
from .views import Asked, Search, Views

T = TypeVar("T")

#: Seconds that a look into the ledger may take, and a search for the rows of a table.
DEADLINE: Final = 2.0
PATIENCE: Final = 30.0
#: Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
_STEPS: Final = 4_000

_log = logging.getLogger(__name__)


class Reader:
    """The ledger of a project, behind its threads.

    Parameters
    ----------
    project : Project
    deadline, patience : float
        Seconds that a look, and a search, may take.
    """

    def __init__(
        self, project: Project, deadline: float = DEADLINE, patience: float = PATIENCE
    ) -> None:
        self.project = project
        #: Which rows tables show; for the thread that reads.
        self.views = Views()
        #: Searches under way; for the event loop.
        self.searches: dict[Asked, Search] = {}
        #: When it was last asked (monotonic clock): who is not asked is closed.
        self.asked = time.monotonic()
        self.looks = _Lane(project, "datum-read", deadline)
        self.finds = _Lane(project, "datum-find", patience, sorts=True)
        self._writers = ThreadPoolExecutor(1, "datum-write")
        self._writers.submit(follow_project, project)  # it may have been moved since it ran last

    async def read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `look` gives for a connection that only reads.

        Raises
        ------
        ApiError
            ``narrow-the-filter`` past the deadline, ``ledger`` if there is none to be read.
        """
        self.asked = time.monotonic()
        return await self._in(self.looks.thread, self.looks.read, look)

    async def search(
        self, look: Callable[[sqlite3.Connection], T], given_up: Callable[[], bool]
    ) -> T:
        """The same for what may take longer: looks go on beside it.

        Parameters
        ----------
        look : callable
        given_up : callable
            Whether nobody waits for it any more.
        """
        self.asked = time.monotonic()
        read = partial(self.finds.read, given_up=given_up)
        return await self._in(self.finds.thread, read, look)

    async def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `act` gives for a connection that may write, opened for it alone.

        Raises
        ------
        ApiError
            ``foreign`` if the ledger is another user's: it is not written to.
        """
        self.asked = time.monotonic()
        return await self._in(self._writers, self._write, act)

    def close(self) -> None:
        """Let go of the ledger when what is under way has ended; twice is safe."""
        self.looks.close()
        self.finds.close()
        self._writers.shutdown(wait=False)

    async def _in(
        self, thread: ThreadPoolExecutor, do: Callable[[Callable[[sqlite3.Connection], T]], T],
        what: Callable[[sqlite3.Connection], T],
    ) -> T:  # fmt: skip
        try:
            future = thread.submit(do, what)
        except RuntimeError:  # closed meanwhile: the project has moved
            raise ApiError(503, "ledger", "the ledger was closed meanwhile: try again") from None
        return await asyncio.wrap_future(future)

    # -- in its thread -------------------------------------------------------------------

    def _write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if db.is_foreign(self.project):
                raise ApiError(409, "foreign", FOREIGN)
            _check_place(self.project)
            with contextlib.closing(db.connect(self.project)) as conn:
                return act(conn)
        except Exception as exc:
            raise _told(exc, self.project) from exc


class _Lane:
    """A thread with a connection that only reads.

    Parameters
    ----------
    project : Project
    name : str
        Of the thread.
    deadline : float
    sorts : bool
        A million rows are sorted in parts, in a temporary file, in half of the time that they
        take in memory as a whole.
    """

    def __init__(
        self, project: Project, name: str, deadline: float, *, sorts: bool = False
    ) -> None:
        self.thread = ThreadPoolExecutor(1, name)
        self.deadline = deadline
        self._project = project
        self._sorts = sorts
        self._conn: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def close(self) -> None:
        """Let go of the ledger when what is under way has ended; twice is safe."""
        with contextlib.suppress(RuntimeError):
            self.thread.submit(self._drop)
        self.thread.shutdown(wait=False)

    def read(
        self,
        look: Callable[[sqlite3.Connection], T],
        given_up: Callable[[], bool] = lambda: False,
    ) -> T:
        """Return what `look` gives, in the thread."""
        try:
            conn = self._connection()
            end = time.monotonic() + self.deadline
            conn.set_progress_handler(lambda: time.monotonic() > end or given_up(), _STEPS)
            try:
                return look(conn)
            finally:
                conn.set_progress_handler(None, 0)
        except Exception as exc:
            raise _told(exc, self._project) from exc

    def _connection(self) -> sqlite3.Connection:
        """The connection, opened anew if another file has taken the ledger's place."""
        try:
            status = os.lstat(self._project.ledger)
            file = (status.st_dev, status.st_ino)
        except OSError:
            file = None
        if self._conn is None or file is None or file != self._file:
            self._drop()
            _check_place(self._project)
            self._conn = db.connect(self._project, readonly=True)
            self._file = file
            if self._sorts and _has_room():
                self._conn.execute("pragma temp_store = file")
        return self._conn

    def _drop(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()


def _check_place(project: Project) -> None:
    """See that no other project has taken this one's place: its ids mean nothing there."""
    if uuid_at(project.root) not in (None, project.uuid):
        raise ApiError(
            404, "not-found", "this project was deleted, and another one begun in its place"
        )


def _has_room() -> bool:
    """Whether temporary files can be made."""
    try:
        tempfile.gettempdir()
    except OSError:
        return False
    return True


def _told(exc: Exception, project: Project) -> Exception:
    """The answer for an error; a ledger may hold anything, so what surprises us is its."""
    found = api_error(exc)
    if found is not None:
        return found
    _log.exception("the ledger %r cannot be read", str(project.ledger))
    kind = type(exc).__name__
    return ApiError(503, "ledger", f"the ledger holds what cannot be read ({kind})")
