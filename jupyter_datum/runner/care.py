"""What the runner notes of its workers while they work, so that their end can be explained."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Final

from ..engines.base import Up
from ..engines.processes import OUT_OF_MEMORY, memory_of
from ..resources import usable_memory
from ..words import size

#: Seconds between two looks at the workers' memory.
_LOOK: Final = 0.5
#: Share of what may be used at which a SIGKILL from nowhere is put down to memory.
_MUCH: Final = 0.8


class Care:
    """Of the workers of one run."""

    def __init__(self) -> None:
        self._memory: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self._next = 0.0
        self._host = socket.gethostname()
        self._limit = usable_memory()

    def ended(self, worker: str, reason: str) -> None:
        """A worker is ended by us."""
        self._reasons[worker] = reason

    @property
    def memory(self) -> Mapping[str, int]:
        """Bytes that each worker of this machine held when last seen."""
        return self._memory

    def look(self, workers: Mapping[str, Up], now: float) -> bool:
        """Note how much memory each holds, if it is time to; whether it was."""
        if now < self._next:
            return False
        self._next = now + _LOOK
        for name, up in workers.items():
            if up.pid is not None and up.host == self._host and (held := memory_of(up.pid)):
                self._memory[name] = held
        return True

    def cause(self, worker: str, cause: str) -> str:
        """Return why a worker is gone, for people, with what is known here beside `cause`."""
        held, reason = self._memory.pop(worker, None), self._reasons.pop(worker, None)
        if reason == "cancel":
            return "given back"  # its run was stopped: that is no end of its own
        if reason is not None and reason != "timeout":
            return f"replaced: {reason}"
        if reason is not None or held is None or "SIGKILL" not in cause:
            return cause
        others = sum(self._memory.values())
        if OUT_OF_MEMORY not in cause:
            if held + others < _MUCH * self._limit:
                return cause
            cause = f"{cause}, {OUT_OF_MEMORY}"
        return f"{cause}: {size(held)} when last seen, limit {size(self._limit)}"
