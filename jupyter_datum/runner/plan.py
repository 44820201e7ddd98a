"""Which datums there are, and which of them run, with reasons.

The listing of the input is merged with what the ledger knows (:mod:`.merge`), each pair is
compared (:mod:`.compare`), and what is selected of it runs.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from ..events import pack_listed
from ..inputs.base import Input, Listed
from ..ledger import queries, writes
from ..states import DatumState
from .absent import Absent
from .compare import Comparer
from .eventual import Eventual, Threaded
from .keep import Candidate, Keeper
from .merge import BATCH, PRUNED, Known, Merge, Pair, Row
from .selection import (
    AT_REST,
    CHANGED,
    ENVIRONMENT,
    MISSING,
    NEW,
    RESTORED,
    STALE,
    UNCHANGED,
    GivesWay,
    Selection,
)
from .still import Still

_MAY_COME_BACK: Final = frozenset({CHANGED, ENVIRONMENT, MISSING, STALE})
_SKIPPED: Final = bytes([DatumState.SKIPPED])


@dataclass
class Batch:
    """The next positions of a plan.

    ``ids`` holds a datum row id, ``states`` a state byte and ``rows`` a packed item (empty
    where nothing runs) for each position; ``tried`` (position, attempts) of datums that run
    and were tried in this run before. ``pairs`` and ``reasons`` are what was compared;
    ``listed`` is what the input lists, empty where none of it runs.
    """

    ids: list[int] = field(default_factory=list)
    states: bytearray = field(default_factory=bytearray)
    rows: list[bytes] = field(default_factory=list)
    tried: list[tuple[int, int]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)


class Planner:
    """Makes the plan of one run, batch by batch.

    Parameters
    ----------
    conn : sqlite3.Connection
        Read, but for blocks of ids for new datums and refreshed stat tuples.
    run : tuple
        ``(id, transform, version)`` of the run in the ledger.
    source : Input
    selection : Selection
    exclude : frozenset of bytes
        Absolute folders that are never input: the transform's own outputs.
    now_ns : callable
        The clock, for files that changed a moment ago.
    resumed : mapping, optional
        Given when an older runner has begun the run: the ids that it gave to keys of which
        the ledger holds attempts and no outcome.
    gives_way : GivesWay, optional
        Told which recorded datums run again, and which have left the input.
    dry : bool
        Write nothing: new datums all get the id 0.
    same_input : callable, optional
        Whether a run (by row id) had the input expression that this one has; a datum of
        another that is not listed any more has not vanished, it has left the input.
    keeper : Keeper, optional
        Knows former versions that may be brought back.
    still : Still, optional
        Tells which files are at rest, where the input is watched.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        run: tuple[int, int, int],
        source: Input,
        selection: Selection,
        exclude: frozenset[bytes],
        now_ns: Callable[[], int],
        *,
        resumed: Mapping[bytes, int] | None = None,
        gives_way: GivesWay | None = None,
        dry: bool = False,
        same_input: Callable[[int], bool] = lambda run: True,
        keeper: Keeper | None = None,
        still: Still | None = None,
    ) -> None:
        self._keeper = keeper if keeper is not None and keeper.holds else None
        self._conn = conn
        self._run, self._transform, version = run
        self.source = source
        self._selection = selection
        #: Recorded datums that are not listed.
        self.absent = Absent(same_input)
        self.still = still
        self.errors: list[str] = []
        self.reasons: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.saved = 0.0
        self.planned = 0
        self._to_run = 0
        self._resumed = resumed
        self._dry = dry
        #: Asked by the publisher, while planning goes on and after it.
        self.gives_way = gives_way or GivesWay()
        self._ids = _Ids(conn)
        self._listing = source.list(exclude, self.errors)
        self._merge = Merge(conn, self._transform, self._listing, source.ordered, self._gone)
        self.compare = Comparer(
            conn,
            self._run,
            source,
            queries.equivalent_versions(conn, version),
            now_ns,
            force=selection.force,
        )
        all_new = self._merge.empty and selection.unlimited and selection.wants(NEW)
        #: Whether a former runner had begun the run.
        self.resumes = resumed is not None
        self._plain = all_new and not dry and resumed is None
        self._back: list[int] = []

    def ready(self) -> bool:
        """Return whether :meth:`step` would not wait: for a lister it might."""
        return not isinstance(self._listing, Eventual) or self._listing.ready(wait=False) > 0

    @property
    def waiting(self) -> int:
        """Datums listed by a thread, and not planned yet."""
        return self._listing.waiting if isinstance(self._listing, Threaded) else 0

    def close(self) -> None:
        """End the listing, wherever it is."""
        if isinstance(self._listing, Eventual):
            self._listing.close()

    def step(self, n: int = BATCH) -> Batch | None:
        """Plan up to `n` more datums; None when the listing has ended."""
        batch = Batch()
        if isinstance(self._listing, Eventual):
            n = min(n, self._listing.ready(wait=True))
        if self._plain:
            return self._new_ones(batch, n)
        pairs = batch.pairs = self._merge.take(n)
        if not pairs:
            self._listed_all()
            return None
        batch.reasons = self.compare.reasons(pairs)
        if self._keeper is not None and self._selection.whole:
            self._bring_back(self._keeper, pairs, batch.reasons)
        alike = self._resumed is None and batch.reasons.count(batch.reasons[0]) == len(pairs)
        if alike and batch.reasons[0] == UNCHANGED:
            self._skip_all(pairs, batch)
        elif alike and self._run_them_all(batch.reasons[0]):
            self._run_all(pairs, batch)
        else:
            batch.listed = [listed for listed, _ in pairs]
            for (listed, row), reason in zip(pairs, batch.reasons, strict=True):
                self._plan(listed, row, reason, batch)
        self._note()
        if self._resumed is not None:
            batch.tried = self._tried(batch)
        self.planned += len(batch.ids)
        return batch

    def _bring_back(self, keeper: Keeper, pairs: list[Pair], reasons: list[str]) -> None:
        """Nothing runs where the ledger holds what the present input and code have made."""
        candidates = [
            Candidate(self.planned + i, listed, Known._make(row))
            for i, ((listed, row), reason) in enumerate(zip(pairs, reasons, strict=True))
            if row and (reason in _MAY_COME_BACK or row[11] == PRUNED)
        ]
        if not candidates:
            return
        if self._dry:
            back = {found[0].known.id for found in keeper.wanted(candidates, self.source)}
        else:
            back = keeper.bring_back(candidates, self.source)
        for candidate in candidates:
            if candidate.known.id in back:
                at = candidate.position - self.planned
                self.compare.restored(candidate.known, reasons[at])
                reasons[at] = RESTORED

    def _new_ones(self, batch: Batch, n: int) -> Batch | None:
        """What :meth:`_plan` does where nothing is known and all is wanted, which is every
        first run: the loop that a million datums pass through."""
        block = list(islice(self._listing, n))
        batch.ids = self._ids.take_many(len(block))
        self._pack(block, batch)
        self.reasons[NEW] += len(block)
        self.planned += len(block)
        return batch if block else None

    def _run_them_all(self, reason: str) -> bool:
        selection = self._selection
        return not self._dry and selection.unlimited and selection.wants(reason)

    def _run_all(self, pairs: list[Pair], batch: Batch) -> None:
        """What :meth:`_plan` does where all run for one reason: new code, a run by force, a
        first run beside what is known."""
        known = [row[1] for _, row in pairs if row]
        new = iter(self._ids.take_many(len(pairs) - len(known)))
        batch.ids = [row[1] if row else next(new) for _, row in pairs]
        self.gives_way.again.update(known)
        self._pack([listed for listed, _ in pairs], batch)
        self.reasons[batch.reasons[0]] += len(pairs)

    def _pack(self, block: list[Listed], batch: Batch) -> None:
        batch.listed = block
        batch.states = bytearray([DatumState.PENDING]) * len(block)
        batch.rows = [
            pack_listed(position, identity, *listed)
            for position, identity, listed in zip(
                range(self.planned, self.planned + len(block)), batch.ids, block, strict=True
            )
        ]
        self._to_run += len(block)

    def _skip_all(self, pairs: list[Pair], batch: Batch) -> None:
        """What :meth:`_plan` does where nothing has changed: the loop of every later run."""
        rows = [row for _, row in pairs if row]
        batch.ids = [row[1] for row in rows]
        batch.states = bytearray(_SKIPPED * len(rows))
        batch.rows = [b""] * len(rows)
        self._back += [row[1] for row in rows if row[14] is not None]
        self.reasons[UNCHANGED] += len(rows)
        if not self._selection.wants(UNCHANGED):
            self.left[UNCHANGED] += len(rows)
        self.saved += sum([row[9] for row in rows])

    def _plan(self, listed: Listed, row: Row | None, reason: str, batch: Batch) -> None:
        known = Known._make(row) if row else None
        self.reasons[reason] += 1
        position = self.planned + len(batch.ids)
        identity = known.id if known else self._new_id(listed.key)
        batch.ids.append(identity)
        if not self._selected(listed, reason, known):
            batch.states.append(self._state_left(known))
            batch.rows.append(b"")
            self.left[reason] += 1
            if known and known.gone is not None:
                self._back.append(known.id)
            if reason in AT_REST and known:
                self.saved += known.seconds
            return
        self._to_run += 1
        if known is not None:
            self.gives_way.again.add(known.id)
        batch.states.append(DatumState.PENDING)
        batch.rows.append(pack_listed(position, identity, *listed))

    def _new_id(self, key: bytes) -> int:
        if self._dry:
            return 0
        former = (self._resumed or {}).get(key)
        if former:
            self._merge.there.add(former)
        return former or self._ids.take()

    def _tried(self, batch: Batch) -> list[tuple[int, int]]:
        found = queries.attempts_in(self._conn, self._run, batch.ids)
        return [
            (self.planned + i, found[identity])
            for i, identity in enumerate(batch.ids)
            if batch.rows[i] and identity in found
        ]

    def _selected(self, listed: Listed, reason: str, known: Known | None) -> bool:
        selection = self._selection
        if selection.sample and self._to_run >= selection.sample:
            return False
        if selection.among is not None and (known is None or known.id not in selection.among):
            return False
        wanted = selection.wants_key(listed.key, reason)
        if self.still is None:
            return wanted
        return self.still.takes(listed, reason, known, wanted=wanted)

    def _state_left(self, known: Known | None) -> int:
        """The state of a datum that does not run: what it has become in this very run, if a
        former runner began it, else skipped."""
        if known and known.run == self._run and known.state != DatumState.CANCELLED:
            return known.state
        return DatumState.SKIPPED

    # -- what is written down ------------------------------------------------------------

    def _note(self) -> None:
        """Write stat tuples anew where only they have changed."""
        compare = self.compare
        if not self._dry:
            writes.refresh(
                self._conn, compare.touched, compare.files_touched, compare.outputs_touched
            )
            if self._back:
                writes.put_back(self._conn, self._back)
            self._back.clear()
        for rows in (compare.touched, compare.files_touched, compare.outputs_touched):
            rows.clear()

    def _gone(self, known: Known) -> None:
        """A recorded datum is not listed."""
        self.gives_way.gone.add(known.id)
        if known.dirty != PRUNED:
            self.absent.add(known)

    def _listed_all(self) -> None:
        """What the listing lacks is gone, if it was whole and nothing went wrong in it."""
        self.absent.conclude(whole=not self.errors)
        if self.errors:
            return
        self.gives_way.whole = True
        if self._selection.tells_gone and not self._dry:
            self.write_gone(self._run)

    def write_gone(self, run: int) -> None:
        """Record what a whole listing lacked, as found by row id `run`; of a dry plan also
        what is there again."""
        if not self.gives_way.whole:
            return
        self.absent.write(self._conn, run)
        writes.put_back(self._conn, self._back)
        self._back.clear()


class _Ids:
    """Row ids for new datums, taken from the ledger in blocks."""

    def __init__(self, conn: sqlite3.Connection, block: int = BATCH) -> None:
        self._conn = conn
        self._block = block
        self._next = self._stop = 0

    def take_many(self, n: int) -> list[int]:
        """Return `n` ids in a row."""
        ids: list[int] = []
        while len(ids) < n:
            ids.append(self.take())
            more = min(n - len(ids), self._stop - self._next)
            ids.extend(range(self._next, self._next + more))
            self._next += more
        return ids

    def take(self) -> int:
        if self._next == self._stop:
            self._next = writes.allocate_datums(self._conn, self._block)
            self._stop = self._next + self._block
            self._block = min(self._block * 2, 100_000)
        self._next += 1
        return self._next - 1
