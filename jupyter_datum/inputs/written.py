"""Inputs as a cell has them written, read without a kernel: no code of anybody's runs.

A pattern of files, a transform, JSON, and expressions of our own functions over literals say
all that there is to know. What names something of the kernel does not, and is told apart.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Collection
from typing import Any, Final

from .. import inputs
from ..errors import DatumError, UsageError
from ..project import Project
from ..remote import is_url
from .base import Input, input_from_json
from .make import as_input, check_top
from .place import starting_at
from .rowspec import root_of
from .upstream import UpstreamInput
from .urls import starting_pattern

#: What an expression may call, whatever the kernel calls by these names.
FUNCTIONS: Final = (
    "cross", "glob", "grid", "group", "items", "join", "rows", "split", "transform", "union",
    "whole",
)  # fmt: skip
_CALL: Final = re.compile(r"[A-Za-z_]\w*\(.*\)\Z", re.DOTALL)
_CALLED: Final = re.compile(rf"(?:{'|'.join(FUNCTIONS)})\(")
JSON: Final = re.compile(r'\{\s*"')
FIELD: Final = re.compile(r"\{([A-Za-z_]\w*)\}")
GLOB: Final = re.compile(r"[*?\[\]{}/\\.]")
#: Numbers of a range that is written out.
_RANGE: Final = 1_000_000


class UntoldError(Exception):
    """What is written does not tell by itself: ``kernel`` (a name of the kernel's), or ``far``
    (nobody asks a store of objects or a database because somebody types)."""


def is_call(text: str) -> bool:
    """Whether an input is an expression; also one that is not closed, which is no pattern."""
    unclosed = _CALLED.match(text) and text.count("(") > text.count(")")
    return bool(unclosed or _CALL.match(text))


def written(text: Any, folder: str, project: Project | None, chained: Collection[str]) -> Input:
    """Return the input that is written.

    Parameters
    ----------
    text : str or dict
        What stands behind ``-i``, or an input as JSON.
    folder : str
        Where relative paths start: the notebook's.
    project : Project or None
    chained : collection of str
        Names of the project's transforms.

    Raises
    ------
    UsageError
        If it names nothing, or cannot be an input.
    UntoldError
        If only the kernel knows, or somebody far away.
    """
    if not text or not isinstance(text, str | dict):
        raise UsageError('a transform needs an input: -i "images/*.jpg"')
    with starting_at(folder):
        source = _written(text, folder, project, chained)
    check_top(source)
    return source


def _written(
    text: str | dict[str, Any], folder: str, project: Project | None, chained: Collection[str]
) -> Input:
    if isinstance(text, dict) or JSON.match(text):
        return _of_json(text, folder, project)
    if text.startswith("$") or FIELD.search(text):
        raise UntoldError("kernel")
    if "://" in text:
        raise UntoldError("far")
    if is_call(text):
        return _Expression(text, project, chained).input()
    if text.isidentifier() and text in chained:
        return UpstreamInput(text, project=project)
    if text.isidentifier():
        raise UntoldError("kernel")
    return inputs.glob(text)


def _of_json(text: str | dict[str, Any], folder: str, project: Project | None) -> Input:
    try:
        spec = json.loads(text) if isinstance(text, str) else text
    except ValueError as exc:
        raise UsageError(f"the input {text} is not JSON: {exc}") from exc
    if "://" in json.dumps(spec):
        raise UntoldError("far")
    return input_from_json(rooted(spec, folder), project)


def rooted(spec: Any, folder: str) -> Any:
    """Return an input's JSON in which relative folders start at the notebook's, wherever they
    stand in it."""
    if isinstance(spec, list):
        return [rooted(each, folder) for each in spec]
    if not isinstance(spec, dict):
        return spec
    found = {key: rooted(value, folder) for key, value in spec.items()}
    if isinstance(found.get("rows"), str):
        table = starting_pattern(found["rows"], "")
        found["rows"] = table = table if is_url(table) else os.path.join(folder, table)
        if "path" in found:
            found["root"] = root_of(str(found.get("root", "")), table, folder)
    return found


class _Expression:
    """An expression of our functions over literals, looked at and never evaluated."""

    def __init__(self, text: str, project: Project | None, chained: Collection[str]) -> None:
        self._text = text
        self._project = project
        self._chained = chained

    def input(self) -> Input:
        """Return the input that it makes."""
        try:
            tree = ast.parse(self._text.strip(), mode="eval").body
        except SyntaxError as exc:
            raise UsageError(f"the input {self._text} cannot be read: {exc.msg}") from None
        except (ValueError, RecursionError, MemoryError):
            raise UntoldError("kernel") from None
        return as_input(self._value(tree))

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name) and node.id in self._chained:
            return UpstreamInput(node.id, project=self._project)
        if isinstance(node, ast.List | ast.Tuple):
            return [self._value(each) for each in node.elts]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._called(node.func.id, node)
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError):
            raise UntoldError("kernel") from None
        if isinstance(value, str) and "://" in value:
            raise UntoldError("far")
        return value

    def _called(self, name: str, node: ast.Call) -> Any:
        if name not in (*FUNCTIONS, "range") or any(not word.arg for word in node.keywords):
            raise UntoldError("kernel")
        args = [self._value(each) for each in node.args]
        words = {word.arg or "": self._value(word.value) for word in node.keywords}
        try:
            if name != "range":
                return getattr(inputs, name)(*args, **words)
            made = range(*args)
        except DatumError:
            raise
        except Exception as exc:
            told = f"{type(exc).__name__}: {exc}"
            raise UsageError(f"the input {self._text} cannot be made: {told}") from exc
        if len(made) > _RANGE:
            raise UntoldError("kernel")
        return made
