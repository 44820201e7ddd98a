"""What the settings of a cluster say that is not ours to start worker by worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..resources import THREAD_VARIABLES
from ..words import duration
from .base import EngineSettings
from .choice import Choice

#: How long a batch system may take for a first worker, if the settings do not say.
PATIENCE: Final = "1h"
#: Variables of this machine that mean nothing on another one.
_NOT_SENT: Final = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP",
        "VIRTUAL_ENV",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """Whose the cluster is, and what its workers get.

    Parameters
    ----------
    engine : str
        The engine's name.
    settings : EngineSettings
    """

    engine: str
    settings: EngineSettings

    @property
    def options(self) -> Mapping[str, Any]:
        """The engine's own."""
        return self.settings.options

    @property
    def ours(self) -> bool:
        """Whether the workers are brought up for us, and given back."""
        return bool({"cluster", "launcher", "backend"} & self.options.keys())

    @property
    def patient(self) -> bool:
        """Whether workers may take any time to come, as those of a batch system do."""
        return self.ours and Choice(self.engine, dict(self.options)).elsewhere

    @property
    def start_within(self) -> float:
        """Seconds within which a first worker is up; ``start_timeout`` of the settings says it."""
        asked = str(self.options.get("start_timeout", PATIENCE if self.patient else ""))
        return duration(asked) if asked else self.settings.start_within

    @property
    def variables(self) -> dict[str, str]:
        """What is set while datums are processed; limits of threads where the workers are ours."""
        left_out = _NOT_SENT if self.ours else _NOT_SENT | set(THREAD_VARIABLES)
        return {k: v for k, v in self.settings.environment.items() if k not in left_out}

    @property
    def threads(self) -> dict[str, str]:
        """What a worker that is ours gets before its first import."""
        environment = self.settings.environment
        return {k: environment[k] for k in THREAD_VARIABLES if k in environment}

    def __str__(self) -> str:
        return next((str(value) for value in self.options.values()), self.engine)
