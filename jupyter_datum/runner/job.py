"""A run as its runner knows it: the row, the recipe, and where everything lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..inputs.base import Input
from ..ledger.writes import RunKey
from ..project import Project
from ..transform.options import Options
from ..transform.recipe import Recipe


@dataclass(frozen=True)
class Job:
    """What does not change while a run lasts.

    Parameters
    ----------
    project : Project
    key : RunKey
        Row ids of run, transform and version, and the epoch of this runner.
    uuid : str
        The run's public name.
    recipe_digest : str
    recipe : Recipe
        Its signature was checked.
    source : Input
    options : Options
        The recipe's, with what the request changed.
    out : bytes or None
        Absolute output folder.
    workers : int
    """

    project: Project
    key: RunKey
    uuid: str
    recipe_digest: str
    recipe: Recipe
    source: Input
    options: Options
    out: bytes | None
    workers: int

    @property
    def epoch(self) -> int:
        """Of this runner."""
        return self.key.epoch

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.project.run(self.uuid)

    @property
    def roots(self) -> dict[str, bytes]:
        """Absolute folder of each input name."""
        return self.source.roots

    def journal(self, worker: str) -> Path:
        """Where `worker` writes its records of this run."""
        return self.project.journal(self.uuid, self.epoch, worker)
