"""The double for time: every Python process that finds this on its path reads a clock that
somebody moves. The monotonic clock is left alone, as a real jump leaves it."""

import mmap
import os
import struct
import time


def _install(path: str) -> None:
    with open(path, "rb") as file:
        shown = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    real, real_ns = time.time, time.time_ns

    def offset() -> float:
        return float(struct.unpack_from("d", shown)[0])

    time.time = lambda: real() + offset()
    time.time_ns = lambda: real_ns() + int(offset() * 1e9)


_path = os.environ.get("JUPYTER_DATUM_SOAK_CLOCK", "")
if _path and os.path.exists(_path):
    _install(_path)
