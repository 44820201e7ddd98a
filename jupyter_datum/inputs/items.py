"""``items``: every item of an iterable of the kernel is a datum.

The kernel writes the items to a file once, streaming; the runner reads it without knowing
what an item is. An item's key is the digest of its value and its ordinal among equal ones,
so one more item in the middle is one more datum, and nothing else.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import mmap
import os
import struct
import uuid
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from blake3 import blake3

from ..errors import InputError, UsageError
from ..hashing import (
    OpaqueValueError,
    decode_value,
    encode_value,
    file_digest,
    type_name,
    value_digest,
    value_word,
)
from ..project import Project
from .base import Errors, Input, Listed, check_keys
from .itemkeys import ItemKeys

#: digest of the value, ordinal among equal ones, length of the encoded value
_HEAD: Final = struct.Struct(">16sII")
_KEY: Final = 20
_BLOCK: Final = 1 << 20
#: Letters of a text that is shown.
_SHOWN: Final = 40


class ItemsFile(NamedTuple):
    """A written file of items: how many, and the hex digest of the file's content."""

    items: int
    digest: str


def write_items(iterable: Iterable[Any], path: Path) -> ItemsFile:
    """Write the items to `path`, streaming.

    Raises
    ------
    Exception
        Whatever the iterable or the pickling of an item raises; the file is gone then.
    """
    seen: dict[bytes, int] = {}
    count = 0
    digest = blake3()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            block = bytearray()
            for item in iterable:
                block += _row(item, seen)
                count += 1
                if len(block) > _BLOCK:
                    digest.update(bytes(block))
                    file.write(block)
                    block.clear()
            digest.update(bytes(block))
            file.write(block)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return ItemsFile(count, digest.hexdigest(length=16))


def _row(item: Any, seen: dict[bytes, int]) -> bytes:
    data = encode_value(item)
    key = _digest(item, data)
    ordinal = seen.get(key, 0)
    seen[key] = ordinal + 1
    return _HEAD.pack(key, ordinal, len(data)) + data


def item_keys(text: str) -> list[bytes]:
    """Return the keys of the first items that `text` may mean: as it is, or read as JSON."""
    values: list[Any] = [text]
    with contextlib.suppress(ValueError):
        values.insert(0, json.loads(text))
    return [_row(value, {})[:_KEY] for value in values]


def _digest(item: Any, data: bytes) -> bytes:
    """Of an int or a str the encoding is canonical; else the value decides, or its pickle."""
    if type(item) in (int, str):
        return blake3(data).digest(length=16)
    try:
        return value_digest(item)
    except OpaqueValueError:
        return blake3(data).digest(length=16)


class Listable(Input):
    """What items have in common, written down or not."""

    kind = "items"
    ordered = False
    valued = True

    @property
    def roots(self) -> dict[str, bytes]:
        return {}

    def part(self, listed: Listed) -> bytes:
        """The item itself where it is a number or a word, else digits of its digest."""
        data = listed.value or b""
        digest, ordinal = listed.key[:-4], int.from_bytes(listed.key[-4:])
        word = value_word(decode_value(data), data) if data[:1] == b"j" else "#" + digest.hex()
        return (word if not ordinal else f"{word}#{ordinal + 1}").encode()


class Items(Listable):
    """Items of the kernel that are not written to a file yet.

    Parameters
    ----------
    iterable : iterable
    label : str
        What the user called them.
    name : str, optional
    """

    def __init__(
        self, iterable: Iterable[Any], label: str = "items", name: str | None = None
    ) -> None:
        self.iterable = iterable
        self.label = label
        self.given = name

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        seen: dict[bytes, int] = {}
        for item in self.iterable:
            row = _row(item, seen)
            yield Listed(row[:_KEY], (), row[_HEAD.size :], {})

    def stored(self, project: Project) -> ItemsInput:
        self._check()
        part = project.payload(f"items-{uuid.uuid4().hex}")
        try:
            written = write_items(self.iterable, part)
        except Exception as exc:
            raise UsageError(
                f"the items of {self.label} cannot be sent to workers: {type(exc).__name__}: {exc}"
            ) from exc
        if not written.items and isinstance(self.iterable, Iterator):
            part.unlink()
            raise UsageError(
                f"{self.label} is a {type_name(self.iterable)}, which can be read once, and has "
                f"nothing more: keep what it gives in a list, list(...), and take that"
            )
        file = project.payload(f"items-{written.digest}")
        part.replace(file)
        other = ItemsInput(file, written.items, self.label)
        other.given = self.given
        return other

    def _check(self) -> None:
        given = self.iterable
        if isinstance(given, str | bytes):
            raise UsageError(
                f"items({given[:_SHOWN]!r}) would be its letters: for a text as one item write "
                "items(['...']), for files glob('...')"
            )
        if not isinstance(given, Iterable):
            raise UsageError(f"{self.label}: {type_name(given)} has no items to run over")

    def to_json(self) -> dict[str, Any]:
        raise UsageError(f"the items of {self.label} were not stored in a project")

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> Items:
        raise UsageError("items of a kernel cannot be read from JSON")

    def describe(self) -> str:
        return f"items({self.label})" if self.label != "items" else "items(...)"

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        return f"{self.label} has no items, so there is no datum to run", "", ()


class _Places:
    """Where each item stands in a written file, as far as was asked for: 8 bytes each."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._starts = array("Q", [0])

    def at(self, position: int) -> tuple[bytes, bytes] | None:
        """Return the key and the value at a place; None if the file is shorter."""
        with self._file.open("rb") as file:
            known = min(position, len(self._starts) - 1)
            file.seek(self._starts[known])
            for _ in range(known, position):
                if (head := self._head(file)) is None:
                    return None
                file.seek(head[1], os.SEEK_CUR)
                if file.tell() > self._starts[-1]:
                    self._starts.append(file.tell())
            head = self._head(file)
            return (head[0], file.read(head[1])) if head is not None else None

    def _head(self, file: BinaryIO) -> tuple[bytes, int] | None:
        head = file.read(_HEAD.size)
        return (head[:_KEY], _HEAD.unpack(head)[2]) if len(head) == _HEAD.size else None


class ItemsInput(Listable):
    """Items that :func:`write_items` wrote.

    Parameters
    ----------
    file : Path
    count : int
    label : str
        What the user called them.
    """

    def __init__(self, file: Path, count: int, label: str = "items") -> None:
        self.file = file
        self.count = count
        self.label = label
        self._places: _Places | None = None
        self._keys: ItemKeys | None = None

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        if not self.file.exists():
            raise InputError(f"the items of {self.label!r} are gone: run the cell again")
        # Workers unpickle what is in it, and its name is part of what was signed.
        if self.file.name != f"items-{file_digest(self.file)[:16].hex()}":
            raise InputError(
                f"the items of {self.label!r} are not as they were written: run the cell again"
            )
        return self._rows()

    def _rows(self) -> Iterator[Listed]:
        new, none = tuple.__new__, dict[str, str]()  # a million pass here: no call, no dict each
        with self.file.open("rb") as file:
            rest = b""
            while block := file.read(_BLOCK):
                data = rest + block
                at = 0
                while at + _HEAD.size <= len(data):
                    length = _HEAD.unpack_from(data, at)[2]
                    start = at + _HEAD.size
                    if start + length > len(data):
                        break
                    yield new(
                        Listed, (data[at : at + _KEY], (), data[start : start + length], none, ())
                    )
                    at = start + length
                rest = data[at:]
        if rest:
            raise InputError(f"the items of {self.label!r} are cut off: run the cell again")

    def label_at(self, position: int, key: bytes) -> str | None:
        """Return the item at a place as text, if it has this key and needs no unpickling. What
        comes one after the other, more or less, reads the file once."""
        self._places = self._places or _Places(self.file)
        found = self._places.at(position)
        if found is None or found[0] != key or found[1][:1] != b"j":
            return None
        return found[1][1:].decode("utf-8", "backslashreplace")

    def text_of(self, key: bytes) -> str | None:
        """Return the item of this key as JSON, wherever it stands; None if it is there no more,
        or has to be unpickled. Of a million it takes some milliseconds."""
        with self.file.open("rb") as file:
            if not (size := os.fstat(file.fileno()).st_size):
                return None  # nothing can be mapped
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
                at = data.find(key)  # the digest of an item: by chance it stands nowhere else
                if at < 0 or at + _HEAD.size > size:
                    return None
                length = _HEAD.unpack_from(data, at)[2]
                value = data[at + _HEAD.size : at + _HEAD.size + length]
        return value[1:].decode("utf-8", "backslashreplace") if value[:1] == b"j" else None

    def place_of(self, key: bytes) -> int | None:
        """Return where the item of this key stands; None if it is there no more."""
        self._keys = self._keys or ItemKeys(key for key, *_ in self._rows())
        return self._keys.place(key)

    def to_json(self) -> dict[str, Any]:
        spec = {"items": self.file.name, "count": self.count, "label": self.label}
        return {**spec, **self.common_json()}

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> Listable:
        check_keys(spec, "items", "count", "label")
        if isinstance(spec["items"], builtins.list):  # written by hand: not stored yet
            return Items(spec["items"]).take_common(spec, project)
        if project is None:
            raise InputError("items belong to a project")
        # A name, never a path: it must not lead out of the project.
        return cls(
            project.payload(os.path.basename(str(spec["items"]))),
            int(spec["count"]),
            str(spec.get("label", "items")),
        ).take_common(spec, project)

    def describe(self) -> str:
        return f"{self.label} ({self.count:,} items)"

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        return f"{self.label} has no items, so there is no datum to run", "", ()
