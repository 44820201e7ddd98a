"""Which names an output may have, and when two of them are one."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from typing import Final

_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"{stem}{digit}" for stem in ("com", "lpt") for digit in "123456789"]
)
#: Longest name of one file or folder, in bytes; file systems end at 255.
_LONGEST: Final = 200
#: Characters that turn the direction of text: a name must read as what it is.
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def check_rel(rel: bytes) -> str | None:
    """Return why a path under the output folder is refused, or None if it is fine."""
    if not rel or rel.startswith(b"/"):
        return "it is not a relative path"
    for name in rel.split(b"/"):
        reason = _check_name(name)
        if reason is not None:
            return reason
    return None


def _check_name(name: bytes) -> str | None:
    if name in (b"", b".", b".."):
        return f"{name.decode()!r} is no name"
    if name == b".datum-staging":
        return "the name '.datum-staging' is ours"
    if len(name) > _LONGEST:
        return f"a name of {len(name)} bytes is longer than {_LONGEST}"
    text = os.fsdecode(name)
    if any(ord(c) < 32 or ord(c) == 127 or c in _BIDI for c in text):
        return "it holds a control character"
    if text[-1] in ". " or ":" in text or "\\" in text:
        return "it ends in a dot or space, or holds ':' or a backslash: not a file name everywhere"
    if text.partition(".")[0].lower() in _RESERVED:
        return f"{text!r} is a reserved name on Windows"
    return None


def fold(path: bytes, folds: bool) -> bytes:
    """Return what two paths share if they are one file, where the file system folds."""
    if not folds:
        return path
    return unicodedata.normalize("NFC", os.fsdecode(path)).casefold().encode("utf-8", "replace")


def file_system_folds(folder: bytes) -> bool:
    """Return whether the file system of `folder` takes ``a`` and ``A`` for one name."""
    with tempfile.NamedTemporaryFile(prefix=b".datum-fold-", dir=folder) as file:
        head, tail = os.path.split(file.name)
        return os.path.exists(os.path.join(head, tail.upper()))
