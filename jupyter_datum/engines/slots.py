"""Which worker of an engine has which devices."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from ..devices import VISIBLE, Share, Slot, ask_for, holders, is_free, shares_of
from .base import Event, Waiting

#: Seconds between two looks for a device that has become free, and between two words on it.
_LOOK: Final = 0.5
_SAY: Final = 5.0


class Slots:
    """The slots of an engine's workers, and how many workers wait for one.

    Parameters
    ----------
    slots : sequence of slot, or None
        None: workers have no device, and there may be any number of them.
    """

    def __init__(self, slots: Sequence[Slot] | None) -> None:
        self._slots = slots
        self._taken: dict[str, int] = {}
        #: Workers that are wanted and could not be started.
        self.owed = 0
        self._looked = self._said = 0.0

    def take(self, worker: str) -> Mapping[str, str] | None:
        """Return the variables of a new worker; None if no device is free for it."""
        if self._slots is None:
            return {}
        for number, slot in enumerate(self._slots):
            if number not in self._taken.values() and is_free(shares_of(dict(slot))):
                self._taken[worker] = number
                self._said = 0.0  # who waits again says so at once
                return dict(slot)
        return None

    def device(self, worker: str) -> str:
        """Return the name of the devices that a worker has; empty if it has none."""
        number = self._taken.get(worker)
        if number is None or self._slots is None:
            return ""
        return dict(self._slots[number]).get(VISIBLE, "")

    def give_back(self, worker: str) -> None:
        """The worker is gone: its devices are for its successor."""
        self._taken.pop(worker, None)

    def lost(self, worker: str) -> bool:
        """Return whether somebody else took a worker's devices while it started."""
        number = self._taken.get(worker)
        if number is None or self._slots is None:
            return False
        return not is_free(shares_of(dict(self._slots[number])))

    def due(self) -> bool:
        """Return whether it is time to look again for those who wait."""
        now = time.monotonic()
        if not self.owed or now - self._looked < _LOOK:
            return False
        self._looked = now
        ask_for(self._shares)
        return True

    def waiting(self) -> list[Event]:
        """Say, now and then, who has the devices that nobody here has."""
        now = time.monotonic()
        if not self.owed or self._slots is None or self._taken or now - self._said < _SAY:
            return []
        self._said = now
        shares = self._shares
        taken = [who for share in shares for who in holders([share])]
        if not taken:
            return []
        text = f"waiting for a device: {len(taken)} of {len(shares)} taken"
        return [Waiting(f"{text} ({'; '.join(dict.fromkeys(taken))})")]

    @property
    def _shares(self) -> list[Share]:
        return [share for slot in self._slots or () for share in shares_of(dict(slot))]
