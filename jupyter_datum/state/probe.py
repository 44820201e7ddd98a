"""The probe: a mistake that hits every datum is noticed at the first ones, not the last."""

from __future__ import annotations


class Probe:
    """Watches the first datums that are settled.

    Parameters
    ----------
    size : int
        How many must fail alike; 0 watches nothing.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._open = size > 0
        self._started = False
        self._alike = 0
        self._signature: str | None = None

    @property
    def undecided(self) -> bool:
        """Whether everything that was settled so far has failed alike."""
        return self._open

    def start(self, pending: int) -> bool:
        """Return True once: when the probe's datums are to be brought to the front."""
        if self._started or not self._open or pending == 0:
            return False
        self._started = True
        return True

    def succeeded(self) -> None:
        """One datum succeeded: whatever fails is not everything."""
        self._open = False

    def failed(self, signature: str) -> bool:
        """Return True once: when as many as the probe holds have failed with one signature."""
        if not self._open:
            return False
        if self._signature not in (None, signature):
            self._open = False
            return False
        self._signature = signature
        self._alike += 1
        if self._alike < self.size:
            return False
        self._open = False
        return True
