"""Which environment variables a cell needs of its kernel, and who knows their values.

A runner gets a fixed list of variables, never the whole environment: it outlives the kernel
and must not collect secrets. What a cell needs beyond that is in its recipe, by name alone;
the values go from the live kernel to the runner's memory (:mod:`.handover`) and from there
to the workers, and are written down nowhere. See docs/decisions/0008-environment.md.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType
from typing import Any, Final

from ..devices import DEVICE, LEASE
from ..devices.found import EXPLICIT
from ..engines.processes import WORKER_MARK
from ..errors import RunError
from ..remote import variables_of
from . import watcher

#: Variables that a runner gets; never the whole environment, which holds secrets.
_KEPT: Final = frozenset(
    {
        "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "HOME", "USER", "LOGNAME",
        "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "APPDATA",
        "LOCALAPPDATA", "USERPROFILE", "CPU_LIMIT", "MEM_LIMIT", "IPYTHONDIR",
    }
)  # fmt: skip
_KEPT_PREFIXES: Final = (
    "CONDA_", "PYTHON", "CUDA_", "GDAL_", "PROJ_", "OMP_", "LC_", "XDG_",
    "JUPYTER_DATA", "JUPYTER_RUNTIME", "JUPYTER_CONFIG", "JUPYTER_DATUM_",
)  # fmt: skip

#: Of these none is for the runner itself: a run that needs what its kernel has set brings it along
#: (:func:`carried`), and those of other kernels are not to have it.
_OF_A_RUN: Final = (EXPLICIT, "CUDA_", "OMP_")
#: Carried by what a runner has started, to be ended with it: a runner is not (it may be
#: started by its predecessor, or by a cell in a worker).
_MARKS: Final = frozenset({watcher.MARK, WORKER_MARK, LEASE, DEVICE})

#: Set by whoever executes a whole notebook: the id that all its runs share.
PIPELINE: Final = "DATUM_PIPELINE"
#: Differ from process to process, and mean nothing to a cell.
_NEVER: Final = frozenset({PIPELINE, "_", "PWD", "OLDPWD", "SHLVL", "PS1", "COLUMNS", "LINES"})
#: Set by the kernel, the desktop, the shell, or by libraries for themselves: not for the
#: user's code, unless that names them.
_NOISE: Final = frozenset(
    {
        "TERM", "COLORTERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "NO_COLOR", "PAGER",
        "MPLBACKEND", "EDITOR", "VISUAL", "DISPLAY", "WAYLAND_DISPLAY", "WINDOWID", "MAIL",
        "HISTFILE", "LS_COLORS", "LESS", "LESSOPEN", "LESSCLOSE", "INVOCATION_ID", "JOURNAL_STREAM",
        "TF2_BEHAVIOR", "TPU_ML_PLATFORM", "CUDA_MODULE_LOADING", "PYTORCH_NVML_BASED_CUDA_CHECK",
    }
)  # fmt: skip
_NOISE_PREFIXES: Final = (
    "JPY_", "JUPYTER", "IPY", "PYDEVD_", "PYTEST_", "COVERAGE_", "COV_", "VSCODE_", "GIT_", "SSH_",
    "DBUS_", "GPG_", "GTK_", "QT_", "KDE_", "GNOME_", "XDG_", "SESSION_", "TERM_", "VTE_",
    "SYSTEMD_", "TMUX", "STY", "ELECTRON_", "CHROME_", "ORIGINAL_XDG_", "KMP_", "LOKY_",
    "IPP_", "__DASK_", "BASH_", "_RJEM_", "OPENLINEAGE__",
)  # fmt: skip

_SECRET: Final = re.compile(
    "AUTH|CONNECTION_?STRING|COOKIE|CRED|HEADER|KEY|PASS|PWD|SAS_|SECRET|SIGNATURE|TOKEN",
    re.IGNORECASE,
)
#: The same in a value: a password in a URL, a key in a connection string, a signature.
_SECRET_VALUE: Final = re.compile("@|key=|sig=|signature=|password=|pwd=", re.IGNORECASE)
#: For where the system does not show with what a process was started.
_AT_IMPORT: Final = dict(os.environ)


def runner_environment() -> dict[str, str]:
    """Return the variables that a runner started from here gets."""
    first = first_environment()
    now = {name: value for name, value in os.environ.items() if not name.startswith(_OF_A_RUN)}
    began = {name: value for name, value in first.items() if name.startswith(_OF_A_RUN)}
    return {name: value for name, value in {**began, **now}.items() if inherited(name)}


def inherited(name: str) -> bool:
    """Return whether a runner gets the variable `name` from who starts it."""
    return (name in _KEPT or name.startswith(_KEPT_PREFIXES)) and name not in _MARKS


def first_environment() -> dict[str, str]:
    """Return the variables that this process began with."""
    return _first_of(os.getpid()) or _AT_IMPORT


def needed(codes: Iterable[CodeType]) -> list[str]:
    """Return the names of the variables that a worker must get from this kernel.

    Parameters
    ----------
    codes : iterable of code
        Of the cell and of the helpers that it reaches: a variable of the kernel whose name
        stands in them as a text is taken as read.

    Returns
    -------
    list of str
        Those read; those set or changed since this process has begun (``%env``,
        ``os.environ[...] = ...``); and those that a kernel was given by who started it,
        which is how a kernelspec's ``env`` arrives. Not what :func:`carried` gives.
    """
    now, first = dict(os.environ), first_environment()
    parent = _first_of(os.getppid()) if _is_kernel() else None
    changed = {name for name, value in now.items() if first.get(name) != value}
    given = {
        name
        for name in first
        if parent is not None and parent.get(name) != first[name] and not inherited(name)
    }
    found = {name for name in (changed | given) & now.keys() if not _noise(name)} - _for_dask()
    found |= {name for name in _texts(codes) if name in now and not inherited(name)}
    return sorted(found - _NEVER - carried().keys())


def carried() -> dict[str, str]:
    """Return those variables of the fixed list that were set or changed in this kernel.

    A runner gets them from whoever starts it, with the value that they have there. They say
    where things are (``PATH``, ``CUDA_VISIBLE_DEVICES``), so they may stand in the recipe, and
    a Retry without the kernel has them; but for those whose name tells of a secret.
    """
    first, dask = first_environment(), _for_dask()
    return {
        name: value
        for name, value in os.environ.items()
        if inherited(name) and first.get(name) != value and not _SECRET.search(name)
        and name not in dask
    }  # fmt: skip


def of_stores(urls: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the variables by which the file systems of `urls` find their way here.

    Returns
    -------
    list of str
        Names of those that hold, or may hold, a secret.
    dict
        The others (``AWS_PROFILE``, ``AWS_ENDPOINT_URL``), with their values.
    """
    names = variables_of(urls, os.environ)
    secret = [name for name in names if _tells_secret(name)]
    return secret, {name: os.environ[name] for name in names if name not in secret}


def _tells_secret(name: str) -> bool:
    return bool(_SECRET.search(name) or _SECRET_VALUE.search(os.environ[name]))


def values_of(names: Iterable[str], args: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of a recipe's variables, if this process is a kernel.

    Parameters
    ----------
    names : iterable of str
    args : mapping
        Of the request; its ``origin`` tells who asks.

    Raises
    ------
    RunError
        If a variable is missing, or this is no kernel: server and command line have an
        environment too, but it need not be that in which the cell was written.
    """
    here = os.environ if args.get("origin") == "kernel" else {}
    missing = [name for name in names if name not in here]
    if missing:
        raise missing_error(missing)
    return {name: here[name] for name in names}


def missing_error(names: Iterable[str]) -> RunError:
    """What to say when nobody knows the values of `names`."""
    return RunError(
        f"the cell needs the environment variables {', '.join(names)}, whose values are "
        "known to its kernel alone and never stored: set them in the notebook and run its cell"
    )


def _is_kernel() -> bool:
    """Whether a Jupyter server, or another client, has started this process as a kernel: what
    a shell or ``make`` gives to what it starts is another matter."""
    return os.environ.get("JPY_PARENT_PID") == str(os.getppid())


def _for_dask() -> set[str]:
    """Variables that a cluster of Dask's, made in this process, has set here for its own
    workers: one thread for each library, say, which ours would then have too."""
    if "distributed.nanny" not in sys.modules:
        return set()
    configured = sys.modules["dask"].config.get("distributed.nanny.pre-spawn-environ", {})
    values = {"PYTHONHASHSEED": "6640", **configured}  # its nanny's own choice for the hash
    return {name for name, value in values.items() if os.environ.get(name) == str(value)}


def _noise(name: str) -> bool:
    return name in _NOISE or name.startswith(_NOISE_PREFIXES)


def _first_of(pid: int) -> dict[str, str] | None:
    """With what a process was started, or None if that cannot be seen."""
    import psutil  # not for workers

    try:
        return dict(psutil.Process(pid).environ())
    except (psutil.Error, OSError):
        return None


def _texts(codes: Iterable[CodeType]) -> Iterator[str]:
    for code in codes:
        for constant in code.co_consts:
            if isinstance(constant, str):
                yield constant
            elif isinstance(constant, CodeType):
                yield from _texts([constant])
            elif isinstance(constant, tuple | frozenset):
                yield from (item for item in constant if isinstance(item, str))
