"""Which names an output may have, and when two of them are one."""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from functools import lru_cache
from typing import Final

_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"{stem}{digit}" for stem in ("com", "lpt") for digit in "123456789¹²³"]
)
#: Folders of ours: an output there would be taken for staging, or for the ledger.
_OURS: Final = frozenset([".datum", ".datum-staging"])
#: Longest name of one file or folder, in bytes; file systems end at 255.
_LONGEST: Final = 200
#: Control characters, line ends, and what turns the direction of text: a name must read
#: as what it is.
_UNREADABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def check_rel(rel: bytes) -> str | None:
    """Return why a path under the output folder is refused, or None if it is fine.

    Refused is what would leave the folder, would read as something else, or could not be
    a file name on another system. Bytes that are no UTF-8 are fine.
    """
    if not rel or rel.startswith(b"/"):
        return "it is not a relative path"
    for name in rel.split(b"/"):
        reason = _check_name(name)
        if reason is not None:
            return reason
    return None


@lru_cache(4096)  # the folders of a million files are few
def _check_name(name: bytes) -> str | None:
    if name in (b"", b".", b".."):
        return f"{name.decode()!r} is no name"
    if len(name) > _LONGEST:
        return f"a name of {len(name)} bytes is longer than {_LONGEST}"
    text = os.fsdecode(name)
    if text.casefold() in _OURS:
        return f"the name {text!r} is ours"
    if _UNREADABLE.search(text):
        return "it holds a control character"
    if text[-1] in ". " or ":" in text or "\\" in text:
        return "it ends in a dot or space, or holds ':' or a backslash: not a file name everywhere"
    if text.partition(".")[0].rstrip(" ").lower() in _RESERVED:
        return f"{text!r} is a reserved name on Windows"
    return None


def fold(path: bytes, folds: bool) -> bytes:
    """Return what two paths share if they are one file, where the file system folds."""
    if not folds:
        return path
    text = unicodedata.normalize("NFC", os.fsdecode(path)).casefold()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")


def file_system_folds(folder: bytes) -> bool:
    """Return whether the file system of `folder` takes ``a`` and ``A``, or the two ways to
    write ``é``, for one name. Tried with a file that is gone afterwards."""
    try:
        return _folds(folder, ".datum-fold-é-".encode())
    except OSError as exc:
        if exc.errno not in (errno.EILSEQ, errno.EINVAL):
            raise
        return _folds(folder, b".datum-fold-")  # it takes no such name at all


def _folds(folder: bytes, prefix: bytes) -> bool:
    name = prefix + os.urandom(6).hex().encode()
    others = (name.upper(), unicodedata.normalize("NFD", name.decode()).encode())
    path = os.path.join(folder, name)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        return any(os.path.exists(os.path.join(folder, o)) for o in others if o != name)
    finally:
        os.unlink(path)


def folders_above(path: bytes, root: bytes) -> tuple[bytes, ...]:
    """Return the folders between `path` and `root`, nearest first, without either."""
    return _folders_up(os.path.dirname(path), root)


@lru_cache(4096)
def _folders_up(folder: bytes, root: bytes) -> tuple[bytes, ...]:
    found = []
    while len(folder) > max(len(root), 1):
        found.append(folder)
        folder = os.path.dirname(folder)
    return tuple(found)


def is_below(path: bytes, root: bytes) -> bool:
    """Return whether `path` stands in the folder `root`, at any depth."""
    return bool(root) and path.startswith(os.path.join(root, b""))


def show(path: bytes) -> str:
    """Return a path or key as text for a sentence, in quotes; odd bytes as escapes."""
    return repr(path.decode("utf-8", "backslashreplace"))


def show_key(key: bytes, position: int) -> str:
    """Return what a datum is called in a sentence: its key, a path say; or its place, counted from
    1 as the panel does, where the key is a digest."""
    text = key.decode("utf-8", "backslashreplace")
    plain = text.isprintable() and "\\x" not in text
    return repr(text) if plain else f"datum {position + 1:,}"
