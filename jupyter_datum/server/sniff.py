"""What a file is, by its first bytes; what it is called decides only how text is laid out.

A browser is given pictures of a few kinds and nothing else: SVG and HTML are text here.
"""

from __future__ import annotations

import struct
from typing import Final

#: Of what cannot be told.
UNKNOWN: Final = "application/octet-stream"
TEXT: Final = "text/plain"
CSV: Final = "text/csv"
TSV: Final = "text/tab-separated-values"
PARQUET: Final = "application/vnd.apache.parquet"
#: What every browser draws, and cannot carry a script.
PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"PAR1", PARQUET),
    (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (b"\x93NUMPY", "application/x-npy"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
)
#: Segments of a JPEG file that tell its size.
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def mime_of(head: bytes, rel: bytes) -> str:
    """Return the MIME type of a file that begins with `head`."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    for beginning, mime in _BEGINNINGS:
        if head.startswith(beginning):
            return mime
    if text_of(head) is None:
        return UNKNOWN
    name = rel.lower()
    return CSV if name.endswith(b".csv") else TSV if name.endswith((b".tsv", b".tab")) else TEXT


def text_of(head: bytes) -> str | None:
    """Return what is text, without a character that was cut in two at the end; else None."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) & ~1].decode("utf-16", "replace")
    if b"\0" in head:
        return None
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        if exc.start >= len(head) - 3 and exc.reason == "unexpected end of data":
            return head[: exc.start].decode("utf-8-sig")
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return None if odd * 20 > len(head) else head.decode("utf-8", "backslashreplace")


def size_of(head: bytes, mime: str) -> tuple[int, int] | None:
    """Return width and height of a picture, as its head tells; None if that does not."""
    try:
        if mime == "image/png" and head[12:16] == b"IHDR":
            return struct.unpack_from(">II", head, 16)
        if mime == "image/gif":
            return struct.unpack_from("<HH", head, 6)
        if mime == "image/webp":
            return _webp(head)
        return _jpeg(head) if mime == "image/jpeg" else None
    except (struct.error, IndexError):
        return None


def _webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        wide, high = head[24:27], head[27:30]
        return 1 + int.from_bytes(wide, "little"), 1 + int.from_bytes(high, "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        kind, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4])
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 + length
    return None
