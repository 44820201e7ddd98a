"""How kernel, server and CLI reach the runner: start it if none lives, see whether it does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from ..errors import RunnerError
from ..locks import is_locked
from ..project import Project

#: Variables that a runner gets; never the whole environment, which holds secrets.
_KEPT: Final = frozenset(
    {
        "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "HOME", "USER", "LOGNAME",
        "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "APPDATA",
        "LOCALAPPDATA", "USERPROFILE", "CPU_LIMIT",
    }
)  # fmt: skip
_KEPT_PREFIXES: Final = (
    "CONDA_", "PYTHON", "CUDA_", "GDAL_", "PROJ_", "OMP_", "LC_", "XDG_",
    "JUPYTER_DATA", "JUPYTER_RUNTIME", "JUPYTER_CONFIG", "JUPYTER_DATUM_",
)  # fmt: skip

#: Starts the runner from a short-lived process, so that nobody has to wait for it (no
#: zombie), in a session of its own, so that no interrupt of the kernel reaches it.
_MIDDLE: Final = """
import subprocess, sys
log = open(sys.argv[1], "ab")
subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                 start_new_session=True, close_fds=True)
"""


def runner_alive(project: Project, interpreter: str) -> bool:
    """Return whether a runner of `interpreter` holds the project's lock."""
    return is_locked(project.lock(interpreter))


def ensure_runner(
    project: Project, interpreter: str = sys.executable, *, wait: float = 10.0
) -> None:
    """Start the project's runner for `interpreter` unless one lives; return when it does.

    Nothing here is read from the project but its place: `interpreter` comes from the
    caller (a kernel's own ``sys.executable``, or a recipe whose signature was checked).

    Raises
    ------
    RunnerError
        If it cannot be started, or dies before it holds the lock; with its log's tail.
    """
    if runner_alive(project, interpreter):
        return
    _spawn(project, interpreter)
    deadline = time.monotonic() + wait
    while not runner_alive(project, interpreter):
        if time.monotonic() > deadline:
            raise RunnerError(
                f"the runner did not start within {wait:g} s with {interpreter!r}; "
                f"its log ends: {log_tail(project)}"
            )
        time.sleep(0.005)


def _spawn(project: Project, interpreter: str) -> None:
    command = [interpreter, "-m", "jupyter_datum.runner", str(project.root), interpreter]
    middle = [interpreter, "-I", "-S", "-c", _MIDDLE, str(project.log), *command]
    try:
        subprocess.run(
            middle,
            env=runner_environment(),
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise RunnerError(f"cannot start a runner with {interpreter!r}: {exc}") from exc


def runner_environment() -> dict[str, str]:
    """Return the variables that a runner started from here gets."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }


def log_tail(project: Project, lines: int = 12) -> str:
    """Return the last lines of the runner's log, or a sentence if there is none."""
    try:
        return _tail(project.log, lines) or "(its log is empty)"
    except OSError:
        return "(it left no log)"


def _tail(path: Path, lines: int) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        text = file.read().decode(errors="backslashreplace")
    return "\n".join(text.splitlines()[-lines:])
