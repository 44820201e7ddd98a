"""Where kernels and projects make themselves known to a Jupyter server of the same user.

A kernel that loads the extension writes ``<runtime dir>/jupyter-datum/kernels/<id>.json``,
the first run of a project ``<data dir>/jupyter-datum/projects/<uuid>.json``. The server
opens ledgers that stand there. Nobody fails because such a file cannot be written.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
import time
from pathlib import Path
from typing import Any, Final

from .project import PROTOCOL, Project
from .transform.recipe import data_dir

#: Bytes of a registration file that are read at most.
LIMIT: Final = 1 << 16
#: Seconds after which the registration of a kernel that was killed is removed.
OLD: Final = 30 * 86_400.0
_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")


def runtime_dir() -> Path:
    """Return Jupyter's runtime folder, by the rule of jupyter_core, which is not imported."""
    given = os.environ.get("JUPYTER_RUNTIME_DIR")
    return Path(given) if given else data_dir() / "runtime"


def kernel_file(kernel: str) -> Path:
    """Return where a kernel is registered.

    Raises
    ------
    ValueError
        If `kernel` cannot be the name of one.
    """
    return _kernels() / f"{_checked(kernel)}.json"


def project_file(uuid: str) -> Path:
    """Return where a project is registered (errors: :func:`kernel_file`)."""
    return data_dir() / "jupyter-datum" / "projects" / f"{_checked(uuid)}.json"


def write_kernel(
    kernel: str, project: Project | None, root: Path, notebook: str | None, version: str
) -> bool:
    """Register this process as `kernel`; tell whether it could be written.

    Parameters
    ----------
    kernel : str
        The id under which a server knows it.
    project : Project or None
        None as long as nothing has run.
    root : Path
        Of the project, or the folder in which one would be made.
    notebook : str or None
        Absolute path.
    version : str
        Of this package.
    """
    fields = {
        "kernel": kernel,
        "project": project.uuid if project else None,
        "root": str(project.root if project else root),
        "python": sys.executable,
        "version": version,
        "protocol": PROTOCOL,
        "notebook": notebook,
    }
    return _write(kernel_file, kernel, fields)


def write_project(project: Project) -> bool:
    """Register a project, unless it stands there as it is; tell whether it does now."""
    fields = {"project": project.uuid, "root": str(project.root)}
    return read_project(project.uuid) == fields or _write(project_file, project.uuid, fields)


def read_kernel(kernel: str) -> dict[str, Any] | None:
    """Return what a kernel has said of itself, or None."""
    return _read(kernel_file, kernel)


def read_project(uuid: str) -> dict[str, Any] | None:
    """Return what is registered of a project, or None."""
    return _read(project_file, uuid)


def projects(limit: int = 100) -> list[dict[str, Any]]:
    """Return the registered projects, those registered last first."""
    folder = data_dir() / "jupyter-datum" / "projects"
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json") and _NAME.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    found.append((entry.stat(follow_symlinks=False).st_mtime, entry.name[:-5]))
    rows = (read_project(name) for _, name in sorted(found, reverse=True)[:limit])
    return [row for row in rows if row is not None]


def forget_kernel(kernel: str) -> None:
    """Remove a kernel's registration, when it ends."""
    with contextlib.suppress(OSError, ValueError):
        kernel_file(kernel).unlink()
    withdraw(kernel)


def draws(kernel: str) -> bool:
    """Say, as a server, that a page is open which draws the runs of this kernel by itself."""
    return _write(_drawn_file, kernel, {"server": os.getpid()})


def withdraw(kernel: str) -> None:
    """Take back what :func:`draws` said."""
    with contextlib.suppress(OSError, ValueError):
        _drawn_file(kernel).unlink()


def is_drawn(kernel: str) -> bool:
    """Return whether a page draws the runs of this kernel: its cell need not do it then."""
    server = (_read(_drawn_file, kernel) or {}).get("server")
    return isinstance(server, int) and server > 0 and _lives(server)


def _lives(pid: int) -> bool:
    """A server that was killed has withdrawn nothing."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _drawn_file(kernel: str) -> Path:
    return _kernels() / f"{_checked(kernel)}.drawn"


def sweep(now: float | None = None) -> None:
    """Remove registrations of kernels that ended long ago without a word."""
    limit = (time.time() if now is None else now) - OLD
    with contextlib.suppress(OSError):
        for path in _kernels().glob("*.json"):
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime < limit:
                    path.unlink()


def read_regular(path: Path, limit: int = LIMIT) -> bytes | None:
    """Return the content of a small regular file of this user; None if it is anything else.

    What lies in its place may be a pipe, a link or endless; none of it is waited for.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        return None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        ours = sys.platform == "win32" or status.st_uid == os.getuid()
        if not stat.S_ISREG(status.st_mode) or not ours or status.st_size > limit:
            return None
        return file.read(limit)


def _kernels() -> Path:
    return runtime_dir() / "jupyter-datum" / "kernels"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a kernel or a project")
    return name


def _read(place: Any, name: str) -> dict[str, Any] | None:
    try:
        data = read_regular(place(name))
        fields = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _write(place: Any, name: str, fields: dict[str, Any]) -> bool:
    try:
        path: Path = place(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(fields, file)
        part.replace(path)
    except (OSError, ValueError):
        return False
    return True
