"""The text of what a transform reaches, so that two versions of its code can be compared.

A text is kept if it is that of the code which runs: a file that was edited since its import
has another one. So the text is taken from where its code object is found again, by the
instructions. It serves people alone; what counts is in the fingerprint.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
import tokenize
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

from .codetext import code_text, nested

#: Characters of one text that are kept, and of all texts of one version.
LONGEST: Final = 64 << 10
ALL: Final = 512 << 10
#: Characters of a constant; a longer one is told by its digest alone.
CONSTANT: Final = 200
#: How deep lists of numbers lie in each other.
_DEPTH: Final = 3

_Lines = list[str]


def texts_of(helpers: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of parts of a fingerprint, as far as they are known and have room.

    Parameters
    ----------
    helpers : mapping
        Part -> function, text of code, or data: of that numbers have a text, and short
        collections of them.
    """
    files = _Files()
    found: dict[str, str] = {}
    left = ALL
    for part, value in sorted(helpers.items()):
        text = files.text(value) if isinstance(value, FunctionType) else _text(value)
        if text is None:
            continue
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}\n... {len(text) - LONGEST:,} more characters"
        left -= len(text)
        if left < 0:
            break
        found[part] = text
    return found


def _text(value: Any) -> str | None:
    """Return the text of code as it is, and numbers as they are written; None of other data."""
    if isinstance(value, str):
        return value
    text = repr(value) if _is_numbers(value, _DEPTH) else None
    return text if text is None or len(text) <= CONSTANT else None


def _is_numbers(value: Any, depth: int) -> bool:
    """Whether something is a number, or a short collection of them with names at most."""
    if isinstance(value, int | float | complex | None):
        return True
    if type(value) not in (list, tuple, set, frozenset, dict) or not depth:
        return False
    if len(value) > CONSTANT:
        return False
    if isinstance(value, dict):
        names = all(isinstance(key, str) or _is_numbers(key, 0) for key in value)
        return names and all(_is_numbers(each, depth - 1) for each in value.values())
    return all(_is_numbers(each, depth - 1) for each in value)


class _Files:
    """Files of functions, each read and compiled once."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[_Lines, list[tuple[CodeType, str]]]]] = {}

    def text(self, function: FunctionType) -> str | None:
        """Return the text of a function as it runs; None if nothing has it any more."""
        code = function.__code__
        wanted = code_text(code)
        for lines, codes in self._of(code.co_filename):
            same = [found for found, text in codes if text == wanted]
            same.sort(key=lambda found: abs(found.co_firstlineno - code.co_firstlineno))
            if same:
                return _block(lines, same[0])
        return None

    def _of(self, filename: str) -> list[tuple[_Lines, list[tuple[CodeType, str]]]]:
        if filename not in self._known:
            found = [_compiled(lines, filename) for lines in _versions(filename)]
            self._known[filename] = [each for each in found if each[1]]
        return self._known[filename]


def _versions(filename: str) -> list[_Lines]:
    """The file as it is, and as it was when something last quoted it; cells are only there."""
    found = []
    try:
        with tokenize.open(Path(filename)) as file:
            found.append(file.readlines())
    except (OSError, SyntaxError, ValueError):
        pass
    entry = linecache.cache.get(filename)
    if entry is not None and len(entry) > 2 and entry[2] not in found:
        found.append(list(entry[2]))
    return found


def _compiled(lines: _Lines, filename: str) -> tuple[_Lines, list[tuple[CodeType, str]]]:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # as cells may
    try:
        whole = compile("".join(lines), filename, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return lines, []
    return lines, [(code, code_text(code)) for code in nested(whole)]


def _block(lines: _Lines, code: CodeType) -> str:
    first = code.co_firstlineno - 1
    try:
        block = inspect.getblock(lines[first:])
    except (tokenize.TokenError, SyntaxError):  # a lambda in the middle of something
        numbers = [line for *_, line in code.co_lines() if line]
        block = lines[first : max(numbers, default=first + 1)]
    return textwrap.dedent("".join(block)).rstrip("\n")
