"""The rows that the ledger's queries give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ..events import InputFile
from ..states import DatumState
from ..words import common


class RunRow(NamedTuple):
    """A run with the name of its transform; ``note`` is JSON text."""

    id: int
    uuid: str
    name: str
    transform: int
    version: int
    recipe: str
    interpreter: str
    engine: str
    workers: int
    options: str
    origin: str
    status: str
    message: str | None
    note: str | None
    epoch: int
    requested: float
    started: float | None
    ended: float | None
    planned: int
    total: int
    running: int
    success: int
    failed: int
    recovered: int
    skipped: int
    cancelled: int
    executions: int
    late: int
    seconds: float
    saved: float
    pipeline: str
    folded: int
    feed: str | None
    devices: str | None
    #: Failed datums whose kind of failure somebody has marked as expected.
    expected: int

    @property
    def pending(self) -> int:
        """Datums known and not begun."""
        settled = self.success + self.failed + self.recovered + self.skipped + self.cancelled
        return self.total - self.running - settled


#: Selects a :class:`RunRow`; the caller adds what follows ``from``.
RUN: Final = (
    "select r.id, r.uuid, t.name, r.transform, r.version, r.recipe, r.interpreter, r.engine,"
    " r.workers, r.options, r.origin, r.status, r.message, r.note, r.epoch, r.requested,"
    " r.started, r.ended, r.planned, r.total, r.running, r.success, r.failed, r.recovered,"
    " r.skipped, r.cancelled, r.executions, r.late, r.seconds, r.saved,"
    " r.pipeline, r.folded, r.feed, r.devices,"
    " (select coalesce(sum(f.datums), 0) from expected e join failure f"
    " on f.run = r.id and f.signature = e.signature where e.transform = r.transform)"
    " from run r join transform t on t.id = r.transform "
)


class FailureGroup(NamedTuple):
    """Failures that are alike, in one run: exactly ``datums``; ``message`` is the first one's."""

    id: int
    signature: str
    type: str
    message: str
    place: str
    phase: str
    datums: int
    first: float
    last: float
    sample: int

    @property
    def headline(self) -> str:
        """What all of them say: the path or the number of one is not that of the others."""
        return self.message if self.datums == 1 else common(self.message)


class DatumRow(NamedTuple):
    """The latest outcome of a datum."""

    id: int
    key: bytes
    state: DatumState
    version: int
    run: int
    position: int
    attempt: int
    began: float
    seconds: float
    worker: str | None
    content: bytes | None
    dirty: int
    failure: int | None
    outputs: int
    log: str | None
    metrics: str | None
    result_kind: str | None
    result: bytes | None


#: Columns of a :class:`DatumRow`, of a table or view named ``d``.
DATUM: Final = ", ".join(f"d.{name}" for name in DatumRow._fields)


def datum_row(row: Sequence[Any]) -> DatumRow:
    """Return what the columns :data:`DATUM` gave."""
    return DatumRow(row[0], row[1], DatumState(row[2]), *row[3:])


class AttemptRow(NamedTuple):
    """An attempt that is not a first one that succeeded."""

    run: int
    attempt: int
    state: DatumState
    epoch: int
    worker: str | None
    began: float
    seconds: float
    failure: int | None
    message: str | None
    traceback: str | None
    phase: str | None
    place: str | None
    log: str | None
    partial: str | None


class TransformRow(NamedTuple):
    """A transform; ``out`` is its absolute output folder."""

    id: int
    name: str
    notebook: bytes | None
    out: bytes | None
    created: float


class OutputRow(NamedTuple):
    """A file that a datum owns; ``path`` is absolute."""

    path: bytes
    size: int
    mtime_ns: int
    digest: bytes


class DatumDetail(NamedTuple):
    """All that is recorded of one datum.

    ``inputs`` of a single file have no name, and the datum's key as path.
    """

    datum: DatumRow
    transform: str
    inputs: list[InputFile]
    outputs: list[OutputRow]
    attempts: list[AttemptRow]


class Counts(NamedTuple):
    """The datums of a run by state; ``planned`` is 1 when ``total`` is final."""

    total: int
    running: int
    success: int
    failed: int
    recovered: int
    skipped: int
    cancelled: int
    planned: int

    @property
    def pending(self) -> int:
        """Datums known and not begun."""
        return self.total - sum(self[1:7])
