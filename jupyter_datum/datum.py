"""``datum``: what a cell sees of the one piece of input that it is run on.

One is made for every datum, so making it costs about a microsecond: nothing is looked up,
created or decoded before somebody asks for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from blake3 import blake3

from .errors import OutputError


class Place(Protocol):
    """What a worker does for its datums, when they ask for it."""

    def out(self) -> Path:
        """Return the private folder for the datum's outputs; it exists."""

    def tmp(self) -> Path:
        """Return a private folder that goes with the datum; it exists and is empty."""

    def log(self, text: str) -> None:
        """Add `text` to what the attempt printed."""


class Datum:
    """The smallest piece of the input that can be processed on its own.

    Parameters
    ----------
    name : str
        Of the input.
    key : bytes
        Unique within the input.
    files : tuple of (str, str, bytes)
        Input name, absolute path and path under the input's fixed part, of each file.
    value : object
        A row, an item, a grid point; None for a file.
    captures : mapping of str to str
        What the pattern of the input captured.
    index : int
        Place in the order of the input.
    attempt : int
        From 1.
    place : Place
        The worker that runs it.
    contents : tuple of bytes
        The content hash of each file.
    code : str
        Fingerprint of the transform.
    """

    __slots__ = (
        "_code",
        "_contents",
        "_files",
        "_key",
        "_metrics",
        "_name",
        "_out",
        "_place",
        "_tmp",
        "attempt",
        "device",
        "index",
        "key",
        "value",
    )

    def __init__(
        self,
        name: str,
        key: bytes,
        files: tuple[tuple[str, str, bytes], ...],
        value: Any,
        captures: Mapping[str, str],
        index: int,
        attempt: int,
        place: Place,
        contents: tuple[bytes, ...] = (),
        code: str = "",
    ) -> None:
        self._name = name
        self._key = key
        self._files = files
        self._place = place
        self._contents = contents
        self._code = code
        self._out: Path | None = None
        self._tmp: Path | None = None
        self._metrics: dict[str, Any] | None = None
        #: A row, an item, a grid point; None if the datum is a file.
        self.value = value
        #: What the pattern's ``(...)`` captured: ``"1"``, ``"2"``, ... and names.
        self.key = captures
        #: Place in the order of the input, from 0.
        self.index = index
        #: Number of this try, from 1.
        self.attempt = attempt
        #: What to compute on.
        self.device = "cpu"

    # -- the input -----------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The file; absolute."""
        return Path(self._file()[1])

    @property
    def paths(self) -> dict[str, Path]:
        """The file of each input, by the input's name; absolute."""
        return {name: Path(path) for name, path, _ in self._files}

    @property
    def rel(self) -> str:
        """Path of the file under the fixed part of the input's pattern."""
        return os.fsdecode(self._file()[2])

    @property
    def stem(self) -> str:
        """Name of the file without folder and suffix."""
        return Path(self.rel).stem

    @property
    def id(self) -> str:
        """Where it comes from: 16 hexadecimal digits over the input's name and the key."""
        return datum_id(self._name, self._key)

    @property
    def hash(self) -> str:
        """What is processed: 16 hexadecimal digits over content, names, value and code."""
        files = zip(self._files, self._contents, strict=True)
        return datum_hash(
            [(name, rel, content) for (name, _, rel), content in files],
            self._key,
            self.key,
            self._code,
        )

    def _file(self) -> tuple[str, str, bytes]:
        if len(self._files) == 1:
            return self._files[0]
        if self._files:
            names = ", ".join(repr(name) for name, _, _ in self._files)
            raise AttributeError(f"this datum has several files ({names}): use datum.paths[...]")
        raise AttributeError("this datum is not a file: use datum.value")

    # -- what the cell makes -------------------------------------------------------------

    @property
    def out(self) -> Path:
        """A private folder; what is in it appears in the output folder if the datum succeeds."""
        if self._out is None:
            self._out = self._place.out()
        return self._out

    def out_file(self, suffix: str | None = None) -> Path:
        """Return the path in :attr:`out` that stands for this datum; its folder exists.

        It is :attr:`rel`, so that no two files collide, or :attr:`id` if there is no file.

        Parameters
        ----------
        suffix : str, optional
            In place of the file's own, with the dot: ``".png"``.

        Raises
        ------
        OutputError
            If the suffix has no dot.
        """
        if suffix and not suffix.startswith("."):
            raise OutputError(f"a suffix starts with a dot: out_file({'.' + suffix!r})")
        path = self.out / (self.rel if len(self._files) == 1 else self.id)
        if suffix is not None:
            path = path.with_suffix(suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def tmp(self) -> Path:
        """A private folder for what nobody needs afterwards."""
        if self._tmp is None:
            self._tmp = self._place.tmp()
        return self._tmp

    def log(self, *values: object) -> None:
        """Print a line into the log of this attempt."""
        self._place.log(" ".join(map(str, values)) + "\n")

    @property
    def metrics(self) -> dict[str, Any]:
        """Numbers and strings by name, shown beside the datum."""
        if self._metrics is None:
            self._metrics = {}
        return self._metrics

    def __repr__(self) -> str:
        what = ", ".join(repr(os.fsdecode(rel)) for _, _, rel in self._files)
        return f"Datum({what or repr(self.value)})"


def datum_id(name: str, key: bytes) -> str:
    """Return the public id of the datum with this key in the input called `name`."""
    return str(blake3(_parts(name.encode(), key)).hexdigest(8))


def datum_hash(
    files: list[tuple[str, bytes, bytes]], key: bytes, captures: Mapping[str, str], code: str
) -> str:
    """Return the hash of a datum: of all that its result may depend on.

    Parameters
    ----------
    files : list of (str, bytes, bytes)
        Input name, relative path and content hash of each file.
    key : bytes
        For a datum that is a value: its canonical digest.
    captures : mapping of str to str
    code : str
        Fingerprint of the transform.
    """
    names = json.dumps(sorted(captures.items())).encode()
    flat = [part for name, rel, content in files for part in (name.encode(), rel, content)]
    return str(blake3(_parts(key, names, code.encode(), *flat)).hexdigest(8))


def _parts(*parts: bytes) -> bytes:
    """Join `parts` so that no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)
