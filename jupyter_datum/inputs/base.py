"""What an input is: something that lists datums, lazily and in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from ..errors import UsageError
from ..events import Stat
from ..project import Project


class Listed(NamedTuple):
    """A datum as its input lists it.

    ``key`` says which one it is within the input; ``files`` holds ``(input name, path under
    the input's root, stat)``; ``value`` is an encoded value or None; ``captures`` are the
    strings that a pattern captured, and the keys of a join or group; ``upstream`` are the
    row ids of the datums (of other transforms) that it comes from.
    """

    key: bytes
    files: tuple[tuple[str, bytes, Stat], ...]
    value: bytes | None
    captures: dict[str, str]
    upstream: tuple[int, ...] = ()


class Input(ABC):
    """An input. It can be written as JSON, so that a runner lists it and nobody else."""

    #: Its word in JSON, ``{"glob": ...}``.
    kind: ClassVar[str]
    #: Whether keys come sorted by their bytes.
    ordered: bool
    #: Whether the key covers all that the cell sees beside the files: value and captures.
    #: Where it does not, a digest of both is recorded with each success and compared.
    told_by_key: bool = True
    #: Whether listing it runs user code or a large library: then a runner has a process of its
    #: own list it (:mod:`jupyter_datum.runner.lister`), so that it takes no harm.
    foreign: bool = False

    @property
    @abstractmethod
    def roots(self) -> dict[str, bytes]:
        """Absolute folder of each input name."""

    @abstractmethod
    def list(self, exclude: frozenset[bytes], errors: list[str]) -> Iterator[Listed]:
        """Yield the datums, lazily.

        Parameters
        ----------
        exclude : frozenset of bytes
            Absolute folders that are not entered.
        errors : list of str
            What could not be listed is appended here, and the listing goes on: it is then
            incomplete, and nothing may be concluded from what it lacks.
        """

    def stored(self, project: Project) -> Input:
        """Return the input as it can be written: what only this process holds (a table, a
        callable, an iterable) goes to the project's payloads. An input made of others keeps
        these.

        Raises
        ------
        DatumError
            If something in it cannot be written.
        """
        return self

    def variables(self) -> tuple[str, ...]:
        """Return the environment variables whose values it needs to be listed."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """Return sentences that a plan should say of it; complete when it has been listed."""
        return ()

    def captures(self, key: bytes) -> dict[str, str]:
        """Return what a pattern captures from the key of a datum."""
        return {}

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON; :func:`input_from_json` is the inverse."""

    @classmethod
    @abstractmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> Input:
        """Inverse of :meth:`to_json`."""

    @abstractmethod
    def describe(self) -> str:
        """Return it as a person would write it."""

    @abstractmethod
    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        """Return pattern, place and nearest names, for when it lists no datum."""


def input_from_json(spec: dict[str, Any], project: Project | None) -> Input:
    """Return the input that `spec` describes.

    Raises
    ------
    UsageError
        If it is none that we know.
    """
    from . import KINDS

    known = [kind for kind in KINDS if kind in spec]
    if len(known) != 1:
        raise UsageError(f"an input is one of {', '.join(KINDS)}, not {sorted(spec)}")
    return KINDS[known[0]].from_json(spec, project)
