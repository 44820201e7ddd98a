"""``datum``: what a cell sees of the one piece of input that it is run on.

One is made for every datum, so making it costs about a microsecond: nothing is looked up,
created or decoded before somebody asks for it.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, Protocol

from blake3 import blake3

from .errors import OutputError


class Place(Protocol):
    """What a worker does for its datums, when they ask for it."""

    def out(self) -> Path:
        """Return the private folder for the datum's outputs; it exists."""

    def out_folder(self, rel: str) -> Path:
        """Return the folder `rel` of it; it exists."""

    def tmp(self) -> Path:
        """Return a private folder that goes with the datum; it exists and is empty."""

    def log(self, text: str) -> None:
        """Add `text` to what the attempt printed."""

    def url(self, name: str, rel: bytes) -> str | None:
        """Return the URL of a file of the datum, by its input's name; None if it has none."""


class Form(NamedTuple):
    """How a cell sees the datums of an input.

    ``lists`` are the names of inputs that give a list of paths, be it of one; ``by_key`` says
    that outputs are named by the datum's key, for its file alone does not tell it.
    """

    lists: frozenset[str] = frozenset()
    by_key: bool = False


_PLAIN: Final = Form()


class Paths(dict[str, Path | list[Path]]):
    """A datum's files by the name of their input; says which names there are."""

    def __missing__(self, name: str) -> NoReturn:
        names = ", ".join(map(repr, self)) or "none, it has no file"
        raise KeyError(f"this datum has no input {name!r}; there are: {names}")


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
    form : Form
    seen : bytes, optional
        The encoded value, where the key does not tell it.
    """

    __slots__ = (
        "_code",
        "_contents",
        "_files",
        "_form",
        "_key",
        "_metrics",
        "_name",
        "_out",
        "_place",
        "_seen",
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
        form: Form = _PLAIN,
        seen: bytes | None = None,
    ) -> None:
        self._name = name
        self._key = key
        self._files = files
        self._place = place
        self._contents = contents
        self._code = code
        self._form = form
        self._seen = seen
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
        #: What to compute on: ``"cpu"``, or ``"cuda:0"``, the first device that this worker sees.
        self.device = "cpu"

    # -- the input -----------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The file (or the folder, where folders are matched); absolute."""
        return Path(self._file()[1])

    @property
    def paths(self) -> dict[str, Path | list[Path]]:
        """The file of each input, by the input's name; absolute. A list where the input gives
        a datum several: in groups, and where everything is one datum."""
        found: dict[str, list[Path]] = {}
        for name, path, _ in self._entries():
            found.setdefault(name, []).append(Path(path))
        lists = self._form.lists
        return Paths(
            (name, paths if name in lists or len(paths) > 1 else paths[0])
            for name, paths in found.items()
        )

    @property
    def rel(self) -> str:
        """Path of the file under the fixed part of the input's pattern."""
        return os.fsdecode(self._file()[2].rstrip(b"/"))

    @property
    def url(self) -> str:
        """Where the file comes from, if that is a URL; :attr:`path` is a local copy then."""
        name, path, rel = self._file()
        found = self._place.url(name, rel)
        if found is None:
            raise AttributeError(f"this datum's file is on this machine: {path}")
        return found

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
        """What is processed: 16 hexadecimal digits over content, names, value and code. Known
        where the datum is processed, and not of one that is only listed."""
        if len(self._contents) != len(self._files):
            raise AttributeError(
                "the hash is over what a run reads, its code too; datums that are only listed "
                "have an id"
            )
        files = zip(self._files, self._contents, strict=True)
        return datum_hash(
            [(name, rel, content) for (name, _, rel), content in files],
            self._key,
            self.key,
            self._code,
            self._seen,
        )

    def _file(self) -> tuple[str, str, bytes]:
        entries = self._entries()
        if len(entries) == 1:
            return entries[0]
        if entries:
            names = ", ".join(repr(name) for name in dict.fromkeys(name for name, _, _ in entries))
            raise AttributeError(f"this datum has several files ({names}): use datum.paths[...]")
        raise AttributeError("this datum is not a file: use datum.value")

    def _entries(self) -> tuple[tuple[str, str, bytes], ...]:
        """Files, and folders in place of all that they hold."""
        files = self._files
        if len(files) < 2 or not any(rel.endswith(b"/") for _, _, rel in files):
            return files
        found, folder = [], ("", b"\0")
        for file in files:
            if file[0] == folder[0] and file[2].startswith(folder[1]):
                continue
            found.append(file)
            folder = (file[0], file[2]) if file[2].endswith(b"/") else ("", b"\0")
        return tuple(found)

    # -- what the cell makes -------------------------------------------------------------

    @property
    def out(self) -> Path:
        """A private folder; what is in it appears in the output folder if the datum succeeds."""
        if self._out is None:
            self._out = self._place.out()
        return self._out

    def out_file(self, suffix: str | None = None) -> Path:
        """Return the path in :attr:`out` that stands for this datum; its folder exists.

        For a file it is :attr:`rel`, so that no two collide; the suffix replaces the file's
        own. For a datum of several inputs, a group, a point it is the key: its parts joined by
        ``+``, with the suffix behind (``a/x.jpg+C=0.1.png``). For an item it is :attr:`id`.

        Parameters
        ----------
        suffix : str, optional
            In place of the file's own, with the dot: ``".png"``.

        Raises
        ------
        OutputError
            If the suffix does not start with a dot.
        """
        if suffix and not suffix.startswith("."):
            raise OutputError(
                f"a suffix starts with a dot: out_file({'.' + suffix!r}). For a path of your own: "
                f"datum.out / {suffix!r}"
            )
        if self._form.by_key:
            rel = key_path(self._key) + (suffix or "")
        else:
            rel = self.rel if len(self._entries()) == 1 else self.id
            if suffix is not None:
                rel = rel[: _stem_end(rel)] + suffix
        folder, _, name = rel.rpartition("/")
        return (self._place.out_folder(folder) if folder else self.out) / name

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

    def __getattr__(self, name: str) -> NoReturn:
        """Only what is not there comes here, and what a property says of its own."""
        own = getattr(type(self), name, None)
        if isinstance(own, property):
            own.__get__(self)  # which raises what it has to say
        known = [word for word in dir(type(self)) if not word.startswith("_")]
        near = [] if name.startswith("_") else difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
        raise AttributeError(f"a datum has no {name!r}{hint}")

    def __repr__(self) -> str:
        entries = self._entries()
        what = [repr(os.fsdecode(rel)) for _, _, rel in entries[:_SHOWN]]
        if len(entries) > _SHOWN:
            what.append(f"... {len(entries):,} files")
        if self.value is not None or not what:
            what.append(repr(self.value))
        return f"Datum({', '.join(what)})"


def _stem_end(rel: str) -> int:
    """Where the suffix of a path begins; as :class:`~pathlib.Path` has it, at a tenth of the
    time: ``.png`` and ``a.`` have none."""
    dot, start = rel.rfind("."), rel.rfind("/") + 1
    return dot if start < dot < len(rel) - 1 else len(rel)


def datum_id(name: str, key: bytes) -> str:
    """Return the public id of the datum with this key in the input called `name`."""
    return str(blake3(_parts(name.encode(), key)).hexdigest(8))


_SHOWN: Final = 5
#: Bytes of a file's name made of a key; the longest that file systems take is 255.
_LONGEST: Final = 160
_SAFE: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=,#()")


def key_path(key: bytes) -> str:
    """Return the relative path that stands for a key: its parts joined by ``+``.

    No two keys have one path: bytes that are not plain are written ``%20``, and a name that
    is too long ends in a digest.
    """
    names = b"+".join(_quoted(part) for part in key.split(b"\0")).split(b"/")
    return "/".join(_tame(name) for name in names)


def _quoted(part: bytes) -> bytes:
    return b"".join(
        bytes((byte,)) if byte in _SAFE or byte == 0x2F or byte >= 0x80 else b"%%%02X" % byte
        for byte in part
    )


def _tame(name: bytes) -> str:
    if not name or name.startswith(b"."):
        name = b"%" + name
    if len(name) > _LONGEST:
        return f"{name[:_LONGEST].decode(errors='ignore')}-{blake3(name).hexdigest(8)}"
    return os.fsdecode(name)


def datum_hash(
    files: list[tuple[str, bytes, bytes]],
    key: bytes,
    captures: Mapping[str, str],
    code: str,
    seen: bytes | None = None,
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
    seen : bytes, optional
        The encoded value, where the key does not tell it.
    """
    names = json.dumps(sorted(captures.items())).encode()
    flat = [part for name, rel, content in files for part in (name.encode(), rel, content)]
    told = () if seen is None else (b"value", seen)
    return str(blake3(_parts(key, names, code.encode(), *flat, *told)).hexdigest(8))


def _parts(*parts: bytes) -> bytes:
    """Join `parts` so that no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)
