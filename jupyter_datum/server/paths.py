"""Paths that come from outside: contents paths into files below the root, and back.

Every question is answered by the real path and by whole components, so that neither a
link, nor ``..``, nor a folder whose name only begins like the root leads out of it.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Final

from .. import registry
from ..project import FOLDER
from ..remote import is_url

#: Bytes of a contents path.
LONGEST: Final = 4096


def inside(path: Path, root: Path) -> bool:
    """Return whether a real path lies in a real folder, or is it."""
    return path == root or root in path.parents


def contents_file(root: Path, path: str, hidden: bool = False) -> Path | None:
    """Return the real path of the regular file that a contents path names, or None.

    Parameters
    ----------
    root : Path
        The real folder that the server shows.
    path : str
        With slashes, relative to it.
    hidden : bool
        Whether names that begin with a dot are shown.
    """
    parts = [part for part in path.split("/") if part]
    if not parts or len(os.fsencode(path)) > LONGEST or "\0" in path:
        return None
    if any(part in (".", "..") or (part.startswith(".") and not hidden) for part in parts):
        return None
    if os.path.splitdrive(path)[0] or (os.sep != "/" and os.sep in path):
        return None
    found = Path(os.path.realpath(root.joinpath(*parts)))
    try:
        regular = stat.S_ISREG(os.lstat(found).st_mode)
    except (OSError, ValueError):
        return None
    return found if regular and inside(found, root) else None


def contents_path(root: Path | None, path: bytes) -> str | None:
    """Return the contents path of an absolute path, or None if the server does not show it."""
    if root is None or is_url(path):
        return None
    found = os.path.realpath(path)
    base = os.path.join(os.fsencode(root), b"")
    if not found.startswith(base):  # with its separator at the end: a whole component
        return None
    try:
        text = found[len(base) :].decode("utf-8")
    except UnicodeDecodeError:
        return None
    parts = text.split(os.sep)
    return None if any(part.startswith(".") for part in parts) else "/".join(parts)


def shown_root(root: Path | None, folder: Path) -> str:
    """Return a folder for people: relative to the server's root if it lies in it."""
    if root is not None and inside(folder, root):
        return str(folder.relative_to(root))
    return str(folder)


def read_part(path: Path, offset: int, length: int) -> bytes | None:
    """Return a part of a regular file; None if it is another thing, which is not waited for."""
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        return os.pread(handle, max(0, length), max(0, offset))
    except (OSError, OverflowError):
        return None
    finally:
        os.close(handle)


def read_whole(path: Path, limit: int) -> bytes | None:
    """Return a regular file's content, b"" if there is none; None if it is no such file, or
    longer than `limit`."""
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return b""
    except (OSError, ValueError):
        return None
    with os.fdopen(handle, "rb", buffering=0) as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            return None
        return file.read(status.st_size) or b""


def uuid_at(root: Path) -> str | None:
    """Return the uuid that stands in a project's marker, which may be anything."""
    data = registry.read_regular(root / FOLDER / "project.json")
    try:
        fields = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
    uuid = fields.get("uuid") if isinstance(fields, dict) else None
    return uuid if isinstance(uuid, str) else None
