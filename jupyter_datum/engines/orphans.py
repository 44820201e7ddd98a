"""Batch jobs that outlive who has submitted them: noted while they run, cancelled by others.

A runner that is killed cannot give its jobs back; by themselves those that run end after a
time without their scheduler, and those that wait in a queue do so when they start. So who
submits jobs keeps a note of them in the user's own Jupyter folder (never in a project: what it
says is executed), locked as long as it lives. Its watcher, and each runner of the same host
that starts (the host may have gone down), look for notes whose lock is free:
``python -m jupyter_datum.engines.orphans``.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from ..locks import try_lock
from ..transform.recipe import data_dir

#: Seconds that the batch system's command may take.
_CANCEL_SECONDS: Final = 30.0
#: Jobs that one command names.
_AT_ONCE: Final = 100


def notes_folder() -> Path:
    """Return where notes lie; only this user may write there."""
    return data_dir() / "jupyter-datum" / "jobs"


class JobNote:
    """The note of one engine, which is locked by this process.

    Parameters
    ----------
    name : str
        Unlike that of any other engine.
    """

    def __init__(self, name: str) -> None:
        self._path = notes_folder() / f"{name}.json"
        self._handle: int | None = None
        self._written: list[tuple[str, ...]] = []

    def write(self, commands: Iterable[tuple[str, ...]]) -> None:
        """Note what would cancel each job there is: the command with the job's id at its end.

        That it cannot be written (a full disk) is no run's fault: jobs end by themselves too.
        """
        found = sorted(commands)
        if found == self._written:
            return
        with contextlib.suppress(OSError):
            if self._handle is None:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._handle = try_lock(self._path)
            if self._handle is not None and not os.fstat(self._handle).st_nlink:
                os.close(self._handle)  # a runner that looked for orphans was quicker
                self._handle = None
            if self._handle is not None:
                data = json.dumps({"host": socket.gethostname(), "cancel": found}).encode()
                os.pwrite(self._handle, data, 0)
                os.ftruncate(self._handle, len(data))
                self._written = found

    def close(self) -> None:
        """The jobs were given back."""
        if self._handle is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None


def notes() -> list[Path]:
    """Return the notes there are. To be asked before this process writes any: its own lock
    would not keep it from taking its jobs for orphans."""
    return sorted(notes_folder().glob("*.json"))


def cancel_orphans(paths: Iterable[Path]) -> list[str]:
    """Cancel the jobs in those of the notes whose writer has died; return their ids."""
    found: list[str] = []
    for path in paths:
        with contextlib.suppress(OSError):
            if not _is_mine(path) or (handle := try_lock(path)) is None:
                continue
            try:
                found += _cancelled(path)
            finally:
                os.close(handle)
    return found


def _is_mine(path: Path) -> bool:
    if sys.platform == "win32":
        return True
    status = path.stat()
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _cancelled(path: Path) -> list[str]:
    note = _read(path)
    if note.get("host") != socket.gethostname():
        return []  # locks may not reach that far: whether its runner lives cannot be told
    ids: dict[tuple[str, ...], list[str]] = {}
    for *command, job in note.get("cancel", ()):
        ids.setdefault(tuple(command), []).append(str(job))
    for command, jobs in ids.items():
        for first in range(0, len(jobs), _AT_ONCE):
            _run([*command, *jobs[first : first + _AT_ONCE]])
    path.unlink(missing_ok=True)
    return [job for jobs in ids.values() for job in jobs]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:  # torn: its writer died in the middle
        return {"host": socket.gethostname()}
    return found if isinstance(found, dict) else {}


def _run(command: list[str]) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):  # a job that has ended is none
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=_CANCEL_SECONDS, check=False,
        )  # fmt: skip


if __name__ == "__main__":
    if jobs := cancel_orphans(notes()):
        print(f"cancelled jobs of a runner that died: {', '.join(jobs)}", flush=True)
