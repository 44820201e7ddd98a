"""``split``: one file, many datums: the clips of a film, the pages of a scan, lines of a log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

from blake3 import blake3

from ..errors import InputError, UsageError
from ..hashing import encode_lazy, encode_value, hex_digest, type_name
from ..project import Project
from ..remote import is_url
from ..transform.callables import KeptCallable, keep_callable, load_callable
from .base import (
    Came,
    Errors,
    Going,
    Input,
    Lacking,
    Listed,
    Member,
    Piece,
    captured,
    check_keys,
    input_from_json,
)
from .parts import Parts, parts_at

_SHOWN: Final = 200


class SplitInput(Input):
    """The parts of each file of an input.

    Parameters
    ----------
    source : Input
        Gives one file a datum.
    by : callable or dict, optional
        Gives the parts of a file, by its path; or how it was kept.
    lines : int, optional
        So many lines are a part.
    name : str, optional
        Of the input that is split, too.
    project : Project, optional
        Where `by` was kept.
    """

    kind = "split"
    told_by_key = False
    foreign = True
    ordered = False
    valued = True
    named_by_key = True
    in_parts = True

    def __init__(
        self,
        source: Input,
        by: Callable[[Path], Iterable[Any]] | KeptCallable | None = None,
        lines: int | None = None,
        name: str | None = None,
        project: Project | None = None,
    ) -> None:
        if (by is None) == (lines is None):
            raise UsageError("split() takes by=, a function that gives a file's parts, or lines=N")
        if lines is not None and (type(lines) is not int or lines < 1):
            raise UsageError(f"lines= is a number of lines, not {lines!r}")
        if by is not None and not callable(by) and not isinstance(by, dict):
            raise UsageError(f"by= takes a function of a file's path, not {type_name(by)}")
        self.source = source.called(name) if name else source
        self.parts_by = by
        self.lines = lines
        self.given = self.source.given
        self._project = project
        more = {"part", "file"} if lines else {"part"}
        self.capture_names = self.source.capture_names | more

    @property
    def hints(self) -> tuple[str, ...]:
        return self.source.hints

    @property
    def lists(self) -> frozenset[str]:
        return self.source.lists

    def called(self, name: str) -> SplitInput:
        return SplitInput(self.source, self.parts_by, self.lines, name, self._project)

    @property
    def roots(self) -> dict[str, bytes]:
        return self.source.roots

    def may_list(self, folder: bytes) -> bool:
        return self.source.may_list(folder)

    def takes(self, path: bytes) -> bool:
        return self.source.takes(path)

    def captures(self, key: bytes) -> dict[str, str]:
        return captured(self, key)

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        found, end = self.source.read(parts, at)
        found = {**found, "part": parts[end].decode("utf-8", "surrogateescape")}
        if self.lines and self.source.leaves == (self.source,):
            found["file"] = os.fsdecode(parts[at])
        return found, end + 1

    def variables(self) -> tuple[str, ...]:
        return self.source.variables()

    def notes(self) -> tuple[str, ...]:
        return self.source.notes()

    def stored(self, project: Project) -> Input:
        by = self.parts_by
        kept = keep_callable(by, project) if callable(by) else by
        return SplitInput(self.source.stored(project), kept, self.lines, self.given, project)

    def to_json(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"split": self.source.to_json()}
        if self.given:
            spec["name"] = self.given
        if callable(self.parts_by):
            raise UsageError(f"the function of {self.describe()} was not stored")
        return {**spec, **({"lines": self.lines} if self.lines else {"by": self.parts_by})}

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> SplitInput:
        source = input_from_json(spec["split"], project)
        check_keys(spec, "split", "lines")
        return cls(source, spec.get("by"), spec.get("lines"), spec.get("name"), project)

    def describe(self) -> str:
        how = f"lines={self.lines}" if self.lines else f"by={self._label()}"
        return f"split({self.source.describe()}, {how})"

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        return self.source.nothing_found()

    # -- what it lists -------------------------------------------------------------------

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        return (s.piece.listed for s in self.going(exclude, errors) if isinstance(s, Came))

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        divide = self._lines_of if self.lines else self._function()
        cache = self._project.dir / "parts.sqlite" if self._project else None
        with parts_at(cache, self._how()) as parts:
            for step in self.source.going(exclude, errors):
                if isinstance(step, Came):
                    for listed in self._split(step.piece.listed, divide, parts, errors):
                        yield Came(Piece(listed, (Member(self, listed),)), awaited=False)
                elif isinstance(step, Lacking):
                    yield Lacking(None)  # nobody knows its parts

    def _split(
        self,
        listed: Listed,
        divide: Callable[[Path], Iterable[tuple[bytes, bytes]]],
        parts: Parts,
        errors: Errors,
    ) -> Iterator[Listed]:
        if len(listed.files) != 1:
            raise InputError(f"split() takes one file a datum: {self.source.describe()} gives none"
                             " or several")  # fmt: skip
        name, rel, stat = listed.files[0]
        if is_url(self.roots[name]):
            raise InputError(
                f"split() takes files of this machine, and {self.source.describe()} lies behind a "
                "URL; rows(URL) reads CSV, JSON lines and Parquet there"
            )
        path = os.path.join(self.roots[name], rel)
        try:
            content = parts.content(path, stat)
            found = parts.get(content)
            if found is None:
                found = [*divide(Path(os.fsdecode(path)))]
                parts.put(content, found)
        except OSError as exc:
            errors.append(f"{os.fsdecode(path)!r}: {exc.strerror or exc}")
            return
        for key, value in found:
            captures = {**listed.captures, "part": key.decode("utf-8", "surrogateescape")}
            if self.lines:
                captures["file"] = os.fsdecode(rel)
                lazy = {"split": self.name, "in": name, "file": rel.hex()}
                value = encode_lazy({**lazy, **_range(value)})
            files = () if self.lines else listed.files
            yield Listed(listed.key + b"\0" + key, files, value, captures)

    def _how(self) -> str:
        """Digest of how is split; of a function that lives here alone nothing is known."""
        by = self.parts_by
        code = f"lines {self.lines}" if self.lines else str(isinstance(by, dict) and by["code"])
        return hex_digest(code.encode())

    def _label(self) -> str:
        by = self.parts_by
        if isinstance(by, dict):
            return str(by["callable"])
        return str(getattr(by, "__qualname__", by))

    def _function(self) -> Callable[[Path], Iterable[tuple[bytes, bytes]]]:
        by = self.parts_by
        if isinstance(by, dict):
            if self._project is None:
                raise InputError("a function that splits belongs to a project")
            by = load_callable(by, self._project)
        function = cast(Callable[[Path], Iterable[Any]], by)
        return lambda path: self._parts_of(path, function)

    def _parts_of(
        self, path: Path, function: Callable[[Path], Iterable[Any]]
    ) -> Iterator[tuple[bytes, bytes]]:
        seen: set[bytes] = set()
        try:
            for number, part in enumerate(function(path)):
                key, value = b"%06d" % number, part
                if isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], str):
                    key = part[0].replace("\0", "\\0").encode("utf-8", "surrogateescape")
                    value = part[1]
                if key in seen:
                    raise InputError(f"{self._label()} gave the part {part[0]!r} of "
                                     f"{path.name!r} twice")  # fmt: skip
                seen.add(key)
                yield key, encode_value(value)
        except InputError:
            raise
        except Exception as exc:
            text = " ".join(str(exc).split())[:_SHOWN]
            raise InputError(
                f"{self._label()}, which splits files, raised {type(exc).__name__}: {text} "
                f"for {str(path)!r}"
            ) from exc

    def _lines_of(self, path: Path) -> Iterator[tuple[bytes, bytes]]:
        """Ranges of so many lines; a range is its offset, its length and a digest."""
        at = number = 0
        with path.open("rb") as file:
            while True:
                length, hasher = 0, blake3()
                for _ in range(self.lines or 1):
                    line = file.readline()
                    length += len(line)
                    hasher.update(line)
                if not length:
                    return
                text = f"{at} {length} {hasher.hexdigest(length=16)}"
                yield b"%06d" % number, text.encode()
                at, number = at + length, number + 1

    def load(self, spec: dict[str, Any]) -> str:
        """Return the lines that a datum is about.

        Raises
        ------
        InputError
            If they have changed since they were listed.
        """
        path = os.path.join(self.roots[spec["in"]], bytes.fromhex(spec["file"]))
        with open(path, "rb") as file:
            file.seek(int(spec["at"]))
            data = file.read(int(spec["length"]))
        if blake3(data).hexdigest(length=16) != spec["digest"]:
            raise InputError(
                f"{os.fsdecode(path)!r} has changed since it was listed: run again, and its new "
                "lines are taken"
            )
        return data.decode("utf-8", "surrogateescape")


def _range(text: bytes) -> dict[str, Any]:
    at, length, digest = text.decode().split()
    return {"at": int(at), "length": int(length), "digest": digest}


def split(
    source: Any,
    *,
    by: Callable[[Path], Iterable[Any]] | None = None,
    lines: int | None = None,
    name: str | None = None,
) -> SplitInput:
    """Make many datums of each file of an input.

    Parameters
    ----------
    source : Input or pattern
        Gives one file a datum: ``"films/*.mp4"``.
    by : callable, optional
        Gets a file's path and gives its parts: anything that can be pickled. A tuple whose
        first item is a text is ``(key, part)``; else a part's number is its key. In the cell
        ``datum.path`` is the file and ``datum.value`` the part.
    lines : int, optional
        So many lines are a datum: ``datum.value`` is their text, ``datum.key["file"]`` their
        file. There is no ``datum.path``: a datum is its lines alone, so a line appended to
        the file runs the last datum, and no other.
    name : str, optional
        Of the input.
    """
    from .make import as_input

    return SplitInput(as_input(source), by, lines, name)
