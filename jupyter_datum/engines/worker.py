"""The worker's side: a datum set comes in as bytes, its records go out as bytes.

Whatever engine runs it, a worker does the same: it claims the set, appends a record to its
journal before and after each datum, and gives the same records back at the end.

What a datum leaves behind in the process (imports, caches, a model in memory) is there for
the next one, as in any notebook. Set right again are standard output and error, and what
:mod:`.hygiene` lists.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn

from ..devices import device_of, hold, shares_of
from ..events import DatumSet, SetItem, SetReturn, begun_frame, pack_return, unpack_set
from ..inputs import input_from_json
from ..inputs.lazy import loader
from ..project import Project
from ..remote import options_by_input
from ..results.display import adopt
from ..transform.modules import StandIns
from ..transform.payload import load_payload
from ..transform.recipe import read_payload, read_recipe
from .attempt import Transform
from .hygiene import Upkeep
from .inbox import UP, InboxWorker, put
from .life import Life
from .processes import BROKEN, lead_group

__all__ = ["InboxWorker", "Session", "execute", "kernel_worker", "prepare", "worker_main"]

#: Transforms kept ready; more would keep too many captured values in memory.
_KEPT: Final = 2
#: After a datum of so many seconds a worker asks whether the rest of its set is still its own.
#: Whoever takes it back waits longer.
SLOW: Final = 1.0
#: After so many seconds it looks whether it is to begin nothing more.
LOOK: Final = 0.05


class Session:
    """What a worker process keeps between sets.

    Parameters
    ----------
    own : bool
        Whether the process is a worker and nothing else. In a kernel neither descriptors
        nor ``sys.path`` nor the working folder are touched.
    guest : bool
        Whether it is a worker of somebody else's cluster (:mod:`.guest`): ``sys.path`` and
        the working folder are changed all the same, to be put back; and it need not hold the
        user's key: whoever sends a set could have it execute anything else as well.
    recycles : bool
        Whether a guest may ask to be replaced: its cluster is ours.
    """

    def __init__(self, *, own: bool, guest: bool = False, recycles: bool = False) -> None:
        self._own = own
        self._moves = own or guest
        self._signed = not guest
        self._life: Life | None = None
        self._transforms: OrderedDict[tuple[str, str], tuple[Transform, StandIns]] = OrderedDict()
        #: What stands before the files of modules now.
        self._standing: StandIns | None = None
        self._upkeep = Upkeep(own=own, guest=guest, wears=own or recycles)
        #: Set to have the set at work end after its datum; whoever sets it takes it back.
        self.interrupted = False

    @property
    def in_user_code(self) -> bool:
        """Whether an exception that comes now, from a signal, hits the datum at work."""
        return self._life is not None and self._life.bench.phase in ("input", "cell")

    def run(self, datum_set: DatumSet) -> SetReturn:
        """Execute a set; what user code does is in the records and never raised.

        Raises
        ------
        JournalError
            If a record could not be written. The process must not go on as a worker.
        """
        set_id, generation, worn = datum_set.set_id, datum_set.generation, self._upkeep.worn
        try:
            life = self._enter(datum_set)
            if life.unheard(datum_set):
                return SetReturn(set_id, generation, "cut", life.end, life.end, b"")
            claimed = not (life.halted or worn(datum_set)) and life.claim(datum_set)
        except FileNotFoundError:  # the run has ended, and its folder was cleaned
            return SetReturn(set_id, generation, "refused", 0, 0, b"")
        start = life.end
        if not claimed:
            why = worn(datum_set)
            status = "unfit" if why and self._upkeep.fresh else "refused"
            return SetReturn(set_id, generation, status, start, start, b"", why)
        try:
            with life.capture:
                written = b"".join(self._run_items(life, datum_set))
        finally:
            if not self._own:
                self._stand(None)
        end, batch, why = life.end, life.cut_to(datum_set), worn(datum_set)
        how = "cut" if why or life.unheard(datum_set) or life.halted else "done"
        return SetReturn(set_id, generation, how, start, end, written, why, batch)

    def _run_items(self, life: Life, datum_set: DatumSet) -> list[bytes]:
        """One write for each call of the cell: the end of the one before, the beginning of this."""
        epoch, set_id, upkeep, now = datum_set.epoch, datum_set.set_id, self._upkeep, time.time()
        call, parts = self._calls(life, datum_set)
        written: list[bytes] = []
        ended, count, last, looked = b"", 0, -1, now
        upkeep.begin(now)
        for items in parts:
            if self.interrupted:
                break
            before, now = now, time.time()
            if now >= upkeep.due:
                upkeep.restore(now)
            if now - before > SLOW and written and not life.goes_on(datum_set, last):
                break
            if now - looked > LOOK:
                looked = now
                if life.halted:
                    break
            count, last = count + len(items), items[-1].position
            for item in items:
                ended += begun_frame(item.position, item.attempt, epoch, set_id, now)
            written.append(ended)
            life.append(ended)
            failures, ended = life.failures, call(items)
            if life.unheard(datum_set):
                break
            if life.failures > failures and upkeep.full:  # others would fail of the same
                break
        written.append(ended)
        life.append(ended)
        upkeep.end(count)
        return written

    def _calls(
        self, life: Life, datum_set: DatumSet
    ) -> tuple[Callable[[Sequence[SetItem]], bytes], Iterable[Sequence[SetItem]]]:
        """Return what calls the cell for some datums, and those of each call: one, with
        ``--batch`` several; but what is to be recovered goes one by one."""
        load = _once(lambda: self._ready(life.project, datum_set.recipe))
        bench, set_id, failures = life.bench, datum_set.set_id, datum_set.failures
        given = self._upkeep.share(datum_set)

        def alone(items: Sequence[SetItem]) -> bytes:
            if failures and items[0].position in failures:
                return bench.recover(items[0], set_id, load, failures[items[0].position])
            return bench.run(items[0], set_id, load)

        if not datum_set.batch:
            return alone, zip(given)
        batches = life.batches(datum_set)

        def together(items: Sequence[SetItem]) -> bytes:
            if items[0].position in failures:
                return alone(items)
            return b"".join(batches.run(items, set_id, load))

        others = [item for item in given if item.position not in failures]
        recovered = [[item] for item in given if item.position in failures]
        return together, itertools.chain(recovered, batches.parts(others))

    def _enter(self, datum_set: DatumSet) -> Life:
        key = (datum_set.project_dir, datum_set.run, datum_set.epoch, datum_set.worker)
        if self._life is None or self._life.key != key:
            self.leave()
            self._life = Life(key, datum_set, own=self._own)
        return self._life

    def give_up(self) -> None:
        """Begin nothing more of the set at work, and record nothing more of it: from any thread,
        when nobody waits for it any more."""
        self.interrupted = True
        if self._life is not None:
            self._life.silent = True

    def leave(self) -> None:
        """Let go of the files of the run at work."""
        if self._life is not None:
            self._life.close()
            self._life = None

    def _ready(self, project: Project, digest: str) -> Transform:
        """Return a transform that can run; its signature is checked before it is loaded."""
        key = (str(project.dir), digest)
        if key not in self._transforms:
            self._transforms[key] = self._load(project, digest)
            self._upkeep.note()
            if len(self._transforms) > _KEPT:
                self._transforms.popitem(last=False)
        self._transforms.move_to_end(key)
        transform, imports = self._transforms[key]
        self._stand(imports)
        if self._moves and transform.cwd:
            self._move(transform.cwd)
            self._upkeep.move(transform.cwd)
        return transform

    def _stand(self, imports: StandIns | None) -> None:
        """Have imports find what came with a transform; none: have them as they were."""
        if self._standing is imports:
            return
        if self._standing is not None:
            self._standing.leave()
        self._standing = imports
        if imports is not None:
            imports.enter()

    def _move(self, folder: str) -> None:
        os.chdir(folder)

    def _load(self, project: Project, digest: str) -> tuple[Transform, StandIns]:
        recipe = read_recipe(project, digest, signed=self._signed)
        if self._moves:
            first = list(recipe.sys_path)
            sys.path[:] = first + [path for path in sys.path if path not in first]
            self._move(recipe.cwd)
        self._stand(None)  # what came for another transform
        loaded = load_payload(read_payload(project, recipe.payload))
        self._stand(loaded.imports)
        adopt(loaded.namespace, recipe.source, own=self._own)
        loaded.set_up(device_of(os.environ))
        name = str(recipe.input.get("name") or "in")
        load = loader(recipe.input, project)
        form = input_from_json(recipe.input, project).form
        storage = options_by_input(recipe.input, project)
        run = partial(loaded.run, name="datums") if recipe.options.get("batch") else loaded.run
        transform = Transform(
            run, name, recipe.filename, recipe.fingerprint, recipe.cwd, load, form, storage,
            loaded.check, loaded.recover,
        )  # fmt: skip
        return transform, loaded.imports


def _once(make: Callable[[], Transform]) -> Callable[[], Transform]:
    """Call `make` once: for a set whose setup fails it fails once, and not for each datum."""
    made: list[Transform] = []
    failed: list[BaseException] = []
    shown: list[TracebackType | None] = []

    def load() -> Transform:
        if failed:
            raise failed[0].with_traceback(shown[0])
        if not made:
            try:
                made.append(make())
            except BaseException as exc:
                failed.append(exc)
                shown.append(exc.__traceback__)
                raise
        return made[0]

    return load


# -- a process that is a worker --------------------------------------------------------------

_session: Session | None = None
_own = False


def prepare() -> None:
    """Make this process a worker and nothing else; an engine's first call in it."""
    global _own
    _own = True
    lead_group()
    if not hold(shares_of(os.environ), f"in {os.getcwd()}"):
        os.write(2, b"another process has taken the device of this worker\n")
        os._exit(BROKEN)
    # A kernel's backend draws into its cell; a desktop's would open windows.
    if os.environ.get("MPLBACKEND", "module://").startswith("module://"):
        os.environ["MPLBACKEND"] = "Agg"


def execute(data: bytes) -> bytes:
    """Run a datum set: what every engine has its workers call.

    Parameters
    ----------
    data : bytes
        From :func:`~jupyter_datum.events.pack_set`.

    Returns
    -------
    bytes
        For :func:`~jupyter_datum.events.unpack_return`.
    """
    global _session
    if _session is None:
        _session = Session(own=_own)
    try:
        return pack_return(_session.run(unpack_set(data)))
    except BaseException:  # not the user's: a full disk, say. Whoever goes on would lie
        _break()


def kernel_worker(inbox: Path, lock: Path) -> InboxWorker:
    """Make this kernel the worker of a serial run, as long as it holds `lock`.

    Call :meth:`~InboxWorker.step` while waiting for the run, then :meth:`~InboxWorker.close`.
    """
    return InboxWorker(inbox, Session(own=False), lock)


def worker_main(arguments: list[str] | None = None) -> None:
    """Be a worker that takes its sets from a folder: ``--inbox DIR``.

    It ends when standard input does: that is when its parent is gone.
    """
    _, inbox = arguments or sys.argv[1:]
    prepare()
    threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    worker = InboxWorker(Path(inbox), Session(own=True))
    put(Path(inbox) / UP, b"")
    try:
        worker.work()
    except BaseException:
        _break()


def _break() -> NoReturn:
    os.write(2, traceback.format_exc().encode(errors="backslashreplace"))
    os._exit(BROKEN)


def _end_with_parent(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    worker_main()
