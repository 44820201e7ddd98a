"""The first rows of a Parquet file, read by a process of its own that may fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from typing import Any, BinaryIO, Final

from .tables import COLUMNS, ROWS, Table

#: Seconds within which the answer has to come, and bytes of it that are heard.
WITHIN: Final = 20.0
_LONGEST: Final = 4 << 20
_MODULE: Final = "jupyter_datum.server.parquet_child"


def parquet_table(file: BinaryIO) -> Table | str:
    """Return the first rows of an open Parquet file, or a sentence why they cannot be shown.

    The child is handed the open file itself, so that what it reads is what was checked; its
    own limits are those of :mod:`.parquet_child`.
    """
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],
            stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(),
            cwd=tempfile.gettempdir(), start_new_session=True,
        )  # fmt: skip
    except OSError as exc:
        return f"its rows cannot be looked at: {exc.strerror or exc}"
    late = threading.Event()

    def expire() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(WITHIN, expire)
    timer.start()
    with child:
        assert child.stdout is not None
        told = child.stdout.read(_LONGEST)
        child.kill()  # it has said all that is heard
    timer.cancel()
    if late.is_set():
        return f"its rows could not be read within {WITHIN:g} s"
    return _table(told)


def _environment() -> dict[str, str]:
    """The server's own, with one thread and a pool that gives its memory back."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "ARROW_IO_THREADS"), "1")
    return {**os.environ, **one, "ARROW_DEFAULT_MEMORY_POOL": "system"}


def _table(told: bytes) -> Table | str:
    """What the child has said; it has read what may come from anyone, so it is not believed."""
    try:
        found: Any = json.loads(told)
        if isinstance(found.get("why"), str):
            return str(found["why"])
        columns, rows = found["columns"], found["rows"]
        if len(columns) > COLUMNS or len(rows) > ROWS:
            raise ValueError
        told_rows = [[str(value) for value in row] for row in rows]
        return Table([str(name) for name in columns], told_rows, bool(found["more"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "it cannot be read as Parquet: its reader was ended, by the file or by its limits"
