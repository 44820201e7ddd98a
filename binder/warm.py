"""Start the runner of the demo's project before anybody asks, with this very interpreter.

Its first worker start, which is most of a first run's wait, is then a matter of files that
the machine has read already.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("JUPYTER_DATUM_IDLE_SECONDS", "86400")

import joblib.externals.loky  # noqa: F401  (read once, so that workers find it in the page cache)

from jupyter_datum.project import find_or_create
from jupyter_datum.runner.client import ensure_runner

project = find_or_create(Path(__file__).resolve().parent.parent / "notebooks")
ensure_runner(project, sys.executable)
