"""The options of a transform, as values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Which datums a run may be limited to. The last three are what ``new`` is made of.
WHICH: Final = ("new", "failed", "stale", "added", "changed", "missing")


@dataclass(frozen=True)
class Options:
    """What the line of a cell says. Times in seconds.

    Parameters
    ----------
    name : str
        Of the transform.
    input, output : str or None
        As written.
    engine : str
        Empty: as the user's settings have it, else joblib.
    workers, threads : int or None
        None: as many as fit the machine.
    workers_min : int or None
        So few at least while there is work; written ``--workers 2..16``.
    give_back : float or None
        Workers without work are given back after so long; None: as fits the engine.
    tries : int
        Attempts in all.
    timeout : float or None
        For one datum.
    backoff : float
        Before the second attempt.
    on_error : str
        ``continue``, ``stop``, ``stop:N``, ``stop:P%``.
    only : tuple of str
        Some of :data:`WHICH`; empty: whatever needs it.
    force : bool
        Unchanged datums too; and files that are not ours are overwritten.
    sample : int
        So many datums at most; 0: all.
    background : bool
        Do not wait.
    no_probe : bool
        Go on when the first datums all fail alike.
    schema : str or None
        Name of what a result must fit.
    plan : bool
        Say what would run, and run nothing.
    large_payload : bool
        Send more than 64 MB of captured values.
    replace_edited : bool
        Outputs that were edited by hand are made again.
    prune : str
        ``yes``: outputs of vanished inputs are removed after the run, ``all``: though that
        may be most of them, or the input was written anew.
    keep : int
        So many former versions of each datum's outputs and result are kept.
    depends : tuple of str
        Files, folders and names of the kernel that count as code.
    versions : tuple of str
        ``name=version`` of values that have no stable content.
    strict_env : bool
        Results of other versions of Python or packages do not count.
    equivalent : bool
        This version of the code counts as the one that made the results.
    gpus : str or None
        Devices of each worker: ``1``, ``2``, ``0.5``, ``auto`` (one, if there is any).
    shell : bool
        The cell is bash.
    batch : int or None
        The cell is called for so many datums at once, as ``datums``, and gives a list.
    recover : str or None
        Name of a function of the kernel, called with datum and failure when the last try
        has failed; what it returns is the result.
    max_datums_per_worker : int or None
        After so many a worker is replaced.
    memory_limit : int or None
        Bytes above which a worker is replaced, when its set is done.
    """

    name: str = ""
    input: str | None = None
    output: str | None = None
    engine: str = ""
    workers: int | None = None
    workers_min: int | None = None
    give_back: float | None = None
    threads: int | None = None
    tries: int = 3
    timeout: float | None = None
    backoff: float = 1.0
    on_error: str = "continue"
    only: tuple[str, ...] = ()
    force: bool = False
    sample: int = 0
    background: bool = False
    no_probe: bool = False
    schema: str | None = None
    plan: bool = False
    large_payload: bool = False
    replace_edited: bool = False
    prune: str = ""
    keep: int = 0
    depends: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    strict_env: bool = False
    equivalent: bool = False
    gpus: str | None = None
    shell: bool = False
    batch: int | None = None
    recover: str | None = None
    max_datums_per_worker: int | None = None
    memory_limit: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the options that differ from their defaults."""
        default = Options()
        return {
            field.name: _plain(value)
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != getattr(default, field.name)
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Options:
        """Inverse of :meth:`to_json`; what we do not know is left out."""
        known = {field.name for field in dataclasses.fields(cls)}
        fields = {name: value for name, value in values.items() if name in known}
        for name in ("only", "depends", "versions"):
            if name in fields:
                fields[name] = tuple(fields[name])
        return cls(**fields)


#: Options of one execution; the others belong to the transform.
OF_THE_RUN: Final = (
    "only", "force", "sample", "background", "no_probe", "plan", "large_payload",
    "replace_edited", "prune", "equivalent",
)  # fmt: skip
#: Those of them that only the kernel acts on.
_OF_THE_KERNEL: Final = ("background", "plan", "large_payload", "equivalent")


def of_the_run(options: Options) -> dict[str, Any]:
    """Return the options that a request for a run carries."""
    return {
        name: value
        for name, value in options.to_json().items()
        if name in OF_THE_RUN and name not in _OF_THE_KERNEL
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
