"""The stream's frames as bytes: header and body, stretches of states, varints.

Pure functions; ``tests/vectors/live.json`` holds what they give, for the front end's tests.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

#: Bytes compared at once; what is equal as a whole is not looked into.
CHUNK: Final = 4096
#: Equal states between two changed ones that are sent again, since a gap costs as much.
JOIN: Final = 2
_CHANGED: Final = re.compile(b"[^\\0]+(?:\\0{1,%d}[^\\0]+)*" % JOIN, re.DOTALL)
#: Speed before size: a million states take some milliseconds.
_LEVEL: Final = 1


def frame(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return one binary message: 4 bytes of length, the header as JSON, the body."""
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    return len(text).to_bytes(4, "little") + text + body


def parse_frame(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Inverse of :func:`frame`.

    Raises
    ------
    ValueError
        If it is no frame.
    """
    end = 4 + int.from_bytes(data[:4], "little")
    if len(data) < end:
        raise ValueError("a frame is shorter than its header")
    return dict(json.loads(data[4:end])), data[end:]


def varint(value: int) -> bytes:
    """Return an unsigned integer as LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the integer that begins at `at`, and where it ends.

    Raises
    ------
    ValueError
        If it does not end, or is longer than 64 bits.
    """
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a varint does not end")


def snapshot(states: bytes) -> bytes:
    """Return the body of a snapshot."""
    return zlib.compress(states, _LEVEL)


def changes(old: bytes, new: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the stretches ``(first position, states)`` in which `new` differs from `old`.

    `old` counts as filled up with pending (0); `new` is never shorter.
    """
    old = old + bytes(len(new) - len(old))
    for start, stop in _different(old, new):
        size = stop - start
        both = int.from_bytes(old[start:stop], "big") ^ int.from_bytes(new[start:stop], "big")
        for found in _CHANGED.finditer(both.to_bytes(size, "big")):
            first = start + found.start()
            yield first, new[first : start + found.end()]


def _different(old: bytes, new: bytes) -> Iterator[tuple[int, int]]:
    """The ranges of chunks that differ, neighbours joined."""
    begun: int | None = None
    with memoryview(old) as left, memoryview(new) as right:
        for start in range(0, len(new), CHUNK):
            if left[start : start + CHUNK] != right[start : start + CHUNK]:
                begun = start if begun is None else begun
                if start + CHUNK - begun < 16 * CHUNK:  # an int's conversion is best when small
                    continue
                yield begun, min(start + CHUNK, len(new))
            elif begun is not None:
                yield begun, start
            begun = None
        if begun is not None:
            yield begun, len(new)


def stretches(parts: Iterable[tuple[int, bytes]]) -> bytes:
    """Return the body of a delta; `parts` in order of their positions, without overlap."""
    out = bytearray()
    at = 0
    for first, states in parts:
        out += varint(first - at) + varint(len(states)) + states
        at = first + len(states)
    return bytes(out)


def apply(states: bytearray, body: bytes) -> None:
    """Set the stretches of a delta's body in `states`, which grows where they lie beyond it.

    Raises
    ------
    ValueError
        If the body is cut short.
    """
    at = position = 0
    while at < len(body):
        gap, at = read_varint(body, at)
        size, at = read_varint(body, at)
        if at + size > len(body):
            raise ValueError("a stretch is cut short")
        position += gap
        states.extend(bytes(max(0, position + size - len(states))))
        states[position : position + size] = body[at : at + size]
        position, at = position + size, at + size
