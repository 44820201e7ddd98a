"""What the scheduler is told, and what it wants done. Plain data, past and imperative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..states import DatumState, RunStatus
from .settings import OnError

# -- events --------------------------------------------------------------------------------


class Planned(NamedTuple):
    """More positions are known: one state byte each, PENDING for what is to run.

    ``tried`` names those (position, attempts) that were tried in this run before, under a
    runner that died: their attempts are counted on. ``first`` are positions that take much
    longer than others, as far as is known: they are sent before them, so that none is begun
    when all the others are done. ``order``, if given, is all that is to run, in the order in
    which it is to be sent.
    """

    states: bytes
    tried: Sequence[tuple[int, int]] = ()
    first: Sequence[int] = ()
    order: Sequence[int] | None = None


class PlanEnded(NamedTuple):
    """No more positions will come."""


class WorkerUp(NamedTuple):
    """A worker can be sent sets."""

    worker: str


class WorkerDown(NamedTuple):
    """A worker died. ``begun`` is what it had begun and not finished, as ``(position,
    attempt)``, read from its journal to the end before this is said; None if not known.

    ``certain``, with None: the journal tells for sure that nothing was begun. Then not
    even a datum that stood alone is suspected."""

    worker: str
    cause: str
    begun: tuple[int, int] | None
    certain: bool = False


class WorkerWorn(NamedTuple):
    """A worker asks to be replaced: it has grown too large, or has done its share."""

    worker: str
    reason: str


class WorkerBegan(NamedTuple):
    """A worker began a datum (``at`` on the scheduler's clock)."""

    worker: str
    position: int
    attempt: int
    at: float


class WorkerEnded(NamedTuple):
    """A worker that nobody sees has executed its set; what that has left is on its way."""

    worker: str


class Finished(NamedTuple):
    """Attempts that succeeded: ``(position, attempt, seconds)``. What is late or doubled
    among them is dropped, and counted; :class:`Accepted` then tells what was not."""

    worker: str
    set_id: int
    outcomes: list[tuple[int, int, float]]


class Failure(NamedTuple):
    """An attempt failed, and its worker lives."""

    worker: str
    set_id: int
    position: int
    attempt: int
    seconds: float
    signature: str
    transient: bool
    fatal: bool


class Rejected(NamedTuple):
    """A success that could not be published (its path belongs to another datum).

    Taken after the run's end too: the last of it is published only then."""

    position: int
    attempt: int


class SetReturned(NamedTuple):
    """A set is off its worker's hands. ``refused``: not executed at all; ``leaving``: and the
    worker takes no other, since it is being given back; ``cut``: the worker was not to go on,
    and has not begun what is left."""

    worker: str
    set_id: int
    refused: bool
    leaving: bool = False
    cut: bool = False


class Reclaimed(NamedTuple):
    """What a :class:`Reclaim` asked for was taken back: its worker will not run it."""

    worker: str
    set_id: int
    after: int | None


class Tick(NamedTuple):
    """Time has passed."""


class Cancel(NamedTuple):
    """End the run; what is finished stays."""


class Hold(NamedTuple):
    """Start nothing new for a moment: it may become a cancel or a release."""


class Release(NamedTuple):
    """Go on after a hold."""


class Pause(NamedTuple):
    """Start nothing new until resumed."""

    reason: str


class Resume(NamedTuple):
    """Go on after a pause."""


class Scale(NamedTuple):
    """There are to be so many workers."""

    workers: int


class Rule(NamedTuple):
    """What failed datums do to the others, from the next failure on; earlier ones count."""

    on_error: OnError


class Room(NamedTuple):
    """So many more datums may be sent until the next word on it; None: any number.

    Said, again and again, where something else takes what the run makes: it is not to be
    far ahead."""

    datums: int | None


class Retry(NamedTuple):
    """Try failed datums again, in this same run."""

    positions: tuple[int, ...]


class NoWorkersLeft(NamedTuple):
    """There is no worker, and none will come."""

    reason: str


Event = (
    Planned
    | PlanEnded
    | WorkerUp
    | WorkerDown
    | WorkerWorn
    | WorkerBegan
    | WorkerEnded
    | Finished
    | Failure
    | Rejected
    | SetReturned
    | Reclaimed
    | Tick
    | Cancel
    | Hold
    | Release
    | Pause
    | Resume
    | Scale
    | Room
    | Rule
    | Retry
    | NoWorkersLeft
)

# -- actions -------------------------------------------------------------------------------


class Send(NamedTuple):
    """Send a set: ``(position, attempt)`` of each datum, in order.

    ``set_id`` is never used twice. ``generation`` is how often these attempts were sent,
    this time included: above 1 they are sent again as they were."""

    worker: str
    set_id: int
    generation: int
    items: list[tuple[int, int]]


class Reclaim(NamedTuple):
    """Take back a set that waits behind a slow datum, or (``after`` its position) the rest of
    the very set, unless its worker is quicker. :class:`Reclaimed` follows if that succeeds."""

    worker: str
    set_id: int
    generation: int
    after: int | None


class Kill(NamedTuple):
    """End a worker; its :class:`WorkerDown` is to follow."""

    worker: str
    reason: str


class Accepted(NamedTuple):
    """Of a :class:`Finished` only these count, each once; the rest was late or doubled.

    Not said where all of them do, as always when :meth:`RunState.accepts` was asked."""

    worker: str
    set_id: int
    outcomes: list[tuple[int, int, float]]


class Settle(NamedTuple):
    """A datum that had been sent before is FAILED for good, with this attempt, or CANCELLED.

    What is cancelled without ever having been sent is not told one by one: see the states."""

    position: int
    attempt: int
    state: DatumState = DatumState.FAILED


class Recover(NamedTuple):
    """The last try at a datum failed, as was told or blamed just before. When this attempt
    is sent, it is for recovering the datum, with that failure."""

    position: int
    attempt: int


class Blame(NamedTuple):
    """An attempt ended with its worker, by its own doing or its time-out: record it."""

    worker: str
    position: int
    attempt: int
    seconds: float
    signature: str
    message: str
    final: bool


class ReplaceWorker(NamedTuple):
    """A worker is missing and there is work for one."""


class PauseRun(NamedTuple):
    """The run has paused itself."""

    reason: str


class End(NamedTuple):
    """The run is over."""

    status: RunStatus


Action = (
    Send | Reclaim | Kill | Accepted | Settle | Recover | Blame | ReplaceWorker | PauseRun | End
)
