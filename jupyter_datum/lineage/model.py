"""What a lineage is made of: files, datums, and the ways between them, as plain data."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from ..ledger.queries import key_text
from ..states import DatumState
from ..words import text_of

#: Of many alike (inputs of a group, datums made from one file) so many are shown.
SHOWN: Final = 20
#: Beyond this, alike ones are not counted.
COUNTED: Final = 100_000

#: What is told of an absolute path; None where nothing is.
Shown = Callable[[bytes], str | None]
T = TypeVar("T")


@dataclass(frozen=True)
class Some(Generic[T]):
    """The first of several, and how many there are.

    Parameters
    ----------
    first : list
        Up to :data:`SHOWN`.
    count : int
        Up to `most`; the true number is this or more then.
    rest : str
        Why the others are not among the first: empty, there are too many; ``cut``, the chain is
        not followed further; ``unknown``, which they are is not known any more.
    most : int
    """

    first: list[T] = field(default_factory=list)
    count: int = 0
    rest: str = ""
    most: int = COUNTED

    @property
    def capped(self) -> bool:
        """Whether there are so many or more."""
        return self.count >= self.most

    @property
    def more(self) -> str:
        """How many are not shown, in words; empty if none."""
        rest = self.count - len(self.first)
        return f"{rest:,}{'+' if self.capped else ''} more" if rest > 0 else ""


@dataclass(frozen=True)
class File:
    """A file that a datum read or made.

    Parameters
    ----------
    path : bytes
        Absolute; under no root that is known, the path under the input's root.
    rel : bytes
        Under the input's root, or the output folder.
    size : int or None
        None where it is not known any more.
    content : bytes
        Its BLAKE3 as recorded; an object in a store has another mark.
    now : str
        ``same``, ``edited``, ``gone``, ``remade`` (what stands there is a later output),
        ``uncompared`` (touched, and too large to be read unasked), or empty where nobody looked.
    """

    path: bytes
    rel: bytes
    size: int | None
    content: bytes
    now: str = ""

    def to_json(self, shown: Shown = text_of) -> dict[str, Any]:
        """Return it as plain JSON; `shown` gives what is told of an absolute path."""
        return {
            "path": shown(self.path),
            "rel": text_of(self.rel),
            "size": self.size,
            "content": self.content.hex(),
            "now": self.now,
        }


@dataclass(frozen=True)
class Node:
    """A datum, what it was made from and what was made from it.

    Parameters
    ----------
    id : int
        Its row.
    transform : str
    key : bytes
    state : DatumState
    attempt : int
    began, seconds : float
    run, pipeline : str
        uuid, and the id that all runs of its pipeline share.
    run_status : str
    version : int
        Of the transform's code, counted from 1.
    current : bool
        Whether this code is what the transform has now.
    dirty, gone : bool
        An input changed while it was processed; it has left the input.
    inputs, outputs : Some of File
    up, down : Some of Node
        Datums of other transforms.
    now : str
        Empty if all this is told of the datum as it is. Else what is told is the version that
        gave the bytes in question, and the datum was ``remade`` since or has ``failed`` since;
        ``unknown``: which version that was is not known any more (`version` is 0, `run` empty).
        ``earlier``, of a datum below another: it was made from an earlier version of that one.
    restored : bool
        An earlier result of the datum was brought back; `began` says when.
    formerly : tuple of bytes
        Keys that it had before its file was renamed, the last first.
    position : int
        Its place in the input, counted from 0: its name, where the key is a digest.
    """

    id: int
    transform: str
    key: bytes
    state: DatumState
    attempt: int
    began: float
    seconds: float
    run: str
    pipeline: str
    run_status: str
    version: int
    current: bool
    dirty: bool
    gone: bool
    inputs: Some[File] = field(default_factory=Some)
    outputs: Some[File] = field(default_factory=Some)
    up: Some[Node] = field(default_factory=Some)
    down: Some[Node] = field(default_factory=Some)
    now: str = ""
    restored: bool = False
    formerly: tuple[bytes, ...] = ()
    position: int = 0

    def to_json(self, shown: Shown = text_of) -> dict[str, Any]:
        """Return it as plain JSON, with all that hangs on it."""
        plain = (
            "id", "transform", "attempt", "began", "seconds", "run", "pipeline", "run_status",
            "version", "current", "dirty", "gone", "now", "restored", "position",
        )  # fmt: skip
        return {
            **{name: getattr(self, name) for name in plain},
            "key": key_text(self.key),
            "formerly": [key_text(key) for key in self.formerly],
            "state": self.state.name.lower(),
            **{
                name: _some_json(getattr(self, name), shown)
                for name in ("inputs", "outputs", "up", "down")
            },
        }


def _some_json(some: Some[Any], shown: Shown) -> dict[str, Any]:
    return {
        "count": some.count,
        "capped": some.capped,
        "rest": some.rest,
        "first": [each.to_json(shown) for each in some.first],
    }


@dataclass(frozen=True)
class Origin:
    """The answer about a path or an id.

    Parameters
    ----------
    asked : str
        As it was asked.
    file : File or None
        The file in question, as the ledger knows it.
    made : Node or None
        The datum that made it, or that was asked for.
    read : Some of Node
        Datums that read the file: what becomes of it.
    note : str
        What has become of an output that is not there any more: renamed, or pruned.
    """

    asked: str
    file: File | None
    made: Node | None
    read: Some[Node]
    note: str = ""

    def to_json(self, shown: Shown = text_of) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "asked": text_of(os.fsencode(self.asked)),
            "file": self.file.to_json(shown) if self.file else None,
            "made": self.made.to_json(shown) if self.made else None,
            "read": _some_json(self.read, shown),
            "note": self.note,
        }
