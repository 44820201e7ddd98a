"""A lineage as text and as HTML: a tree of lines, everything in it escaped."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

from ..ledger.queries import datum_name, key_text
from ..remote import is_url
from ..states import DatumState
from ..words import size, span, text_of, when
from .model import File, Node, Origin, Some, T

#: Of more than are known, so many are shown.
_FIRST: Final = 8
#: Former names of a datum that are shown.
_NAMES: Final = 3
_OFF: Final = ("edited", "gone", "remade")
_NOW = {
    "same": "as recorded", "edited": "edited since", "gone": "gone", "remade": "made anew since",
    "uncompared": "touched or edited since: --hash compares", "": "",
}  # fmt: skip
#: What is said of a datum that is another one now than it was when it was read.
_THEN = {
    "remade": "made anew since",
    "failed": "failed since",
    "earlier": "made from an earlier version of it",
}


def now_said(now: str) -> str:
    """What is said of a file of which :attr:`File.now` is this."""
    return _NOW.get(now, "")


class Line(NamedTuple):
    """One line of the tree: how deep, what it is about, and what is said of it."""

    depth: int
    kind: str
    name: str
    said: str
    warns: bool = False


def lines(origin: Origin, start: str | None = None) -> Iterator[Line]:
    """Yield the lines of a lineage.

    Parameters
    ----------
    origin : Origin
    start : str, optional
        Folder below which paths are shown as relative ones.
    """
    if origin.note:
        yield Line(0, "file", text_of(os.fsencode(origin.asked)), origin.note, True)
    if origin.file is not None:
        yield _file(0, "file", origin.file, start)
    elif origin.made is None:
        yield Line(0, "file", text_of(os.fsencode(origin.asked)), "no transform made it")
    if origin.made is not None:
        asked = origin.file.path if origin.file else None
        yield from _node(1 if asked else 0, origin.made, "made by", start, asked)
    if origin.read.count:
        yield from _several(1, "read by", origin.read, start)


def _node(
    depth: int,
    node: Node,
    how: str,
    start: str | None,
    asked: bytes | None = None,
    *,
    gives: bool = True,
) -> Iterator[Line]:
    yield _line(depth, how, node)
    yield from _made_from(depth + 1, node, start)
    if gives:
        for file in node.outputs.first:
            if file.path != asked:
                yield _file(depth + 1, "gives", file, start, _former(node))
        yield from _more(depth + 1, "gives", node.outputs, "files", node)
    if node.down.count:
        yield from _several(depth + 1, "used by", node.down, start, node)


def _made_from(depth: int, node: Node, start: str | None) -> Iterator[Line]:
    """Raw files, then files that other datums made, with these; some of very many."""
    told = {file.path for upper in node.up.first for file in upper.outputs.first}
    inputs, above = _few(node.inputs), _few(node.up)
    for file in inputs.first:
        if file.path not in told:
            yield _file(depth, "from", file, start)
    if node.now == "unknown":
        return
    if inputs.rest == "unknown":
        yield Line(depth, "from", "files", "which these were then is not known any more", True)
    if not above.first:  # else the datums are counted, below
        yield from _more(depth, "from", inputs, "files", node)
    for upper in above.first:
        yield from _upper(depth, upper, node, start)
    yield from _more(depth, "from", above, "datums", node)


def _few(some: Some[T]) -> Some[T]:
    """The first ones alone, of so many that not all are known here anyway."""
    return replace(some, first=some.first[:_FIRST]) if some.more and not some.rest else some


def _more(depth: int, how: str, some: Some[Any], what: str, of: Node | None) -> Iterator[Line]:
    if some.rest == "cut":
        n = f"{some.count:,}{'+' if some.capped else ''} {what if some.count > 1 else what[:-1]}"
        further = f": ask for #{of.id}" if of is not None else ""
        yield Line(depth, how, n, f"not followed further{further}")
    elif some.more:
        yield Line(depth, how, some.more, f"of {some.count:,} {what}")


def _upper(depth: int, upper: Node, node: Node, start: str | None) -> Iterator[Line]:
    """A datum of another transform, behind those of its files that were read."""
    read = {file.path: file for file in node.inputs.first}
    made = [(read[file.path], file) for file in upper.outputs.first if file.path in read]
    for used, file in made:
        yield _file(depth, "from", replace(used, now=file.now), start, _before(used, file))
    if made:
        yield from _node(depth + 1, upper, "made by", start, gives=False)
    else:
        yield from _node(depth, upper, "from", start, gives=False)


def _former(node: Node) -> str:
    """Whether the outputs of a datum are those of an earlier attempt."""
    return "made before it failed" if node.state is DatumState.FAILED else ""


def _before(used: File, file: File) -> str:
    """Whether what was read of an output is something else than what was made."""
    # What is recorded of an object that was read is the store's mark, no digest.
    same = used.content == file.content or is_url(used.path)
    return "" if same else "edited before it was read"


def _several(
    depth: int, how: str, some: Some[Node], start: str | None, of: Node | None = None
) -> Iterator[Line]:
    for node in some.first:
        yield _line(depth, how, node)
        for file in node.outputs.first[:3]:
            yield _file(depth + 1, "gives", file, start, _former(node))
        if node.down.count:
            yield from _several(depth + 1, "used by", node.down, start, node)
    yield from _more(depth, how, some, "datums", of)


def _line(depth: int, how: str, node: Node) -> Line:
    name = datum_name(node.transform, key_text(node.key))
    return Line(depth, how, name, _said(node), _warns(node))


def _said(node: Node) -> str:
    if node.now == "unknown":
        return f"#{node.id}, made anew since: which version was read is not known any more"
    words = [
        f"#{node.id}",
        node.state.name.lower(),
        f"code {node.version}" + ("" if node.current else " (old)"),
        f"run {node.run[:8]}",
        f"attempt {node.attempt}" if node.attempt > 1 else "",
        f"{'restored ' if node.restored else ''}{when(node.began)}",
        span(node.seconds),
        f"formerly {', '.join(map(key_text, node.formerly[:_NAMES]))}" if node.formerly else "",
        "an input changed while it was processed" if node.dirty else "",
        "its input is gone" if node.gone else "",
        "its run has failures" if node.run_status == "failed" else "",
        _THEN.get(node.now, ""),
    ]
    return ", ".join(word for word in words if word)


def _warns(node: Node) -> bool:
    off = node.dirty or node.gone or bool(node.now)
    return node.state is not DatumState.SUCCESS or not node.current or off


def _file(depth: int, kind: str, file: File, start: str | None, more: str = "") -> Line:
    long = "" if file.size is None else size(file.size)
    said = ", ".join(word for word in (long, more, _NOW.get(file.now, "")) if word)
    return Line(depth, kind, _path(file, start), said, bool(more) or file.now in _OFF)


def _path(file: File, start: str | None) -> str:
    below = os.path.join(os.fsencode(start), b"") if start else b"\0"
    return text_of(file.path.removeprefix(below))


def as_text(origin: Origin, start: str | None = None) -> str:
    """Return a lineage as an indented text."""
    found = []
    for line in lines(origin, start):
        mark = " !" if line.warns else ""
        how = "" if line.depth == 0 and line.kind == "file" else f"{line.kind} "
        found.append(f"{'  ' * line.depth}{how}{line.name}  ({line.said}){mark}")
    return "\n".join(found)


def as_html(origin: Origin, start: str | None = None) -> str:
    """Return a lineage as static HTML: names are text, whatever is in them."""
    rows = []
    for line in lines(origin, start):
        how = "" if line.depth == 0 and line.kind == "file" else f"{line.kind} "
        mark = ";font-weight:600" if line.warns else ""
        rows.append(
            f'<div style="padding-left:{line.depth * 1.6:.1f}em">'
            f'<span style="opacity:.65">{html.escape(how)}</span>'
            f"<code>{html.escape(line.name)}</code> "
            f'<span style="opacity:.75{mark}">{html.escape(line.said)}</span></div>'
        )
    return f'<div style="line-height:1.6;overflow-x:auto">{"".join(rows)}</div>'
