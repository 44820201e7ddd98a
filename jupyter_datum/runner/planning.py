"""The plan of an active run as it grows: the planner, and what it has written so far."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from typing import Final

from ..errors import NoDatumsError, RunError
from ..ledger.files import PlanFile
from ..state import Planned
from .job import Job
from .listing import Listing
from .plan import Planner
from .weights import Weights

#: Seconds that the plan of a run may take that is taken up only to be cancelled.
_ANEW: Final = 2.0


class Planning:
    """Plans batch by batch, and keeps what was planned on disk.

    Parameters
    ----------
    job : Job
    planner : Planner
    """

    def __init__(self, job: Job, planner: Planner) -> None:
        self.planner = planner
        self.ended = False
        self._job = job
        self._weights = Weights(batched=job.options.batch not in (None, 1))
        self.listing = Listing(job.folder / "listing")
        self._file = PlanFile(job.folder / "plan")

    @property
    def waits(self) -> bool:
        """Whether there is nothing to plan at the moment: it has ended, or a lister works."""
        return self.ended or not self.planner.ready()

    def anew(self) -> Iterator[None]:
        """Go round, for a moment, while the plan of a run is made again that a former runner
        left; not if it waits for other runs."""
        until = time.monotonic() + _ANEW
        if self.planner.resumes and not self._job.link.follows:
            while not self.ended and time.monotonic() < until:
                if self.waits:
                    time.sleep(0.005)
                yield

    def step(self) -> Planned | None:
        """Plan another batch (some milliseconds); None when the listing has just ended.

        Raises
        ------
        NoDatumsError
            If there is not one datum.
        RunError
            If the plan cannot be written.
        """
        try:
            batch = self.planner.step()
        except sqlite3.OperationalError as exc:  # a full disk: ids cannot be taken
            raise RunError(f"the plan cannot be written: {exc}. What is finished stays") from exc
        if batch is None:
            self.ended = True
            if self.planner.planned == 0 and not self.planner.errors:
                raise NoDatumsError(*self.planner.source.nothing_found())
            return None
        try:
            self.listing.append(batch.rows)
            self._file.append(batch.ids)
        except OSError as exc:  # half a plan is none: the next run makes it anew
            raise RunError(f"the plan cannot be written: {exc}. What is finished stays") from exc
        start = self.planner.planned - len(batch.ids)
        weights = self._weights
        order = weights.order(batch, start)
        return Planned(bytes(batch.states), batch.tried, weights.first(batch, start), order)

    def rows(self, positions: Sequence[int]) -> bytes:
        """Return the packed datums at `positions`, joined."""
        return self.listing.rows(positions)

    def close(self) -> None:
        """Let go of the files."""
        self.planner.close()
        self.listing.close()
        self._file.close()
