"""The states of a run as a few thousand tiles, so that a million fit on a screen.

The worst state of a tile wins: one failure among a thousand is seen, and never averaged away.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..states import DatumState
from .files import mapped

_S: Final = DatumState
#: States from the one that must be seen to the one that may be covered.
WORST_FIRST: Final = (
    _S.FAILED, _S.RECOVERED, _S.CANCELLED, _S.RUNNING, _S.PENDING, _S.SUCCESS, _S.SKIPPED,
)  # fmt: skip


def tiles(path: Path, total: int, limit: int) -> tuple[bytes, int]:
    """Return one state byte per tile, and how many datums a tile stands for.

    Parameters
    ----------
    path : Path
        The ``states`` file of a run; what it lacks is pending.
    total : int
        Datums of the run.
    limit : int
        Tiles at most.

    Returns
    -------
    tuple of (bytes, int)
        In input order.
    """
    size = max(1, -(-total // limit))
    with mapped(path) as view:
        states = bytes(view[:total])
    states += bytes(total - len(states))
    if size == 1:
        return states, 1
    return bytes(_worst(states[at : at + size]) for at in range(0, total, size)), size


def _worst(states: bytes) -> int:
    there = set(states)
    return next((state for state in WORST_FIRST if state in there), _S.PENDING)
