"""Engines kept warm between runs, and their workers.

A run gets a cluster for itself while it lasts; afterwards the cluster waits, so that the
next run starts in milliseconds. It comes up at the first datum that can be sent, and is
given back when nobody had work for it for a while (:mod:`.elastic` says how many workers).

What makes a worker fit for a run is in the key: engine, environment, interpreter paths and
the version of the project's own modules (a worker that has seen one version of a module is
never asked to run another).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..devices import Slot, asked_for, shares_of
from ..engines import Choice, engine_class
from ..engines.base import (
    EVERY,
    Down,
    Engine,
    EngineSettings,
    Event,
    Late,
    Refused,
    Returned,
    Up,
    Waiting,
)
from ..errors import EngineError
from ..ledger.clusters import ClusterState
from ..resources import default_workers
from ..settings import limits
from ..transform.options import Options
from .elastic import Bounds, Sizer, shares
from .idle import Idle
from .job import Job
from .roster import Roster

#: Seconds after which workers without work are given back: of this machine, of others.
GIVE_BACK: Final = 600.0
GIVE_BACK_AFAR: Final = 300.0
#: Seconds between two looks at clusters that no run uses.
TICK: Final = 0.25


@dataclass(frozen=True)
class Wanted:
    """What a run needs of its workers; equal ones share a warm cluster in turn."""

    engine: str
    #: May hold secrets of the kernel: never shown.
    environment: tuple[tuple[str, str], ...] = field(repr=False)
    options: tuple[tuple[str, Any], ...]
    code: str
    #: Devices of each worker; None where workers have none.
    slots: tuple[Slot, ...] | None = None

    @property
    def devices(self) -> frozenset[str]:
        """The devices that its workers may hold."""
        slots = self.slots or ()
        return frozenset(share.device for slot in slots for share in shares_of(dict(slot)))

    def settings(self, project_dir: str) -> EngineSettings:
        """As the engine wants it."""
        return EngineSettings(
            project_dir,
            dict(self.environment),
            dict(self.options),
            self.slots,
            limits().start,
        )


@dataclass
class Cluster:
    """A started engine with the workers it has reported."""

    wanted: Wanted
    engine: Engine
    watch: Watch
    sizer: Sizer
    #: As its run calls the engine, and the run's uuid while there is one.
    label: str = ""
    run: str | None = None
    workers: dict[str, Up] = field(default_factory=dict)
    size: int = 0
    #: When workers were asked for, while none is up.
    asked: float = 0.0
    started: bool = False
    #: Whether others have the devices that it needs.
    waits: bool = False
    #: The engine's number of each set that is not answered -> the run's.
    sent: dict[int, int] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def events(self, timeout: float) -> list[Event]:
        """The engine's events; workers are noted, and told to the watcher. What is still
        answered to the run before is dropped: its sets have the same numbers."""
        return [known for event in self.engine.events(timeout) if (known := self._note(event))]

    def _note(self, event: Event) -> Event | None:
        if isinstance(event, Returned | Refused | Late):
            set_id = self.sent.pop(event.set_id, None)
            return None if set_id is None else event._replace(set_id=set_id)
        if isinstance(event, Up):
            self.workers[event.worker] = event
            self.waits = False
            self.watch.add(event.pid)
        elif isinstance(event, Down):
            gone = self.workers.pop(event.worker, None)
            self.watch.discard(gone.pid if gone else None)
            self.asked = time.monotonic()
        elif isinstance(event, Waiting):  # nobody's fault: the time to start begins anew
            self.waits, self.asked = True, time.monotonic()
        return event

    def send(self, worker: str, set_id: int, data: bytes) -> None:
        """Have `worker` execute a set of the run's."""
        number = next(self.numbers)
        self.sent[number] = set_id
        self.engine.send(worker, number, data)

    def want(self, n: int) -> None:
        """Have `n` workers; the same number again replaces those that died."""
        if n and not self.size:
            self.asked = time.monotonic()
        self.size = n
        if self.started:
            self.engine.scale(n)
        elif n:
            self.started = True
            self.engine.start(n)

    @property
    def surplus(self) -> bool:
        """Whether more workers are up than are wanted: some are on their way out."""
        return len(self.workers) > self.size

    def waits_since(self) -> float | None:
        """Since when workers have been asked for and none is up; None if that is not so."""
        return self.asked if self.size and not self.workers else None

    def state(self) -> ClusterState:
        """Return how it stands."""
        every = self.sizer.bounds.most == EVERY
        if self.size and not self.workers:
            return ClusterState.REQUESTED
        if len(self.workers) < self.size and not every:
            return ClusterState.STARTING
        return ClusterState.READY if self.run and self.sizer.need else ClusterState.IDLE

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
    """All clusters of a runner, and the cores that those of this machine share.

    Parameters
    ----------
    project_dir : str
    watch : Watch
    roster : Roster
    idle : Idle
        For how long workers may be without work, if nobody says.
    """

    def __init__(self, project_dir: str, watch: Watch, roster: Roster, idle: Idle) -> None:
        self._roster = roster
        self._project_dir = project_dir
        self.watch = watch
        self._give_back = idle
        self._idle: list[Cluster] = []
        self._active: list[Cluster] = []
        self._cores = default_workers()
        self._next_tick = 0.0

    def take(self, wanted: Wanted, job: Job) -> Cluster:
        """Return a warm cluster that fits, or a new one that is not started yet.

        Raises
        ------
        UnknownEngineError, EngineNotInstalledError
        """
        cluster = next((found for found in self._idle if found.wanted == wanted), None)
        if cluster is not None and self._looked_after(cluster):
            self._idle.remove(cluster)
            cluster.sent.clear()
            cluster.size = min(cluster.size, len(cluster.workers))
        else:
            self._make_room(wanted.devices)
            choice = Choice(wanted.engine, dict(wanted.options))
            engine = engine_class(choice)(wanted.settings(self._project_dir))
            cluster = Cluster(wanted, engine, self.watch, Sizer(Bounds(0)))
        cluster.sizer.renew(self._bounds(cluster.engine, job.workers, job.options))
        cluster.label, cluster.run = job.options.engine.partition("#")[0], job.uuid
        self._active.append(cluster)
        return cluster

    def _bounds(self, engine: Engine, most: int, options: Options) -> Bounds:
        give_back = options.give_back
        if give_back is None:
            give_back = min(self._give_back.seconds, GIVE_BACK if engine.here else GIVE_BACK_AFAR)
        most = most or EVERY
        return Bounds(most, min(options.workers_min or 0, most), give_back)

    def resize(self, cluster: Cluster, datums: int, now: float) -> bool:
        """Fit a cluster to so many datums at work or ready; return whether that changed it."""
        cluster.sizer.useful(datums, now)
        n = cluster.sizer.want(cluster.size, self._share(cluster, now), now)
        if self._awaited(cluster):  # it may be held back for the sake of the very one that waits
            n = min(n, cluster.sizer.claim(now))
        if n == cluster.size:
            return False
        first = not cluster.started
        cluster.want(n)
        if first:
            self._roster.note(cluster)
        return True

    def _share(self, cluster: Cluster, now: float) -> int | None:
        """How many workers of a cluster may be at work; None for one that is not ours to limit.

        Who asks for more workers than there are cores has a reason, and shares as many."""
        if not cluster.engine.here:
            return None
        here = [other for other in self._active if other.engine.here]
        claims = {id(c): (c.sizer.bounds.least, c.sizer.claim(now)) for c in here}
        working = {identity: claim for identity, claim in claims.items() if claim[1]}
        cores = max([self._cores, *(c.sizer.bounds.most for c in here if id(c) in working)])
        given = dict(zip(working, shares(list(working.values()), cores), strict=True))
        return given.get(id(cluster))

    def _make_room(self, devices: frozenset[str]) -> None:
        """Workers that wait for nothing do not keep devices from those who need them."""
        for cluster in [c for c in self._idle if devices & c.wanted.devices]:
            self._idle.remove(cluster)
            self._close(cluster, "another run needs its devices")

    def _awaited(self, cluster: Cluster) -> bool:
        """Whether another run, here or in another project, waits for devices that a cluster has."""
        devices = cluster.wanted.devices
        here = any(other.waits and devices & other.wanted.devices for other in self._active)
        return here or asked_for(devices)

    def give_back(self, cluster: Cluster, now: float, *, keep: bool) -> None:
        """Take `cluster` back after a run; close it unless it is to be kept."""
        self._active.remove(cluster)
        cluster.sizer.over(now)
        cluster.run = None
        if not keep:
            self._close(cluster, "its run was stopped or went wrong")
        elif self._awaited(cluster):
            self._close(cluster, "another run waits for its devices")
        elif not cluster.workers:
            self._close(cluster, None)
        else:
            self._idle.append(cluster)

    def _close(self, cluster: Cluster, why: str | None) -> None:
        self._roster.note(cluster, ClusterState.GIVING_BACK, why)
        cluster.close()
        self._roster.note(cluster, ClusterState.GONE, why)

    def tick(self, now: float) -> None:
        """Give back, of the clusters that no run uses, what had no work for long enough; write
        down how all of them stand."""
        if now < self._next_tick:
            return
        self._next_tick = now + TICK
        for cluster in list(self._idle):
            if not self._looked_after(cluster):
                continue
            if self._awaited(cluster):
                self._idle.remove(cluster)
                self._close(cluster, "another run waits for its devices")
                continue
            cluster.sizer.useful(0, now)
            n = cluster.sizer.want(cluster.size, None, now)
            if not n or not cluster.workers:
                self._idle.remove(cluster)
                self._close(cluster, None if n else "its workers are gone")
            elif n < cluster.size:
                cluster.want(n)
        for cluster in [*self._active, *self._idle]:
            self._roster.note(cluster)

    def _looked_after(self, cluster: Cluster) -> bool:
        """Hear what died in a cluster while nobody looked; one that is broken goes."""
        try:
            cluster.events(0)
        except EngineError as exc:
            self._idle.remove(cluster)
            self._close(cluster, str(exc))
            return False
        return True

    @property
    def keeps(self) -> bool:
        """Whether workers wait for another run."""
        return bool(self._idle)

    def close(self) -> None:
        """Close everything, side by side: whoever ends the runner waits for it."""
        why, clusters = "the runner has ended", [*self._active, *self._idle]
        closing = [threading.Thread(target=cluster.engine.close) for cluster in clusters]
        for cluster, thread in zip(clusters, closing, strict=True):
            self._roster.note(cluster, ClusterState.GIVING_BACK, why)
            thread.start()
        for cluster, thread in zip(clusters, closing, strict=True):
            thread.join()
            cluster.close()
            self._roster.note(cluster, ClusterState.GONE, why)
        self._active.clear()
        self._idle.clear()


def environment_key(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return `environment` as a key."""
    return tuple(sorted(environment.items()))
