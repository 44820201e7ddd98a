"""What makes bytes durable, and what is said when the disk does not take them."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..errors import OutputError
from ..hashing import file_digest
from .names import show

#: Files from which one ``syncfs`` is cheaper than an ``fsync`` for each.
SYNC_ALL: Final = 8
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)
#: Bytes below which a disk counts as full.
_ROOM: Final = 65_536
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_THREADS: Final = 4


def sync_files(files: Sequence[bytes], folders: Sequence[bytes]) -> None:
    """Make `files` durable, and their names, which stand in `folders` of one file system.

    Raises
    ------
    OSError
        If the disk failed. What was written may be lost, and a second call would not say
        so again: :func:`write_anew` first.
    """
    if len(files) > SYNC_ALL and _sync_file_system(folders[0]):
        return
    if len(files) > SYNC_ALL:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(_sync, files))
    else:
        for path in files:
            _sync(path)
    for folder in folders:
        sync_folder(folder)


def sync_folder(folder: bytes) -> None:
    """Make the names in `folder` durable. One that is gone, or not ours to open, is left."""
    if sys.platform == "win32":
        return  # a folder cannot be opened there
    try:
        _sync(folder)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass


def _sync(path: bytes) -> None:
    flags = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY | os.O_CLOEXEC
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, path) from exc
    finally:
        os.close(handle)


def _sync_file_system(folder: bytes) -> bool:
    """Sync the whole file system of `folder`; False where there is no such call."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.syncfs(handle) == 0:
            return True
        number = ctypes.get_errno()
    finally:
        os.close(handle)
    if number == errno.ENOSYS:
        return False
    raise OSError(number, os.strerror(number), folder)


def write_anew(path: bytes, digest: bytes) -> bool:
    """Write a file's bytes once more, to other places of the disk; False if they are lost.

    After a failed sync the system takes pages for clean that never reached the disk: only
    bytes that are written again are synced again.
    """
    part = path + b".again"
    try:
        shutil.copyfile(path, part)
    except FileNotFoundError:
        return False
    if file_digest(part) != digest:
        os.unlink(part)
        return False
    os.replace(part, path)
    return True


@contextmanager
def disk_errors(out: bytes | None) -> Iterator[None]:
    """Turn what a full or broken disk raises, here or in SQLite, into one sentence.

    Raises
    ------
    OutputError
    """
    try:
        yield
    except OSError as exc:
        raise OutputError(_sentence(exc, out)) from exc
    except sqlite3.OperationalError as exc:
        code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            what = "the disk is full: the ledger cannot be written"
        elif code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
            what = f"the ledger cannot be written ({exc})"
        elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            what = f"another process keeps the ledger locked ({exc})"
        else:
            raise
        raise OutputError(f"{what}. {_STAYS}") from exc


_STAYS: Final = "What is finished stays; when there is room again, go on with the run"


def _sentence(exc: OSError, out: bytes | None) -> str:
    folder = show(out) if out is not None else "the output folder"
    if exc.errno in _FULL:
        return f"the disk is full: nothing more can be published in {folder}. {_STAYS}"
    if exc.errno in _FORBIDDEN:
        return f"{folder} cannot be written ({exc}). {_STAYS}"
    return f"outputs cannot be published in {folder} ({exc}). {_STAYS}"


def is_full(path: str | bytes) -> bool:
    """Return whether the file system of `path` has no room (or no names) left."""
    if not hasattr(os, "statvfs"):
        return shutil.disk_usage(path).free < _ROOM
    try:
        found = os.statvfs(path)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _ROOM or (found.f_files > 0 and found.f_favail == 0)


def says_full(kind: str, message: str) -> bool:
    """Return whether an exception, known by its type's name and its message, told of a full
    disk or quota."""
    return kind == "OSError" and any(f"[Errno {code}]" in message for code in _NO_ROOM)


class Reserve:
    """A little room kept on the ledger's disk, so that a full one can be told of at all.

    Parameters
    ----------
    path : Path
        Of a file that holds nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self) -> None:
        """Keep the room, if there is any."""
        try:
            with self._path.open("wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, 4 * _ROOM)
                else:
                    file.write(bytes(4 * _ROOM))
        except OSError:
            self.give()

    def give(self) -> None:
        """Let go of it."""
        self._path.unlink(missing_ok=True)


def lstat(path: bytes) -> os.stat_result | None:
    """Return what stands at `path`, or None."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def holds(path: bytes, *digests: bytes) -> bool:
    """Return whether `path` is a regular file with one of these contents."""
    status = lstat(path)
    if status is None or not stat.S_ISREG(status.st_mode):
        return False  # a FIFO would wait for ever
    try:
        return file_digest(path) in digests
    except OSError:
        return False
