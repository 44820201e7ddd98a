"""What the scheduler knows of a worker."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Worker:
    """A living worker.

    Parameters
    ----------
    sets : dict
        Its sets by id, in the order sent, with ``(position, attempt)`` of each datum.
    begun : tuple or None
        ``(position, attempt, at)`` of the datum at work.
    killed : str or None
        Why it is being killed.
    """

    sets: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    begun: tuple[int, int, float] | None = None
    killed: str | None = None
