"""Where an attempt's files wait until its datum is published.

Staging lies in the output's own root, ``<out>/.datum-staging/``, since a rename must not
leave its file system::

    <epoch>-<worker>/                       a worker's one private folder: datum.out
    pool/<epoch>-<datum>-<attempt>-<n>      finished files, on their way to be published
    failed/<epoch>-<datum>-<attempt>-<n>    what failed attempts left, to be looked at

The private folder is made when it is first used and used again for every datum; after
each its files move to the flat pool under names that say whose they are. No folder is
made per datum, and a datum that writes nothing costs nothing. Folders in it stay until the
next datum asks for something else: mostly it asks for the very same, and to remove and to
make one costs more than all the rest.
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import Final, NamedTuple

from ..errors import OutputError
from ..events import OutputFile
from ..hashing import file_digest
from .names import check_rel, show

FOLDER: Final = b".datum-staging"
FAILED: Final = b"failed"
#: What is kept of one failed attempt, to be looked at.
KEPT_FILES: Final = 64
KEPT_BYTES: Final = 64 << 20
#: What is kept of all failed attempts of one worker: 10,000 failures must not fill the disk.
KEPT_IN_ALL: Final = 512 << 20


def pool(out: bytes) -> bytes:
    """Return the folder of finished, unpublished files."""
    return os.path.join(out, FOLDER, b"pool")


def kept(out: bytes, staged: str) -> bytes:
    """Return where the file `staged` of a failed attempt's ``partial`` lies."""
    return os.path.join(out, FOLDER, FAILED, os.fsencode(staged))


class _Found(NamedTuple):
    """A file in the private folder; ``mode`` as ``lstat`` gave it."""

    rel: bytes
    path: bytes
    mode: int
    size: int


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
        self._name = os.fsencode(f"{epoch}-{worker}")
        self._private = os.path.join(out, FOLDER, self._name)
        self._abandoned = 0
        self._made = False
        #: Empty folders of the datum before, parents first. Nobody sees them.
        self._left: list[bytes] = []
        self._used = False
        self._room = KEPT_IN_ALL

    @property
    def folder(self) -> bytes:
        """The private folder, empty at the beginning of each datum.

        Raises
        ------
        OSError
            If it cannot be made.
        """
        if not self._used:
            self._empty()
        if not self._made:
            os.makedirs(self._private, exist_ok=True)
            os.makedirs(pool(self.out), exist_ok=True)
            self._made = True
        self._used = True
        return self._private

    def within(self, rel: bytes) -> bytes:
        """Return the folder `rel` of the private one, where it is all that there is at the
        beginning of each datum.

        Raises
        ------
        OSError
            If it cannot be made.
        """
        path = os.path.join(self._private, rel)
        if not self._used and self._has_just(rel) and os.path.isdir(path):
            self._left, self._used = [], True
            return path
        path = os.path.join(self.folder, rel)
        os.makedirs(path, exist_ok=True)
        return path

    def _has_just(self, rel: bytes) -> bool:
        """Whether the datum before has left this folder, those above it, and nothing else."""
        return self._left[-1:] == [rel] and len(self._left) == rel.count(b"/") + 1

    @property
    def used(self) -> bool:
        """Whether the datum at work has asked for the folder."""
        return self._used

    def collect(self, datum: int, attempt: int) -> list[OutputFile]:
        """Move what the datum wrote to the pool; return it, sorted by path.

        Raises
        ------
        OutputError
            If it wrote a link, a special file or a name that is refused. Nothing is moved
            then; :meth:`collect_partial` or :meth:`discard` has to follow.
        OSError
            If a file cannot be read or moved; the same has to follow.
        """
        if not self._used:
            return []
        found, folders = self._walk()
        for file in found:
            _check(file)
        folder, prefix = pool(self.out), f"{self._epoch}-{datum}-{attempt}"
        outputs = [self._move(file, folder, f"{prefix}-{n}") for n, file in enumerate(found)]
        self._left, self._used = folders, False
        return outputs

    def collect_partial(self, datum: int, attempt: int) -> list[OutputFile]:
        """Keep what a failed attempt wrote, up to 64 files and 64 MB, for a person to see.

        The private folder is empty afterwards, whatever happens.
        """
        if not self._used:
            return []
        try:
            found, _ = self._walk()
            chosen = self._choose([file for file in found if stat.S_ISREG(file.mode)])
            if not chosen:
                return []
            folder = os.path.join(self.out, FOLDER, FAILED)
            os.makedirs(folder, exist_ok=True)
            prefix = f"{self._epoch}-{datum}-{attempt}"
            return [self._move(file, folder, f"{prefix}-{n}") for n, file in enumerate(chosen)]
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget what the datum wrote."""
        if self._used:
            self._used, self._left = False, []
            self._clear()

    def _clear(self) -> None:
        try:
            if not stat.S_ISDIR(os.lstat(self._private).st_mode):
                os.unlink(self._private)
            with os.scandir(self._private) as entries:
                for entry in entries:
                    _delete(entry)
        except FileNotFoundError:
            self._made = False
        except OSError:
            self._abandon()

    # -- the private folder ----------------------------------------------------------------

    def _walk(self) -> tuple[list[_Found], list[bytes]]:
        """What stands in the private folder: files sorted by path, and its folders."""
        found: list[_Found] = []
        folders: list[bytes] = []
        if not self._is_there():
            return found, folders
        start = len(self._private) + 1
        waiting = [self._private]
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    rel = entry.path[start:]
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(rel)
                        waiting.append(entry.path)
                    else:
                        status = entry.stat(follow_symlinks=False)
                        found.append(_Found(rel, entry.path, status.st_mode, status.st_size))
        return sorted(found), folders

    def _is_there(self) -> bool:
        """User code may have removed the folder, which is its right; or put a link in its
        place, behind which nothing is ours."""
        try:
            mode = os.lstat(self._private).st_mode
        except FileNotFoundError:
            self._made = False
            return False
        if stat.S_ISDIR(mode):
            return True
        raise OutputError("the folder datum.out was replaced; write files into it instead")

    def _empty(self) -> None:
        """Remove the folders that the datum before has left: parents stand first."""
        if not self._made:
            self._clear()  # a former run of this worker may have left some
        folders, self._left = self._left, []
        try:
            for rel in reversed(folders):
                os.rmdir(os.path.join(self._private, rel))
        except OSError:
            self._abandon()

    def _abandon(self) -> None:
        """Take another private folder: what cannot be removed (it is still being written
        to, or locked) must not count as the next datum's. The old one is swept later."""
        self._abandoned += 1
        name = self._name + b".%d" % self._abandoned
        self._private = os.path.join(self.out, FOLDER, name)
        self._made = False

    # -- out of it -------------------------------------------------------------------------

    def _move(self, file: _Found, folder: bytes, name: str) -> OutputFile:
        target = os.path.join(folder, os.fsencode(name))
        digest = file_digest(file.path)
        try:
            os.replace(file.path, target)
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)  # someone tidied up
            os.replace(file.path, target)
        return OutputFile(name, file.rel, file.size, digest)

    def _choose(self, files: list[_Found]) -> list[_Found]:
        """As many files as fit into what is kept of an attempt, and of this worker."""
        room = min(KEPT_BYTES, self._room)
        chosen: list[_Found] = []
        for file in files:
            if len(chosen) < KEPT_FILES and file.size <= room:
                room -= file.size
                self._room -= file.size
                chosen.append(file)
        return chosen


def _check(file: _Found) -> None:
    reason = check_rel(file.rel)
    if stat.S_ISLNK(file.mode):
        reason = "it is a link; write a file"
    elif not stat.S_ISREG(file.mode):
        reason = "it is neither file nor folder"
    if reason is not None:
        raise OutputError(f"the output {show(file.rel)} is refused: {reason}")


def _delete(entry: os.DirEntry[bytes]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        os.unlink(entry.path)
