"""Gets the files of a datum from where a URL says to where a cell can open them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..events import InputFile
from ..hashing import hex_digest
from ..remote import Store, is_url
from .cache import Cache

#: Longest name of a local file, in bytes.
_LONGEST: Final = 200


class _Fetched(NamedTuple):
    file: InputFile
    path: Path
    mtime_ns: int
    #: Whether it is not a copy that was kept before.
    new: bool


class Fetcher:
    """Local copies for one worker, one datum after the other.

    Parameters
    ----------
    roots : mapping
        URL of each input's folder, by the input's name.
    """

    def __init__(self, roots: Mapping[str, str]) -> None:
        self.roots = roots
        self._cache = Cache()
        self._options: Mapping[str, Mapping[str, Any]] = {}
        self._stores: dict[str, Store] = {}
        self._fetched: dict[tuple[str, bytes], _Fetched] = {}

    def options(self, options: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the storage options of the inputs, by name."""
        if options != self._options:
            self._options = options
            self._stores.clear()

    def fetch(self, name: str, rel: bytes) -> InputFile:
        """Have a file at :meth:`path`; return what it is, which is known before it is read.

        Raises
        ------
        OSError
            If it is not there, the store does not answer, or there is no room for it.
        """
        store = self._store(name)
        url = store.url(rel)
        entry = store.info(rel)
        target = self._target(name, rel)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not self._cache.take(url, entry.content, entry.stat.size, target)
        if new:
            self._cache.room_for(entry.stat.size)
            store.get(rel, str(target))
            if (size := target.stat().st_size) != entry.stat.size:
                raise OSError(f"{url}: {size:,} bytes came of {entry.stat.size:,}")
        file = InputFile(name, rel, *entry.stat, entry.content)
        self._fetched[name, rel] = _Fetched(file, target, target.stat().st_mtime_ns, new)
        return file

    def path(self, name: str, rel: bytes) -> str:
        """Return where the local copy of a file of the datum at work lies."""
        return str(self._fetched[name, rel].path)

    def url(self, name: str, rel: bytes) -> str:
        """Return its URL."""
        return self._store(name).url(rel)

    def changed(self, file: InputFile) -> bool:
        """Whether the store has another object by now, or none, or does not say; if it has
        not, a new copy is kept for the next datum that wants it."""
        mine = self._fetched[file.name, file.rel]
        self._fetched[file.name, file.rel] = mine._replace(new=False)
        store = self._store(file.name)
        try:
            if store.info(file.rel).content != file.content:
                return True
        except OSError:
            return True
        if mine.new and _is_whole(mine, file):
            self._cache.keep(store.url(file.rel), file.content, mine.path)
        return False

    def done(self) -> None:
        """Let go of the datum's files. What a failed one had is kept too: it is tried again."""
        for fetched in list(self._fetched.values()):
            if fetched.new:
                self.changed(fetched.file)
        if self._fetched:
            self._fetched.clear()
            self._cache.done()

    def _store(self, name: str) -> Store:
        if name not in self._stores:
            self._stores[name] = Store(self.roots[name], self._options.get(name))
        return self._stores[name]

    def _target(self, name: str, rel: bytes) -> Path:
        """Below the worker's own folder, whatever the object is called."""
        parts = [_tame(part) for part in os.fsdecode(rel).split("/")]
        return self._cache.use.joinpath(_tame(name), *parts)


def _is_whole(mine: _Fetched, file: InputFile) -> bool:
    """Whether the cell has left the copy as it was."""
    try:
        status = mine.path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.size, mine.mtime_ns)


def fetcher_for(roots: Mapping[str, bytes]) -> Fetcher | None:
    """Return what gets files from those of `roots` that are URLs; None if there are none."""
    urls = {name: os.fsdecode(root) for name, root in roots.items() if is_url(root)}
    return Fetcher(urls) if urls else None


def _tame(name: str) -> str:
    """A name that stays in its folder and that a file system takes."""
    if name in ("", ".", ".."):
        return f"_{name.replace('.', '%2E')}"
    name = name.replace("\\", "%5C").replace("\0", "%00")
    data = os.fsencode(name)
    if len(data) <= _LONGEST:
        return name
    stem, suffix = os.path.splitext(name)
    short = os.fsencode(stem)[:100].decode("utf-8", "ignore")
    return f"{short}-{hex_digest(data, 8)}{suffix[:16]}"
