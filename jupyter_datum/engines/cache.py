"""Local copies of files that lie behind URLs, kept while there is room.

One folder for all projects and workers of a user::

    <folder>/<2 digits>/<digest of URL and identity>   a whole copy, never changed
    <folder>/use/<host>-<pid>-<n>/...                  what a worker has in use: hard links

What a datum uses is linked into its worker's own folder, so that whoever makes room never
takes a file away from under a cell, and no locks are needed. Files come in by one rename. Who
was used least recently goes first: the access time, which is set by hand at each use.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import stat
import time
from pathlib import Path
from typing import Final, NamedTuple

from blake3 import blake3

from ..remote.copies import FOLDER, cache_folder, cache_limit

#: How far below the limit room is made, so that it is not made for each file.
_DOWN_TO: Final = 0.8
#: Part of the limit that a worker may add before it looks again at what all have added.
_LOOK_AGAIN: Final = 64
#: Private folders of workers of other hosts, or of unknown ones, go after so many seconds.
_ABANDONED: Final = 2 * 86_400
#: Time of change of every copy: one that was written to since has another, and goes.
_MARK_NS: Final = 1_000_000_000 * 10**9
_counter = itertools.count()


class _Kept(NamedTuple):
    used: float
    size: int
    path: str


class Cache:
    """The copies, as one worker sees them.

    Parameters
    ----------
    folder : Path, optional
    limit : int, optional
        In bytes; 0 keeps nothing.
    """

    def __init__(self, folder: Path | None = None, limit: int | None = None) -> None:
        self._folder = folder or cache_folder()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._limit = cache_limit(self._folder) if limit is None else limit
        self._added = self._limit  # so that the first file makes it look
        name = f"{socket.gethostname()}-{os.getpid()}-{next(_counter)}"
        #: The worker's own folder, for what its datum uses.
        self.use = self._folder / "use" / name

    def take(self, url: str, content: bytes, size: int, target: Path) -> bool:
        """Link the copy of an object to `target`; False if there is none."""
        kept = self._place(url, content)
        try:
            status = kept.stat()
            if (status.st_size, status.st_mtime_ns) != (size, _MARK_NS):
                kept.unlink()
                return False
            os.utime(kept, ns=(time.time_ns(), _MARK_NS))
            _link(kept, target)
        except OSError:
            return False
        return True

    def room_for(self, size: int) -> None:
        """See that there is room for another `size` bytes.

        Raises
        ------
        OSError
            If the disk has no room for them, whatever else goes.
        """
        self._added += size
        if self._added * _LOOK_AGAIN >= self._limit:
            self._make_room(size)
        free = shutil.disk_usage(self._folder).free
        if free < size:
            self._make_room(self._limit)
            free = shutil.disk_usage(self._folder).free
        if free < size:
            raise OSError(
                f"no room for a local copy of {size:,} bytes in {str(self._folder)!r} ({free:,} "
                f"bytes free): set {FOLDER} to a folder on a larger disk"
            )

    def keep(self, url: str, content: bytes, source: Path) -> None:
        """Keep `source`, which was just fetched whole and is linked, not copied."""
        size = source.stat().st_size
        if size > self._limit * _DOWN_TO:
            return  # it would push everything else out, and itself
        kept = self._place(url, content)
        part = kept.with_name(f".{kept.name}.{os.getpid()}")
        try:
            kept.parent.mkdir(mode=0o700, exist_ok=True)
            os.link(source, part)
            os.chmod(part, stat.S_IRUSR)  # who writes to an input means another file
            os.utime(part, ns=(time.time_ns(), _MARK_NS))
            os.replace(part, kept)
        except OSError:
            return  # no links here, or no room: then it is fetched again

    def done(self) -> None:
        """Let go of what the datum used."""
        shutil.rmtree(self.use, ignore_errors=True)

    def _place(self, url: str, content: bytes) -> Path:
        name = blake3(os.fsencode(url) + b"\0" + content).hexdigest(16)
        return self._folder / name[:2] / name

    # -- room ------------------------------------------------------------------------------

    def _make_room(self, size: int) -> None:
        self._added = 0
        self._sweep_use()
        kept = sorted(self._all())
        total = sum(row.size for row in kept) + size
        if total <= self._limit:
            return
        for row in kept:
            if total <= self._limit * _DOWN_TO:
                return
            try:
                os.unlink(row.path)
            except OSError:
                continue  # another worker makes room too
            total -= row.size

    def _all(self) -> list[_Kept]:
        found: list[_Kept] = []
        for folder in self._folder.iterdir():
            if len(folder.name) != 2:
                continue
            for entry in _entries(folder):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                found.append(_Kept(status.st_atime, status.st_size, entry.path))
        return found

    def _sweep_use(self) -> None:
        """Remove what killed workers had in use."""
        host = socket.gethostname()
        for entry in _entries(self._folder / "use"):
            name, pid, _ = (*entry.name.rsplit("-", 2), "", "")[:3]
            try:
                ended = name == host and pid.isdigit() and not _alive(int(pid))
                if ended or entry.stat().st_mtime < time.time() - _ABANDONED:
                    shutil.rmtree(entry.path, ignore_errors=True)
            except OSError:
                continue


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _alive(pid: int) -> bool:
    if os.name == "nt":
        import psutil

        return bool(psutil.pid_exists(pid))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
