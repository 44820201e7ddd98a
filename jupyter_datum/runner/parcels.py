"""Datum sets as they are sent: what the scheduler says, made bytes for a worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from ..events import DatumSet, Done, Failed, Failure, Record, pack_set_rows
from ..locks import claim
from ..settings import limits
from ..state import Reclaim, Recover, Send, Settle
from .job import Job


class Parcels:
    """Packs sets, and keeps what the datums failed of that are to be recovered.

    Parameters
    ----------
    job : Job
    rows : callable
        Gives the packed datums at some positions, joined.
    """

    def __init__(self, job: Job, rows: Callable[[Sequence[int]], bytes]) -> None:
        self._job = job
        self._rows = rows
        self._failures: dict[int, Failure] = {}
        self._latest: Failure | None = None
        self._batch: int = job.recipe.options.get("batch") or 0
        self._heard: Counter[str] = Counter()
        self._printed = limits().log
        self._mark = job.project.halt(job.uuid)
        self._halted = self._mark.exists()  # a runner may have left it

    def hears(self, worker: str, records: Sequence[Record]) -> None:
        """These records of a worker have come."""
        self._heard[worker] += sum(isinstance(record, Failed) for record in records)

    def halt(self, halted: bool) -> None:
        """Workers are to begin nothing, not even of what they have; or they may again."""
        if halted == self._halted:
            return
        with suppress(OSError):  # a full disk, or the run's folder is gone: then sets end whole
            self._mark.touch() if halted else self._mark.unlink(missing_ok=True)
            self._halted = halted

    def failed(self, failure: Failure) -> None:
        """An attempt failed of this; whether its datum is to be recovered is said next."""
        self._latest = failure

    def heed(self, action: Recover | Settle) -> None:
        """The datum of which was just told is to be recovered; or nothing more is sent of it."""
        if isinstance(action, Settle):
            self._failures.pop(action.position, None)
        elif self._latest is not None:
            self._failures[action.position] = self._latest

    def succeeded(self, records: Sequence[Done]) -> None:
        """These are settled."""
        for record in records if self._failures else ():
            self._failures.pop(record.position, None)

    def cut(self, batch: int) -> bool:
        """A device takes no more datums at once: none is asked to from now on; return whether
        that is news."""
        news = batch < self._batch
        self._batch = min(batch, self._batch)
        return news

    def reclaim(self, action: Reclaim) -> bool:
        """Take back what a worker has not begun; return False if it was quicker."""
        job = self._job
        where = (job.uuid, job.epoch << 32 | action.set_id, action.generation)
        if action.after is None:
            return claim(job.project.claim(*where))
        return claim(job.project.rest(*where, action.after))

    def pack(self, action: Send, *, bounded: bool) -> tuple[int, bytes]:
        """Return the set's number in the ledger's terms, and the set for its worker; failures
        may be `bounded`."""
        job, failures = self._job, self._failures
        positions = [position for position, _ in action.items]
        header = DatumSet(
            project_dir=str(job.project.dir),
            run=job.uuid,
            epoch=job.epoch,
            worker=action.worker,
            set_id=job.epoch << 32 | action.set_id,
            generation=action.generation,
            recipe=job.recipe_digest,
            roots=job.roots,
            out=job.staging,
            sync=True,
            tries=job.options.tries,
            seen=not job.source.told_by_key,
            failures={p: failures[p] for p in positions if p in failures} if failures else {},
            most=job.options.max_datums_per_worker or 0,
            memory=job.options.memory_limit or 0,
            batch=self._batch,
            heard=self._heard[action.worker] if bounded else -1,
            printed=self._printed,
            items=[],
        )
        attempts = [attempt for _, attempt in action.items]
        return header.set_id, pack_set_rows(header, self._rows(positions), attempts)
