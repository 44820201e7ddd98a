"""Where an attempt's files wait until its datum is published.

Staging lies in the output's own root, ``<out>/.datum-staging/``, since a rename must not
leave its file system. A worker has one private folder, made when it is first used and
used again for every datum; after each its files move to a flat pool under names that say
whose they are. No folder is made per datum, and a datum that writes nothing costs nothing.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from typing import Final

from ..errors import OutputError
from ..events import OutputFile
from ..hashing import file_digest
from .names import check_rel

FOLDER: Final = b".datum-staging"
#: What is kept of a failed attempt's files, to be looked at.
_KEPT_FILES: Final = 64
_KEPT_BYTES: Final = 64 << 20


def pool(out: bytes) -> bytes:
    """Return the folder of finished, unpublished files."""
    return os.path.join(out, FOLDER, b"pool")


class Staging:
    """The staging of one worker life for one output folder.

    Parameters
    ----------
    out : bytes
        Absolute output folder.
    epoch : int
    worker : str
    """

    def __init__(self, out: bytes, epoch: int, worker: str) -> None:
        self.out = out
        self._epoch = epoch
        self._private = os.path.join(out, FOLDER, os.fsencode(f"{epoch}-{worker}"))
        self._made = False
        self._used = False

    @property
    def folder(self) -> bytes:
        """The private folder, empty at the beginning of each datum."""
        self._used = True
        if not self._made:
            os.makedirs(self._private, exist_ok=True)
            os.makedirs(pool(self.out), exist_ok=True)
            self._made = True
        return self._private

    @property
    def used(self) -> bool:
        """Whether the datum at work has asked for the folder."""
        return self._used

    def collect(self, datum: int, attempt: int) -> list[OutputFile]:
        """Move what the datum wrote to the pool; return it, sorted by path.

        Raises
        ------
        OutputError
            If it wrote a link, a special file or a name that is refused.
        """
        if not self._used:
            return []
        found = sorted(self._files())
        return [
            self._to_pool(rel, f"{self._epoch}-{datum}-{attempt}-{n}")
            for n, rel in enumerate(found)
        ] + self._emptied()

    def collect_partial(self, datum: int, attempt: int) -> list[OutputFile]:
        """Keep what a failed attempt wrote, up to 64 files and 64 MB, for a person to see."""
        if not self._used:
            return []
        kept: list[OutputFile] = []
        left = _KEPT_BYTES
        for rel in sorted(self._files(strict=False))[:_KEPT_FILES]:
            left -= os.lstat(os.path.join(self._private, rel)).st_size
            if left >= 0:
                name = f"failed-{self._epoch}-{datum}-{attempt}-{len(kept)}"
                kept.append(self._to_pool(rel, name))
        self.discard()
        return kept

    def discard(self) -> None:
        """Forget what the datum wrote."""
        if self._used:
            self._emptied()

    def _files(self, *, strict: bool = True) -> Iterator[bytes]:
        for path, folders, files in os.walk(self._private):
            for name in (*files, *(f for f in folders if _is_link(path, f))):
                full = os.path.join(path, name)
                rel = os.path.relpath(full, self._private)
                reason = _refused(full, rel)
                if reason is None:
                    yield rel
                elif strict:
                    raise OutputError(f"the output {os.fsdecode(rel)!r} is refused: {reason}")

    def _to_pool(self, rel: bytes, name: str) -> OutputFile:
        source = os.path.join(self._private, rel)
        size = os.lstat(source).st_size
        digest = file_digest(source)
        os.rename(source, os.path.join(pool(self.out), os.fsencode(name)))
        return OutputFile(name, rel, size, digest)

    def _emptied(self) -> list[OutputFile]:
        """Make the private folder empty again; always an empty list, for chaining."""
        self._used = False
        with os.scandir(self._private) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)
        return []


def _is_link(path: bytes, name: bytes) -> bool:
    return os.path.islink(os.path.join(path, name))


def _refused(full: bytes, rel: bytes) -> str | None:
    mode = os.lstat(full).st_mode
    if stat.S_ISLNK(mode):
        return "it is a link; write a file"
    if not stat.S_ISREG(mode):
        return "it is neither file nor folder"
    return check_rel(rel)
