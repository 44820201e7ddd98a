"""What the project's modules held when they were imported: a file may have been edited since.

Python keeps no source of what it imports, so that it is read here when a module is first seen:
by the kernel half after each cell, by a fingerprint at the latest. A reload gives a module
another spec, which tells it from what was there before.
"""

from __future__ import annotations

import ast
import os
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from .capture import in_project
from .codetext import edited, tree_text

#: Name -> spec of a module, and the text of its file; no text of what is not the project's.
_SEEN: Final[dict[str, tuple[object, bytes | None]]] = {}


def note_loaded(root: Path) -> None:
    """Read the files of the project's modules that were imported since the last time."""
    fresh = [module for name, module in sys.modules.copy().items() if _is_fresh(name, module)]
    inside = in_project(root) if fresh else None
    for module in fresh:
        path = getattr(module, "__file__", None)
        ours = inside is not None and isinstance(path, str) and inside(path)
        _SEEN[module.__name__] = _spec(module), _text(module) if ours else None


def note_modules(modules: Iterable[types.ModuleType]) -> None:
    """The same, of modules that are known to be the project's."""
    for module in modules:
        if _is_fresh(module.__name__, module) or _SEEN[module.__name__][1] is None:
            _SEEN[module.__name__] = _spec(module), _text(module)


def changed_on_disk(module: types.ModuleType, now: bytes | None = None) -> bool:
    """Return whether the file of a module holds other code than when it was imported; a comment,
    a docstring or its layout is none. `now` is what it holds, if it was read already."""
    then = _SEEN.get(module.__name__, (None, None))[1]
    now = _text(module) if now is None else now
    return then is not None and now != then and _code(now) != _code(then)


def is_left_over(function: types.FunctionType, module: types.ModuleType) -> bool:
    """Return whether a function is of an import whose file held something else."""
    return function.__code__.co_filename == module.__file__ and was_edited(function)


def was_edited(function: types.FunctionType) -> bool:
    """Return whether the file that a function was made from has no such function any more."""
    return edited(function, function.__code__.co_filename)


def _is_fresh(name: str, module: Any) -> bool:
    if not isinstance(module, types.ModuleType) or module.__name__ != name or name == "__main__":
        return False
    return name not in _SEEN or _SEEN[name][0] is not _spec(module)


def _spec(module: types.ModuleType) -> object:
    return getattr(module, "__spec__", None)


def _text(module: types.ModuleType) -> bytes:
    path = str(module.__file__)
    try:
        if path.endswith(".py"):
            return Path(path).read_bytes()
        status = os.stat(path)  # compiled: its content may be large, and nobody can read it
        return b"%d %d" % (status.st_size, status.st_mtime_ns)
    except OSError:
        return b""


def _code(text: bytes) -> str | bytes:
    try:
        return tree_text(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return text
