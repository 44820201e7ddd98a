"""Which transforms a cell's input names, as far as its text tells: nothing is evaluated."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Collection, Iterator
from typing import Any


def needed(text: object, names: Collection[str], own: str | None = None) -> list[str]:
    """Return those of `names` that the input `text` is made of, in its order.

    Parameters
    ----------
    text : str or dict
        What stands behind ``-i``, or an input as JSON: ``thumbs``, ``whole(thumbs)``,
        ``transform("thumbs")``, ``{"transform": "thumbs"}``. A pattern of files names none.
    names : collection of str
        Transforms that there are.
    own : str, optional
        The transform whose input it is: written as a mere name that is the kernel's object.
    """
    found = (name for name, spelt in _named(text) if name in names and (spelt or name != own))
    return list(dict.fromkeys(found))


def names_in(text: object) -> Iterator[str]:
    """Yield the names that an input is made of, be they transforms or anything else of the
    kernel, and the texts that say that they name a transform.

    Parameters
    ----------
    text : str or dict
        As :func:`needed` takes it.
    """
    return (name for name, _ in _named(text))


def _named(text: object) -> Iterator[tuple[str, bool]]:
    """Names, and whether they are said to be those of transforms."""
    if not isinstance(text, str):
        yield from ((name, True) for name in _of_json(text))
    elif text.lstrip().startswith("{"):
        yield from ((name, True) for name in _of_json(_loaded(text)))
    elif text.isidentifier():
        yield text, False
    elif text.endswith(")"):
        yield from _of_call(text)


def _of_json(spec: Any) -> Iterator[str]:
    if isinstance(spec, dict):
        if isinstance(spec.get("transform"), str):
            yield spec["transform"]
        for part in spec.values():
            yield from _of_json(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from _of_json(part)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None  # a pattern that begins with {NAME}


def patterns(text: object) -> Iterator[str]:
    """Yield what may be patterns of files in an input: a text by itself, the texts in an
    expression, and what stands in JSON.

    Parameters
    ----------
    text : str or dict
        As :func:`needed` takes it.
    """
    if not isinstance(text, str):
        yield from _globs(text)
    elif text.lstrip().startswith("{"):
        yield from _globs(_loaded(text))
    elif text.endswith(")") and (tree := _parsed(text)) is not None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    elif not text.startswith("$"):
        yield text


def _globs(spec: Any) -> Iterator[str]:
    if isinstance(spec, dict):
        if isinstance(spec.get("glob"), str):
            yield os.path.join(str(spec.get("root", "")), spec["glob"])
        for part in spec.values():
            yield from _globs(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from _globs(part)


def _parsed(text: str) -> ast.AST | None:
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # a pattern of files with a parenthesis at its end


def _of_call(text: str) -> Iterator[tuple[str, bool]]:
    """The names in an expression, and the texts given to ``transform``."""
    tree = _parsed(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name):
            yield node.id, False
        elif isinstance(node, ast.Call) and _is_transform(node.func):
            yield from (
                (given.value, True)
                for given in node.args
                if isinstance(given, ast.Constant) and isinstance(given.value, str)
            )


def _is_transform(func: ast.expr) -> bool:
    return isinstance(func, ast.Name) and func.id == "transform"
