"""What a cell takes along from the kernel: the values of the names that it reads."""

from __future__ import annotations

import builtins
import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from .cell import Cell
from .names import bound_names, read_names

#: Names that the worker binds.
GIVEN: Final = frozenset({"datum"})
#: With ``--batch``.
GIVEN_BATCH: Final = frozenset({"datums"})


@dataclass(frozen=True)
class Captured:
    """What travels with a cell.

    Parameters
    ----------
    values : dict
        Name -> object of the kernel.
    bound : frozenset of str
        Names that the cell binds; removed or put back after each datum.
    modules : tuple of module
        The project's own modules that are loaded: they travel by value.
    namespace : mapping
        The kernel's namespace itself.
    """

    values: dict[str, Any]
    bound: frozenset[str]
    modules: tuple[ModuleType, ...] = ()
    namespace: Mapping[str, Any] = field(default_factory=dict, repr=False)


def capture(
    cell: Cell,
    namespace: Mapping[str, Any],
    project_root: Path,
    given: frozenset[str] = GIVEN,
) -> Captured:
    """Return what `cell` can read of `namespace` before it binds it.

    A name that is not there is left out: that it is missing is for Python to say, if the
    cell ever gets there.
    """
    tree = cell.tree()
    read = read_names(tree)
    wanted = {name for name in read if not hasattr(builtins, name) or _is_own(name, namespace)}
    wanted -= given
    values = {name: namespace[name] for name in sorted(wanted) if name in namespace}
    return Captured(values, frozenset(bound_names(tree)), project_modules(project_root), namespace)


def _is_own(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a name of Python's stands for something of the user's: ``dir = "data"``."""
    if name not in namespace or (name.startswith("__") and name.endswith("__")):
        return False
    value = namespace[name]
    if str(getattr(type(value), "__module__", "")).startswith("IPython."):
        return False  # its exit and quit
    return getattr(value, "__wrapped__", value) is not getattr(builtins, name)


def project_modules(root: Path) -> tuple[ModuleType, ...]:
    """Return the loaded modules whose file lies in the project (and not in an installed
    environment inside it), by name."""
    inside = in_project(root)
    found = []
    for name, module in sorted(sys.modules.copy().items()):
        path = getattr(module, "__file__", None)
        if name == "__main__" or not isinstance(path, str) or not isinstance(module, ModuleType):
            continue
        if inside(path):
            found.append(module)
    return tuple(found)


def in_project(root: Path) -> Callable[[str], bool]:
    """Return what tells whether a file is of the project's own, and not of an installed
    environment inside it."""
    start = os.path.join(os.path.realpath(root), "")
    outside = _installed()
    real_folder = cache(os.path.realpath)  # thousands of modules lie in a few hundred folders

    def inside(path: str) -> bool:
        folder, name = os.path.split(path)
        is_link = os.path.islink(path)
        real = os.path.realpath(path) if is_link else os.path.join(real_folder(folder), name)
        return real.startswith(start) and not real.startswith(outside)

    return inside


def _installed() -> tuple[str, ...]:
    """Folders of installed code, this package among it, with a slash behind."""
    paths: list[str | Path] = [*sysconfig.get_paths().values(), Path(__file__).parents[1]]
    return tuple(os.path.join(os.path.realpath(str(path)), "") for path in paths)
