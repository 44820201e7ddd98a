"""The plan of an active run as it grows: the planner, and what it has written so far."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ..errors import NoDatumsError, RunError
from ..ledger.files import PlanFile
from ..state import Planned
from .job import Job
from .listing import Listing
from .plan import Planner
from .weights import Weights


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
