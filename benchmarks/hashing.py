"""Hashing a file's content: our `file_digest` beside BLAKE3 itself and hashlib, on one large file
that is in the page cache, and on 100,000 files of 2 KiB.

`--sizes` are MiB of the large file. Ways take turns, so that each meets the same machine.
"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blake3 import blake3
from common import arguments, show

from jupyter_datum.hashing.files import file_digest

ROUNDS = 5
FILES = 100_000
SMALL = 2048
#: The one that the others are compared with: BLAKE3's own reading by all cores.
BEST = "blake3 mmap, all cores"


def mapped(threads: int) -> Callable[[Path], bytes]:
    """BLAKE3's own way with a file."""

    def digest(path: Path) -> bytes:
        hasher = blake3(max_threads=threads)
        hasher.update_mmap(path)
        return hasher.digest()

    return digest


def read(path: Path) -> bytes:
    return blake3(path.read_bytes()).digest()


def standard(name: str) -> Callable[[Path], bytes]:
    def digest(path: Path) -> bytes:
        with path.open("rb") as file:
            return hashlib.file_digest(file, name).digest()

    return digest


LARGE: dict[str, Callable[[Path], bytes]] = {
    "jupyter-datum": file_digest,
    BEST: mapped(blake3.AUTO),
    "blake3 mmap, 1 thread": mapped(1),
    "sha256": standard("sha256"),
    "md5": standard("md5"),
}
MANY = {"jupyter-datum": file_digest, "blake3 read": read, "sha256": standard("sha256")}


def large(folder: Path, mebibytes: int) -> list[dict[str, Any]]:
    path = folder / "large.bin"
    block = bytes(range(256)) * 4096
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(block)
    assert file_digest(path) == mapped(1)(path)
    seconds = turns({name: [path] for name in LARGE}, LARGE)
    path.unlink()
    return [
        {
            "what": f"{mebibytes} MiB, {name}",
            "GiB/s": mebibytes / 1024 / statistics.median(taken),
            "best GiB/s": mebibytes / 1024 / min(taken),
            "x blake3, all cores": statistics.median(seconds[BEST]) / statistics.median(taken),
        }
        for name, taken in seconds.items()
    ]


def many(folder: Path) -> list[dict[str, Any]]:
    paths = [folder / f"{i // 1000:03}" / f"{i:06}" for i in range(FILES)]
    for i, path in enumerate(paths):
        if i % 1000 == 0:
            path.parent.mkdir()
        path.write_bytes(f"{i:08}".encode() * (SMALL // 8))
    seconds = turns(dict.fromkeys(MANY, paths), MANY)
    return [
        {
            "what": f"{FILES:,} files of {SMALL} bytes, {name}",
            "us a file": statistics.median(taken) / FILES * 1e6,
            "best us": min(taken) / FILES * 1e6,
        }
        for name, taken in seconds.items()
    ]


def turns(
    paths: dict[str, list[Path]], ways: dict[str, Callable[[Path], bytes]]
) -> dict[str, list[float]]:
    """Seconds of each way in each round; a first round warms the cache and does not count."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            for path in paths[name]:
                way(path)
            if turn:
                found[name].append(time.perf_counter() - start)
    return found


def main() -> None:
    args = arguments(str(__doc__), "2048")
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for size in args.sizes for row in large(Path(folder), size)]
        show("hashing", rows + many(Path(folder)), args.json)


if __name__ == "__main__":
    main()
