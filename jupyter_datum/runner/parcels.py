"""Datum sets as they are sent: what the scheduler says, made bytes for a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..events import DatumSet, Done, Failure, pack_set_rows
from ..state import Send
from .job import Job


class Parcels:
    """Packs sets, and keeps what the datums failed of that are to be recovered.

    Parameters
    ----------
    job : Job
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._failures: dict[int, Failure] = {}
        self._latest: Failure | None = None

    def failed(self, failure: Failure) -> None:
        """An attempt failed of this; whether its datum is to be recovered is said next."""
        self._latest = failure

    def recover(self, position: int) -> None:
        """The datum of which was just told is to be recovered."""
        if self._latest is not None:
            self._failures[position] = self._latest

    def succeeded(self, records: Sequence[Done]) -> None:
        """These are settled."""
        if self._failures:
            self.settled(record.position for record in records)

    def settled(self, positions: Iterable[int]) -> None:
        """Nothing more is sent of these."""
        for position in positions:
            self._failures.pop(position, None)

    def pack(self, action: Send, rows: Callable[[Sequence[int]], bytes]) -> tuple[int, bytes]:
        """Return the set's number in the ledger's terms, and the set for its worker."""
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
            items=[],
        )
        attempts = [attempt for _, attempt in action.items]
        return header.set_id, pack_set_rows(header, rows(positions), attempts)
