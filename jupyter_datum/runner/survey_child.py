"""``python -m jupyter_datum.runner.survey_child [PROJECT]``: which engines this Python has.

A server knows what is installed where it runs, and not what the kernels have: it asks their
interpreter, by this. One line of JSON on standard output. Clusters that the user's settings
name are asked whether they are there, which takes a moment.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

from ..devices import find_devices
from ..engines.survey import survey
from ..errors import DatumError
from ..project import FOLDER
from ..resources import default_workers, usable_memory


def main(root: str | None) -> int:
    """Say what there is."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what an engine prints must not come between
    with tempfile.TemporaryDirectory() as nowhere:
        folder = os.path.join(root, FOLDER) if root else nowhere
        out.write(json.dumps(_known(folder)) + "\n")
    out.flush()
    return 0


def _known(folder: str) -> dict[str, Any]:
    engines: list[dict[str, Any]] = []
    problem = None
    try:
        engines.extend(known._asdict() for known in survey(folder))
    except DatumError as exc:  # the settings cannot be read
        problem = str(exc)
    devices = len(find_devices(dict(os.environ)).devices)
    return {
        "engines": engines,
        "cores": default_workers(),
        "memory": usable_memory(),
        "devices": devices,
        "problem": problem,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
