"""The workers of a run: what each of them has, and what it is at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .queue import Batch
from .table import Item, Table

#: After a cancel, seconds for which a worker may go on to further datums it has: killing a
#: warm worker costs more than letting a usual set end.
GO_ON: Final = 0.3
#: Datums of a worker that are looked at one by one.
_FEW: Final = 64


class Doom(NamedTuple):
    """Why a worker is being killed, and what it was at when that was decided."""

    reason: str
    item: Item | None


@dataclass(slots=True)
class Worker:
    """A worker.

    ``sets`` stand in the order sent; ``begun`` is (position, attempt, at) of what it told
    of last; ``head_since`` is when its first set became the first; ``worn`` is why it is to
    be replaced once it has nothing left; ``relieved`` is the slow datum that nothing more may
    wait behind; ``last`` is what it was at when the run was cancelled; one that is ``leaving``
    takes no more sets.
    """

    name: str
    head_since: float
    sets: dict[int, Batch] = field(default_factory=dict)
    begun: tuple[int, int, float] | None = None
    doom: Doom | None = None
    worn: str | None = None
    leaving: bool = False
    relieved: Item | None = None
    last: Item | None = None

    def lost(self, table: Table) -> list[tuple[Batch, list[Item]]]:
        """Its sets that are not settled whole, with what is not settled of each."""
        found = ((batch, table.awaited(batch.items)) for batch in self.sets.values())
        return [(batch, items) for batch, items in found if items]

    def told(self, table: Table) -> Item | None:
        """What it told to have begun, if that is not settled."""
        item = self.begun[:2] if self.begun is not None else None
        return item if item is not None and table.awaits(*item) else None

    def head(self, table: Table) -> Item | None:
        """What it is at, or will be at next."""
        lost = self.lost(table)
        return self.told(table) or (lost[0][1][0] if lost else None)

    def at(self, table: Table) -> tuple[Item | None, float]:
        """What it is at, and since when, as far as known."""
        told = self.told(table)
        if told is not None and self.begun is not None:
            return told, self.begun[2]
        lost = self.lost(table)
        # One that stands alone at the head is at work, told or not.
        if lost and len(lost[0][0].items) == 1:
            return lost[0][1][0], self.head_since
        return None, self.head_since

    def behind(self, table: Table) -> int:
        """How many datums wait here behind the one at work. Of long sets, which are soon over,
        all are counted: to look at each would cost more than the figure is worth."""
        held = sum(len(batch.items) for batch in self.sets.values())
        if held <= _FEW:
            held = sum(len(items) for _, items in self.lost(table))
        return max(0, held - 1)

    def deadline(self, table: Table, timeout: float, travel: float) -> float | None:
        """When it has overdrawn `timeout`; None if it is at nothing. One that has not told
        what it is at has `travel` beside it."""
        if self.begun is not None and self.told(table):
            return self.begun[2] + timeout
        lost = self.lost(table)
        return self.head_since + timeout * len(lost[0][0].items) + travel if lost else None

    def cancel_deadline(self, table: Table, since: float, grace: float) -> float | None:
        """When it is to be killed after a cancel at `since`; None if it is at nothing.

        The datum at work gets the whole `grace`; what it goes on to does not."""
        if not self.lost(table):
            return None
        at_last = self.last is not None and table.awaits(*self.last)
        return since + (grace if at_last else min(GO_ON, grace))


class Crew:
    """The workers that are up.

    Parameters
    ----------
    window : int
        Sets that a worker has at most.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._workers: dict[str, Worker] = {}
        self._free: dict[str, Worker] = {}  # not killed, with fewer sets than the window
        self._gone: set[str] = set()

    def __len__(self) -> int:
        return len(self._workers)

    def __iter__(self) -> Iterator[Worker]:
        return iter(self._workers.values())

    def add(self, name: str, now: float) -> bool:
        """A worker is up; False if it is known, or gone: names never come back."""
        if name in self._workers or name in self._gone:
            return False
        self._workers[name] = self._free[name] = Worker(name, now)
        return True

    def remove(self, name: str) -> Worker | None:
        """A worker is gone."""
        self._gone.add(name)
        self._free.pop(name, None)
        return self._workers.pop(name, None)

    def get(self, name: str) -> Worker | None:
        """The worker of this name, if it is up."""
        return self._workers.get(name)

    def free(self, window: int) -> list[Worker]:
        """Workers with fewer than `window` sets, those with fewest first."""
        found = [worker for worker in self._free.values() if len(worker.sets) < window]
        return sorted(found, key=lambda worker: len(worker.sets))

    def give(self, worker: Worker, set_id: int, batch: Batch, now: float) -> None:
        """A set is sent to it."""
        if not worker.sets:
            worker.head_since = now
        worker.sets[set_id] = batch
        if len(worker.sets) >= self._window:
            self._free.pop(worker.name, None)

    def take_back(self, worker: Worker, set_id: int, now: float) -> Batch | None:
        """A set is off its hands; None if it has none of that number."""
        batch = worker.sets.pop(set_id, None)
        if batch is not None:
            worker.head_since = now
            if worker.doom is None and worker.worn is None and not worker.leaving:
                self._free[worker.name] = worker
        return batch

    def idle(self) -> bool:
        """Whether any worker has nothing at all."""
        return any(not worker.sets for worker in self._free.values())

    def relieve(self, worker: Worker, item: Item) -> None:
        """Nothing more is sent to it until it has given back a set."""
        worker.relieved = item
        self._free.pop(worker.name, None)

    def cut(self, worker: Worker, set_id: int, items: list[Item]) -> None:
        """Of a set it has only these; none: it has not the set."""
        if items:
            worker.sets[set_id] = Batch(items, worker.sets[set_id].generation)
        else:
            del worker.sets[set_id]

    def wear_out(self, worker: Worker, reason: str) -> None:
        """It is to be replaced: nothing more is sent to it."""
        worker.worn = reason
        self._free.pop(worker.name, None)

    def leave(self, worker: Worker) -> None:
        """It is being given back: nothing more is sent to it."""
        worker.leaving = True
        self._free.pop(worker.name, None)

    def stay(self) -> None:
        """More workers are wanted: those that were to leave may have been kept."""
        for worker in self._workers.values():
            usable = worker.doom is None and worker.worn is None
            if worker.leaving and usable and len(worker.sets) < self._window:
                self._free[worker.name] = worker
            worker.leaving = False

    def doom(self, worker: Worker, reason: str, item: Item | None) -> None:
        """It is being killed: nothing more is sent to it."""
        worker.doom = Doom(reason, item)
        self._free.pop(worker.name, None)
