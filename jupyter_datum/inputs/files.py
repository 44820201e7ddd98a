"""``glob``: every file that a pattern matches is a datum."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import InputError, UsageError
from ..hashing import stat_of
from ..project import Project
from ..remote import is_url
from .base import Errors, Input, Listed, check_keys
from .combine import stored_key
from .glob import compile_glob, glob_hints
from .keys import check_templates, key_of
from .place import absolute
from .urls import UrlGlob, starting_pattern
from .walk import FOLDER, Walk

_MATCH = ("files", "dirs", "any")


class GlobInput(Input):
    """Files by a pattern.

    Parameters
    ----------
    pattern : str
        See :mod:`jupyter_datum.inputs.glob`.
    root : str
        Folder at which a relative pattern starts.
    name : str, optional
        Of the input, for ``datum.paths``; ``"in"``, or another one inside other inputs.
    match : str
        ``"files"``, ``"dirs"`` (a matched folder is one datum with all that it holds), or
        ``"any"``.
    follow_symlinks : bool
        Whether links may lead out of the root.
    on, by : str or callable, optional
        Makes the key in a join or group: text with captures, or a function of the path.
    outer : bool
        Whether a join keeps files that have no partner.
    """

    kind = "glob"
    ordered = True

    def __init__(
        self,
        pattern: str,
        root: str,
        name: str | None = None,
        match: str = "files",
        follow_symlinks: bool = False,
        *,
        on: Any = None,
        by: Any = None,
        outer: bool = False,
    ) -> None:
        if match not in _MATCH:
            raise UsageError(f"match is one of {', '.join(_MATCH)}, not {match!r}")
        self.pattern = pattern
        self.root = absolute(root)
        self.given, self.on, self.by, self.outer = name, key_of(on), key_of(by), outer
        self.match = match
        self.follow_symlinks = follow_symlinks
        self._glob = compile_glob(pattern)
        self._start = os.fsencode(os.path.normpath(os.path.join(self.root, self._glob.fixed)))
        self.told_by_key = not self._glob.regex.groups  # other parentheses, other captures
        self.capture_names = self._glob.names
        check_templates(self, f"the pattern {pattern!r}")

    @property
    def name(self) -> str:
        return self.given or "in"

    @property
    def movable(self) -> bool:
        return True

    @property
    def foreign(self) -> bool:  # type: ignore[override]
        return any(key is not None and key.foreign for key in (self.on, self.by))

    @property
    def hints(self) -> tuple[str, ...]:
        return glob_hints(self._glob.fixed, self.pattern)

    @property
    def roots(self) -> dict[str, bytes]:
        return {self.name: self._start}

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        if not os.path.isdir(self._start):
            raise InputError(
                f"the folder {os.fsdecode(self._start)!r} of the pattern {self.pattern!r} "
                f"does not exist{self._near_folder()}"
            )
        walk = Walk(self._start, self._glob, self.match, exclude, self.follow_symlinks, errors)
        name = self.name
        if self.match != "files":
            return self._with_folders(walk, name)
        new = tuple.__new__  # a million files pass here
        return (new(Listed, (rel, ((name, rel, stat),), None, got, ())) for rel, stat, got in walk)

    def _with_folders(self, walk: Walk, name: str) -> Iterator[Listed]:
        """A matched folder is told from a file by the slash at its end, in its entry."""
        for rel, stat, captures in walk:
            if not rel.endswith(b"/"):
                yield Listed(rel, ((name, rel, stat),), None, captures, ())
                continue
            held = [(name, below, each) for below, each in walk.below(rel)]
            yield Listed(rel, ((name, rel, stat), *held), None, captures, ())

    def may_list(self, folder: bytes) -> bool:
        start = self._start.rstrip(b"/") + b"/"
        folder = folder.rstrip(b"/") + b"/"
        if start.startswith(folder):
            return True
        names = folder[len(start) :].count(b"/")  # of those that only a wildcard can stand for
        depth = self._glob.depth
        return folder.startswith(start) and (depth is None or depth > names)

    def takes(self, path: bytes) -> bool:
        start = self._start.rstrip(b"/") + b"/"
        return path.startswith(start) and self._glob.match(path[len(start) :]) is not None

    def captures(self, key: bytes) -> dict[str, str]:
        return self._glob.match(key.rstrip(b"/")) or {}

    def find(self, key: bytes) -> Listed | None:
        path = os.path.join(self._start, key)
        captures = self._glob.match(key.rstrip(b"/"))
        if captures is None or not os.path.exists(path):
            return None
        if not key.endswith(b"/"):
            return Listed(key, ((self.name, key, stat_of(os.stat(path))),), None, captures)
        walk = Walk(self._start, self._glob, "dirs", frozenset(), self.follow_symlinks, [])
        held = [(self.name, below, stat) for below, stat in walk.below(key)]
        return Listed(key, ((self.name, key, FOLDER), *held), None, captures)

    def stored(self, project: Project) -> GlobInput:
        if not self.foreign:
            return self
        other = self.called(self.given or "")
        other.on, other.by = stored_key(self.on, project), stored_key(self.by, project)
        return other

    def to_json(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"glob": self.pattern, "root": self.root, **self.common_json()}
        if self.match != "files":
            spec["match"] = self.match
        if self.follow_symlinks:
            spec["follow_symlinks"] = True
        return spec

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> Input:
        pattern = starting_pattern(str(spec["glob"]), str(spec.get("root", "")))
        if is_url(pattern):
            return UrlGlob.from_json({**spec, "glob": pattern}, project)
        check_keys(spec, "glob", "root", "match", "follow_symlinks")
        made = cls(
            pattern,
            str(spec.get("root", "")),
            match=str(spec.get("match", "files")),
            follow_symlinks=bool(spec.get("follow_symlinks", False)),
        ).take_common(spec, project)
        check_templates(made, f"the pattern {made.pattern!r}")
        return made

    def describe(self) -> str:
        return self.pattern

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        folder = os.fsdecode(self._start)
        if "\\" in self.pattern:
            slashes = re.sub(r"\\+", "/", self.pattern)
            text = f"no file under {folder!r} matches {self.pattern!r}, so there is no datum to run"
            return f"{text}. Folders are written with '/': {slashes!r}", "", ()
        return self.pattern, folder, nearest(folder, os.path.basename(self.pattern))

    def _near_folder(self) -> str:
        if self.pattern.startswith("~"):
            return (
                f". '~' is a name like any other here; write {os.path.expanduser(self.pattern)!r}"
            )
        parent, name = os.path.split(os.fsdecode(self._start))
        try:
            with os.scandir(parent) as entries:
                there = sorted(e.name for e in islice(entries, 1_000) if e.is_dir())
        except OSError:  # it is not there either
            return ""
        shown = [each for each in there if not each.startswith(".")]
        near = difflib.get_close_matches(name, shown, n=5, cutoff=0.5) or shown[:5]
        return f". Folders there: {', '.join(ascii(each)[1:-1] for each in near)}" if near else ""


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
