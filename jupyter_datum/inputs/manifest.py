"""A table as a manifest: the file that a row names, and what does not fit together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from ..errors import InputError
from ..events import Stat
from ..hashing import stat_of
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
    root : str
        Absolute folder.
    label : str
        Of the table.
    exclude : frozenset of bytes
        Folders whose files are never input.

    Raises
    ------
    InputError
        If the root is no folder.
    """

    def __init__(self, name: str, root: str, label: str, exclude: frozenset[bytes]) -> None:
        if not os.path.isdir(root):
            raise InputError(f"the folder {root!r}, where the files of {label} start, is not there")
        self._name = name
        self._root = root
        self._real = os.path.realpath(root)
        self._label = label
        self._exclude = exclude
        self._listed: set[int] = set()
        self._times: Counter[bytes] = Counter()
        self._endings: set[str] = set()
        self._missing = 0
        self._examples: list[str] = []

    def file(self, text: str, number: int) -> tuple[str, bytes, Stat] | None:
        """Return the file that a row names; None if it is missing.

        Raises
        ------
        InputError
            If it lies outside the root.
        """
        rel = self._rel(text, number)
        path = os.path.join(self._root, rel)
        if not self._inside(path):
            raise self._outside(text, number)
        try:
            status = os.stat(path)
            if not os.path.isfile(path):
                raise FileNotFoundError
        except (OSError, ValueError):
            self._missing += 1
            if len(self._examples) < _SHOWN:
                self._examples.append(text)
            return None
        data = os.fsencode(rel)
        self._listed.add(hash(data))
        self._endings.add(os.path.splitext(rel)[1].lower())
        return self._name, data, stat_of(status)

    def key(self, file: tuple[str, bytes, Stat]) -> bytes:
        """Return what tells a row by its file: the path, and a number among rows of one file."""
        rel = file[1]
        self._times[rel] += 1
        times = self._times[rel]
        return rel if times == 1 else rel + b"\0" + b"%d" % times

    def notes(self) -> Iterator[str]:
        """Yield what a plan should say: files that are missing, and files listed nowhere."""
        if self._missing:
            yield (
                f"{self._missing:,} rows of {self._label} name files that are missing, and are "
                f"left out: {', '.join(self._examples)}{' ...' if self._missing > _SHOWN else ''}"
            )
        count, examples = self._unlisted()
        if count:
            more = " ..." if count > len(examples) else ""
            yield (
                f"{count:,} files under the root are in no row of {self._label}: "
                f"{', '.join(examples)}{more}"
            )

    # -- places --------------------------------------------------------------------------

    def _rel(self, text: str, number: int) -> str:
        if text.startswith(_SERVED[0]):
            text = unquote(text[len(_SERVED[0]) :])
        elif text.startswith(_SERVED[1]) and not os.path.exists(text):
            text = unquote(text[len(_SERVED[1]) :])
        elif text.startswith("file://"):
            text = unquote(text[len("file://") :])
        elif "://" in text:
            raise InputError(
                f"row {number + 1} of {self._label} names a URL, {text!r}: path= is for files"
            )
        rel = os.path.relpath(text, self._root) if os.path.isabs(text) else os.path.normpath(text)
        if rel == ".." or rel.startswith("../"):
            raise self._outside(text, number)
        return rel

    def _inside(self, path: str) -> bool:
        real = os.path.realpath(path)
        return real.startswith(os.path.join(self._real, ""))

    def _outside(self, text: str, number: int) -> InputError:
        return InputError(
            f"row {number + 1} of {self._label} names {text!r}, which lies outside the root "
            f"{self._root!r}: give another root="
        )

    def _unlisted(self) -> tuple[int, list[str]]:
        """Count the files under the root, of the endings that are listed, that no row names."""
        examples: list[str] = []
        count = 0
        for folder, folders, files in os.walk(os.fsencode(self._root)):
            folders[:] = sorted(f for f in folders if not self._ours(folder, f))
            for name in files:
                rel = os.path.relpath(os.path.join(folder, name), os.fsencode(self._root))
                if hash(rel) in self._listed or name.startswith(b"."):
                    continue
                if os.path.splitext(os.fsdecode(name))[1].lower() in self._endings:
                    count += 1
                    if len(examples) < _SHOWN:
                        examples.append(os.fsdecode(rel))
        return count, examples

    def _ours(self, folder: bytes, name: bytes) -> bool:
        return name in OURS or name.startswith(b".") or os.path.join(folder, name) in self._exclude
