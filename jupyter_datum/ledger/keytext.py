"""Keys of datums as people see them, and write them."""

from __future__ import annotations

import os
import re
from typing import Final

from ..words import visible

#: Between the parts of a key, as people see it.
BETWEEN: Final = " | "
_ESCAPED: Final = re.compile(rb"\\x([0-9a-f]{2})")


def key_text(key: bytes) -> str:
    """Return a datum's key for people: escaped where it is not UTF-8 or not printable, the
    parts of one that has several with ``|`` between them. (A digest may hold zeros too.)"""
    text = os.fsencode(key) if isinstance(key, str) else key
    shown = text.decode("utf-8", "backslashreplace")
    parts = shown.split("\0")
    # A part is empty where an outer join has no partner.
    if len(parts) > 1 and "\0\0\0" not in shown and all(map(str.isprintable, parts)):
        return BETWEEN.join(parts)
    return visible(shown)


def key_bytes(text: str) -> bytes:
    """Return the key that a person means; inverse of :func:`key_text` but for what is no name."""
    key = os.fsencode(text.replace(BETWEEN, "\0"))
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), key)


def is_digest(text: str) -> bool:
    """Return whether a key, as :func:`key_text` has it, tells a person nothing: that of an item,
    say. (A name may hold some bytes that are no text.)"""
    escaped = len(_ESCAPED.findall(os.fsencode(text)))
    return escaped >= 3 and escaped * 16 > len(text)


def datum_name(transform: str, text: str) -> str:
    """Return what people call a datum of a transform: ``thumbs:a.jpg``; no digest."""
    return transform if is_digest(text) else f"{transform}:{text}"
