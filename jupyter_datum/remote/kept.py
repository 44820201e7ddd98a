"""What lies in the memory of one process (``memory://``), kept where others can read it.

The files go into an archive among the project's payloads. Each is known by the digest of its
content, so who fills that memory anew with the same bytes changes nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from blake3 import blake3

from ..errors import InputError, UsageError
from ..hashing import bytes_digest
from ..project import Project
from ..words import size as size_text
from .copies import LIMIT, cache_limit
from .urls import protocols_of

if TYPE_CHECKING:
    import zipfile

    from .store import Store

#: Among the options of a :class:`Store`: the archive that holds its files.
KEPT: Final = "kept"


def in_memory(url: str) -> bool:
    """Return whether only this process can see what lies at a URL."""
    return "memory" in protocols_of(url)


def kept_json(kept: str | None, *places: str | None) -> dict[str, Any]:
    """Return what an input's JSON says of files that were kept, which are at some of `places`.

    Raises
    ------
    UsageError
        If they were not kept.
    """
    for place in places:
        if kept is None and place and in_memory(place):
            raise UsageError(f"{place} is in the memory of this kernel alone: it was not stored")
    return {} if kept is None else {KEPT: kept}


def kept_options(spec: Mapping[str, Any], project: Project | None) -> dict[str, Any]:
    """Return the options of an input's JSON for its :class:`Store`."""
    given, kept = spec.get("storage_options"), spec.get(KEPT)
    options = dict(given) if isinstance(given, dict) else {}
    is_input = "glob" in spec or "rows" in spec  # and no table that was kept
    if project is not None and is_input and isinstance(kept, str):
        options[KEPT] = str(project.payload(os.path.basename(kept)))
    return options


def options_by_input(spec: Any, project: Project) -> dict[str, dict[str, Any]]:
    """Return the options of each input of an input's JSON, by name."""
    found: dict[str, dict[str, Any]] = {}
    if isinstance(spec, list):
        for each in spec:
            found |= options_by_input(each, project)
    elif isinstance(spec, dict):
        if options := kept_options(spec, project):
            found[str(spec.get("name", "in"))] = options
        for each in spec.values():
            if isinstance(each, dict | list):
                found |= options_by_input(each, project)
    return found


def keep_files(files: Collection[tuple[Store, bytes]], project: Project, label: str) -> str:
    """Write files into an archive of the project; return its name there.

    Raises
    ------
    UsageError
        If they are more than is kept of files behind URLs, or cannot be written.
    InputError
        If one is not there.
    """
    from zipfile import ZipFile  # a worker that reads none need not pay for it

    names = {store.path(rel).lstrip("/"): (store, rel) for store, rel in files}
    digests, size, limit = {}, 0, cache_limit(project.dir)
    for name, (store, rel) in names.items():
        data = _read(store, rel)
        digests[name], size = bytes_digest(data), size + len(data)
        if size > limit:
            raise _too_large(label, limit)
    whole = blake3()
    for name, digest in sorted(digests.items()):
        whole.update(os.fsencode(name) + b"\0" + digest)
    path = project.payload(f"files-{whole.hexdigest(length=16)}.zip")
    with contextlib.suppress(FileNotFoundError):
        os.utime(path)  # what is old and in no use is swept
        return path.name
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with ZipFile(part, "w") as archive:
            for name, (store, rel) in names.items():
                _add(archive, name, _read(store, rel), digests[name], label)
        part.replace(path)
    except OSError as exc:
        raise UsageError(f"{label} cannot be kept for workers: {exc}") from exc
    finally:
        part.unlink(missing_ok=True)
    return path.name


def _read(store: Store, rel: bytes) -> bytes:
    try:  # nor is its size asked for: fsspec looks through all that it has for that
        return store.read(rel)
    except OSError as exc:
        raise InputError(str(exc)) from exc


def _too_large(label: str, limit: int) -> UsageError:
    return UsageError(
        f"{label} holds more than {size_text(limit)}, as much as is kept of files behind URLs; "
        f"workers can read it only from a copy in the project. Write it to a folder, or set {LIMIT}"
    )


def _add(archive: zipfile.ZipFile, name: str, data: bytes, digest: bytes, label: str) -> None:
    from zipfile import ZipInfo

    member = ZipInfo(name)
    if bytes_digest(data) != digest:
        raise UsageError(f"{label}: {name!a} changed while it was copied; run the cell again")
    member.comment = digest.hex().encode()
    try:
        archive.writestr(member, data)
    except UnicodeEncodeError:
        member.filename = ""
    if member.filename != name:  # an archive cuts names at a NUL
        raise UsageError(f"{label}: no copy can have the name {name!a}; give it another one")


def open_kept(path: str) -> Any:
    """Return fsspec's file system of an archive that :func:`keep_files` wrote.

    Raises
    ------
    InputError
        If it is gone, or is none.
    """
    from zipfile import BadZipFile

    from .archive import KeptFiles

    try:
        return KeptFiles(path)
    except (OSError, BadZipFile) as exc:
        raise InputError(
            f"what was kept of memory:// is gone or damaged ({exc}): run the cell again"
        ) from exc
