"""Inputs that stand in for another one: the same datums, listed in another way."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..inputs.base import Input
from ..project import Project


class StandIn(Input):
    """An input in the place of another one, while a run is planned.

    Parameters
    ----------
    source : Input
        Which it stands for.
    """

    def __init__(self, source: Input) -> None:
        self._source = source
        self.ordered = source.ordered
        self.told_by_key = source.told_by_key

    @property
    def roots(self) -> dict[str, bytes]:
        return self._source.roots

    def notes(self) -> tuple[str, ...]:
        return self._source.notes()

    def to_json(self) -> dict[str, Any]:
        return self._source.to_json()

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> Input:
        """Nothing is written as a stand-in: its JSON is that of its source.

        Raises
        ------
        InputError
        """
        raise InputError(f"{cls.kind!r} is no input that can be written")

    def describe(self) -> str:
        return self._source.describe()

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        return self._source.nothing_found()
