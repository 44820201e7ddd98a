"""Where a result goes: into its record if it is small, else into a file named by its content."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from pickle import PicklingError
from typing import Any, BinaryIO, Final, cast

from blake3 import blake3

from ..events import Result
from ..hashing import dumps, encode_plain, hex_digest, type_name
from ..project import Project
from .encode import unboxed, writer_of
from .tuples import listed

#: Encoded results up to this size, in bytes, travel in their record; others become files.
INLINE: Final = 16 << 10
_new = tuple.__new__  # a named tuple in a third of the time


def keep_result(answer: Any, project: Project, *, shared: bool) -> Result:
    """Return a datum's result as its record holds it.

    Parameters
    ----------
    answer : object
    project : Project
        Has room for large ones.
    shared : bool
        Whether this process sees the project's folder; if not all travels in the record.

    Raises
    ------
    Exception
        Whatever pickling raises.
    """
    kind, data = "json", encode_plain(answer)
    if data is None:
        kind, data = _encoded(unboxed(answer))
        if data is None:
            return _kept_rich(answer, project, shared=shared)
    size = len(data)
    if size <= INLINE:
        return _new(Result, (kind, data, size))
    return keep_bytes(kind, data, project, shared=shared)


def _encoded(value: Any) -> tuple[str, bytes | None]:
    """Kind and JSON of a value, which may hold tuples; no bytes where JSON would not give it
    back."""
    data = encode_plain(value)
    found = listed(value) if data is None else None
    return (found[0], encode_plain(found[1])) if found is not None else ("json", data)


def _kept_rich(answer: Any, project: Project, *, shared: bool) -> Result:
    fitting = writer_of(answer)
    if fitting is not None:
        kind, write = fitting
        try:
            return _spooled(kind, lambda file: write(answer, file), project, shared)
        except Exception:  # a dtype that it cannot hold, no pyarrow, ...: a pickle can
            pass
    return keep_bytes("pickle", _pickled(answer), project, shared=shared)


def _pickled(answer: Any) -> bytes:
    try:
        return bytes(dumps(answer))
    except (TypeError, PicklingError) as exc:
        if "pickle" not in str(exc).lower():
            raise  # out of a method of the value's own
        hint = ": list(...) gives what it yields" if hasattr(answer, "__next__") else ""
        kind = PicklingError if isinstance(exc, PicklingError) else TypeError
        raise kind(
            f"the result is {type_name(answer)}, which cannot be kept ({exc}); end the cell with "
            f"something that can, or with None{hint}"
        ) from None


def keep_bytes(kind: str, data: bytes, project: Project, *, shared: bool) -> Result:
    """Return bytes as a result of this kind, in a file if they are many."""
    if len(data) <= INLINE or not shared:
        return Result(kind, data, len(data))
    digest = hex_digest(data)
    path = project.result(digest)
    if not _used_again(path):
        part = _part(project)
        part.write_bytes(data)
        _place(part, path)
    return Result(f"{kind}-file", digest.encode(), len(data))


def _spooled(
    kind: str, write: Callable[[BinaryIO], None], project: Project, shared: bool
) -> Result:
    """Hash what is written while it is written: an array of gigabytes is not held twice."""
    spool = _Spool(_part(project) if shared else None)
    try:
        write(cast(BinaryIO, spool))
        if spool.file is None:
            return Result(kind, bytes(spool.start), spool.size)
        spool.file.close()
        digest = spool.hasher.hexdigest(length=16)
        path = project.result(digest)
        if not _used_again(path):
            _place(cast(Path, spool.part), path)
        return Result(f"{kind}-file", digest.encode(), spool.size)
    finally:
        spool.discard()


class _Spool:
    """A file to write to: in memory while it is small, then at `part`, hashed on its way."""

    def __init__(self, part: Path | None) -> None:
        self.part = part
        self.start = bytearray()
        self.file: BinaryIO | None = None
        self.size = 0
        self.hasher = blake3()
        self.closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self.hasher.update(view)
        self.size += len(view)
        if self.file is None and self.part is not None and self.size > INLINE:
            self.file = self.part.open("xb")
            self.file.write(self.start)
            self.start.clear()
        if self.file is None:
            self.start += view
        else:
            self.file.write(view)
        return len(view)

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Nobody reads it before its end."""

    def close(self) -> None:
        """Who writes may close it: there is more to do with it."""

    def discard(self) -> None:
        """Take the file away where it has not found its place."""
        if self.file is not None:
            self.file.close()
            cast(Path, self.part).unlink(missing_ok=True)


def _part(project: Project) -> Path:
    folder = project.result("00").parent.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f".{os.getpid()}.{next(_numbers)}.part"


_numbers = iter(range(1 << 62))


def _used_again(path: Path) -> bool:
    """Whether the very content is there already; it is fresh again, and not swept."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _place(part: Path, path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    part.replace(path)
