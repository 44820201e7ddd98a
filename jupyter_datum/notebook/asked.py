"""What a request to execute a cell says beside the code: its metadata."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..transform.marked import RUN_KEY

_UUID = re.compile(r"[0-9a-f]{32}")


class AskedRun(NamedTuple):
    """The public name of the run that a cell starts, who asked for it, the options that it
    has beside the cell's own, and whether the cell shall only be recorded, or only have a datum
    picked (``first``, ``next``, ``previous``, ``failed``)."""

    run: str
    origin: str
    options: str
    record: bool = False
    pick: str = ""


def metadata_of(shell: Any) -> Mapping[str, Any]:
    """Return the metadata of the request that is being executed; empty outside a kernel.

    JupyterLab sends the cell's own metadata in it; nbclient and papermill send none.
    """
    parent: Any = getattr(shell, "get_parent", dict)()
    found = parent.get("metadata") if isinstance(parent, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def asked_run(shell: Any) -> AskedRun:
    """Return the run to start: as server or command line ask for it, or simply a new one."""
    said = metadata_of(shell).get(RUN_KEY)
    if not isinstance(said, Mapping):
        return AskedRun(uuid.uuid4().hex, "kernel", "")
    run = str(said.get("run"))
    return AskedRun(
        run if _UUID.fullmatch(run) else uuid.uuid4().hex,
        str(said.get("origin", "kernel")),
        str(said.get("options", "")),
        said.get("record") is True,
        str(said.get("pick", "")),
    )
