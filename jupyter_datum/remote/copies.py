"""Where copies of files behind URLs are kept, and how much of them: of this user's choice."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from ..settings import cache_size

#: Variables of the environment: where the copies lie, and how much of them is kept.
FOLDER: Final = "JUPYTER_DATUM_CACHE"
LIMIT: Final = "JUPYTER_DATUM_CACHE_SIZE"
_DEFAULT_LIMIT: Final = 10 << 30


def cache_folder() -> Path:
    """Return where copies are kept: ``JUPYTER_DATUM_CACHE``, else the user's cache folder."""
    if found := os.environ.get(FOLDER):
        return Path(found).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "jupyter-datum" / "files"


def cache_limit(folder: Path) -> int:
    """Return how many bytes are kept: as the user's settings say (``[cache]``, or the variable
    ``JUPYTER_DATUM_CACHE_SIZE``), else 10 GB or a tenth of the disk that `folder` is on,
    whichever is less.

    Raises
    ------
    UsageError
        If what they say is no size.
    """
    said = cache_size()
    return said if said is not None else min(_DEFAULT_LIMIT, shutil.disk_usage(folder).total // 10)
