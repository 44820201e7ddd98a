"""The end of what a batch job has printed: why it did not become a worker stands there alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

#: Bytes and lines that are shown.
_BYTES: Final = 4096
_LINES: Final = 20
#: Files that are looked at.
_FILES: Final = 1_000


def last_lines(folder: Path, since: float) -> str:
    """Return the last lines of the file in `folder` that was written to last, after `since`.

    Parameters
    ----------
    folder : Path
    since : float
        Epoch seconds; what is older is of another cluster.
    """
    try:
        entries = [entry for entry, _ in zip(os.scandir(folder), range(_FILES), strict=False)]
        written = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.is_file()]
    except OSError:
        return ""
    for at, path in sorted(written, reverse=True):
        if at >= since and (text := _end(Path(path))):
            return text
    return ""


def _end(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _BYTES))
        text = file.read().decode(errors="backslashreplace")
    return "\n".join(text.strip().splitlines()[-_LINES:])
