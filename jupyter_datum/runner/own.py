"""Files of the user's own that lie in the output folder, where the input would take them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final

from ..inputs import Input
from ..outputs.names import fold
from ..outputs.publish.redo import owner
from ..remote import is_url
from ..words import counted

#: Files in the output folder that are looked at: a plan is not to wait for a million outputs.
_LOOKED_AT: Final = 10_000
_SHOWN: Final = 3


def left_out(conn: sqlite3.Connection, source: Input, out: str | None) -> str | None:
    """Return the sentence for files under `out` that `source` would take if they lay elsewhere,
    and that no datum has made; None if there is none. What lies there is no input."""
    if not out or is_url(out) or not os.path.isdir(out):
        return None
    leaves = [leaf for leaf in source.leaves if leaf.may_list(os.fsencode(out))]
    if not leaves:
        return None
    own = [
        path
        for path in islice(_files(os.fsencode(out)), _LOOKED_AT)
        if any(leaf.takes(path) for leaf in leaves) and not _is_made(conn, path)
    ]
    if not own:
        return None
    shown = ", ".join(ascii(os.path.relpath(os.fsdecode(path), out))[1:-1] for path in own[:_SHOWN])
    return (
        f"{counted(len(own), 'file')} under {out!r} would match the input and no datum has made "
        f"{'it' if len(own) == 1 else 'them'}: {shown}{', ...' if len(own) > _SHOWN else ''}. What "
        "lies in the output folder is no input: put it elsewhere, or give -o another folder"
    )


def _is_made(conn: sqlite3.Connection, path: bytes) -> bool:
    """Whether it is recorded, be it as on a file system that folds names: a plan writes
    nothing, and so does not try whether this one does."""
    return any(owner(conn, fold(path, folds)) is not None for folds in (False, True))


def _files(folder: bytes) -> Iterator[bytes]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(b"."))
        for name in sorted(files):
            yield os.path.join(where, name)
