"""What stands at a path now, against what the ledger has recorded of it: content decides."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final

from ..hashing import file_digest
from ..inputs.glob import compile_glob
from ..inputs.walk import Walk
from ..ledger.edges import makers_of
from ..remote import is_url

#: Up to which size a file at a path is read, to tell an edit from a touch; 0: nobody looks.
Look = Callable[[bytes], int]
#: Unless all are asked for, larger files are told by stat alone.
READ: Final = 64 << 20
#: Files of one folder that are looked at.
_HELD: Final = 1_000
#: New files in a folder of which it is asked whether they are outputs.
_NEW: Final = 20


def everywhere(path: bytes) -> int:
    """Look at every file."""
    return READ


def wholly(path: bytes) -> int:
    """Look at every file, and read each one that was touched, however large it is."""
    return sys.maxsize


def nowhere(path: bytes) -> int:
    """Look at no file."""
    return 0


def now_of(
    path: bytes,
    size: int,
    mtime_ns: int,
    content: bytes,
    read: int = READ,
    ctime_ns: int | None = None,
) -> str:
    """Return what has become of a file: ``same``, ``edited``, ``gone``; ``uncompared`` of one
    that was touched and is larger than `read`. Nobody looks at objects: a store is asked by
    fsck and by plans, with one listing."""
    if is_url(path):
        return ""
    try:
        stat = os.stat(path)
        if stat.st_size != size:
            return "edited"
        if stat.st_mtime_ns == mtime_ns and ctime_ns in (None, stat.st_ctime_ns):
            return "same"
        return _compared(path, size, content, read)
    except (OSError, ValueError):
        return "gone"


def content_now(path: bytes, content: bytes, read: int = READ) -> str:
    """Return the same of a file of which the content alone is recorded."""
    try:
        return _compared(path, os.stat(path).st_size, content, read)
    except (OSError, ValueError):
        return "gone"


def _compared(path: bytes, size: int, content: bytes, read: int) -> str:
    if not os.path.isfile(path):
        return "edited"
    if size > read:
        return "uncompared"
    return "same" if file_digest(path) == content else "edited"


def folder_now(
    conn: sqlite3.Connection, datum: int, root: bytes, rel: bytes, read: int = READ
) -> str:
    """Return what has become of a folder that is one datum, with all that it holds: its own
    times mean nothing. Of one that holds very many files nothing is said (empty)."""
    path = os.path.join(root, rel)
    if not os.path.isdir(path):
        return "gone"
    held = _held(conn, datum, rel)
    if len(held) > _HELD:
        return ""
    walk = Walk(root, compile_glob("**"), "dirs", frozenset(), False, [])
    new = (below for below, _ in walk.below(rel) if below not in held)
    found = list(islice(new, _NEW + 1))
    if len(found) > _NEW or len(_made(conn, root, found)) < len(found):
        return "edited"
    return _worst(_nows(root, held, read))


def _held(conn: sqlite3.Connection, datum: int, rel: bytes) -> dict[bytes, tuple[Any, ...]]:
    rows = conn.execute(
        "select rel, size, mtime_ns, content from input where datum = ? limit ?",
        (datum, _HELD + 2),
    )
    return {row[0]: row[1:] for row in rows if row[0] != rel and row[0].startswith(rel)}


def _made(conn: sqlite3.Connection, root: bytes, rels: list[bytes]) -> dict[bytes, int]:
    """Those that are outputs of ours: they were left out of the input too."""
    return makers_of(conn, [os.path.join(root, rel) for rel in rels])


def _nows(root: bytes, held: dict[bytes, tuple[Any, ...]], read: int) -> Iterable[str]:
    """One after the other; all of them together are read up to `read`."""
    for rel, (size, mtime_ns, content) in held.items():
        path = os.path.join(root, rel)
        if rel.endswith(b"/"):  # one that is empty
            yield "same" if os.path.isdir(path) else "gone"
            continue
        yield now_of(path, size, mtime_ns, content, read)
        if not _stands(path, mtime_ns):
            read = max(0, read - size)


def _stands(path: bytes, mtime_ns: int) -> bool:
    try:
        return os.stat(path).st_mtime_ns == mtime_ns
    except OSError:
        return True


def _worst(found: Iterable[str]) -> str:
    worst = "same"
    for now in found:
        if now in ("edited", "gone"):
            return "edited"
        worst = now if now == "uncompared" else worst
    return worst
