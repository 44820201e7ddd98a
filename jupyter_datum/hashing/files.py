"""Digests of files and bytes, and what tells that a file is unchanged."""

from __future__ import annotations

import mmap
import os
import stat as modes
import time
from typing import Final

from blake3 import blake3

from ..events import Stat

#: Files up to this size are read at once; larger ones are mapped and hashed by all cores.
_SMALL: Final = 1 << 20
#: Smaller files are not remembered; of the others so many are.
_READ_AGAIN: Final = 64 << 10
_REMEMBERED: Final = 256
#: A file modified this short a time before it was looked at may change unseen (git's rule).
RACY_NS: Final = 2_000_000_000


def file_digest(path: bytes | str | os.PathLike[str]) -> bytes:
    """Return the 32-byte BLAKE3 of a file's content.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file (a FIFO would wait for ever).
    """
    # O_NONBLOCK means nothing for a regular file; opening a FIFO returns at once.
    handle = os.open(path, _FLAGS)
    try:
        status = os.fstat(handle)
        if not modes.S_ISREG(status.st_mode):
            raise OSError(f"{os.fsdecode(path)!r} is no regular file")
        if status.st_size > _SMALL:
            # Of the handle, not of the path: the name may lead elsewhere by now.
            with mmap.mmap(handle, 0, access=mmap.ACCESS_READ) as mapped:
                return blake3(mapped, max_threads=blake3.AUTO).digest()
        data = os.read(handle, status.st_size + 1)
        if len(data) == status.st_size:
            return blake3(data).digest()
        return _streamed(handle, data)
    finally:
        os.close(handle)


_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def _streamed(handle: int, data: bytes) -> bytes:
    """Of a file whose size is not what it was said to be (it grows, or lies in /proc)."""
    hasher = blake3(data)
    while data := os.read(handle, _SMALL):
        hasher.update(data)
    return hasher.digest()


class Digests:
    """Content hashes of the files met last: many datums may be parts of one file.

    A small file is read again, which costs no more than to look it up; so is one that may
    change within the grain of its clock.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Stat, bytes]] = {}

    def of(self, path: bytes, stat: Stat) -> bytes:
        """Return the content hash of a file whose stat tuple was just taken.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        if stat.size < _READ_AGAIN:
            return file_digest(path)
        known = self._known.get(path)
        if known is not None and known[0] == stat:
            return known[1]
        digest = file_digest(path)
        if not is_racy(stat, time.time_ns()):
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[path] = (stat, digest)
        return digest


def bytes_digest(data: bytes | bytearray | memoryview) -> bytes:
    """Return the 32-byte BLAKE3 of `data`."""
    return blake3(data).digest()


def hex_digest(data: bytes | bytearray | memoryview, size: int = 16) -> str:
    """Return the first `size` bytes of the BLAKE3 of `data`, in hexadecimal."""
    return blake3(data).hexdigest(length=size)


#: A named tuple from a tuple of the right length: a million files pass here.
_new = tuple.__new__


def stat_of(status: os.stat_result) -> Stat:
    """Return what tells that a file is unchanged."""
    fields = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return _new(Stat, fields)


def is_racy(stat: Stat, seen_ns: int) -> bool:
    """Return whether a file looked at at `seen_ns` was so fresh that a later change within
    the clock's grain would leave its stat tuple as it is."""
    return seen_ns - max(stat.mtime_ns, stat.ctime_ns) < RACY_NS
