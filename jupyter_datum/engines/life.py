"""What a worker process keeps while it works for one run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import ProjectError
from ..events import DatumSet
from ..locks import claim
from ..project import Project, find
from .attempt import Bench
from .batch import Batches
from .journal import Journal
from .logs import Capture, NoCapture


class Life:
    """This process as one worker of one run: journal, log, private folders."""

    def __init__(self, key: tuple[str, str, int, str], header: DatumSet, *, own: bool) -> None:
        self.key = key
        root = Path(header.project_dir).parent
        self.project = find(root) or Project(root, "")
        if self.project.root != root:
            raise ProjectError(f"{header.project_dir!r} is not a project's folder")
        where = (header.run, header.epoch, header.worker)
        self._journal = Journal(self.project.journal(*where)) if header.sync else None
        self.capture = (
            Capture(self.project.worker_log(*where), own=own, limit=header.printed)
            if header.sync
            else NoCapture()
        )
        self.bench = Bench(self.project, header, self.capture)
        #: Whether nothing is recorded any more: nobody waits for it.
        self.silent = False
        #: Who is told of what is journaled, where nobody sees the journal.
        self.heard: Callable[[bytes], None] | None = None
        self._batches: Batches | None = None
        self._halt = self.project.halt(header.run)
        #: When a set ends with the datum at work, where a halt cannot be seen.
        self.until = math.inf

    def batches(self, header: DatumSet) -> Batches:
        """Return what runs several datums at once; it learns how many the device can take."""
        if self._batches is None:

            def another(number: int) -> Bench:
                own = header._replace(worker=f"{header.worker}.{number}")
                return Bench(self.project, own, self.capture)

            self._batches = Batches(self.bench, another, header)
        self._batches.size = min(self._batches.size, header.batch)  # others may have found less
        return self._batches

    def cut_to(self, header: DatumSet) -> int:
        """Return how many datums the device takes at once; 0 for as many as were asked for."""
        size = self._batches.size if self._batches else header.batch
        return size if size < header.batch else 0

    @property
    def end(self) -> int:
        """Where the next record will stand in the journal."""
        return self._journal.end if self._journal else 0

    def claim(self, datum_set: DatumSet) -> bool:
        """Return whether this worker is the first to take the set."""
        if self._journal is None:
            return True
        return claim(self.project.claim(datum_set.run, datum_set.set_id, datum_set.generation))

    def goes_on(self, datum_set: DatumSet, position: int) -> bool:
        """Return whether what follows a slow datum in its set has not been taken back."""
        if self._journal is None:
            return True
        where = (datum_set.run, datum_set.set_id, datum_set.generation, position)
        try:
            return claim(self.project.rest(*where))
        except FileNotFoundError:  # the run has ended, and its folder was cleaned
            return False

    @property
    def halted(self) -> bool:
        """Whether the run pauses, or ends, as far as is known: nothing more is to begin."""
        return time.monotonic() > self.until or self._halt.exists()

    def unheard(self, datum_set: DatumSet) -> bool:
        """Return whether nothing more is to begin since this worker has failed more often than
        is known, where that may be as often as the run allows."""
        if datum_set.heard < 0:
            return False
        return self.failures > datum_set.heard

    @property
    def failures(self) -> int:
        """How many attempts have failed here."""
        return (self._batches or self.bench).failures

    def append(self, data: bytes) -> None:
        """Write records to the journal, if there is one."""
        if self.silent:
            return
        if self._journal:
            self._journal.append(data)
        if self.heard and data:
            self.heard(data)

    def close(self) -> None:
        """Let go of all files."""
        if self._journal:
            self._journal.close()
        self.capture.close()
