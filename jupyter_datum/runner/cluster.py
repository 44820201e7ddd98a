"""Engines kept warm between runs, and their workers.

A run gets a cluster for itself while it lasts; afterwards the cluster waits, so that the
next run starts in milliseconds. What makes a worker fit for a run is in the key: engine,
environment, interpreter paths and the version of the project's own modules (a worker that
has seen one version of a module is never asked to run another).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..engines import Choice, engine_class
from ..engines.base import Down, Engine, EngineSettings, Event, Up


@dataclass(frozen=True)
class Wanted:
    """What a run needs of its workers; equal ones share a warm cluster in turn."""

    engine: str
    #: May hold secrets of the kernel: never shown.
    environment: tuple[tuple[str, str], ...] = field(repr=False)
    options: tuple[tuple[str, Any], ...]
    code: str

    def settings(self, project_dir: str) -> EngineSettings:
        """As the engine wants it."""
        return EngineSettings(project_dir, dict(self.environment), dict(self.options))


@dataclass
class Cluster:
    """A started engine with the workers it has reported."""

    wanted: Wanted
    engine: Engine
    watch: Watch
    workers: dict[str, Up] = field(default_factory=dict)
    size: int = 0
    idle_since: float = 0.0

    def events(self, timeout: float) -> list[Event]:
        """The engine's events; workers are noted, and told to the watcher."""
        found = self.engine.events(timeout)
        for event in found:
            if isinstance(event, Up):
                self.workers[event.worker] = event
                self.watch.add(event.pid)
            elif isinstance(event, Down):
                gone = self.workers.pop(event.worker, None)
                self.watch.discard(gone.pid if gone else None)
        return found

    def want(self, n: int) -> None:
        """Have `n` workers."""
        if self.size == 0:
            self.engine.start(n)
        else:
            self.engine.scale(n)
        self.size = n

    def close(self) -> None:
        """Give everything back."""
        self.engine.close()
        for up in self.workers.values():
            self.watch.discard(up.pid)
        self.workers.clear()


class Watch:
    """Whoever ends workers when this process dies (see :mod:`.watcher`)."""

    def add(self, pid: int | None) -> None:
        """Note the process group led by `pid`."""

    def discard(self, pid: int | None) -> None:
        """Forget it."""


class Pool:
    """All clusters of a runner."""

    def __init__(self, project_dir: str, watch: Watch) -> None:
        self._project_dir = project_dir
        self.watch = watch
        self._idle: list[Cluster] = []

    def take(self, wanted: Wanted) -> Cluster:
        """Return a warm cluster that fits, or a new one that is not started yet.

        Raises
        ------
        UnknownEngineError, EngineNotInstalledError
        """
        for cluster in self._idle:
            if cluster.wanted == wanted:
                self._idle.remove(cluster)
                cluster.events(0)  # what died while nobody looked
                return cluster
        choice = Choice(wanted.engine, dict(wanted.options))
        engine = engine_class(choice)(wanted.settings(self._project_dir))
        return Cluster(wanted, engine, self.watch)

    def give_back(self, cluster: Cluster, now: float, *, keep: bool) -> None:
        """Take `cluster` back after a run; close it unless it is to be kept."""
        if not keep or not cluster.workers:
            cluster.close()
            return
        cluster.idle_since = now
        self._idle.append(cluster)

    def close_idle(self, before: float) -> None:
        """Close clusters that nobody has used since `before` (of the runner's clock)."""
        for cluster in [c for c in self._idle if c.idle_since <= before]:
            self._idle.remove(cluster)
            cluster.close()

    def close(self) -> None:
        """Close everything."""
        self.close_idle(float("inf"))


def environment_key(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return `environment` as a key."""
    return tuple(sorted(environment.items()))
