"""The inputs as functions: what users write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..datum import Datum
from ..errors import OutputError, UsageError
from ..hashing import decode_value, type_name
from ..remote import is_url, url_of
from .base import Input, Listed
from .files import GlobInput
from .grid import GridInput, make_grid
from .group import GroupInput, WholeInput
from .items import Items
from .join import JoinInput
from .keyed import as_outer
from .keys import key_of
from .live import kind_of
from .named import is_transform
from .products import CrossInput, UnionInput
from .upstream import UpstreamInput
from .urls import UrlGlob, starting_pattern

#: ``on=`` and ``by=``: text with captures (``$1``, ``${site}``), or a function of the path.
KeyLike = str | Callable[[str], Any]


def glob(
    pattern: str,
    root: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    on: KeyLike | None = None,
    by: KeyLike | None = None,
    outer: bool = False,
    match: str = "files",
    follow_symlinks: bool = False,
    storage_options: Mapping[str, Any] | None = None,
) -> Input:
    """Every file that `pattern` matches is a datum.

    Parameters
    ----------
    pattern : str
        ``* ** ? [..] [!..] {a,b}`` and captures ``(..)``, ``(?P<name>..)``.
    root : path, optional
        Where a relative pattern starts; the notebook's folder by default.
    name : str, optional
        Of the input, for ``datum.paths``: ``"in"`` by default; inside other inputs the name
        of the folder where the pattern starts, or the ending of its files.
    on, by : str or callable, optional
        The key in a join, and in a group: text with captures (``"$1$2"``, ``"${site}"``), or
        a function of the path (from the folder where the pattern starts) as a str.
    outer : bool
        In a join: files without a partner are datums too.
    match : str
        ``"files"``; ``"dirs"``: a matched folder is one datum with all it holds; ``"any"``.
    follow_symlinks : bool
        Whether links are followed out of the root.
    storage_options : mapping, optional
        For a URL: what fsspec's file system takes (``endpoint_url``, ``anon``, ``profile``).
        No secrets: these come from the environment.

    Raises
    ------
    UsageError
        If the pattern or a key cannot be read.
    """
    if not isinstance(pattern, str | os.PathLike):
        raise UsageError(
            f"glob() takes a pattern, as in glob('images/*.jpg'), not {type_name(pattern)}. Files "
            "that are listed one by one: rows([{'file': path} for path in paths], path='file')"
        )
    folder = os.fspath(root) if root is not None else ""
    pattern = starting_pattern(os.fspath(pattern), folder)
    if is_url(pattern):
        _check_for_url(match, follow_symlinks)
        return UrlGlob(pattern, name, storage_options, on=on, by=by, outer=outer)
    return GlobInput(pattern, folder, name, match, follow_symlinks, on=on, by=by, outer=outer)


def _check_for_url(match: str, follow_symlinks: bool) -> None:
    if match != "files" or follow_symlinks:
        raise UsageError(
            "a URL has neither folders nor links: match= and follow_symlinks= are for files of "
            "this machine; group(..., by=...) makes one datum of several objects"
        )


def cross(*inputs: Any, name: str | None = None, **keys: Any) -> CrossInput:
    """Every datum of the first input with every datum of the others.

    Parameters
    ----------
    *inputs
        Inputs, patterns, or lists of items. One that has no datum leaves none at all.
    name : str, optional
    **keys
        ``on``, ``by``, ``outer``, if it stands in a join or group as one piece.
    """
    return CrossInput(_inputs(inputs), name=name, **keys)


def union(*inputs: Any, name: str | None = None, **keys: Any) -> UnionInput:
    """The datums of the first input, then those of the next, and so on.

    Parameters
    ----------
    *inputs
        Inputs, patterns, or lists of items.
    name : str, optional
    **keys
        ``on``, ``by``, ``outer``, if it stands in a join or group.
    """
    return UnionInput(_inputs(inputs), name=name, **keys)


def join(
    *inputs: Any,
    on: KeyLike | None = None,
    by: KeyLike | None = None,
    outer: bool = False,
    name: str | None = None,
) -> JoinInput:
    """All combinations of datums of the inputs that share a key; ``datum.key["on"]`` is it.

    Parameters
    ----------
    *inputs
        Inputs with ``on=``. Of those with ``outer=True`` the datums without a partner come
        too.
    on : str or callable, optional
        For inputs that have no ``on`` of their own.
    by : str or callable, optional
        Its own key in a group.
    outer : bool
        For all of the inputs.
    name : str, optional
    """
    given = list(_inputs(inputs))
    if outer:
        given = [as_outer(each) for each in given]
    return JoinInput(given, key=on, by=by, name=name)


def group(
    *inputs: Any,
    by: KeyLike | None = None,
    on: KeyLike | None = None,
    outer: bool = False,
    name: str | None = None,
) -> GroupInput:
    """One datum for each key, with all files that have it; ``datum.key["by"]`` is it.

    Parameters
    ----------
    *inputs
        Inputs with ``by=``; a join too: its files are grouped one by one.
    by : str or callable, optional
        For inputs that have no ``by`` of their own.
    on, outer : optional
        Its own key in a join.
    name : str, optional
    """
    return GroupInput(_inputs(inputs), key=by, on=on, outer=outer, name=name)


def whole(source: Any, *, name: str | None = None) -> WholeInput:
    """One datum with everything that `source` lists: to reduce."""
    return WholeInput(_inputs([source]), name=name)


def grid(*given: Any, **lists: Iterable[Any]) -> GridInput:
    """Every combination of the values is a datum: ``datum.value`` is a dict.

    Parameters
    ----------
    **lists
        For each parameter its values; any that pickle can write.
    """
    if given:
        raise UsageError(
            "grid() takes its lists by name, grid(C=[0.1, 1]); a list alone is items([...])"
        )
    return make_grid(lists)


def items(iterable: Iterable[Any], name: str | None = None) -> Items:
    """Every item of `iterable` is a datum, named by its content."""
    return Items(iterable, name=name)


def transform(
    name: str,
    *,
    label: str | None = None,
    on: KeyLike | None = None,
    by: KeyLike | None = None,
    outer: bool = False,
    on_error: str = "wait",
) -> UpstreamInput:
    """Every datum that the transform `name` has done well is a datum; what that transform's
    own pattern captured can be used in keys: ``group(transform("tiles"), by="$scene")``.

    Parameters
    ----------
    name : str
        Of the transform.
    label : str, optional
        Of the input, for ``datum.paths``; by default the transform's name.
    on, by, outer : optional
        Its key in a join, its key in a group, and whether a join keeps its datums that have
        no partner.
    on_error : {"wait", "skip"}
        What becomes of a group, a whole, or an unmatched datum of an outer join, where one of
        its datums has failed or is stale: it waits until that is mended, or is made without it.
    """
    made = UpstreamInput(name, label, on_error=on_error)
    made.on, made.by, made.outer = key_of(on), key_of(by), outer
    return made


def as_input(source: Any) -> Input:
    """Return what may stand for an input: a pattern, a list of items, a transform.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    if isinstance(source, Input):
        return source
    if isinstance(source, str | os.PathLike):
        text = os.fspath(source)
        return UpstreamInput(text) if is_transform(text) else glob(text)
    if isinstance(source, list | tuple | range | set | frozenset):
        return Items(source)
    if hasattr(source, "results") and hasattr(source, "failures"):  # what a cell's name holds
        return UpstreamInput(str(source.name))
    if kind_of(source):
        raise UsageError(
            f"{type_name(source)} inside another input is written rows(table, key='...')"
        )
    raise UsageError(
        f"{type_name(source)} is no input: write glob(...), items(...), grid(...) or another one"
    )


def _inputs(sources: Iterable[Any]) -> tuple[Input, ...]:
    return tuple(as_input(source) for source in sources)


def check_top(source: Input) -> None:
    """See that what has a meaning only inside another input does not stand alone.

    Raises
    ------
    UsageError
        If ``outer=``, ``on=`` or ``by=`` does.
    """
    given = {"outer=True": ("join", source.outer), "on=": ("join", source.on)}
    given["by="] = ("group", source.by)
    for word, (where, value) in given.items():
        if value:
            raise UsageError(
                f"{word} is for an input of {where}(...); {source.describe()} stands alone"
            )


def datums(source: Any) -> Iterator[Datum]:
    """List an input's datums, lazily, without running anything.

    Parameters
    ----------
    source
        An input, a pattern, a list, or the name of a transform.
    """
    from .lazy import loader_of

    found = as_input(source)
    check_top(found)
    load = loader_of(found)
    for index, listed in enumerate(found.list(frozenset(), [])):
        yield datum_of(found, listed, index, load=load)


class _Nowhere:
    """A datum that is looked at only."""

    def __init__(self, source: Input) -> None:
        self._roots = source.roots

    def path(self, name: str, rel: bytes) -> str:
        return os.fsdecode(os.path.join(self._roots[name], rel))

    def url(self, name: str, rel: bytes) -> str | None:
        root = self._roots[name]
        return url_of(os.fsdecode(root), os.fsdecode(rel)) if is_url(root) else None

    def out(self, *_: str) -> Any:
        raise OutputError("this datum is only looked at; a run gives it a folder for outputs")

    tmp = out_folder = out

    def log(self, text: str) -> None:
        print(text, end="")


def datum_of(source: Input, listed: Listed, index: int, attempt: int = 1, **more: Any) -> Datum:
    """Return a datum of `source` as a cell sees it.

    Parameters
    ----------
    source : Input
    listed : Listed
    index, attempt : int
    **more
        ``load`` (see :func:`~jupyter_datum.hashing.decode_value`), ``place``,
        ``contents`` and ``code`` of a :class:`~jupyter_datum.datum.Datum`; ``kind``, a class
        in its place.
    """
    kind: type[Datum] = more.pop("kind", Datum)
    place = more.pop("place", None) or _Nowhere(source)
    files = tuple((name, place.path(name, rel), rel) for name, rel, _ in listed.files)
    load = more.pop("load", None)
    value = None if listed.value is None else decode_value(listed.value, load)
    seen = None if source.told_by_key else listed.value
    return kind(
        source.given or "in", listed.key, files, value, listed.captures, index, attempt, place,
        form=source.form, seen=seen, **more,
    )  # fmt: skip
