"""A worker of a cluster that is not ours, as its engine knows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .courier import Errand
from .guest import Hello


@dataclass
class Member:
    """One that is there; in use once it has answered its greeting, and has a name."""

    key: str
    threads: int
    hello: Hello | None = None
    #: Our name of it while it is in use.
    name: str | None = None
    #: Sent and not answered, oldest first; answers that came before an older one's.
    sent: deque[int] = field(default_factory=deque)
    early: dict[int, bytes] = field(default_factory=dict)
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)
    leaving: bool = False
    #: Why it is about to go, if we know.
    ended: str | None = None

    #: It does not see the project's folder: files travel as bytes, by an errand.
    far: bool = False
    known: set[str] = field(default_factory=set)
    errand: Errand | None = None
    #: What it was asked last, if it is far.
    asked: Callable[..., Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether it has anything to do."""
        return bool(self.sent or self.waiting)
