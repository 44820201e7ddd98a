"""Tells Jupyter servers of this user which project this kernel works in.

Nothing of it may stop a cell: a kernel without a server, or with a home that cannot be
written, runs as well.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
from pathlib import Path

from .. import registry
from ..errors import ProjectError
from ..project import Project, find
from ..runner.version import VERSION
from .context import Context

#: What was written already: ("project", uuid), (kernel id, uuid or None).
_SAID: set[tuple[str, str | None]] = set()


def announce(context: Context, project: Project | None = None) -> None:
    """Register this kernel and, if something runs in it, its project; each once.

    Parameters
    ----------
    context : Context
    project : Project, optional
        Given when a cell is about to run; until then one is looked for, and none is made.
    """
    if project is not None and _first("project", project.uuid):
        registry.write_project(project)
    kernel = kernel_id()
    if kernel is None:
        return
    if all(known != kernel for known, _ in _SAID):
        registry.sweep()
        atexit.register(registry.forget_kernel, kernel)
    there = project or _there(context)
    if _first(kernel, there.uuid if there else None):
        registry.write_kernel(kernel, there, context.folder, context.notebook, VERSION)


def kernel_id() -> str | None:
    """Return the id under which a server knows this kernel: its connection file has it."""
    try:
        from ipykernel.connect import get_connection_file

        name = os.path.basename(get_connection_file())
    except Exception:  # no ipykernel, or no kernel: a plain IPython, a script
        return None
    found = re.fullmatch(r"kernel-([0-9A-Za-z._-]+)\.json", name)
    return found[1] if found else None


def _there(context: Context) -> Project | None:
    given = os.environ.get("DATUM_PROJECT")
    with contextlib.suppress(ProjectError, OSError):
        return find(Path(given) if given else context.folder)
    return None


def _first(who: str, what: str | None) -> bool:
    """Whether this was not said before."""
    known = (who, what) in _SAID
    _SAID.add((who, what))
    return not known
