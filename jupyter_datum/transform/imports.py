"""Modules of the project that a cell imports while it runs, or a helper that it calls.

It is their files that count: their syntax trees, without comments, layout, docstrings and
annotations, and those of what they import of the project in turn. They are found without
importing anything. Their content travels with the cell, so that workers that are started
after an edit import what the others have. A recorded recipe names the files, so that
nothing runs by its name once one of them has changed.
"""

from __future__ import annotations

import ast
import dis
import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from types import CodeType
from typing import Final

from ..hashing import hex_digest
from .capture import Captured, in_project
from .cell import Cell, compile_cell
from .codetext import tree_text
from .fingerprint import Fingerprint, finish
from .setup import setup_of

#: Functions that import what their first argument says.
_CALLED: Final = ("import_module", "__import__")


def declare_imports(found: Fingerprint, cell: Cell, captured: Captured, root: Path) -> None:
    """Add the modules that `cell` and what it reaches import to a fingerprint.

    Parameters
    ----------
    found : Fingerprint
        Changed in place.
    cell : Cell
    captured : Captured
    root : Path
        Of the project: modules that lie elsewhere count by name only.
    """
    found.imports = files_of(_wanted(found, cell, captured), root, found.outside)
    for name, path in found.imports.items():
        part = _part(name)
        found.parts[part], data = _read(Path(path))
        if found.parts[part]:
            found.texts[name] = data
        found.helpers[part] = data.decode("utf-8", "replace")
    if found.imports:
        finish(found)


def changed_imports(
    imports: Mapping[str, str], parts: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yield those of the recorded files whose code is not what it was: the file's name, its
    part, and what that is now."""
    for name, path in sorted(imports.items()):
        part, now = _part(name), _read(Path(path))[0]
        if now != parts.get(part):
            yield os.path.basename(path), part, now


def imports_digest(imports: Mapping[str, str]) -> bytes:
    """Return what tells workers apart that have imported other files."""
    return "\0".join(f"{name} {_bytes_digest(path)}" for name, path in imports.items()).encode()


def files_of(wanted: Iterable[str], root: Path, outside: set[str] | None = None) -> dict[str, str]:
    """Return the files of the project's modules among `wanted` (dotted names), and of what
    they import of it in turn, by name; `outside` takes the top names of all others."""
    importlib.invalidate_caches()
    inside = in_project(root)
    found: dict[str, str] = {}
    others = set() if outside is None else outside
    open_, seen = sorted(set(wanted)), set()
    while open_:
        name = open_.pop()
        if name in seen:
            continue
        seen.add(name)
        for module, path, is_package in _found(name):
            if not inside(path):
                others.add(module.partition(".")[0])
            elif module not in found and path.endswith(".py"):
                found[module] = path
                open_ += _imported(path, module if is_package else module.rpartition(".")[0])
    return dict(sorted(found.items()))


def _part(name: str) -> str:
    return f"module {name}"


def _read(path: Path) -> tuple[str, bytes]:
    """Digest of a file's code, and its content; no digest if it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError:
        return "", b""
    try:
        text = tree_text(ast.parse(data)).encode("utf-8", "backslashreplace")
    except (SyntaxError, ValueError, RecursionError):
        text = data  # importing it fails, and will until it is another one
    return hex_digest(text), data


def _bytes_digest(path: str) -> str:
    try:
        return hex_digest(Path(path).read_bytes())
    except OSError:
        return ""


# -- which names are imported --------------------------------------------------------------


def _wanted(found: Fingerprint, cell: Cell, captured: Captured) -> Iterator[str]:
    cells = [cell, setup] if (setup := setup_of(captured.values)) is not None else [cell]
    for one in cells:
        compiled = compile_cell(one)
        for code in (compiled.body, compiled.last):
            if code is not None:
                yield from _by_code(code, "")
    for function in found.functions:
        package = str(function.__globals__.get("__package__") or "")
        yield from _by_code(function.__code__, package)


def _by_code(code: CodeType, package: str) -> Iterator[str]:
    """Names that `code`, and what is defined in it, imports when it runs."""
    before: list[object] = [0, None]
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            level, names = before[-2:]
            yield from _candidates(
                str(step.argval),
                names if isinstance(names, tuple) else (),
                level if isinstance(level, int) else 0,
                package,
            )
        elif step.opname == "LOAD_CONST" and before[-1] in _CALLED:
            yield from _called(step.argval, package)
        if step.opname != "PUSH_NULL":
            before.append(step.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _by_code(constant, package)


def _imported(path: str, package: str) -> list[str]:
    """Names that the file imports, wherever in it."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            found += _candidates(node.module or "", names, node.level, package)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            found += _called(node.args[0].value, package) if name in _CALLED else ()
    return found


def _called(name: object, package: str) -> Iterator[str]:
    """What ``import_module`` is called with."""
    if isinstance(name, str):
        bare = name.lstrip(".")
        yield from _candidates(bare, (), len(name) - len(bare), package)


def _candidates(module: str, names: Iterable[object], level: int, package: str) -> Iterator[str]:
    """The module of an import, and what it may take of it as modules."""
    parts = package.split(".") if package else []
    start = parts[: len(parts) - level + 1] if level else []
    base = ".".join([*start, *filter(None, [module])])
    if base:
        yield base
        yield from (f"{base}.{name}" for name in names if name != "*")


# -- where they lie ------------------------------------------------------------------------


def _found(name: str) -> Iterator[tuple[str, str, bool]]:
    """Yield name, file, and whether it is a package, of a module and the packages it lies in.

    As an import would find them on ``sys.path``, without importing the packages.
    """
    search: list[str] | None = None
    parts = name.split(".")
    for i in range(len(parts)):
        module = ".".join(parts[: i + 1])
        try:
            spec = PathFinder.find_spec(module, search)
        except (ImportError, ValueError, OSError):
            return
        if spec is None:
            return
        inner = spec.submodule_search_locations
        if spec.origin is not None:
            yield module, os.path.abspath(spec.origin), inner is not None
        if inner is None:
            return
        search = list(inner)


__all__ = ["changed_imports", "declare_imports", "files_of", "imports_digest"]
