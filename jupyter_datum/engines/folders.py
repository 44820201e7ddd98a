"""Folders that are datums: whether files have come to one while it was processed."""

from __future__ import annotations

import os
from collections.abc import Collection

from ..inputs.walk import OURS


def added(folder: bytes, rel: bytes, known: Collection[bytes], out: bytes | None) -> bool:
    """Return whether a folder holds a file that is none of those listed.

    Parameters
    ----------
    folder : bytes
        Absolute path.
    rel : bytes
        The same under the input's root, with a slash at its end.
    known : collection of bytes
        Files that were listed, under the input's root.
    out : bytes or None
        The transform's own output folder, which is no input. Links are left to the listing,
        which knows whether to follow them.
    """
    for path, names, files in os.walk(folder):
        names[:] = [n for n in names if n not in OURS and os.path.join(path, n) != out]
        below = os.path.join(rel, os.path.relpath(path, folder)) if path != folder else rel
        for name in files:
            entry = os.path.join(path, name)
            new = os.path.join(below, name) not in known
            if new and os.path.isfile(entry) and not os.path.islink(entry):
                return True
    return False
