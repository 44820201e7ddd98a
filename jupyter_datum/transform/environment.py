"""The environment of a transform: Python, and the installed packages that its code uses.

They are recorded with each run under the names that pip knows, and no part of the
fingerprint: an upgrade reruns nothing by itself. A plan tells by them which results are of
other versions; ``--strict-env`` has those made again.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from .recipe import Recipe

#: Names that a cell sees and that no package has brought.
_OURS: Final = frozenset({"", "__main__", "builtins", "jupyter_datum"})
#: Names of folders into which packages are installed.
_INSTALLED: Final = ("site-packages", "dist-packages")
#: The first name of a path in a list of files: a folder's, or a module's.
_TOP: Final = re.compile(r"^([^/.,]+)[/.]", re.MULTILINE)


class Environment(NamedTuple):
    """Python's version, and each package with its own, by name."""

    python: str
    packages: dict[str, str]


def packages_of(modules: Iterable[str]) -> dict[str, str]:
    """Return the packages that have brought `modules` (top names), with their versions.

    A module without a package, on ``PYTHONPATH`` say, tells its version itself, or has none.
    """
    found: dict[str, str] = {}
    stamp = installed_stamp(sys.path)
    for module in sorted(set(modules) - _OURS - sys.stdlib_module_names):
        providers = _named(module) or _providers(module, stamp)
        for distribution in providers:
            found[distribution.metadata["Name"]] = distribution.version
        own = getattr(sys.modules.get(module), "__version__", None)
        if not providers and isinstance(own, str):
            found[module] = own
    return found


def environment_now(recipe: Recipe) -> Environment:
    """Return the environment in which a recorded recipe would run now: in the versions that
    lie on its ``sys.path``, which may be others than when its cell was run."""
    here = recipe.interpreter == sys.executable
    packages = {}
    for name, recorded in recipe.packages.items():
        now = _named(name, recipe.sys_path)
        packages[name] = now[0].version if now else recorded
    return Environment(platform.python_version() if here else recipe.python, packages)


def installed_stamp(path: Sequence[str]) -> str:
    """Return what is another one after packages were installed or removed: processes that
    have imported them before are worn."""
    found = []
    for folder in path:
        if os.path.basename(folder) in _INSTALLED:
            try:
                found.append(f"{folder} {os.stat(folder).st_mtime_ns}")
            except OSError:
                continue
    return "\n".join(found)


def differences(before: Environment, now: Environment) -> list[str]:
    """Return what has another version now, as ``numpy 2.0.1 -> 2.1.0``; what only one of them
    names is no difference: code that uses something else is other code."""
    pairs = [("Python", before.python, now.python)]
    pairs += [(name, before.packages.get(name, v), v) for name, v in now.packages.items()]
    return [f"{name} {old} -> {new}" for name, old, new in pairs if old != new]


# -- whose a module is ---------------------------------------------------------------------


def _named(name: str, path: Sequence[str] | None = None) -> list[importlib.metadata.Distribution]:
    """The package of this name, as far as there is one that tells its version."""
    where = list(sys.path if path is None else path)
    found = importlib.metadata.Distribution.discover(name=name, path=where)
    return [one for one in found if one.metadata["Name"] and one.metadata["Version"]][:1]


def _providers(module: str, stamp: str) -> list[importlib.metadata.Distribution]:
    """The packages that have a module under a name that is not their own: PIL is of pillow."""
    return [one for one, holds in _contents(stamp) if module in holds]


@functools.lru_cache(maxsize=1)
def _contents(stamp: str) -> list[tuple[importlib.metadata.Distribution, frozenset[str]]]:
    """Each package with the top names that it brings, until `stamp` says that they are others.

    By their lists of files, as text: to read these as tables takes seconds.
    """
    return [
        (one, frozenset(_TOP.findall(one.read_text("RECORD") or "")))
        for one in importlib.metadata.distributions()
        if one.metadata["Name"] and one.metadata["Version"]
    ]


__all__ = [
    "Environment",
    "differences",
    "environment_now",
    "installed_stamp",
    "packages_of",
]
