"""From a request to an active run: check the recipe, settle the rows, build the parts."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from ..devices import VISIBLE
from ..engines import choose_engine
from ..errors import DatumError, OutputConflictError, RunError
from ..inputs import input_from_json
from ..ledger import queries, writes
from ..ledger.db import transaction
from ..ledger.environments import put_environment
from ..ledger.requests import Request
from ..ledger.writes import RunKey
from ..outputs.porter import Porter
from ..outputs.publish import Publisher, RemotePublisher, sweep
from ..outputs.standing import Standing
from ..project import Project
from ..remote import is_url
from ..resources import thread_environment
from ..settings import check
from ..state import Cancel, RunState
from ..states import RunStatus
from ..transform.declared import check_declared
from ..transform.environment import environment_now, installed_stamp
from ..transform.options import Options
from ..transform.recipe import Recipe, check_here, read_recipe
from .asked import options_of, settings_of
from .cluster import Pool, Wanted, environment_key
from .commit import Committer
from .drive import Drive
from .expression import same_expression
from .handover import Receiver
from .job import Job, staging_of
from .keep import Keeper
from .lister import listed_apart
from .listing import ids_by_key
from .means import Means, means_of, visible_to
from .plan import Planner
from .recover import recover
from .selection import GivesWay, selection_of
from .still import Still
from .streams import Link
from .surroundings import surroundings_of


class Preparer:
    """Builds drives.

    Parameters
    ----------
    conn : sqlite3.Connection
    project : Project
    interpreter : str
    epoch : int
        Of this runner.
    pool : Pool
    receiver : Receiver
        Knows the values of environment variables.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        project: Project,
        interpreter: str,
        epoch: int,
        pool: Pool,
        receiver: Receiver,
    ) -> None:
        self._conn = conn
        self._project = project
        self._interpreter = interpreter
        self._epoch = epoch
        self._pool = pool
        self._receiver = receiver
        #: What writes the outputs of runs that go to a URL, by the run.
        self._porters: dict[str, Porter] = {}

    def new(self, request: Request) -> Drive:
        """Make the run that `request` asks for.

        Raises
        ------
        SignatureError
            If its recipe was not signed by this user.
        OutputConflictError
            If its output folder belongs to another transform.
        UsageError
            If the user's settings have a mistake.
        """
        if request.run is None or request.recipe is None:
            raise RunError(f"request {request.uuid} names no run or no recipe")
        recipe = read_recipe(self._project, request.recipe)
        check_here(self._project, recipe)
        check_declared(recipe)
        options = options_of(recipe, request.args)
        check()  # a mistake in the settings is said before anything runs
        self._check_far(request.run, recipe)
        means = self._means(request.run, recipe, options)
        with transaction(self._conn):
            key = self._rows(request, request.run, request.recipe, recipe, options, means)
        args = request.args
        try:
            return self._drive(request.run, key, request.recipe, recipe, options, args, means)
        except DatumError as exc:  # its row stands: whoever follows the run sees its end
            writes.end_run(self._conn, key, RunStatus.ERROR, str(exc))
            raise

    def again(self, row: queries.RunRow) -> Drive:
        """Take up a run that an older runner left.

        Raises
        ------
        SignatureError
            If its recipe does not verify (any more).
        """
        recipe = read_recipe(self._project, row.recipe)
        check_here(self._project, recipe)
        args = json.loads(row.options)
        options = options_of(recipe, args)
        means = self._means(row.uuid, recipe, options)
        key = RunKey(row.id, row.transform, row.version, self._epoch)
        writes.take_over(self._conn, key)
        return self._drive(row.uuid, key, row.recipe, recipe, options, args, means, recovering=True)

    def abandon(self, row: queries.RunRow, message: str) -> None:
        """End a run that cannot be taken up; what is finished stays."""
        key = RunKey(row.id, row.transform, row.version, self._epoch)
        with transaction(self._conn):
            writes.take_over(self._conn, key)
            writes.end_run(self._conn, key, RunStatus.ERROR, message)

    def make_room(self, request: Request, drives: Mapping[str, Drive]) -> None:
        """A paused run of the same transform gives way to a new one; an active one does not.

        Raises
        ------
        RunError
            If the transform is running.
        """
        if request.recipe is None:
            return
        name = read_recipe(self._project, request.recipe).name
        for drive in drives.values():
            if drive.job.recipe.name != name:
                continue
            if drive.status is not RunStatus.PAUSED:
                raise RunError(
                    f"transform {name!r} is running already (run {drive.job.uuid[:8]}). "
                    f"Wait for it, or stop it with: %datum cancel {name}"
                )
            drive.tell(Cancel(), time.monotonic())

    def clean(self, job: Job) -> None:
        """Remove what only an active run needs; its last commit is durable."""
        for name in ("j", "claims", "inbox", "tmp"):
            shutil.rmtree(job.folder / name, ignore_errors=True)
        for name in ("listing", "kernel", "halt"):
            (job.folder / name).unlink(missing_ok=True)
        if job.out is not None:
            sweep(self._conn, job.out, self._epoch + 1, job.staging)
        if (porter := self._porters.pop(job.uuid, None)) is not None:
            porter.close()

    # -- rows ----------------------------------------------------------------------------

    def _rows(
        self,
        request: Request,
        uuid: str,
        digest: str,
        recipe: Recipe,
        options: Options,
        means: Means,
    ) -> RunKey:
        conn = self._conn
        out = os.fsencode(recipe.out) if recipe.out else None
        self._check_out(recipe.name, out)
        transform = writes.transform_id(conn, recipe.name, recipe.notebook, recipe.cell_id, out)
        version = writes.version_id(
            conn,
            transform,
            bytes.fromhex(recipe.fingerprint),
            recipe.parts,
            recipe.source,
            recipe.python,
            recipe.packages,
            recipe.texts,
        )
        run = writes.create_run(
            conn,
            uuid=uuid,
            transform=transform,
            version=version,
            recipe=digest,
            interpreter=self._interpreter,
            engine=options.engine.partition("#")[0],
            workers=means.workers,
            options=request.args,
            origin=str(request.args.get("origin", "kernel")),
            requested=request.at,
            epoch=self._epoch,
            pipeline=str(request.args.get("pipeline", "")),
        )
        put_environment(conn, run, *environment_now(recipe))
        if means.devices is not None:
            conn.execute("update run set devices = ? where id = ?", (means.devices, run))
        fresh = writes.allocate_datums(conn, 0)
        return RunKey(run, transform, version, self._epoch, fresh)

    def _check_out(self, name: str, out: bytes | None) -> None:
        owner = queries.transform_of_out(self._conn, out) if out else None
        if owner is not None and owner != name:
            raise OutputConflictError(
                f"the output folder {os.fsdecode(out or b'')!r} belongs to transform {owner!r}; "
                f"give {name!r} another one with -o"
            )

    # -- parts ---------------------------------------------------------------------------

    def _drive(
        self,
        uuid: str,
        key: RunKey,
        digest: str,
        recipe: Recipe,
        options: Options,
        args: Mapping[str, Any],
        means: Means,
        *,
        recovering: bool = False,
    ) -> Drive:
        source = input_from_json(recipe.input, self._project)
        writes.put_roots(self._conn, key.transform, source.roots)
        out = os.fsencode(recipe.out) if recipe.out else None
        job = Job(
            self._project,
            key,
            uuid,
            digest,
            recipe,
            source,
            options,
            out,
            means,
            Link(source, args.get("follows") or {}),
        )
        for name in ("j", "claims", "logs"):
            (job.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        gives_way = GivesWay()
        near = None if out is not None and is_url(out) else out  # nothing is kept of objects
        keeper = Keeper(self._conn, self._project, key, near, options.keep)
        publisher = self._publisher(job, gives_way, keeper)
        resumed = None
        if recovering:
            recover(self._conn, job, publisher)
            resumed = ids_by_key(
                job.folder / "listing", queries.unsettled_attempts(self._conn, key.id)
            )
        selection = selection_of(self._conn, key.transform, options, args)
        exclude = frozenset({out} if out else ())
        run = (key.id, key.transform, key.version)
        listed = listed_apart(
            source, self._project, recipe, self._environment(job), self._pool.watch, job.link
        )
        planner = Planner(
            self._conn,
            run,
            listed,
            selection,
            exclude,
            time.time_ns,
            resumed=resumed,
            gives_way=gives_way,
            same_input=same_expression(self._conn, self._project, recipe),
            keeper=keeper,
            still=Still.asked(args, source.roots, time.time_ns),
        )
        planner.compare.surroundings = surroundings_of(self._conn, recipe, options, keeper)
        if out is not None:
            planner.compare.out = os.path.join(out, b"")
        if uuid in self._porters and out is not None:
            planner.compare.lstat = Standing(out, self._porters[uuid]).lstat
        state = RunState(settings_of(options))
        cluster = self._pool.take(self._wanted(job, args), job)
        committer = Committer(self._conn, job, publisher, keeper)
        return Drive(job, planner, state, cluster, self._pool, committer)

    def _publisher(self, job: Job, gives_way: GivesWay, keeper: Keeper) -> Publisher:
        options = job.options
        rules: dict[str, Any] = {
            "run": job.key,
            "replace": options.force,
            "replace_edited": options.replace_edited,
            "is_stale": gives_way,
        }
        if job.out is None or not is_url(job.out):
            before = keeper.before if options.keep else None
            return Publisher(self._conn, out=job.out, before=before, **rules)
        porter = self._porters[job.uuid] = self._porter(job.uuid, job.recipe)
        staging = staging_of(job.project, job.out)
        return RemotePublisher(self._conn, out=job.out, staging=staging, porter=porter, **rules)

    def _porter(self, uuid: str, recipe: Recipe) -> Porter:
        if uuid in self._porters:
            return self._porters[uuid]
        return Porter(recipe.out or "", self._told(uuid, recipe), self._project.log)

    def _check_far(self, uuid: str, recipe: Recipe) -> None:
        """See that a URL for outputs can be reached, before anything runs."""
        if recipe.out is None or not is_url(recipe.out):
            return
        self._porters[uuid] = porter = self._porter(uuid, recipe)
        try:
            porter.check()
        except OSError as exc:
            self._porters.pop(uuid).close()
            raise RunError(f"outputs cannot go to {recipe.out}: {exc}") from exc

    def lacks_environment(self, run: str, digest: str | None) -> list[str]:
        """Return the variables of a recipe whose values no kernel has told yet for `run`.

        Raises
        ------
        SignatureError
            If the recipe was not signed by this user.
        """
        if digest is None:
            return []
        names = read_recipe(self._project, digest).environment
        values = self._receiver.values(run) or {} if names else {}
        return [name for name in names if name not in values]

    def _environment(self, job: Job, *, elsewhere: bool = False) -> dict[str, str]:
        """Limits of threads are ours to set, unless the user has set them in the kernel."""
        known = job.options.threads or not elsewhere
        threads = thread_environment(job.workers, job.options.threads) if known else {}
        values = self._told(job.uuid, job.recipe)
        if job.means.slots:
            values.pop(VISIBLE, None)  # from which devices are taken; not what a worker sees
        values = {**visible_to(job.means, job.options), **values}
        return {**values, **threads} if job.options.threads else {**threads, **values}

    def _means(self, uuid: str, recipe: Recipe, options: Options) -> Means:
        return means_of(options, {**os.environ, **self._told(uuid, recipe)})

    def _told(self, uuid: str, recipe: Recipe) -> dict[str, str]:
        told = self._receiver.values(uuid) or {}
        values = {name: told[name] for name in recipe.environment if name in told}
        return values | recipe.variables

    def _wanted(self, job: Job, args: Mapping[str, Any]) -> Wanted:
        choice = choose_engine(job.options.engine)
        environment = self._environment(job, elsewhere=choice.elsewhere)
        extra = tuple(choice.options.items())
        if choice.kind == "serial" and _may_wait(job.options, args):
            extra = (("inbox", str(job.folder / "inbox")), ("lock", str(job.folder / "kernel")))
        path = job.recipe.sys_path
        code = json.dumps([job.recipe.modules, path, job.recipe.cwd, installed_stamp(path)])
        return Wanted(choice.kind, environment_key(environment), extra, code, job.means.slots)


def _may_wait(options: Options, args: Mapping[str, Any]) -> bool:
    """Whether somebody may wait for a run, to be its worker. A child does what nobody waits
    for, and is as warm for the next run as the workers of any engine."""
    return not options.background and args.get("origin", "kernel") in ("kernel", "cli")
