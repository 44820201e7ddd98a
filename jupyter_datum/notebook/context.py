"""Where a kernel stands: its notebook, its folder, its project; decided once."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..project import Project, find, find_or_create


@dataclass(frozen=True)
class Context:
    """Decided when the extension is loaded; a later ``chdir`` changes nothing.

    Parameters
    ----------
    folder : Path
        Where relative paths start: the notebook's folder.
    notebook : str or None
        Its absolute path.
    """

    folder: Path
    notebook: str | None

    def project(self) -> Project:
        """Return the project, made when it is first needed."""
        return find_or_create(self._start())

    def existing_project(self) -> Project | None:
        """Return the project, or None if nothing has run here yet."""
        return find(self._start())

    def _start(self) -> Path:
        given = os.environ.get("DATUM_PROJECT")
        return Path(given) if given else self.folder


def context_of(namespace: Mapping[str, Any]) -> Context:
    """Return the context of this kernel: by the session's name, VS Code's variable, else the
    working folder."""
    for name in (os.environ.get("JPY_SESSION_NAME"), namespace.get("__vsc_ipynb_file__")):
        if isinstance(name, str) and os.path.isabs(name) and os.path.isfile(name):
            return Context(Path(name).parent, name)
    return Context(Path.cwd(), None)


def shell_here() -> Any:
    """Return the shell of this process, or None: where nobody has imported IPython there is none,
    and a command in a terminal need not take 0.2 s to do so."""
    module = sys.modules.get("IPython.core.getipython")
    return module.get_ipython() if module else None
