"""A table as a manifest: the file that a row names, and what does not fit together."""

from __future__ import annotations

import contextlib
import os
import posixpath
import sqlite3
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from ..errors import InputError
from ..events import Stat
from ..hashing import stat_of
from ..remote import Store, is_url, parse_url
from ..remote.store import entry_of, has_identity
from ..words import counted
from .walk import OURS

#: Names shown of files that are missing, or listed nowhere.
_SHOWN: Final = 3
#: How Label Studio writes files that it serves itself.
_SERVED: Final = ("/data/local-files/?d=", "/data/")


class Manifest:
    """Files under a root, as a table names them.

    Parameters
    ----------
    name : str
        Of the input.
    folder : Folder
        The root.
    label : str
        Of the table.
    """

    def __init__(self, name: str, folder: Folder, label: str) -> None:
        self._name = name
        self._folder = folder
        self._label = label
        self._times: Counter[bytes] = Counter()
        self._missing = 0
        self._examples: list[str] = []

    def file(self, text: str, number: int) -> tuple[str, bytes, Stat] | None:
        """Return the file that a row names; None if it is missing.

        Raises
        ------
        InputError
            If it lies outside the root.
        """
        where = f"row {number + 1} of {self._label} names"
        rel = self._folder.rel(_plain(text), where)
        stat = self._folder.look(rel) if rel is not None else None
        if rel is None:
            raise InputError(
                f"{where} {text!r}, which lies outside the root {self._folder.root!r}: give "
                "another root="
            )
        if stat is None:
            self._missing += 1
            if len(self._examples) < _SHOWN:
                self._examples.append(text)
            return None
        return self._name, rel, stat

    def key(self, file: tuple[str, bytes, Stat]) -> bytes:
        """Return what tells a row by its file: the path, and a number among rows of one file."""
        rel = file[1]
        self._times[rel] += 1
        times = self._times[rel]
        return rel if times == 1 else rel + b"\0" + b"%d" % times

    def notes(self) -> Iterator[str]:
        """Yield what a plan should say: files that are missing, and files listed nowhere."""
        if self._missing:
            rows = f"{counted(self._missing, 'row')} of {self._label}"
            yield f"left out, for want of their files: {_some(rows, self._examples, self._missing)}"
        count, examples = self._folder.unlisted()
        if count:
            files = f"{counted(count, 'file')} {self._folder.under}"
            yield f"in no row of {self._label}: {_some(files, examples, count)}"


def _some(what: str, examples: list[str], count: int) -> str:
    return f"{what} ({', '.join(examples)}{' ...' if count > len(examples) else ''})"


def _plain(text: str) -> str:
    """A path as Label Studio and browsers write it."""
    if text.startswith(_SERVED[0]):
        return unquote(text[len(_SERVED[0]) :])
    if text.startswith(_SERVED[1]) and not os.path.exists(text):
        return unquote(text[len(_SERVED[1]) :])
    return unquote(text[len("file://") :]) if text.startswith("file://") else text


class Folder(ABC):
    """Where the files start that a table names.

    Parameters
    ----------
    root : str
        Absolute folder, or URL of one.
    """

    #: Where files are looked for that no row names.
    under = "under the root"

    def __init__(self, root: str) -> None:
        self.root = root

    @abstractmethod
    def rel(self, text: str, where: str) -> bytes | None:
        """Return the path under the root of what a row names; None if it lies outside.

        Raises
        ------
        InputError
            If it is no file of such a place; beginning with `where`.
        """

    @abstractmethod
    def look(self, rel: bytes) -> Stat | None:
        """Return what tells that a file is unchanged; None if it is missing."""

    @abstractmethod
    def unlisted(self) -> tuple[int, list[str]]:
        """Count the files, of the endings that were looked for, that nobody has looked for."""

    def close(self) -> None:  # noqa: B027 - a folder of this machine holds nothing
        """Let go of it."""


class LocalFolder(Folder):
    """A folder of this machine.

    Parameters
    ----------
    root : str
    label : str
        Of the table.
    exclude : collection of bytes
        Folders whose files are never input.

    Raises
    ------
    InputError
        If the root is no folder.
    """

    def __init__(self, root: str, label: str, exclude: Collection[bytes]) -> None:
        if not os.path.isdir(root):
            raise InputError(f"the folder {root!r}, where the files of {label} start, is not there")
        super().__init__(root)
        self._real = os.path.realpath(root)
        self._exclude = exclude
        self._listed: set[int] = set()
        self._endings: set[str] = set()

    def rel(self, text: str, where: str) -> bytes | None:
        if "://" in text:
            raise InputError(
                f"{where} a URL, {text!r}: say where such files start, as "
                f"root={text.rpartition('/')[0]!r}"
            )
        rel = os.path.relpath(text, self.root) if os.path.isabs(text) else os.path.normpath(text)
        if rel == ".." or rel.startswith("../") or not self._inside(os.path.join(self.root, rel)):
            return None
        return os.fsencode(rel)

    def _inside(self, path: str) -> bool:
        real = os.path.realpath(path)
        return real.startswith(os.path.join(self._real, ""))

    def look(self, rel: bytes) -> Stat | None:
        path = os.path.join(os.fsencode(self.root), rel)
        try:
            status = os.stat(path)
            if not os.path.isfile(path):
                return None
        except (OSError, ValueError):
            return None
        self._listed.add(hash(rel))
        self._endings.add(_ending(rel))
        return stat_of(status)

    def unlisted(self) -> tuple[int, list[str]]:
        examples: list[str] = []
        count = 0
        for folder, folders, files in os.walk(os.fsencode(self.root)):
            folders[:] = sorted(f for f in folders if not self._ours(folder, f))
            for name in files:
                rel = os.path.relpath(os.path.join(folder, name), os.fsencode(self.root))
                if hash(rel) in self._listed or name.startswith(b"."):
                    continue
                if _ending(name) in self._endings:
                    count += 1
                    if len(examples) < _SHOWN:
                        examples.append(os.fsdecode(rel))
        return count, examples

    def _ours(self, folder: bytes, name: bytes) -> bool:
        return name in OURS or name.startswith(b".") or os.path.join(folder, name) in self._exclude


def _ending(rel: bytes) -> str:
    return os.path.splitext(os.fsdecode(rel))[1].lower()


class UrlFolder(Folder):
    """A folder behind a URL: each folder of it that a row names something in is listed once,
    and what it holds is kept on disk. A web server is asked for each file.

    Parameters
    ----------
    root : str
    options : mapping
        For its file system.

    Raises
    ------
    OSError
        If there is no such bucket, or it cannot be reached.
    """

    under = "beside those that the table names"

    def __init__(self, root: str, options: Mapping[str, Any]) -> None:
        super().__init__(root)
        self._store = Store(root, options)
        self._one_by_one = parse_url(root).protocol in ("http", "https")
        if not self._one_by_one:
            self._store.check()
        self._folders: set[bytes] = set()
        # An empty name: SQLite's own file, on disk when it grows, gone when it is closed.
        self._conn = sqlite3.connect("", isolation_level=None)
        self._conn.execute("pragma journal_mode = off")
        self._conn.execute(
            "create table object (rel blob primary key, size int, mark int, ending text, "
            "named int default 0) without rowid"
        )

    def rel(self, text: str, where: str) -> bytes | None:
        root = self.root.rstrip("/") + "/"
        if text.startswith(root):
            text = text[len(root) :]
        rel = posixpath.normpath(text)
        if is_url(text) or rel.startswith(("/", "../")) or rel == "..":
            return None
        return os.fsencode(rel)

    def look(self, rel: bytes) -> Stat | None:
        if self._one_by_one:
            found = self._store.look(rel)
            return found[0].stat if found else None
        folder = rel[: rel.rfind(b"/") + 1]
        if folder not in self._folders:
            self._folders.add(folder)
            self._list(folder)
        row = self._conn.execute("select size, mark from object where rel = ?", (rel,)).fetchone()
        if row is None:
            return None
        self._conn.execute("update object set named = 1 where rel = ?", (rel,))
        return Stat(row[0], 0, 0, row[1])

    def _list(self, folder: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            for page in self._store.folder(folder):
                self._conn.execute("begin")
                self._conn.executemany(
                    "insert or replace into object values (?, ?, ?, ?, 0)",
                    [self._row(rel, info) for rel, info in page if not rel.endswith(b"/")],
                )
                self._conn.execute("commit")

    def _row(self, rel: bytes, info: Mapping[str, Any]) -> tuple[bytes, int, int, str]:
        entry = entry_of(rel, info) if has_identity(info) else self._store.info(rel)
        return rel, entry.stat.size, entry.stat.inode, _ending(rel)

    def unlisted(self) -> tuple[int, list[str]]:
        where = "from object where not named and ending in (select ending from object where named)"
        count = self._conn.execute(f"select count(*) {where}").fetchone()[0]
        rows = self._conn.execute(f"select rel {where} order by rel limit {_SHOWN}")
        return count, [os.fsdecode(rel) for (rel,) in rows]

    def close(self) -> None:
        self._conn.close()
