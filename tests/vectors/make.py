"""Writes ``live.json``: frames of the stream as the server makes them, for both halves' tests.

Run it after a change of the codec: ``python -m tests.vectors.make``. Bytes stand in hex. A
snapshot's body is not compared but inflated: zlib builds differ in what they make of it.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from jupyter_datum.server import codec

FILE = Path(__file__).with_name("live.json")
PROJECT, RUN = "0123456789abcdef" * 2, "fedcba9876543210" * 2
COUNTS = {
    "status": "running", "running": 2, "success": 3, "failed": 1, "recovered": 0, "skipped": 0,
    "cancelled": 0, "planned": 1, "seconds": 1.5, "executions": 4, "workers": 2, "ended": None,
}  # fmt: skip


def vectors() -> dict[str, Any]:
    """Return all that stands in the file."""
    return {
        "varints": [[n, codec.varint(n).hex()] for n in _NUMBERS],
        "frames": [_frame(header, body) for header, body in _FRAMES],
        "snapshots": [
            {"states": states.hex(), "body": codec.snapshot(states).hex()} for states in _STATES
        ],
        "deltas": [_delta(old, new) for old, new in _pairs()],
    }


_NUMBERS = [0, 1, 127, 128, 300, 16383, 16384, 999_999, 2**31, 2**32 + 5, 2**53 - 1]
_STATES = [b"", b"\2", bytes([0, 1, 2, 3, 4, 5, 6]) * 30, bytes(5000)]
_HEAD = {"project": PROJECT, "run": RUN}
_FRAMES: list[tuple[dict[str, Any], bytes]] = [
    ({"type": "hello", "proto": 1, "version": "0.1.0"}, b""),
    ({"type": "runs", "project": PROJECT}, b"[]"),
    (
        {"type": "snapshot", **_HEAD, "seq": 0, "total": 6, "counts": COUNTS},
        codec.snapshot(b"\2\2\2\3\1\1"),
    ),
    (
        {"type": "delta", **_HEAD, "seq": 1, "total": 6, "counts": COUNTS},
        codec.stretches([(4, b"\2\2")]),
    ),
    ({"type": "groups", **_HEAD}, b'{"groups":[],"other":null}'),
    ({"type": "workers", **_HEAD}, b"[]"),
    (
        {"type": "error", **_HEAD, "code": "not-found", "message": "größer als <b>\u202e\"'"},
        b"",
    ),
]


def _frame(header: dict[str, Any], body: bytes) -> dict[str, Any]:
    return {"header": header, "body": body.hex(), "bytes": codec.frame(header, body).hex()}


def _delta(old: bytes, new: bytes) -> dict[str, str]:
    body = codec.stretches(codec.changes(old, new))
    return {"old": old.hex(), "new": new.hex(), "body": body.hex()}


def _pairs() -> list[tuple[bytes, bytes]]:
    dice = random.Random(7)
    pairs = [
        (b"", b""),
        (b"", b"\0\0\1"),
        (b"\1", b"\2"),
        (b"\1\1\1\1\1\1\1\1", b"\2\1\1\1\1\1\1\2"),
        (b"\0\1\2", b"\0\1\2\0\0"),
    ]
    for size, many in ((40, 5), (300, 3), (300, 200), (9000, 30)):
        old = bytes(dice.choices(range(7), k=size))
        new = bytearray(old + bytes(dice.randrange(20)))
        for _ in range(many):
            new[dice.randrange(len(new))] = dice.randrange(7)
        pairs.append((old, bytes(new)))
    return pairs


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", "utf-8")
