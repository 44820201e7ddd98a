"""The runner's loop: requests in, runs moved on, an end when there is nothing to do."""

from __future__ import annotations

import sqlite3
import time
import traceback
from collections.abc import Iterator
from typing import Final

from ..errors import DatumError, OutputError
from ..ledger import db, queries, requests, writes
from ..ledger.relocate import relocate
from ..ledger.requests import Request
from ..project import Project
from ..state import Cancel, Hold, OnError, Pause, Release, Resume, Rule
from ..states import RunStatus
from .aftermath import Tidying
from .cluster import Pool
from .drive import Drive
from .environment import missing_error
from .handover import Receiver
from .idle import Idle
from .lease import ProcessWatch, end_older, give_back_orphans, ledger_file
from .prepare import Preparer
from .recover import finish_stranded, unfinished
from .rooms import Rooms
from .roster import Roster
from .streams import must_wait
from .sweep import sweep_results
from .version import VERSION
from .watching import Watches

#: Seconds between two looks for requests: while something runs, shortly after, and idle.
_BUSY: Final = 0.01
_WARM: Final = 0.005
_COLD: Final = 0.05
#: What a mistake of ours in one run may raise.
_MISTAKES: Final[tuple[type[Exception], ...]] = (
    DatumError,
    sqlite3.Error,
    OSError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
)
#: Seconds between two tries to write what the disk did not take.
_AGAIN: Final = 1.0
#: Seconds within which a live kernel tells the environment of its run.
_TELL_WITHIN: Final = 10.0
#: Seconds after the last run in which another is expected soon.
_WARM_FOR: Final = 30.0


class Runner:
    """The process that plans and drives runs; the only writer of their results.

    Parameters
    ----------
    project : Project
        The caller holds the lock of `interpreter` in it.
    interpreter : str
    """

    def __init__(self, project: Project, interpreter: str) -> None:
        self._project = project
        self._interpreter = interpreter
        self._idle = Idle()
        self._conn = db.connect(project, busy=db.PATIENT)
        self._ledger = ledger_file(project)
        relocate(self._conn, project)
        self.epoch = requests.register_runner(self._conn, interpreter, VERSION)
        end_older(project, interpreter, self.epoch)
        give_back_orphans()
        self._watch = ProcessWatch(project, interpreter, self.epoch)
        roster = Roster(self._conn, interpreter, self.epoch)
        self._pool = Pool(str(project.dir), self._watch, roster, self._idle)
        self._receiver = Receiver(project, interpreter)
        self._prepare = Preparer(
            self._conn, project, interpreter, self.epoch, self._pool, self._receiver
        )
        self._watches = Watches(self._conn, project, interpreter, self._receiver, self._watch)
        self._late: list[queries.RunRow] = []
        self._later = 0.0
        self._began = time.time()
        self._drives: dict[str, Drive] = {}
        self._rooms = Rooms()
        #: What is tidied up when there is time.
        self._chores: list[Iterator[None]] = []
        self._tidying = Tidying(self._conn, project)
        self._quiet_since = time.monotonic()
        self._seen = -1
        self._stopping = self._gave_up = False
        self._draining = False

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *exc: object) -> None:
        now = time.monotonic()
        for drive in self._drives.values():
            drive.close(now)
        self._watches.close()
        self._pool.close()
        self._receiver.close()
        self._conn.close()

    def stop(self) -> None:
        """End soon; runs stay unfinished, for the next runner."""
        self._stopping = True

    def serve(self) -> None:
        """Work until there has been nothing to do for the idle time."""
        self._take_up()
        while not (self._stopping or self._gave_up):
            self.step()
            if self._may_end():
                return

    def step(self) -> None:
        """One round: requests, then every active run."""
        if self._late:
            self._take_late()
        self._requests()
        now = time.monotonic()
        self._pool.tick(now)
        if self._watches.step(now):
            self._seen = -1  # what this process asks for itself is told by no version
        if self._chores:
            self._chore()
        if not self._drives:
            recently = now - self._quiet_since < _WARM_FOR
            time.sleep(_WARM if recently else _COLD)
            return
        share = _BUSY / len(self._drives)
        for uuid, drive in list(self._drives.items()):
            self._guarded(drive, share)
            if drive.ended:
                self._finish(uuid)
        self._rooms.make(self._drives)

    def _chore(self) -> None:
        """A step of what is tidied up; a mistake in it costs nothing but tidiness."""
        try:
            next(self._chores[0])
        except StopIteration:
            self._chores.pop(0)
        except (DatumError, sqlite3.Error, OSError, LookupError, ValueError):
            traceback.print_exc()
            self._chores.pop(0)

    def _guarded(self, drive: Drive, share: float) -> None:
        """A mistake of ours in one run must not take the others with it."""
        try:
            drive.step(time.monotonic(), share)
        except _MISTAKES as exc:
            traceback.print_exc()
            self._fail(
                drive, f"the runner failed: {type(exc).__name__}: {exc} (see {self._project.log})"
            )

    def _fail(self, drive: Drive, message: str) -> None:
        """End a run by our own fault; if not even that can be written (a full disk), end, and
        leave it to the next runner."""
        try:
            drive.fail(message)
        except (sqlite3.Error, DatumError):
            traceback.print_exc()
            self._gave_up = True

    def _finish(self, uuid: str) -> None:
        drive = self._drives.pop(uuid)
        now = time.monotonic()
        drive.close(now)
        keep = drive.status not in (RunStatus.ERROR, RunStatus.CANCELLED) and drive.reusable
        self._pool.give_back(drive.cluster, now, keep=keep)
        self._prepare.clean(drive.job)
        self._sweep()
        self._chores.append(self._tidying.after(drive.job.key))
        self._receiver.forget(uuid)
        self._rooms.forget(uuid)
        self._quiet_since = now

    def _sweep(self) -> None:
        """Room is made when there is time; that it fails is no run's fault."""
        try:
            sweep_results(self._conn, self._project)
        except sqlite3.Error:
            traceback.print_exc()

    @property
    def stopped(self) -> bool:
        """Whether it ends because somebody wants it to, and not for want of work."""
        return self._stopping

    def _may_end(self) -> bool:
        now = time.monotonic()
        if not self._project_stands():  # nobody sees what is done here any more
            return True
        if self._late or self._chores:
            return False
        if self._drives:
            self._end_forgotten(now)
            return False
        if self._draining:  # what is asked for is left to the next one
            return True
        wanted = self._watches.active or self._pool.keeps
        if wanted or now - self._quiet_since < self._idle.seconds:
            return False
        return requests.end_runner_if_idle(self._conn, self._interpreter, self.epoch)

    def _end_forgotten(self, now: float) -> None:
        """A paused run that nobody resumes must not keep workers for ever."""
        for drive in self._drives.values():
            if drive.paused_since is not None and now - drive.paused_since > self._idle.seconds:
                drive.tell(Cancel(), now)

    def _project_stands(self) -> bool:
        """Whether the ledger is still where it was: one that was moved, deleted or replaced
        has no runner, and what is asked for in its place is not seen here."""
        return ledger_file(self._project) == self._ledger

    # -- requests ------------------------------------------------------------------------

    def _requests(self) -> None:
        version = db.data_version(self._conn)
        if version == self._seen or time.monotonic() < self._later:
            return
        self._seen = version
        try:
            for request in requests.open_requests(self._conn, self._interpreter):
                self._heed(request)
        except sqlite3.OperationalError as exc:
            if not db.is_transient(exc):
                raise
            self._seen = -1
            self._wait_for_disk(exc)

    def _heed(self, request: Request) -> None:
        try:
            if not self._not_yet(request):
                self._answer(request)
        except DatumError as exc:
            self._refuse(request, str(exc))
        except _MISTAKES as exc:
            if db.is_transient(exc):  # a full disk, a locked ledger: it stays open
                raise
            traceback.print_exc()
            self._refuse(request, f"{type(exc).__name__}: {exc} (see {self._project.log})")

    def _wait_for_disk(self, exc: Exception) -> None:
        """Nothing can be written at the moment: what was to be done is done a little later."""
        print(f"waiting for the disk: {exc}", flush=True)
        self._later = time.monotonic() + _AGAIN

    def _refuse(self, request: Request, why: str) -> None:
        requests.answer(self._conn, request.id, "refused", why)
        if request.kind in ("run", "watch") and request.run:
            self._receiver.forget(request.run)

    def _not_yet(self, request: Request) -> bool:
        """Whether a request stays open: for the next runner, or until a kernel has told the
        environment of its run."""
        if request.kind == "drain" or request.run in self._drives:
            return False
        if self._draining:
            return True
        waits = any(row.uuid == request.run for row in self._late)
        if request.kind in ("run", "watch"):
            since = max(request.at, self._began)
            waits = waits or must_wait(self._conn, request.args)
            waits = waits or self._waits(request.run or "", request.recipe, since)
        if waits:
            self._seen = -1  # look again, though nothing may have been written
        return waits

    def _waits(self, run: str, recipe: str | None, since: float) -> bool:
        """Whether values of environment variables are still to come for a run.

        Raises
        ------
        RunError
            If they are overdue.
        """
        missing = self._prepare.lacks_environment(run, recipe)
        if missing and time.time() - since > _TELL_WITHIN:
            raise missing_error(missing)
        return bool(missing)

    def _answer(self, request: Request) -> None:
        if request.kind == "run":
            self._start(request)
        elif request.kind == "watch":
            self._watches.begin(request)
        elif request.kind == "unwatch":
            self._watches.stop(request)
            self._quiet_since = time.monotonic()
        elif request.kind == "drain":
            self._drain(request)
        elif request.run in self._drives:
            self._tell(request, self._drives[request.run])
        elif request.kind == "cancel" and request.run:
            requests.refuse_run(self._conn, request.run, "it was cancelled before it had begun")
        requests.answer(self._conn, request.id, "done")

    def _drain(self, request: Request) -> None:
        """Make room for a runner of another version: end with the active runs.

        A paused run would keep it for as long as nobody comes back: it is cancelled, and
        what is left of it runs when its cell does. A request meant for a runner that is
        gone is nobody's.
        """
        if request.args.get("epoch") != self.epoch:
            return
        self._draining = True
        for uuid, drive in list(self._drives.items()):
            if drive.status is RunStatus.PAUSED:
                drive.tell(Cancel(), time.monotonic())
            if drive.ended:
                self._finish(uuid)

    def _start(self, request: Request) -> None:
        if request.run is not None and (row := queries.run_by_uuid(self._conn, request.run)):
            # Begun, by a runner that died before it could say so: then it was taken up; or by
            # this one, which could not go on for want of disk.
            if row.ended is None and row.uuid not in self._drives:
                self._late.append(row)
            return
        self._prepare.make_room(request, self._drives)
        drive = self._prepare.new(request)
        self._rooms.begin()
        self._drives[drive.job.uuid] = drive
        drive.begin(time.monotonic())

    def _tell(self, request: Request, drive: Drive) -> None:
        now = time.monotonic()
        if request.kind == "cancel":
            self._cancel(drive, now)
        elif request.kind == "hold":
            drive.tell(Hold(), now)
        elif request.kind == "release":
            drive.tell(Release(), now)
        elif request.kind == "pause":
            drive.set_status(RunStatus.PAUSED, "paused by hand")
            drive.tell(Pause("paused by hand"), now)
        elif request.kind == "resume":
            drive.set_status(RunStatus.RUNNING)
            drive.tell(Resume(), now)
        elif request.kind == "scale":
            drive.scale(int(request.args["workers"]))
        elif request.kind == "on-error":
            self._rule(drive, str(request.args["on_error"]), now)
        if drive.ended:
            self._finish(drive.job.uuid)

    def _rule(self, drive: Drive, text: str, now: float) -> None:
        """Another rule for failures; it stands in the run's row for whoever takes it up."""
        drive.tell(Rule(OnError.parse(text)), now)
        writes.change_options(self._conn, drive.job.key, {"on_error": text})

    def _cancel(self, drive: Drive, now: float) -> None:
        """Cancel a run and those that follow it: they would wait for what does not come."""
        drive.set_status(RunStatus.CANCELLING)
        drive.tell(Cancel(), now)
        for uuid, other in list(self._drives.items()):
            if drive.job.uuid in other.job.link.follows.values() and not other.ended:
                self._cancel(other, now)
                if other.ended:
                    self._finish(uuid)

    def _take_up(self) -> None:
        """Go on with what an older runner left unfinished."""
        finish_stranded(self._conn, self._project, self.epoch)
        self._watches.take_up()
        self._late = unfinished(self._conn, self._interpreter)
        self._take_late()

    def _take_late(self) -> None:
        """Take up those whose environment is known; without their kernel they end here."""
        if time.monotonic() < self._later:
            return
        rows, self._late = self._late, []
        for row in rows:
            try:
                if self._waits(row.uuid, row.recipe, self._began):
                    self._late.append(row)
                    continue
                drive = self._prepare.again(row)
                self._rooms.begin()
            except _MISTAKES as exc:
                if isinstance(exc, OutputError) or db.is_transient(exc):
                    self._late.append(row)  # what stands in its journals is not given up
                    self._wait_for_disk(exc)
                    continue
                traceback.print_exc()
                self._prepare.abandon(row, str(exc))
                continue
            self._drives[drive.job.uuid] = drive
            drive.begin(time.monotonic())
