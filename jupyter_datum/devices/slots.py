"""Devices shared out among workers: ``--gpus 1``, ``2``, ``0.5``, ``auto``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ..errors import UsageError

#: What CUDA reads, once, when it is first used.
VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
#: The shares that a worker is to hold, as JSON; and what its ``datum.device`` is.
LEASE: Final = "JUPYTER_DATUM_LEASE"
DEVICE: Final = "JUPYTER_DATUM_DEVICE"

#: Parts of a device: halves, thirds, ... eighths are whole numbers of them, so that a worker
#: with a half and one with a third know whether they overlap.
UNITS: Final = 840
_SMALLEST: Final = 8

#: The variables of one worker. In the form of a key: equal ones share a warm cluster.
Slot = tuple[tuple[str, str], ...]


class Share(NamedTuple):
    """A stretch of a device, in units of which it has :data:`UNITS`."""

    device: str
    start: int
    length: int


class Gpus(NamedTuple):
    """What ``--gpus`` asks for: so many devices for each worker, or a part of one."""

    devices: int
    parts: int
    optional: bool = False

    @classmethod
    def parse(cls, text: str) -> Gpus:
        """Read ``1``, ``2``, ``0.5``, ``auto``.

        Raises
        ------
        ValueError
            If it is none of these.
        """
        if text == "auto":
            return cls(1, 1, optional=True)
        try:
            number = float(text)
        except ValueError:
            number = 0.0
        if number >= 1 and number == int(number):
            return cls(int(number), 1)
        parts = round(1 / number) if 0 < number < 1 else 0
        if 2 <= parts <= _SMALLEST and abs(parts * number - 1) < 0.05:
            return cls(1, parts)
        raise ValueError(
            "it takes devices for each worker (1, 2), a half to an eighth of one (0.5, 0.25), "
            "or auto"
        )


def slots_for(gpus: Gpus, devices: Sequence[str]) -> list[Slot]:
    """Return the variables of each worker that there can be, at most.

    Raises
    ------
    UsageError
        If there are fewer devices than one worker is to have.
    """
    if gpus.devices > len(devices):
        raise UsageError(
            f"--gpus {gpus.devices}: each worker would need {gpus.devices} devices, and there "
            f"are {len(devices)}: {', '.join(devices)}"
        )
    size = UNITS // gpus.parts
    if gpus.parts > 1:  # the first part of each device before the second of any
        return [
            _slot([Share(device, part * size, size)])
            for part in range(gpus.parts)
            for device in devices
        ]
    groups = range(0, len(devices) - gpus.devices + 1, gpus.devices)
    return [_slot([Share(d, 0, size) for d in devices[at : at + gpus.devices]]) for at in groups]


def _slot(shares: list[Share]) -> Slot:
    return (
        (VISIBLE, ",".join(share.device for share in shares)),
        (LEASE, json.dumps(shares)),
        (DEVICE, "cuda:0"),
    )


def shares_of(environ: Mapping[str, str]) -> list[Share]:
    """Return what a worker with these variables is to hold; nothing without a slot."""
    return [Share(*share) for share in json.loads(environ.get(LEASE) or "[]")]


def device_of(environ: Mapping[str, str]) -> str:
    """Return ``datum.device``: a worker's first device is number 0 to it, whichever it is."""
    return environ.get(DEVICE) or "cpu"
