"""What an input is: something that lists datums, lazily and in order."""

from __future__ import annotations

import builtins
import copy
import difflib
import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self

from ..datum import Form
from ..errors import InputError, UsageError
from ..events import Stat
from ..project import Project
from .keys import Key, MissingCapture, key_from_json, key_to_json, shown_capture

if TYPE_CHECKING:
    from .follow import Following

#: Keys that every input may have in JSON.
COMMON: Final = ("name", "on", "by", "outer")
#: Sentences of what could not be listed (inputs have a method called ``list``).
Errors = list[str]


class Listed(NamedTuple):
    """A datum as its input lists it.

    ``key`` says which one it is within the input; ``files`` holds ``(input name, path under
    the input's root, stat)``; ``value`` is an encoded value or None; ``captures`` are the
    strings that a pattern captured, and the keys of a join or group; ``upstream`` are the
    row ids of the datums (of other transforms) that it comes from.
    """

    key: bytes
    files: tuple[tuple[str, bytes, Stat], ...]
    value: bytes | None
    captures: dict[str, str]
    upstream: tuple[int, ...] = ()


class Member(NamedTuple):
    """A datum with the leaf that listed it: what joins and groups are made of."""

    leaf: Input
    listed: Listed


class Piece(NamedTuple):
    """A datum of an input inside another, and the datums of leaves that it is made of."""

    listed: Listed
    members: tuple[Member, ...]


class Came(NamedTuple):
    """A datum of an input that goes along with runs at work; whether a :class:`Due` spoke of
    it before."""

    piece: Piece
    awaited: bool


class Due(NamedTuple):
    """What is still to come, told by keys and captures alone: no files, no values. To be read
    before anything else is asked for. ``last``: nothing will come that was not spoken of."""

    pieces: Iterator[Piece]
    last: bool


class Lacking(NamedTuple):
    """What would be there had nothing failed upstream, told as in :class:`Due`; None if nobody
    can say which datums these are. What takes several datums waits where one of its own lacks."""

    pieces: Iterator[Piece] | None


#: What comes of an input that goes along: a datum; what is to come; what lacks; nothing for the
#: moment.
Going = Came | Due | Lacking | None


class Input(ABC):
    """An input. It can be written as JSON, so that a runner lists it and nobody else."""

    #: Its word in JSON, ``{"glob": ...}``.
    kind: ClassVar[str]
    #: Whether keys come sorted by their bytes.
    ordered: bool
    #: Whether the key covers all that the cell sees beside the files: value and captures.
    #: Where it does not, a digest of both is recorded with each success and compared.
    told_by_key: bool = True
    #: Whether listing it runs user code or a large library: then a runner has a process of its
    #: own list it (:mod:`jupyter_datum.runner.lister`), so that it takes no harm.
    foreign: bool = False
    #: Whether its datums bring values.
    valued: bool = False
    #: Whether outputs are named by the key (else by the file, where there is one).
    named_by_key: bool = False
    #: Whether its datums are parts of files: their files' sizes are not theirs.
    in_parts: bool = False
    #: What its pattern captures; joins and groups make their keys of it.
    capture_names: frozenset[str] = frozenset()
    #: In a datum's ``paths``; None if the user gave none.
    given: str | None = None
    #: Makes the key in a join; makes the key in a group; unmatched ones are kept in a join.
    on: Key | None = None
    by: Key | None = None
    outer: bool = False

    @property
    def name(self) -> str:
        """Its name in ``datum.paths``, in values and in captures of inputs made of it."""
        return self.given or "in"

    @property
    def movable(self) -> bool:
        """Whether a datum whose file gets another name is the same one under another key: all
        else that the cell sees of it is in the rest of its key, or captured from the name."""
        return self.told_by_key

    @property
    def hints(self) -> tuple[str, ...]:
        """Names that it might be given inside another input, best first."""
        return (self.given or self.kind,)

    @property
    @abstractmethod
    def roots(self) -> dict[str, bytes]:
        """Absolute folder of each input name."""

    @property
    def lists(self) -> frozenset[str]:
        """Names of inputs that give a datum a list of files, be it of one."""
        return frozenset()

    @property
    def form(self) -> Form:
        """How a cell sees its datums."""
        return Form(self.lists, self.named_by_key)

    @property
    def leaves(self) -> tuple[Input, ...]:
        """The inputs that it is made of which are made of no others."""
        return (self,)

    def ranges(self) -> builtins.list[bytes] | None:
        """Return what keys begin with, one after the other in the order in which the datums are
        listed, where those of each come sorted by their bytes; None if they do not."""
        return [b""] if self.ordered else None

    @abstractmethod
    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        """Yield the datums, lazily.

        Parameters
        ----------
        exclude : frozenset of bytes
            Absolute folders that are not entered.
        errors : list of str
            What could not be listed is appended here, and the listing goes on: it is then
            incomplete, and nothing may be concluded from what it lacks.
        """

    def stored(self, project: Project) -> Input:
        """Return the input as it can be written: what only this process holds (a table, a
        callable, an iterable) goes to the project's payloads. An input made of others keeps
        these.

        Raises
        ------
        DatumError
            If something in it cannot be written.
        """
        return self

    def variables(self) -> tuple[str, ...]:
        """Return the environment variables whose values it needs to be listed."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """Return sentences that a plan should say of it; complete when it has been listed."""
        return ()

    def pieces(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Piece]:
        """Yield the datums as an input that is made of this one takes them."""
        for listed in self.list(exclude, errors):
            yield Piece(listed, (Member(self, listed),))

    def awaits(self, runs: Collection[str]) -> bool:
        """Return whether it takes what one of these transforms, which run, makes."""
        return False

    def announces(self, runs: Collection[str]) -> bool:
        """Return whether it can say what is to come of these transforms before that is made,
        and its datums can be put in order once they are there."""
        return self.ordered

    def go_along(self, runs: Mapping[str, Following], *, at_once: bool) -> builtins.list[Input]:
        """List what these runs make too. Return the leaves that need not be made whole: each
        datum of theirs is taken as it comes.

        Parameters
        ----------
        runs : mapping
            Transform -> its run.
        at_once : bool
            As they make it; else in order, once they have ended.
        """
        return []

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        """Yield the datums as :meth:`pieces` does, and between them what else is known of runs
        that it goes along with. It yields None instead of waiting for long."""
        for piece in self.pieces(exclude, errors):
            yield Came(piece, awaited=False)

    def part(self, listed: Listed) -> bytes:
        """Return the datum's part in the key of a datum made of several: no bytes of a
        digest, which may hold the NUL that stands between parts."""
        return listed.key

    def key_of(self, word: str, listed: Listed) -> str:
        """Return the key that ``on`` or ``by`` (the `word`) makes for a datum.

        Raises
        ------
        InputError
            If a key function of the user's fails, or a capture took no part in the match.
        """
        key: Key = getattr(self, word)
        try:
            return key.of(listed)
        except MissingCapture as exc:
            raise InputError(_not_captured(self, word, listed, str(exc))) from None

    def captures(self, key: bytes) -> dict[str, str]:
        """Return what is captured from the key of a datum."""
        return {}

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        """Return what is captured from a key within a key, and where in it the next one begins.

        Parameters
        ----------
        parts : sequence of bytes
            The whole key, taken apart at each NUL.
        at : int
            Where the one of a datum of this input begins.

        Raises
        ------
        LookupError, ValueError
            If it is no key of this input.
        """
        return self.captures(parts[at]), at + 1

    def may_list(self, folder: bytes) -> bool:
        """Return whether it may list files in `folder` (absolute): in doubt it may."""
        return any(_in(root, folder) or _in(folder, root) for root in self.roots.values())

    def takes(self, path: bytes) -> bool:
        """Return whether it lists the file at `path` (absolute), if that is there."""
        return False

    def find(self, key: bytes) -> Listed | None:
        """Return the datum with this key as it is now, or None."""
        return next((x for x in self.list(frozenset(), []) if x.key == key), None)

    def labels(self, keys: set[bytes]) -> dict[bytes, str]:
        """Return what people call the datums with these keys, where the key does not say."""
        return {}

    def called(self, name: str) -> Self:
        """Return it under another name."""
        other = copy.copy(self)
        other.given = name
        return other

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON; :func:`input_from_json` is the inverse."""

    def common_json(self) -> dict[str, Any]:
        """Return the part of :meth:`to_json` that all inputs have."""
        spec: dict[str, Any] = {"name": self.given} if self.given else {}
        for word in ("on", "by"):
            key = getattr(self, word)
            if key is not None:
                spec[word] = key_to_json(key)
        return {**spec, "outer": True} if self.outer else spec

    def take_common(self, spec: dict[str, Any], project: Project | None) -> Self:
        """Take what :meth:`common_json` gave."""
        self.given = str(spec["name"]) if spec.get("name") else None
        self.on = key_from_json(spec.get("on"), project)
        self.by = key_from_json(spec.get("by"), project)
        self.outer = bool(spec.get("outer", False))
        return self

    @classmethod
    @abstractmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> Input:
        """Inverse of :meth:`to_json`."""

    @abstractmethod
    def describe(self) -> str:
        """Return it as a person would write it."""

    def __repr__(self) -> str:
        return self.describe()

    @abstractmethod
    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        """Return pattern, place and nearest names, for when it lists no datum; or a whole
        sentence and no place."""


def captured(source: Input, key: bytes) -> dict[str, str]:
    """Return what an input whose keys have several parts captures from one of them."""
    parts = key.split(b"\0")
    try:
        found, end = source.read(parts, 0)
    except (LookupError, ValueError):  # another input had made it
        return {}
    return found if end == len(parts) else {}


def _not_captured(source: Input, word: str, listed: Listed, name: str) -> str:
    """The sentence for a datum without the capture that its key is made of."""
    rel = os.fsdecode(listed.files[0][1] if listed.files else listed.key)
    text = getattr(source, word).describe()
    why = "in an alternative that it did not take"
    if source.leaves == (source,):
        why += (
            ". Put them round all alternatives, '({a,b}).jpg', or give each alternative one of the "
            "same name, '{(?P<id>*)-a,b-(?P<id>*)}.jpg'"
        )
    else:
        why += ", or in an input of which this datum has nothing"
    return (
        f"{word}={text} of {source.describe()}: the path {rel!a} has no capture "
        f"{shown_capture(name)}; its parentheses stand {why}"
    )


def _in(path: bytes, folder: bytes) -> bool:
    """Whether `path` is `folder`, or lies in it."""
    return (path.rstrip(b"/") + b"/").startswith(folder.rstrip(b"/") + b"/")


def check_keys(spec: dict[str, Any], *known: str) -> None:
    """See that a JSON form holds no key that nobody reads.

    Raises
    ------
    UsageError
        With the nearest key there is.
    """
    for key in spec:
        if key not in known and key not in COMMON:
            every = [*known, *COMMON]
            near = difflib.get_close_matches(str(key), every, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"the input {known[0]!r} has no key {key!r}{hint} There are: {', '.join(every)}"
            )


def input_from_json(spec: dict[str, Any], project: Project | None) -> Input:
    """Return the input that `spec` describes.

    Raises
    ------
    UsageError
        If it is none that we know.
    """
    from . import KINDS

    if not isinstance(spec, dict):
        raise UsageError(f"an input is written as a JSON object, not as {spec!r}")
    known = [kind for kind in KINDS if kind in spec]
    if len(known) != 1:
        near = [m for key in spec for m in difflib.get_close_matches(str(key), KINDS, n=1)]
        hint = f"; did you mean {near[0]!r}?" if near and not known else ""
        raise UsageError(
            f"an input has one of the keys {', '.join(KINDS)}, not {sorted(map(str, spec))}{hint}"
        )
    return KINDS[known[0]].from_json(spec, project)
