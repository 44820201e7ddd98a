"""What a request to execute a cell says beside the code: its metadata."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

#: Key of the message's metadata with which a server names the run that the cell shall start.
KEY = "datum_run"
_UUID = re.compile(r"[0-9a-f]{32}")


class AskedRun(NamedTuple):
    """The public name of the run that a cell starts, and who asked for it."""

    run: str
    origin: str


def metadata_of(shell: Any) -> Mapping[str, Any]:
    """Return the metadata of the request that is being executed; empty outside a kernel.

    JupyterLab sends the cell's own metadata in it; nbclient and papermill send none.
    """
    parent: Any = getattr(shell, "get_parent", dict)()
    found = parent.get("metadata") if isinstance(parent, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def asked_run(shell: Any) -> AskedRun:
    """Return the run to start: the one that a server has named, or a new one."""
    said = metadata_of(shell).get(KEY)
    if isinstance(said, Mapping) and _UUID.fullmatch(str(said.get("run"))):
        return AskedRun(str(said["run"]), "capture")
    return AskedRun(uuid.uuid4().hex, "kernel")
