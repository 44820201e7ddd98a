"""What a plan says before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ahead:
    """A transform that runs before the planned one: what it gives comes on top of the plan.

    Parameters
    ----------
    name : str
    would_run, total : int
        Its datums that would run first, and how many it has.
    error : str or None
        Why it cannot be planned.
    """

    name: str
    would_run: int
    total: int
    error: str | None = None


@dataclass
class Preview:
    """The plan of a run that has not begun.

    Parameters
    ----------
    total : int
        Datums of the input.
    would_run : int
    reasons : dict
        How many datums there are for each reason; each datum has one.
    first : list of str
        The first datums that would run: a path, or the value of an item.
    why : list of str
        The reason of each of these, with what changed: a file, a part of the code.
    examples : dict
        The first datums of each reason but unchanged, with what of them is meant.
    keys : dict
        Their keys in hexadecimal, of reasons for which a run can be limited to these.
    parts : dict
        What changed in the code -> how many datums were made before that.
    environment : dict
        What has another version now (``numpy 2.0.1 -> 2.1.0``) -> how many results at rest, or
        with ``--strict-env`` to be made again, are from before that.
    vanished, left_input : int
        Datums of the ledger that the input does not have any more; that it does not have
        since it was written otherwise.
    unknown : int
        Datums of the ledger that are not listed, where the listing could not go everywhere.
    sizes : dict
        ``bytes``, ``median``, ``p95``, ``largest`` [[datum, bytes]]; empty without files.
    errors : list of str
        What could not be listed.
    notes : list of str
        Sentences: what is not tracked, what would be faster.
    estimate : float or None
        Seconds of work, from what the datums took before; None if nothing is known.
    ahead : list of Ahead
        Transforms of the pipeline that have datums to run first.
    ended : bool
        Whether the listing has ended: until then this is how far it is.
    """

    total: int = 0
    would_run: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    examples: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    environment: dict[str, int] = field(default_factory=dict)
    vanished: int = 0
    left_input: int = 0
    unknown: int = 0
    sizes: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    estimate: float | None = None
    ahead: list[Ahead] = field(default_factory=list)
    ended: bool = False
