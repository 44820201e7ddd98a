"""Whether a transform would read what it writes."""

from __future__ import annotations

import os

from ..errors import UsageError
from ..remote import is_url
from .base import Input


def check_apart(source: Input, out: str) -> None:
    """See that no input lies in the output folder.

    Raises
    ------
    UsageError
        If one does: a run would never see it, or take its own outputs for input.
    """
    for name, root in source.roots.items():
        folder = os.fsdecode(root if is_url(root) else os.path.realpath(root))
        if os.path.join(folder, "").startswith(os.path.join(out, "")):
            raise UsageError(
                f"the input {name!r} lies in {folder!r}, under its own output folder "
                f"{out!r}: give -o another folder"
            )
