"""Walks a folder in the order of its paths' bytes, and gives what a glob matches.

A folder's entries are sorted with ``/`` behind the names of folders (git's rule); only so
does a walk by names give whole paths in the order of their bytes, the order in which the
ledger keeps them too. Measured: scandir + stat 3.7 us a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..events import Stat
from ..hashing import stat_of
from .glob import Glob

#: Folders of ours, never input.
OURS: Final = frozenset({b".datum", b".datum-staging"})


#: What stands for the stat of a folder: what it holds is compared file by file.
FOLDER: Final = Stat(0, 0, 0, 0)


class Found(NamedTuple):
    """A path under the walk's root that matches; a folder's ends with a slash."""

    rel: bytes
    stat: Stat
    captures: dict[str, str]


@dataclass
class Walk:
    """One walk.

    Parameters
    ----------
    root : bytes
        Absolute folder.
    glob : Glob
        Its pattern is over paths under `root`.
    match : str
        ``"files"``, ``"dirs"`` or ``"any"``.
    exclude : frozenset of bytes
        Absolute folders that are not entered.
    follow_symlinks : bool
        Whether links to folders are entered, and links to files outside the root given.
    errors : list of str
        Folders that could not be read.
    """

    root: bytes
    glob: Glob
    match: str
    exclude: frozenset[bytes]
    follow_symlinks: bool
    errors: list[str]
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def __iter__(self) -> Iterator[Found]:
        return self._folder(self.root, b"", 1)

    def _folder(self, path: bytes, rel: bytes, depth: int) -> Iterator[Found]:
        try:
            if not self._enter(path):
                return
            with os.scandir(path) as entries:
                rows = sorted((self._sort_key(entry), entry) for entry in entries)
        except OSError as exc:
            self.errors.append(f"{os.fsdecode(path)!r}: {exc.strerror}")
            return
        last = self.glob.depth is not None and depth >= self.glob.depth
        matches, new = self.glob.matches, tuple.__new__
        for name, entry in rows:  # a million files pass here
            if not name.endswith(b"/"):
                if self.match == "dirs":
                    continue
                captures = matches(rel + name)
                if captures is not None and (stat := self._stat(entry)):
                    yield new(Found, (rel + name, stat, captures))
                continue
            if self.match != "files" and (found := self._dir(rel + name[:-1], entry)):
                yield found
            if not last and entry.name not in OURS and entry.path not in self.exclude:
                yield from self._folder(entry.path, rel + name, depth + 1)

    def _sort_key(self, entry: os.DirEntry[bytes]) -> bytes:
        try:
            folder = entry.is_dir(follow_symlinks=self.follow_symlinks)
        except OSError:  # a link that leads nowhere, or round
            folder = False
        return entry.name + b"/" if folder else entry.name

    def _enter(self, path: bytes) -> bool:
        """Whether a folder is entered: once, by whatever way; so loops of links end."""
        if not self.follow_symlinks:
            return True
        status = os.stat(path)
        key = (status.st_dev, status.st_ino)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _stat(self, entry: os.DirEntry[bytes]) -> Stat | None:
        try:
            if entry.is_symlink() and not self._inside(entry.path):
                return None
            if not entry.is_file():
                return None  # a FIFO, a socket, a device, a link to nothing
            return stat_of(entry.stat())
        except OSError as exc:
            self.errors.append(f"{os.fsdecode(entry.path)!r}: {exc.strerror}")
            return None

    def _dir(self, rel: bytes, entry: os.DirEntry[bytes]) -> Found | None:
        if entry.name in OURS or entry.path in self.exclude:
            return None
        captures = self.glob.match(rel)
        return None if captures is None else Found(rel + b"/", FOLDER, captures)

    def below(self, rel: bytes) -> Iterator[tuple[bytes, Stat]]:
        """Yield all that a matched folder holds: path and stat of its files, hidden ones too, and
        of folders in it that are empty, with a slash at their end."""
        return self._all(os.path.join(self.root, rel), rel, set())

    def _all(
        self, path: bytes, rel: bytes, seen: set[tuple[int, int]]
    ) -> Iterator[tuple[bytes, Stat]]:
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in seen:
                return
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                rows = sorted((self._sort_key(entry), entry) for entry in entries)
        except OSError as exc:
            self.errors.append(f"{os.fsdecode(path)!r}: {exc.strerror}")
            return
        for name, entry in rows:
            if name.endswith(b"/"):
                if entry.name in OURS or entry.path in self.exclude:
                    continue
                held = None
                for held in self._all(entry.path, rel + name, seen):
                    yield held
                if held is None:
                    yield rel + name, FOLDER
            elif stat := self._stat(entry):
                yield rel + name, stat

    def _inside(self, path: bytes) -> bool:
        if self.follow_symlinks:
            return True
        target = os.path.realpath(path)
        root = os.path.realpath(self.root)
        return os.path.commonpath([target, root]) == root
