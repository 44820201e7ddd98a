"""``glob``: every file that a pattern matches is a datum."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import InputError, UsageError
from ..project import Project
from .base import Input, Listed
from .glob import compile_glob
from .walk import Walk

_MATCH = ("files", "dirs", "any")


class GlobInput(Input):
    """Files by a pattern.

    Parameters
    ----------
    pattern : str
        See :mod:`jupyter_datum.inputs.glob`.
    root : str
        Absolute folder at which a relative pattern starts.
    name : str
        Of the input, for ``datum.paths``.
    match : str
        ``"files"``; matched folders come with the input algebra.
    follow_symlinks : bool
        Whether links may lead out of the root.
    """

    kind = "glob"
    ordered = True

    def __init__(
        self,
        pattern: str,
        root: str,
        name: str = "in",
        match: str = "files",
        follow_symlinks: bool = False,
    ) -> None:
        if match not in _MATCH:
            raise UsageError(f"match is one of {', '.join(_MATCH)}, not {match!r}")
        self.pattern = pattern
        self.root = root
        self.name = name
        self.match = match
        self.follow_symlinks = follow_symlinks
        self._glob = compile_glob(pattern)
        self._start = os.fsencode(os.path.normpath(os.path.join(root, self._glob.fixed)))
        self.told_by_key = not self._glob.regex.groups  # other parentheses, other captures

    @property
    def roots(self) -> dict[str, bytes]:
        return {self.name: self._start}

    def list(self, exclude: frozenset[bytes], errors: list[str]) -> Iterator[Listed]:
        if not os.path.isdir(self._start):
            raise InputError(
                f"the folder {os.fsdecode(self._start)!r} of the pattern {self.pattern!r} "
                f"does not exist{self._near_folder()}"
            )
        walk = Walk(self._start, self._glob, self.match, exclude, self.follow_symlinks, errors)
        name = self.name
        new = tuple.__new__  # a million files pass here
        return (new(Listed, (rel, ((name, rel, stat),), None, got, ())) for rel, stat, got in walk)

    def captures(self, key: bytes) -> dict[str, str]:
        return self._glob.match(key) or {}

    def to_json(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"glob": self.pattern, "root": self.root}
        if self.name != "in":
            spec["name"] = self.name
        if self.match != "files":
            spec["match"] = self.match
        if self.follow_symlinks:
            spec["follow_symlinks"] = True
        return spec

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> GlobInput:
        return cls(
            str(spec["glob"]),
            str(spec["root"]),
            str(spec.get("name", "in")),
            str(spec.get("match", "files")),
            bool(spec.get("follow_symlinks", False)),
        )

    def describe(self) -> str:
        return self.pattern

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        folder = os.fsdecode(self._start)
        return self.pattern, folder, nearest(folder, os.path.basename(self.pattern))

    def _near_folder(self) -> str:
        parent, name = os.path.split(os.fsdecode(self._start))
        near = nearest(parent, name)
        return f". Nearest names there: {', '.join(near)}" if near else ""


def nearest(folder: str, name: str, *, looked_at: int = 20_000) -> tuple[str, ...]:
    """Return up to five names below `folder` that come near to `name`, best first."""
    names: set[str] = set()
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        names.update(islice(files, looked_at - len(names)))
        names.update(folders)
        if len(names) >= looked_at or path.count(os.sep) - folder.count(os.sep) > 6:
            break
    ending = os.path.splitext(name)[1].lower()
    close = difflib.get_close_matches(name.replace("*", ""), names, n=5, cutoff=0.5)
    alike = sorted(n for n in names if ending and n.lower().endswith(ending[:3]))
    found = dict.fromkeys([*close, *alike, *sorted(names)])
    return tuple(ascii(n)[1:-1] for n in islice(found, 5))
