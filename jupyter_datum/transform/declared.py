"""What a cell depends on and no walk over its code can see: files, and values without content.

``--depends`` counts files, folders and names of the kernel; ``--version model=v3`` gives a
value without stable content one; a file that the code names and nobody has declared is
listed as not tracked, unless it is named as :func:`untracked`, and so is an environment variable.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from ..errors import RunError, UsageError
from ..hashing import bytes_digest, file_digest, hex_digest
from .capture import Captured
from .cell import Cell
from .fingerprint import Fingerprint, digest_of, fingerprint_of, finish
from .imports import changed_imports
from .named import named_files, variables_read
from .recipe import Recipe

P = TypeVar("P", str, os.PathLike[str])

#: Files of a declared folder; more are data, and data is input.
_MOST: Final = 10_000
#: Folders that change by themselves.
_NOISE: Final = frozenset({".datum", ".git", "__pycache__", ".ipynb_checkpoints"})
#: What :func:`untracked` was called with in this process, a kernel.
_SAID: Final[set[str]] = set()


def untracked(path: P) -> P:
    """Return `path`, and say that a change of this file shall rerun nothing.

    A file that a cell names as text, and that is neither input nor declared by ``--depends``,
    is listed in the plan as not tracked; so named it is not.
    """
    if len(_SAID) < _MOST:
        _SAID.add(os.fspath(path))
    return path


def declare(
    found: Fingerprint,
    cell: Cell,
    captured: Captured,
    folder: Path,
    depends: tuple[str, ...],
    versions: tuple[str, ...],
) -> None:
    """Add what is declared to a fingerprint, and list what is named and not declared.

    Parameters
    ----------
    found : Fingerprint
        Changed in place.
    cell : Cell
    captured : Captured
    folder : Path
        Where relative paths start.
    depends, versions : tuple of str
        See :class:`~.options.Options`.

    Raises
    ------
    UsageError
        If something declared is neither a file nor a name of the kernel.
    """
    for word in depends:
        path = folder / word
        if path.exists():
            found.parts[_part(word)] = path_digest(path)
        elif word in captured.namespace:
            more = fingerprint_of(word, captured.namespace[word], captured)
            found.parts |= {f"depends {name}": digest for name, digest in more.parts.items()}
            found.untracked += more.untracked
        else:
            raise _neither(word, folder, captured.namespace)
    for name in variables_read(cell, found):
        found.untracked.append(f"{name} (an environment variable: --version {name}=...)")
    for word in versions:
        _give_version(found, captured, *word.split("=", 1))
    for text in sorted(named_files(cell, found, captured, folder, set(_SAID))):
        if not _declared(folder / text, folder, depends):
            found.untracked.append(f"{text} (a file that the code names: --depends {text})")
    finish(found)


def check_declared(recipe: Recipe) -> None:
    """Refuse to run a recorded recipe when a file that it depends on is not as it was.

    Raises
    ------
    RunError
        Its results would be recorded as made with the former file.
    """
    if changed := changed_declared(recipe):
        raise RunError(
            f"{', '.join(changed)}, on which {recipe.name} depends, changed since its cell was "
            "run: run the cell again"
        )


def changed_declared(recipe: Recipe) -> list[str]:
    """Return the declared files and folders, and the files that the cell imports as it runs,
    that are not as the recipe has them."""
    return [name for name, _, _ in _changed(recipe)]


def as_declared_now(recipe: Recipe) -> Recipe:
    """Return a recorded recipe as it would be recorded now, with what the files that it depends
    on hold by now: results made with other ones are stale."""
    changed = {part: now for _, part, now in _changed(recipe)}
    if not changed:
        return recipe
    parts = {**recipe.parts, **changed}
    return replace(recipe, parts=parts, fingerprint=digest_of(parts, recipe.python))


def _changed(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """What changed: its name, its part of the fingerprint, and what that is now."""
    yield from changed_imports(recipe.imports, recipe.parts)
    for word in recipe.options.get("depends", ()):
        recorded = recipe.parts.get(_part(word))
        if recorded is None:
            continue
        try:
            now = path_digest(Path(recipe.cwd) / word)
        except (OSError, UsageError):
            now = ""
        if now != recorded:
            yield word, _part(word), now


def path_digest(path: Path) -> str:
    """Return the digest of a file, or of a folder with all that it holds.

    Raises
    ------
    UsageError
        If the folder holds too much to be code.
    """
    if not path.is_dir():
        return file_digest(path).hex()[:32]
    rows = []
    for name in _files(path):
        rel = os.path.relpath(name, path)
        rows.append(os.fsencode(rel) + b"\0" + file_digest(name))
        if len(rows) > _MOST:
            raise UsageError(
                f"--depends {str(path)!r}: it holds more than {_MOST:,} files; declare those "
                "that count, or make them an input"
            )
    return bytes_digest(b"".join(rows)).hex()[:32]


def _files(folder: Path) -> Iterator[str]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _NOISE)
        for name in sorted(files):
            if os.path.isfile(path := os.path.join(where, name)):
                yield path


def _part(word: str) -> str:
    return f"file {word}"


def _give_version(found: Fingerprint, captured: Captured, name: str, version: str) -> None:
    labels = [label for label in found.untracked if label.partition(" (")[0] == name]
    if not labels and name not in captured.values:
        known = ", ".join(found.untracked) or "nothing"
        raise UsageError(
            f"--version {name}={version}: the cell reads no {name!r}. Not tracked: {known}"
        )
    found.untracked = [label for label in found.untracked if label not in labels]
    found.parts[name] = hex_digest(f"version {version}".encode())


def _neither(word: str, folder: Path, namespace: Mapping[str, Any]) -> UsageError:
    there = [*namespace, *(os.listdir(folder) if folder.is_dir() else ())]
    near = difflib.get_close_matches(word, [n for n in there if n[:1] != "_"], n=3)
    hint = f"; near to it: {', '.join(near)}" if near else ""
    return UsageError(f"--depends {word}: there is no such file, and no such name{hint}")


def _declared(path: Path, folder: Path, depends: tuple[str, ...]) -> bool:
    real = Path(os.path.realpath(path))
    declared = [Path(os.path.realpath(folder / word)) for word in depends]
    return any(real == one or one in real.parents for one in declared)
