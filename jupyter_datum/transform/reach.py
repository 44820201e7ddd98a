"""What a transform needs through the cells between, and which cells it can do without.

``good = thumbs.results()`` in a cell, and ``-i good`` below it: who wants the one needs
``thumbs`` too. A cell that only looks at a transform (``thumbs.failures()``) is left out where
that transform does not run: it would raise, or show what stands there from some time ago.

Names are followed from cell to cell in the order of the notebook, and so are files that a text
names (``to_csv("good.csv")``, and ``-i 'rows("good.csv")'`` below it). What cannot be told counts
as read: then a transform too many runs, never one too few.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from .escapes import python_of
from .marked import Marked, is_setup
from .names import bound_names, read_names
from .needs import names_in, patterns
from .order import with_needs

_MAGIC: Final = re.compile(r"[ \t]*%.*")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
#: A text with a dot or a slash in it, and no space at its ends.
_PATH: Final = re.compile(r"(?=.*[./])\S(.*\S)?")
_BUILTIN: Final = frozenset(vars(builtins))
_SURE: Final = (
    ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef,
    ast.ClassDef,
)  # fmt: skip


class Reached(NamedTuple):
    """The transforms that run, and the cells that are left out, by their places."""

    names: set[str]
    left_out: set[int]


def reached(
    cells: Sequence[tuple[Mapping[str, Any], Marked | None]],
    wanted: str,
    needs: Mapping[str, Sequence[str]],
) -> Reached:
    """Return what runs for a transform.

    Parameters
    ----------
    cells : sequence of (mapping, Marked or None)
        Code cells as nbformat has them, in the order of the notebook.
    wanted : str
    needs : mapping
        What each transform names as its input: see :func:`~.order.needs`.
    """
    names = with_needs(wanted, needs)
    while True:
        walk = _walked(cells, names)
        more = walk.needed - names
        if not more:
            return Reached(names, walk.left_out)
        for name in more:
            names |= with_needs(name, needs)


def left_out(cells: Sequence[tuple[Mapping[str, Any], Marked | None]], names: set[str]) -> set[int]:
    """Return the places of the cells that are left out where just the transforms `names` run."""
    return _walked(cells, names).left_out


def _walked(
    cells: Sequence[tuple[Mapping[str, Any], Marked | None]], names: Collection[str]
) -> _Walk:
    walk = _Walk(names)
    for i, (cell, mark) in enumerate(cells):
        if mark is not None:
            walk.transform(mark)
        else:
            walk.plain(i, cell)
    return walk


class _Walk:
    """One way through the cells: which names hold what a transform that does not run makes."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        #: By name: the transforms that do not run and that it is made of.
        self._of: dict[str, set[str]] = {}
        self._imported: set[str] = set()
        self.needed: set[str] = set()
        self.left_out: set[int] = set()

    def transform(self, mark: Marked) -> None:
        """One of the transforms: if it runs, it needs what it reads. It binds its name."""
        name = mark.name or ""
        if name in self._names:
            self.needed |= self._made_of(_read_by(mark))
            self._of.pop(name, None)
        else:
            self._of[name] = {name}

    def plain(self, i: int, cell: Mapping[str, Any]) -> None:
        """A cell that is no transform."""
        seen = _seen_in(str(cell.get("source")))
        made_of = self._made_of(seen.reads)
        if is_setup(cell):
            self.needed |= made_of
        elif made_of:
            self.left_out.add(i)
            changed = seen.binds | (seen.touches - self._imported - _BUILTIN)
            for name in changed - (seen.imports & self._imported):
                self._of[name] = self._of.get(name, set()) | made_of
        else:
            self._imported |= seen.imports
            for name in seen.surely:
                self._of.pop(name, None)

    def _made_of(self, reads: Collection[str]) -> set[str]:
        return {each for name in reads for each in self._of.get(name, ())}


class _Seen(NamedTuple):
    """What a cell does with names and files (:func:`_file`): ``touches`` are those whose methods
    it calls or whose parts it sets; ``surely`` those that it binds whatever happens."""

    reads: set[str]
    binds: set[str]
    touches: set[str]
    imports: set[str]
    surely: set[str]


def _seen_in(source: str) -> _Seen:
    lines = source.split("\n")
    magics = {word for line in lines if _MAGIC.fullmatch(line) for word in _WORD.findall(line)}
    try:
        tree = ast.parse(python_of("\n".join(line for line in lines if not _MAGIC.fullmatch(line))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        words = set(_WORD.findall(source))
        return _Seen(words, words - _BUILTIN, set(), set(), set())
    imports = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
    sure = [each for each in tree.body if isinstance(each, _SURE)]
    files = _files_in(tree)
    return _Seen(
        read_names(tree) | magics | files,
        bound_names(tree) | files,
        _touched(tree),
        bound_names(ast.Module(list(imports), [])),
        bound_names(ast.Module(list(sure), [])),
    )


def _files_in(tree: ast.AST) -> set[str]:
    """The texts that may name a file: which of them is read, and which written, nobody can say."""
    nodes = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {_file(text) for text in nodes if isinstance(text, str) and _PATH.fullmatch(text)}


def _file(text: str) -> str:
    """A file among names: no name begins so."""
    return f"/{text}"


def _touched(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        part: ast.expr | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            part = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            part = node
        while isinstance(part, ast.Attribute | ast.Subscript):
            part = part.value
        if isinstance(part, ast.Name):
            found.add(part.id)
    return found


def _read_by(mark: Marked) -> set[str]:
    """What a transform reads of the kernel: in its input, its other options and its code."""
    text = mark.options.get("input")
    found = set(names_in(text[1:] if isinstance(text, str) and text.startswith("$") else text))
    found.update(map(_file, patterns(text)))
    for value in mark.options.values():
        found.update(re.findall(r"\{([A-Za-z_]\w*)\}", value) if isinstance(value, str) else ())
    body = mark.source.lstrip("\n").partition("\n")[2] if mark.by == "magic" else mark.source
    return found if mark.options.get("shell") else found | _seen_in(body).reads
