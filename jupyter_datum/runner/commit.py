"""Gathers what came in some 50 ms, and makes it durable in one commit."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, Final

import msgpack

from ..engines.base import Up
from ..events import Begun, Done, Failed, SetItem
from ..events import Failure as FailureRecord
from ..ledger import writes
from ..ledger.db import transaction
from ..outputs.disk import disk_errors
from ..outputs.publish import Publisher, Verdict
from ..state import Blame, Rejected, RunState
from ..states import DatumState, RunStatus
from ..words import counted
from .aftermath import prune_after
from .changes import stale_parts
from .job import Job
from .keep import Keeper
from .listing import Listing
from .plan import Planner

#: Share of a worker's memory by which it has changed when that is worth writing down.
_NEWS: Final = 0.02


class Committer:
    """The one writer of a run's rows.

    Parameters
    ----------
    conn : sqlite3.Connection
    job : Job
    publisher : Publisher
    keeper : Keeper
        Of former versions.
    """

    def __init__(
        self, conn: sqlite3.Connection, job: Job, publisher: Publisher, keeper: Keeper
    ) -> None:
        self._keeper = keeper
        self._conn = conn
        self._job = job
        self._publisher = publisher
        self._done: list[tuple[Done, str]] = []
        self._failed: list[tuple[Failed, str, bool]] = []
        self._workers: dict[str, dict[str, Any]] = {}
        self._changed_workers: set[str] = set()
        self._fields: dict[str, Any] = {}
        self._counts: tuple[int, ...] = ()
        self.late = 0
        self.message: str | None = None
        #: Why no worker can start; and why there is nothing to do for one.
        self._waits = self._behind = ""
        #: Datums whose input changed while it was processed.
        self._dirty = 0
        #: Why batches are smaller than was asked for; and whether that is written down.
        self._batch = ""
        self._batch_noted = True

    # -- what is gathered ----------------------------------------------------------------

    def done(self, records: Sequence[Done], worker: str) -> None:
        """Datums succeeded; they count when their files are published."""
        self._done.extend(zip(records, repeat(worker)))
        self._workers[worker]["done"] += len(records)
        self._changed_workers.add(worker)

    def failed(self, record: Failed, worker: str, final: bool) -> None:
        """An attempt failed; `final` if no other follows."""
        self._failed.append((record, worker, final))

    def blamed(self, listing: Listing, blame: Blame, now: float) -> FailureRecord:
        """An attempt ended with its worker: nobody but the runner can write its record."""
        item = _item(listing, blame.position)
        failure = FailureRecord(
            type="WorkerDied" if blame.signature != "timeout" else "TimeoutError",
            message=blame.message,
            traceback="",
            phase="worker",
            signature=blame.signature,
            place="",
            transient=True,
            fatal=False,
        )
        record = Failed(
            blame.position, item.datum, item.key, blame.attempt, self._job.epoch, 0,
            time.time() - blame.seconds, blame.seconds, (), failure, None, (), tuple(item.upstream),
        )  # fmt: skip
        self._failed.append((record, blame.worker, blame.final))
        return failure

    def waits(self, reason: str) -> None:
        """No worker can start yet: show why, until one does."""
        self._waits = self._fields["message"] = reason

    def stands_behind(self, reason: str) -> None:
        """What the run is to take does not come yet: show why; empty: it comes."""
        if reason != self._behind:
            self._behind = reason
            self._fields["message"] = reason or None

    @property
    def waiting(self) -> str:
        """Why nothing happens at the moment, if it is known."""
        return self._waits or self._behind

    def batches_cut(self, datums: int) -> None:
        """A device has no memory for more datums at once."""
        self._batch_noted = False
        self._batch = (
            f"no device memory for more than {counted(datums, 'datum')} at once: "
            f"batches are no larger; to begin so: --batch {datums}"
        )

    def worker_up(self, worker: str, up: Up | None) -> None:
        """A worker can be sent sets."""
        if self._waits:
            self._waits = ""
            self._fields["message"] = None
        self._workers[worker] = {
            "pid": up.pid if up else None,
            "host": up.host if up else "",
            "up": time.time(),
            "position": None,
            "key": None,
            "since": None,
            "done": 0,
            "state": "idle",
            "cause": None,
            "memory": None,
            "device": (up.device if up else "") or None,
            "behind": None,
            "gone": None,
        }
        self._changed_workers.add(worker)

    def worker_at(self, worker: str, begun: Begun) -> None:
        """A worker began a datum."""
        row = self._workers[worker]
        row.update(position=begun.position, since=begun.at, key=None, state="busy")
        self._changed_workers.add(worker)

    def measured(self, memory: Mapping[str, int], behind: Mapping[str, int]) -> None:
        """Note what each worker holds and what waits behind its datum, where that is news."""
        for worker, row in self._workers.items():
            if row["state"] == "gone":
                continue
            held, known = memory.get(worker), row["memory"] or 0
            if held is not None and abs(held - known) > _NEWS * known:
                row["memory"] = held
                self._changed_workers.add(worker)
            if behind.get(worker, 0) != (row["behind"] or 0):
                row["behind"] = behind.get(worker, 0)
                self._changed_workers.add(worker)

    def wants(self, workers: int) -> None:
        """The run is to have so many workers."""
        self._fields["workers"] = workers

    def worker_rests(self, worker: str) -> None:
        """A worker has nothing to do: what it was at last is not what it is at."""
        if worker in self._workers:
            self._workers[worker].update(position=None, since=None, key=None, state="idle")
            self._changed_workers.add(worker)

    def name_current(self, listing: Listing) -> None:
        """Note the keys of datums that are at work: the ledger does not know new ones yet."""
        for worker, row in self._workers.items():
            if row["position"] is not None and row["key"] is None:
                row["key"] = _item(listing, row["position"]).key
                self._changed_workers.add(worker)

    def worker_gone(self, worker: str, cause: str) -> None:
        """A worker died."""
        if worker in self._workers:
            gone = {"state": "gone", "cause": cause, "gone": time.time(), "position": None}
            self._workers[worker].update(gone)
            self._changed_workers.add(worker)

    def planned(self, planner: Planner) -> None:
        """The listing has ended; its count is final."""
        note: dict[str, Any] = {
            "reasons": dict(planner.reasons),
            "left": dict(planner.left),
            "vanished": planner.absent.vanished,
            "left_input": planner.absent.left_input,
        }
        if planner.compare.stale:
            note["parts"] = stale_parts(self._conn, planner.compare.stale, self._job.recipe)
        if self._dirty:
            note["dirty"] = self._dirty
        if self._batch:
            note["batch"] = self._batch
        if planner.errors:
            note["errors"] = planner.errors[:20]
        if notes := [*planner.source.notes()[:20], *planner.compare.remarks()]:
            note["notes"] = notes
        self._fields.update(planned=1, note=json.dumps(note), saved=planner.saved)

    def set_status(self, status: RunStatus, message: str | None) -> None:
        """Show `status` from the next commit on."""
        self._fields.update(status=status.value, message=message)

    def say(self, status: RunStatus, message: str) -> bool:
        """Show `status` now, by itself; return whether that could be written."""
        try:
            with transaction(self._conn):
                writes.update_run(self._conn, self._job.key, status=status.value, message=message)
        except sqlite3.Error:
            return False
        return True

    def feed(self, news: Mapping[str, Any] | None) -> None:
        """Somebody takes what is made, and how fast."""
        if news is not None:
            self._fields["feed"] = json.dumps(news)

    # -- one commit ----------------------------------------------------------------------

    def commit(self, state: RunState) -> list[Rejected]:
        """Publish and record what was gathered; return successes that could not be published.

        Raises
        ------
        Fenced
            If another runner has taken the run over; nothing is written then.
        OutputError
            If the disk is full or broken; what was gathered stays gathered.
        """
        if not self._anything(state):
            return []
        rejected: list[Rejected] = []

        def write(conn: sqlite3.Connection, verdicts: list[Verdict]) -> None:
            rejected.extend(self._write(conn, verdicts, state))

        self._publisher.publish([record for record, _ in self._done], write)
        self._done.clear()
        self._failed.clear()
        self._changed_workers.clear()
        self._fields.clear()
        self._batch_noted = True
        self.late = 0
        self._counts = tuple(state.counts)
        return rejected

    def _anything(self, state: RunState) -> bool:
        return bool(
            self._done
            or self._failed
            or self._changed_workers
            or self._fields
            or self.late
            or not self._batch_noted
            or tuple(state.counts) != self._counts
        )

    def _write(
        self, conn: sqlite3.Connection, verdicts: list[Verdict], state: RunState
    ) -> list[Rejected]:
        job = self._job
        good, refused = self._parted(verdicts)
        failed = self._failed + refused
        rejected = [Rejected(record.position, record.attempt) for record, *_ in refused]
        if good:
            writes.put_successes(conn, job.key, good)
            self._keeper.write(conn, [done.datum for done, _ in good])
        if failed:
            writes.put_failures(conn, job.key, failed)
        if self._changed_workers:
            rows = {name: self._workers[name] for name in self._changed_workers}
            writes.put_workers(conn, job.key, rows)
        writes.update_run(
            conn,
            job.key,
            counts=_counts(state, [verdict.done for verdict in verdicts if not verdict.ok]),
            executions=len(good) + len(failed),
            late=self.late,
            seconds=sum(r.seconds for r, _ in good) + sum(r.seconds for r, *_ in failed),
            **self._fields,
        )
        if dirty := sum(record.dirty for record, _ in good):
            writes.note_dirty(conn, job.key, dirty)
            self._dirty += dirty
        if not self._batch_noted:
            writes.note_batch(conn, job.key, self._batch)
        return rejected

    def _parted(
        self, verdicts: list[Verdict]
    ) -> tuple[list[tuple[Done, str]], list[tuple[Failed, str, bool]]]:
        """What was published, and what could not be."""
        if all(verdict.ok for verdict in verdicts):
            return self._done, []
        pairs = list(zip(verdicts, self._done, strict=True))
        good = [row for verdict, row in pairs if verdict.ok]
        return good, [(_conflict(v), row[1], True) for v, row in pairs if not v.ok]

    # -- the end -------------------------------------------------------------------------

    def prune(self, planner: Planner) -> None:
        """Remove outputs of vanished inputs, if the run was asked to."""
        prune_after(self._conn, self._job, planner, self._keeper)

    def end(self, state: RunState, status: RunStatus) -> None:
        """Record that the run has ended.

        Raises
        ------
        OutputError
            If the disk is full or broken.
        """
        at_rest = {"position": None, "key": None, "since": None, "state": "idle", "behind": 0}
        there = {
            n: {**row, **at_rest} for n, row in self._workers.items() if row["state"] != "gone"
        }
        with disk_errors(self._job.out), transaction(self._conn):
            writes.put_workers(self._conn, self._job.key, there)
            writes.end_run(self._conn, self._job.key, status, self.message, _counts(state, ()))

    def give_up(self, state: RunState, message: str) -> None:
        """Record that the run itself went wrong."""
        self.message = message
        self.end(state, RunStatus.ERROR)


def _item(listing: Listing, position: int) -> SetItem:
    return SetItem(*msgpack.unpackb(listing.rows([position]), strict_map_key=False))


def _counts(state: RunState, rejected: Sequence[Done]) -> dict[str, int]:
    """The scheduler has not heard of the `rejected` yet."""
    counts = state.counts
    recovered = sum(done.recovered for done in rejected)
    return {
        "total": sum(counts),
        "running": counts[DatumState.RUNNING],
        "success": counts[DatumState.SUCCESS] - (len(rejected) - recovered),
        "failed": counts[DatumState.FAILED] + len(rejected),
        "recovered": counts[DatumState.RECOVERED] - recovered,
        "skipped": counts[DatumState.SKIPPED],
        "cancelled": counts[DatumState.CANCELLED],
    }


def _conflict(verdict: Verdict) -> Failed:
    """The record of a success that could not be published."""
    done = verdict.done
    failure = FailureRecord(
        type="OutputConflict",
        message=verdict.reason or "",
        traceback="",
        phase="output",
        signature="OutputConflict",
        place="",
        transient=False,
        fatal=True,
    )
    return Failed(
        done.position, done.datum, done.key, done.attempt, done.epoch, done.set_id,
        done.began, done.seconds, done.inputs, failure, done.log, (), done.upstream,
    )  # fmt: skip
