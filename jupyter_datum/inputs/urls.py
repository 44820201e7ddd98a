"""``glob`` over a URL: every object that a pattern matches is a datum.

The listing is the store's own, page by page; it tells size and ETag of each object, so
nothing is downloaded to know whether it changed. Workers get a local copy of their datum's
files (:mod:`jupyter_datum.engines.cache`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..errors import InputError, UsageError
from ..project import Project
from ..remote import (
    KEPT,
    Store,
    check_options,
    in_memory,
    is_url,
    keep_files,
    kept_json,
    kept_options,
    parse_url,
)
from ..remote.store import entry_of, has_identity
from .base import Errors, Input, Listed, check_keys
from .combine import stored_key
from .glob import Glob, compile_glob, glob_hints
from .keys import check_templates, key_of
from .place import absolute

__all__ = ["UrlGlob", "starting_pattern"]

_MAGIC: Final = re.compile(r"[*?\[\]{}()]")
_NEAREST: Final = 5


class UrlGlob(Input):
    """Objects by a pattern.

    Parameters
    ----------
    pattern : str
        A URL with the wildcards of :mod:`jupyter_datum.inputs.glob` in its path.
    name : str, optional
        Of the input, for ``datum.paths``.
    options : mapping, optional
        For the file system (``endpoint_url``, ``anon``, ``profile``); no secrets.
    on, by, outer
        As of a :class:`~jupyter_datum.inputs.files.GlobInput`.

    Raises
    ------
    UsageError
        If the pattern cannot be read, or something in it is a secret.
    """

    kind = "glob"
    ordered = True
    foreign = True

    def __init__(
        self,
        pattern: str,
        name: str | None = None,
        options: Mapping[str, Any] | None = None,
        *,
        on: Any = None,
        by: Any = None,
        outer: bool = False,
    ) -> None:
        self._url = parse_url(pattern)
        if "*" in self._url.tail:
            raise UsageError(
                f"in {pattern!r} one archive has to stand behind '::'; wildcards before it are "
                "for what is in the archive"
            )
        self.pattern = pattern
        self.given, self.on, self.by, self.outer = name, key_of(on), key_of(by), outer
        self.options = check_options(options or {}, pattern)
        self._kept: str | None = None
        self._project: Project | None = None
        self._glob = _compiled(self._url.path, self._url.tail, pattern)
        self._root = f"{self._url.protocol}://{self._glob.fixed}{self._url.tail}"
        self.told_by_key = not self._glob.regex.groups
        self.capture_names = self._glob.names
        check_templates(self, f"the pattern {pattern!r}")

    @property
    def hints(self) -> tuple[str, ...]:
        return glob_hints(self._glob.fixed, self._url.path)

    @property
    def roots(self) -> dict[str, bytes]:
        return {self.name: os.fsencode(self._root)}

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        out = [os.fsdecode(folder).rstrip("/") + "/" for folder in exclude]
        try:
            yield from self._listed([url for url in out if is_url(url)])
        except OSError as exc:
            raise InputError(str(exc)) from exc

    def _listed(self, exclude: Sequence[str]) -> Iterator[Listed]:
        store = self._store()
        last = b""
        for rel, info in self._found(store):
            if rel <= last:
                raise InputError(
                    f"{self._root} lists its names out of order; it cannot be an input"
                )
            last = rel
            captures = self._glob.match(rel)
            if captures is None or _is_within(store.url(rel), exclude):
                continue
            entry = entry_of(rel, info) if has_identity(info) else store.info(rel)
            yield Listed(rel, ((self.name, rel, entry.stat),), None, captures)

    def _found(self, store: Store) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """What may match: one folder after the other where the pattern says how deep it
        reaches, else everything below."""
        begin = os.fsencode(_MAGIC.split(self._rest, maxsplit=1)[0])
        if self._glob.depth is None:
            for page in store.walk(begin):
                yield from page
        else:
            yield from self._folder(store, b"", begin, self._glob.depth)

    def _folder(
        self, store: Store, folder: bytes, begin: bytes, depth: int
    ) -> Iterator[tuple[bytes, dict[str, Any]]]:
        for page in store.folder(folder, begin):
            for rel, info in page:
                if not rel.endswith(b"/"):
                    yield rel, info
                elif depth > 1:
                    yield from self._folder(store, rel, b"", depth - 1)

    def _store(self) -> Store:
        spec = {"glob": self.pattern, "storage_options": self.options, KEPT: self._kept}
        return Store(self._root, kept_options(spec, self._project))

    @property
    def _rest(self) -> str:
        """The pattern under its fixed part."""
        path = self._url.path
        fixed = self._glob.fixed
        return path[len(fixed) :].lstrip("/")

    def captures(self, key: bytes) -> dict[str, str]:
        return self._glob.match(key) or {}

    def find(self, key: bytes) -> Listed | None:
        captures = self._glob.match(key)
        found = self._store().look(key) if captures is not None else None
        if captures is None or found is None:
            return None
        return Listed(key, ((self.name, key, found[0].stat),), None, captures)

    def stored(self, project: Project) -> UrlGlob:
        other = self.called(self.given or "")
        if in_memory(self.pattern) and self._kept is None:
            store = self._store()
            files = [(store, listed.key) for listed in self.list(frozenset(), [])]
            other._kept, other._project = keep_files(files, project, self.pattern), project
        other.on, other.by = stored_key(self.on, project), stored_key(self.by, project)
        return other

    def to_json(self) -> dict[str, Any]:
        kept = kept_json(self._kept, self.pattern)
        spec: dict[str, Any] = {"glob": self.pattern, **kept, **self.common_json()}
        return {**spec, "storage_options": self.options} if self.options else spec

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> UrlGlob:
        # The folder of the notebook is put into every glob's JSON; here it means nothing.
        check_keys(spec, "glob", "storage_options", "root", KEPT)
        options = spec.get("storage_options") or {}
        if not isinstance(options, Mapping):
            raise UsageError(f"storage_options is an object, not {options!r}")
        made = cls(str(spec["glob"]), options=options).take_common(spec, project)
        made._kept, made._project = spec.get(KEPT), project
        check_templates(made, f"the pattern {made.pattern!r}")
        return made

    def describe(self) -> str:
        return self.pattern

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        """What stands beside the pattern: the first names of its folder."""
        near: list[str] = []
        try:
            for page in self._store().folder(b""):
                near = [ascii(os.fsdecode(rel))[1:-1] for rel, _ in page[:_NEAREST]]
                break
        except (OSError, InputError):
            pass
        return self.pattern, self._root, tuple(near)


def _compiled(path: str, tail: str, pattern: str) -> Glob:
    if path.strip("/") and path.endswith("/"):
        raise UsageError(f"the pattern {pattern!r} names no object; write {pattern.rstrip('/')}/*")
    glob = compile_glob(path) if path.strip("/") else None
    if glob is None or (not glob.fixed and not tail):
        raise UsageError(
            f"the pattern {pattern!r} needs a bucket (or host) without wildcards and an object in "
            "it, as in s3://bucket/*.tif"
        )
    return glob


def _is_within(url: str, folders: Sequence[str]) -> bool:
    return any(url.startswith(folder) for folder in folders)


def starting_pattern(pattern: str, root: str) -> str:
    """Return `pattern` with a `root` that is a URL before it; what is on this machine
    (``file://``) as a path: such files are read where they are. An archive behind ``::`` may
    be a path, which starts where relative patterns do."""
    if is_url(root) and not is_url(pattern):
        pattern = f"{root.rstrip('/')}/{pattern}"
    head, colons, archive = pattern.rpartition("::")
    if colons and is_url(head) and archive and not is_url(archive):
        return f"{head}::file://{absolute(archive)}"
    local = pattern.startswith(("file:///", "local:///")) and not colons
    return pattern.partition("://")[2] if local else pattern
