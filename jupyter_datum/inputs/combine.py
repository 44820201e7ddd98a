"""Inputs made of inputs: what they have in common.

Names are told apart inside one of them: an unnamed glob is called as the folder that it
starts in (``images/**/*.jpg``: images), or, where these are the same, as the ending of its
files (jpg). What cannot be told apart so is an error that asks for names.
"""

from __future__ import annotations

import builtins
from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..errors import UsageError
from ..hashing import combine_values
from ..project import Project
from .base import (
    Came,
    Errors,
    Going,
    Input,
    Listed,
    Member,
    Piece,
    captured,
    check_keys,
    input_from_json,
)
from .keys import Key, Template, check_template, key_of

if TYPE_CHECKING:
    from .follow import Following


class Composite(Input):
    """An input made of others.

    Parameters
    ----------
    children : sequence of Input
    name : str, optional
    on, by : str or callable, optional
        Its own keys inside a join or group; without them its files are taken one by one.
    outer : bool
    """

    named_by_key = True
    #: Whether inputs in it must have names of their own.
    apart: ClassVar[bool] = True
    #: Places of the children that take what runs at work make, as they make it.
    _growing: Sequence[int] = ()

    def __init__(
        self,
        children: Sequence[Input],
        *,
        name: str | None = None,
        on: Any = None,
        by: Any = None,
        outer: bool = False,
    ) -> None:
        if not children:
            raise UsageError(f"{self.kind}() needs inputs: {self.kind}(glob(...), ...)")
        self.given, self.on, self.by, self.outer = name, key_of(on), key_of(by), outer
        self.children = self._prepared(named(children, self.kind, apart=self.apart))
        self.foreign = any(child.foreign for child in self.children) or any(
            key is not None and key.foreign for key in (self.on, self.by)
        )
        self.valued = any(child.valued for child in self.children)
        self.told_by_key = type(self).told_by_key and all(c.told_by_key for c in self.children)
        self._check_roots()
        seen = Counter(name for child in self.children for name in child.capture_names)
        self._shared = frozenset(name for name, n in seen.items() if n > 1 and self.apart)
        self.capture_names = self._captured()
        self._several = sum(child.valued for child in self.children) > 1
        self._check_keys()

    def _prepared(self, children: tuple[Input, ...]) -> tuple[Input, ...]:
        for child in children:
            if child.outer:
                raise UsageError(
                    f"outer=True is for an input of join(...); {child.describe()} is one of "
                    f"{self.kind}(...)"
                )
        return children

    def _captured(self) -> frozenset[str]:
        """Names of all captures."""
        return frozenset(
            self._capture(child, name) for child in self.children for name in child.capture_names
        )

    def _check_roots(self) -> None:
        """One name is one folder; and one input, where they are to be told apart."""
        roots: dict[str, bytes] = {}
        for child in self.children:
            for name, root in child.roots.items():
                if name in roots and (self.apart or roots[name] != root):
                    raise same_name(self.kind, name, self.leaves)
            roots.update(child.roots)

    def _check_keys(self) -> None:
        for word in ("on", "by"):
            key: Key | None = getattr(self, word)
            if isinstance(key, Template):
                check_template(key, self.capture_names, word, self.describe())

    # -- what it is ----------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.given or "+".join(child.name for child in self.children)

    @property
    def hints(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def roots(self) -> dict[str, bytes]:
        return {name: root for child in self.children for name, root in child.roots.items()}

    @property
    def lists(self) -> frozenset[str]:
        return frozenset(name for child in self.children for name in child.lists)

    @property
    def leaves(self) -> tuple[Input, ...]:
        return tuple(leaf for child in self.children for leaf in child.leaves)

    def stored(self, project: Project) -> Input:
        other = self.called(self.name) if self.given else self.called("")
        other.children = tuple(_stored(child, project) for child in self.children)
        for word in ("on", "by"):
            setattr(other, word, stored_key(getattr(self, word), project))
        return other

    def may_list(self, folder: bytes) -> bool:
        return any(child.may_list(folder) for child in self.children)

    def variables(self) -> tuple[str, ...]:
        return tuple(sorted({name for child in self.children for name in child.variables()}))

    def notes(self) -> tuple[str, ...]:
        return tuple(note for child in self.children for note in child.notes())

    def to_json(self) -> dict[str, Any]:
        return {self.kind: [c.to_json() for c in self.children], **self.common_json()}

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> Self:
        made = cls(cls._children_of(spec, project)).take_common(spec, project)
        made._check_keys()
        return made

    @classmethod
    def _children_of(cls, spec: dict[str, Any], project: Project | None) -> builtins.list[Input]:
        check_keys(spec, cls.kind)
        children = spec[cls.kind]
        if not isinstance(children, builtins.list):
            raise UsageError(f"{cls.kind!r} takes an array of inputs, not {children!r}")
        return [input_from_json(child, project) for child in children]

    def describe(self) -> str:
        return f"{self.kind}({', '.join(child.describe() for child in self.children)})"

    # -- what it lists -------------------------------------------------------------------

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        return (piece.listed for piece in self.pieces(exclude, errors))

    def pieces(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Piece]:
        return (step.piece for step in self.going(exclude, errors) if isinstance(step, Came))

    @abstractmethod
    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]: ...

    def captures(self, key: bytes) -> dict[str, str]:
        return captured(self, key)

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        found: dict[str, str] = {}
        for child in self.children:
            own, at = child.read(parts, at)
            self._capture_all(child, own, found)
        return found, at

    def awaits(self, runs: Collection[str]) -> bool:
        return any(child.awaits(runs) for child in self.children)

    def announces(self, runs: Collection[str]) -> bool:
        return False

    def go_along(self, runs: Mapping[str, Following], *, at_once: bool) -> builtins.list[Input]:
        growing = [i for i, child in enumerate(self.children) if child.awaits(runs)]
        self._growing = growing if at_once else ()
        found = [child.go_along(runs, at_once=at_once) for child in self.children]
        return builtins.list(chain.from_iterable(found))

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        return f"{self.describe()} gives no datum: there is nothing to run", "", ()

    def _capture(self, child: Input, name: str) -> str:
        return f"{child.name}.{name}" if name in self._shared else name

    def _captures(self, child: Input, captures: dict[str, str]) -> dict[str, str]:
        if self._shared.isdisjoint(captures):
            return captures
        return {self._capture(child, name): text for name, text in captures.items()}

    def _capture_all(self, child: Input, captures: dict[str, str], found: dict[str, str]) -> None:
        """Put a child's captures to the others. What keys may name goes before what the files of
        a group only happen to share."""
        if captures.keys() <= child.capture_names:
            found.update(self._captures(child, captures))
            return
        for name, text in captures.items():
            called = self._capture(child, name)
            if name in child.capture_names or called not in found:
                found[called] = text

    def _joined(self, pieces: Sequence[tuple[Input, Listed] | None]) -> Listed:
        """One datum of a datum (or none) of each child: keys in order, all files, values by
        name where several have one."""
        captures: dict[str, str] = {}
        values: dict[str, bytes] = {}
        keys: builtins.list[bytes] = []
        files: builtins.list[Any] = []
        upstream: builtins.list[int] = []
        for piece in pieces:
            if piece is None:
                keys.append(b"")
                continue
            child, listed = piece
            keys.append(child.part(listed))
            files += listed.files
            upstream += listed.upstream
            self._capture_all(child, listed.captures, captures)
            if listed.value is not None:
                values[child.name] = listed.value
        return Listed(
            b"\0".join(keys), tuple(files), self._value(values), captures, tuple(upstream)
        )

    def _value(self, values: dict[str, bytes]) -> bytes | None:
        if self._several:
            return combine_values(values)
        return next(iter(values.values()), None)


def named(children: Sequence[Input], kind: str, *, apart: bool) -> tuple[Input, ...]:
    """Return the inputs with names that are told apart, as far as they can be."""
    taken = Counter(child.given for child in children if child.given)
    free = [child for child in children if not child.given]
    most = max((len(child.hints) for child in free), default=1)
    names: builtins.list[str] = []
    for i in range(most):
        names = [child.hints[min(i, len(child.hints) - 1)] for child in free]
        if len({*names, *taken}) == len(names) + len(taken):
            break
    else:
        if not apart:
            names = [child.hints[0] for child in free]
    found = iter(names)
    result = tuple(child if child.given else child.called(next(found)) for child in children)
    double = [name for name, n in Counter(child.name for child in result).items() if n > 1]
    if double and apart:
        raise same_name(kind, double[0], result)
    return result


def same_name(kind: str, name: str, inputs: Sequence[Input]) -> UsageError:
    """Return the error for two inputs of one name."""
    alike = [child.describe() for child in inputs if child.name == name]
    kinds = {child.kind for child in inputs if child.name == name}
    if kinds == {"grid"}:
        advice = "One grid has all their lists: grid(a=[...], b=[...])"
    else:
        first = min(kinds, default="glob")
        word = "label" if first == "transform" else "name"
        advice = f"Give each a name of its own: {first}(..., {word}='...')"
    return UsageError(
        f"{len(alike) if len(alike) > 1 else 'several'} inputs of the {kind} are called {name!r}"
        f"{': ' + ', '.join(alike[:3]) if alike else ''}. {advice}"
    )


def _stored(child: Input, project: Project) -> Input:
    """With the functions of its keys, whatever kind of input it is."""
    other = child.stored(project)
    if not any(key is not None and key.foreign for key in (child.on, child.by)):
        return other
    if other is child:
        other = child.called(child.given or "")
    other.on, other.by = stored_key(child.on, project), stored_key(child.by, project)
    return other


def stored_key(key: Any, project: Project) -> Any:
    """Return a key with its function, if it is one, kept in the project."""
    return key.stored(project) if key is not None and key.foreign else key


__all__ = ["Composite", "Member", "named", "same_name", "stored_key"]
