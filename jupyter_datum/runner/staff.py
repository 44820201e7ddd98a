"""The workers of one run: how many it has, and when there is no hope for more."""

from __future__ import annotations

from typing import Final

from ..settings import settings_file
from .cluster import Cluster, Pool

#: Deaths in a row without a single finished datum, after which no worker is started anew.
HOPELESS: Final = 12


class Staff:
    """Keeps a run's cluster at the size of its work.

    Parameters
    ----------
    cluster : Cluster
    pool : Pool
        Where it comes from.
    """

    def __init__(self, cluster: Cluster, pool: Pool) -> None:
        self.deaths = 0
        self._cluster = cluster
        self._pool = pool
        self._short = False  # a worker is gone that was not asked for anew

    def fit(self, datums: int, now: float) -> bool:
        """Have workers for so many datums, as the run's share allows; whether that is news."""
        if self._short:
            self._short = False
            self._cluster.want(self._cluster.size)
        return self._pool.resize(self._cluster, datums, now)

    def bound(self, workers: int) -> None:
        """Have so many workers at most from now on."""
        bounds = self._cluster.sizer.bounds
        bounds.most, bounds.least = workers, min(bounds.least, workers)

    def gone(self) -> None:
        """A worker is gone: given back, or dead."""
        if len(self._cluster.workers) >= self._cluster.size:
            self._short = True  # if it died, it did so when another was about to go
        else:
            self.deaths += 1

    def replace(self) -> None:
        """Have another in place of a dead one, while there is hope for it."""
        if self.deaths < HOPELESS:
            self._cluster.want(self._cluster.size)

    @property
    def hopeless(self) -> bool:
        """Whether none is left, and none would live."""
        return self.deaths >= HOPELESS and not self._cluster.workers

    def overdue(self, now: float) -> str | None:
        """What is to be said if none has come up in time."""
        since, within = self._cluster.waits_since(), self._cluster.engine.start_within
        if since is None or now - since <= within:
            return None
        text, output = f"no worker came up within {within:g} s", self._cluster.engine.output()
        if output:
            return f"{text}. The end of what was printed there:\n{output}"
        return f"{text} ([limits] start in {settings_file().name}, or the engine's start_timeout)"
