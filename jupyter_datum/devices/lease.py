"""Leases: a worker's lock on its share of a device, for its life.

The lock lies in the user's runtime folder and not in the project, so that two projects do
not take one device; it is on a stretch of one file's bytes, so that a half and a third know
each other; and the system frees it when the worker ends, however it does. Another user of
this machine, and whoever does not ask, is not kept off.
"""

from __future__ import annotations

import glob
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ..errors import RunError
from ..locks import Span, is_locked, try_lock
from .slots import Share

#: Who looks whether a lease is free holds it for that moment: so one tries more than once.
_TRIES: Final = 20
_PAUSE: Final = 0.05
#: Seconds for which a wish holds; who waits renews it.
_ASKED: Final = 3.0
#: For as long as this process lives.
_held: list[int] = []


def hold(shares: Iterable[Share], holder: str) -> bool:
    """Take all of `shares` for the life of this process; False if one is taken.

    Then the process is to end: what it took is free again with that.
    """
    return all(_take(share, holder) for share in shares)


def _take(share: Share, holder: str) -> bool:
    for _ in range(_TRIES):
        handle = try_lock(_file(share), Span(share.start, share.length))
        if handle is not None:
            _held.append(handle)
            with suppress(OSError):
                _note(share).write_text(f"pid {os.getpid()}, {holder}", "utf-8")
            return True
        time.sleep(_PAUSE)
    return False


def is_free(shares: Iterable[Share]) -> bool:
    """Return whether no other process holds a part of `shares`."""
    return not any(is_locked(_file(share), Span(share.start, share.length)) for share in shares)


def holders(shares: Iterable[Share]) -> list[str]:
    """Return who holds `shares`, as far as they have said so."""
    found = []
    for share in shares:
        if not is_free([share]):
            try:
                found.append(f"{share.device}: {_note(share).read_text('utf-8')[:300]}")
            except OSError:
                found.append(f"{share.device}: another worker")
    return list(dict.fromkeys(found))


def holders_of(device: str) -> list[str]:
    """Return who holds any part of a device."""
    starts = (path.suffix[1:] for path in folder().glob(f"{glob.escape(_file_name(device))}.*"))
    return holders(Share(device, int(start), 1) for start in starts if start.isdecimal())


def ask_for(shares: Iterable[Share]) -> None:
    """Let whoever keeps a part of `shares` idle know that somebody waits for it."""
    for device in {share.device for share in shares}:
        with suppress(OSError):
            _wish(device).write_text(str(os.getpid()), "ascii")


def asked_for(devices: Iterable[str]) -> bool:
    """Return whether another process has asked for one of `devices` in the last moments."""
    return any(map(_asked_for, devices))


def _asked_for(device: str) -> bool:
    with suppress(OSError):
        asked = time.time() - _wish(device).stat().st_mtime
        return asked < _ASKED and _wish(device).read_text("ascii") != str(os.getpid())
    return False


def _wish(device: str) -> Path:
    return folder() / f"{_file_name(device)}.wanted"


def _file(share: Share) -> Path:
    return folder() / f"{_file_name(share.device)}.lock"


def _note(share: Share) -> Path:
    return folder() / f"{_file_name(share.device)}.{share.start}"


def _file_name(device: str) -> str:
    return quote(device, safe="")


def folder() -> Path:
    """Return where leases lie: a folder of this user's on this machine, made if need be.

    Raises
    ------
    RunError
        If somebody else has made it.
    """
    found = _runtime() / "jupyter-datum" / "gpu"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = found.parent.lstat()
    if sys.platform != "win32" and (
        status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode)
    ):
        raise RunError(f"leases of devices cannot lie in {str(found)!r}: it is another user's")
    return found


def _runtime() -> Path:
    """The same for all processes of a user: so it is not asked of their variables first."""
    if sys.platform != "win32":
        usual = Path(f"/run/user/{os.getuid()}")
        if usual.is_dir() and os.access(usual, os.W_OK):
            return usual
        return Path(tempfile.gettempdir()) / f"jupyter-datum-{os.getuid()}"
    return Path(tempfile.gettempdir())
