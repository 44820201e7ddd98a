"""What a run has to work with: how many workers, and which devices each of them sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..devices import VISIBLE, Gpus, Slot, find_devices, slots_for
from ..engines import choose_engine
from ..errors import UsageError
from ..transform.options import Options


class Means(NamedTuple):
    """Workers and devices of a run.

    ``workers`` is 0 for all that the user's own cluster has; ``slots`` is None where workers
    get no device; ``devices`` is for the ledger: None if nobody asked for any.
    """

    workers: int
    slots: tuple[Slot, ...] | None = None
    devices: str | None = None


def means_of(options: Options, environment: Mapping[str, str]) -> Means:
    """Return what a run has to work with.

    Parameters
    ----------
    options : Options
    environment : mapping
        Of this process, with what the kernel has told over it.

    Raises
    ------
    UsageError
        If it asks for devices and there are none, or its engine cannot give them.
    """
    choice = choose_engine(options.engine)
    if options.gpus is None:
        return Means(choice.workers(options.workers))
    _check_ours(options)
    gpus = Gpus.parse(options.gpus)
    found = find_devices(environment)
    if not found.devices and gpus.optional:
        return Means(choice.workers(options.workers), None, "cpu")
    if not found.devices:
        raise UsageError(
            f"--gpus {options.gpus}: there is no device. Looked at: {'; '.join(found.looked)}. "
            "--gpus auto runs on the CPU then"
        )
    slots = slots_for(gpus, found.devices)[: options.workers]
    names = dict.fromkeys(dict(slot)[VISIBLE] for slot in slots)
    return Means(len(slots), tuple(slots), ",".join(names))


def _check_ours(options: Options) -> None:
    """Only whoever starts a worker can say what it sees."""
    choice = choose_engine(options.engine)
    if choice.kind == "serial":
        raise UsageError(
            "--gpus is for workers; --engine serial runs in the kernel, which sees what it sees. "
            "For one GPU worker: --gpus 1 --workers 1"
        )
    if choice.options:
        raise UsageError(
            f"--gpus pins workers that are started here; those of {options.engine!r} see what "
            "their cluster gave them: leave --gpus out"
        )


def visible_to(means: Means, options: Options) -> dict[str, str]:
    """Return what a worker without a device is told, so that it takes none by itself.

    A hundred CPU workers that each find the GPU would fill its memory. A cluster of the
    user's own, and the kernel, are left as they are; and what the user has set in the kernel
    stands over this.
    """
    choice = choose_engine(options.engine)
    return {} if means.slots or choice.kind == "serial" or choice.options else {VISIBLE: ""}
