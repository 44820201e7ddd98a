"""A cell's code: what is compiled, so that a traceback fits the cell as the user sees it."""

from __future__ import annotations

import ast
import inspect
import linecache
from dataclasses import dataclass, replace
from types import CodeType
from typing import Final

from ..errors import CellSyntaxError, UsageError
from .escapes import python_of, script_of

_FLAGS: Final = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


@dataclass(frozen=True)
class Cell:
    """The body of a marked cell.

    Parameters
    ----------
    body : str
        Without the magic's line.
    filename : str
        Under which the kernel knows the whole cell; tracebacks and breakpoints go by it.
    first_line : int
        The line of the whole cell on which the body begins (2 below a magic).
    whole : str
        The whole cell, as it stands in the notebook: what a traceback quotes.
    """

    body: str
    filename: str = "<datum>"
    first_line: int = 1
    whole: str = ""

    def tree(self) -> ast.Module:
        """Return the syntax tree, with line numbers of the whole cell.

        Raises
        ------
        UsageError
            If a line is a magic.
        CellSyntaxError
            If it is no Python.
        """
        above = "\n" * (self.first_line - 1)
        try:
            return _parsed(above + self.body, self.filename)
        except SyntaxError:
            pass
        try:
            return _parsed(above + python_of(self.body), self.filename)
        except SyntaxError as exc:
            self._refuse_magics()
            raise CellSyntaxError.of(exc) from None

    def _refuse_magics(self) -> None:
        for number, line in enumerate(self.body.splitlines(), self.first_line):
            if line.lstrip().startswith("%"):
                raise UsageError(
                    f"line {number} of the cell, {line.strip()!r}, is a magic; a cell that runs "
                    "on workers is Python and !commands, or with --shell it is bash"
                )


def _parsed(text: str, filename: str) -> ast.Module:
    return ast.parse(text, filename, "exec", type_comments=False)


def bash_cell(cell: Cell) -> Cell:
    """Return the cell that runs a cell of bash; a traceback quotes what stands there."""
    return replace(cell, body=script_of(cell.body), whole=_whole(cell))


def _whole(cell: Cell) -> str:
    return cell.whole or "\n" * (cell.first_line - 1) + cell.body


@dataclass(frozen=True)
class Compiled:
    """A compiled cell: its statements, and its last expression if it ends in one."""

    body: CodeType | None
    last: CodeType | None
    asynchronous: bool


def compile_cell(cell: Cell) -> Compiled:
    """Compile a cell; ``linecache`` learns its text, so that tracebacks can quote it."""
    tree = cell.tree()
    remember(cell)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        expression = tree.body.pop()
        assert isinstance(expression, ast.Expr)
        last = _compiled(ast.Expression(expression.value), cell.filename, "eval")
    body = _compiled(tree, cell.filename, "exec") if tree.body else None
    waits = any(code.co_flags & inspect.CO_COROUTINE for code in (body, last) if code is not None)
    return Compiled(body, last, waits)


def _compiled(tree: ast.Module | ast.Expression, filename: str, mode: str) -> CodeType:
    """Compile without the future statements of this module."""
    try:
        code = compile(tree, filename, mode, _FLAGS, dont_inherit=True)
    except SyntaxError as exc:  # what the parser lets through: return, yield, nonlocal
        raise CellSyntaxError.of(exc) from None
    assert isinstance(code, CodeType)
    return code


def remember(cell: Cell) -> None:
    """Tell ``linecache`` the text of the whole cell."""
    text = _whole(cell)
    lines = text.splitlines(keepends=True)
    linecache.cache[cell.filename] = (len(text), None, lines, cell.filename)
