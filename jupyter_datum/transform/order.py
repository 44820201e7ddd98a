"""In which order a notebook's cells are executed where its transforms run side by side.

A transform is asked for as soon as those that it needs have been; whoever takes what it makes
need not wait for its end. A cell between transforms may read what they have made: it waits
for them, unless it only defines things.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..errors import UsageError
from .marked import Marked, is_setup
from .needs import needed, patterns

_HARMLESS: Final = re.compile(r"%(load_ext|matplotlib|config|autoreload)\b.*")
_DEFINITIONS: Final = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass,
)  # fmt: skip
_PLAIN: Final = (
    ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Name, ast.BinOp, ast.UnaryOp,
    ast.operator, ast.unaryop, ast.expr_context, ast.JoinedStr, ast.FormattedValue, ast.Starred,
)  # fmt: skip
_MAKERS: Final = frozenset({"list", "tuple", "dict", "set", "range", "str", "int", "float", "Path"})


def needs(marks: Iterable[Marked]) -> dict[str, list[str]]:
    """Return what each transform needs of the others, by name, as far as their text tells.

    Parameters
    ----------
    marks : iterable of Marked
        The transforms of one notebook; of several with one name the last one counts.
    """
    named = {mark.name: mark for mark in marks if mark.name}
    found = {}
    for name, mark in named.items():
        text = mark.options.get("input")
        others = [other for other in named if other != name]
        by_name = [*needed(text, named, own=name)]
        by_folder = [o for o in others if _lies_in(text, _out(named[o]))]
        found[name] = list(dict.fromkeys([*by_name, *by_folder]))
    return found


def _out(mark: Marked) -> str:
    return str(mark.options.get("output") or f"out/{mark.name}")


def _lies_in(text: object, folder: str) -> bool:
    """Whether a pattern of files that the input names starts in the folder."""
    folder = os.path.normpath(folder) + os.sep
    return any(os.path.normpath(each).startswith(folder) for each in patterns(text))


def with_needs(name: str, needs: Mapping[str, Sequence[str]]) -> set[str]:
    """Return `name` and all that it needs, however indirectly."""
    found: set[str] = set()
    left = [name]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += needs.get(one, ())
    return found


def check_no_circle(needs: Mapping[str, Sequence[str]]) -> None:
    """Make sure that no transform comes from itself.

    Raises
    ------
    UsageError
        If one does; the sentence shows the circle.
    """
    fine: set[str] = set()

    def look(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circle = " <- ".join([*way[way.index(name) :], name])
            raise UsageError(f"a transform cannot come from itself: {circle}. Change one input")
        if name not in fine:
            for other in needs.get(name, ()):
                look(other, (*way, name))
            fine.add(name)

    for name in needs:
        look(name, ())


def in_order(names: Sequence[str | None], needs: Mapping[str, Sequence[str]]) -> list[int]:
    """Return the order in which cells are executed: theirs, but that a transform comes after
    those that it needs.

    Parameters
    ----------
    names : sequence of (str or None)
        The transform of each cell.
    needs : mapping
        Without a circle.
    """
    order: list[int] = []
    waiting: list[int] = []
    there = {name for name in names if name}
    done: set[str] = set()

    def ready(i: int) -> bool:
        return all(n in done or n not in there for n in needs.get(names[i] or "", ()))

    for i, name in enumerate(names):
        if not ready(i):
            waiting.append(i)
            continue
        order.append(i)
        done.add(name or "")
        while (free := next((w for w in waiting if ready(w)), None)) is not None:
            waiting.remove(free)
            order.append(free)
            done.add(names[free] or "")
    return [*order, *waiting]


def only_defines(source: str, transforms: Iterable[str]) -> bool:
    """Return whether a cell can read nothing of what `transforms` make: it only imports,
    defines functions and classes, and names plain values."""
    lines = [line for line in source.split("\n") if not _HARMLESS.fullmatch(line.strip())]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names = frozenset(transforms)
    return all(isinstance(each, _DEFINITIONS) or _is_plain(each, names) for each in tree.body)


def reads_nothing(cell: Mapping[str, Any], transforms: Iterable[str]) -> bool:
    """Return whether a code cell that is no transform can read nothing of what `transforms`
    make: it only defines, or it is not executed in the kernel at all."""
    return is_setup(cell) or only_defines(str(cell.get("source")), transforms)


def _is_plain(statement: ast.stmt, names: frozenset[str]) -> bool:
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr) or statement.value is None:
        return False
    for node in ast.walk(statement.value):
        if isinstance(node, ast.Name) and node.id in names:
            return False
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if called and node.func.id in _MAKERS:  # type: ignore[attr-defined]
            continue
        if not isinstance(node, _PLAIN):
            return False
    return True


def reads(mark: Marked, transforms: Iterable[str]) -> bool:
    """Return whether a transform's code names one of `transforms`: it may read what that has
    made so far."""
    body = mark.source.lstrip("\n").partition("\n")[2] if mark.by == "magic" else mark.source
    try:
        found = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = set(re.findall(r"[A-Za-z_]\w*", body))
    return not found.isdisjoint(transforms)
