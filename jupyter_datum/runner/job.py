"""A run as its runner knows it: the row, the recipe, and where everything lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..hashing import hex_digest
from ..inputs.base import Input
from ..ledger.writes import RunKey
from ..project import Project
from ..remote import is_url
from ..transform.options import Options
from ..transform.recipe import Recipe
from .means import Means
from .streams import Link


def staging_of(project: Project, out: bytes) -> bytes:
    """Return the folder in which what is to go to `out` is staged."""
    if not is_url(out):
        return out
    return os.fsencode(project.dir / "staging" / hex_digest(out, 8))


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
        Absolute output folder, or a URL.
    means : Means
        Workers and devices.
    link : Link
        To the runs that it follows.
    """

    project: Project
    key: RunKey
    uuid: str
    recipe_digest: str
    recipe: Recipe
    source: Input
    options: Options
    out: bytes | None
    means: Means
    link: Link

    @property
    def workers(self) -> int:
        """How many there are to be; 0: all that the user's own cluster has."""
        return self.means.workers

    @property
    def epoch(self) -> int:
        """Of this runner."""
        return self.key.epoch

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.project.run(self.uuid)

    @property
    def staging(self) -> bytes | None:
        """Where workers stage: the output folder; for a URL a folder of the project's."""
        return staging_of(self.project, self.out) if self.out is not None else None

    @cached_property
    def roots(self) -> dict[str, bytes]:
        """Absolute folder of each input name."""
        return self.source.roots

    def journal(self, worker: str) -> Path:
        """Where `worker` writes its records of this run."""
        return self.project.journal(self.uuid, self.epoch, worker)
