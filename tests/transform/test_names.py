"""Which names a cell takes along: those that some path reads before it binds them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.names import bound_names, free_names


@pytest.mark.parametrize(
    ("code", "free"),
    [
        ("x = a\ny = x", {"a"}),
        ("x = x + 1", {"x"}),
        ("x += 1", {"x"}),
        ("if a:\n    b = 1\nb", {"a", "b"}),
        ("if a:\n    b = 1\nelse:\n    b = 2\nb", {"a"}),
        ("for i in a:\n    b = i\nb", {"a", "b"}),
        ("while True:\n    a = 1\n    break\na", {"a"}),
        ("try:\n    a = 1\nexcept E:\n    pass\na", {"a", "E"}),
        ("try:\n    a = f()\nfinally:\n    b = 1\na, b", {"f"}),
        ("with f() as g:\n    h = g\nh", {"f"}),
        ("def f(x, y=d):\n    return x + y + outer\nf(1)", {"d", "outer"}),
        ("def f():\n    return later\nlater = 1\nf()", {"later"}),
        ("[i for i in a if i > b]", {"a", "b"}),
        ("{k: v for k, v in a}", {"a"}),
        ("(y := f(z)) + 1\ny", {"f", "z"}),
        ("lambda x: x + a", {"a"}),
        ("import os.path as p, json\nfrom m import n\np, json, n", set()),
        ("class C(B):\n    z = w\n    def m(self):\n        return z", {"B", "w", "z"}),
        ("del a", {"a"}),
        ("a = 1\ndel a\na", {"a"}),
        ("match a:\n    case {'k': v, **r}:\n        v, r\n    case C():\n        q", set("aCq")),
        ("def f():\n    global g\n    g = 1\nf()", {"g"}),
        ("a: int = b", {"b", "int"} - {"int"}),
        ("print(len(a))", {"a"}),
        ("f'{a!r:{w}}'", {"a", "w"}),
        ("async def f():\n    await g()\nawait f()", {"g"}),
    ],
)  # fmt: skip
def test_free_names(code: str, free: set[str]) -> None:
    assert free_names(ast.parse(code)) == free


def test_bound_names_are_those_of_the_cells_own_namespace() -> None:
    code = "import a.b\nfrom c import d as e\nf = 1\ndef g():\n    h = 2\nfor i, (j, *k) in x: pass"
    assert bound_names(ast.parse(code)) == {"a", "e", "f", "g", "i", "j", "k"}


def test_a_name_of_pythons_that_the_kernel_has_given_a_meaning_is_captured() -> None:
    def wraps() -> None: ...

    wraps.__wrapped__ = open  # type: ignore[attr-defined]  # as IPython's own `open` is made
    namespace = {"dir": "data", "max": max, "open": wraps, "__name__": "__main__"}
    cell = Cell("open(dir), max, __name__, id")
    assert capture(cell, namespace, Path.cwd()).values == {"dir": "data"}
