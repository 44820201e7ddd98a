"""Edits of what Python offers beside functions and constants: each that changes the result is seen,
each that does not is not. The code stands in a notebook, in a module ``hm`` beside it, or in the
cell."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jupyter_datum.transform.capture import Captured, capture
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.fingerprint import Fingerprint, fingerprint
from jupyter_datum.transform.imports import declare_imports
from jupyter_datum.transform.payload import build_payload, load_payload


class Case(NamedTuple):
    old: str
    new: str
    notebook: str
    cell: str
    module: str = ""


KIND = "class A:\n    def f(self):\n        return 1\n"
FIELDS = "@dataclasses.dataclass\nclass P:\n    a: int\n    b: int\n"
CALLED = "def f(x):\n    return x + 1\n"
META = "class Meta(type):\n    def hi(cls):\n        return 1\n"
REAL = {
    "metaclass": Case("return 1", "return 2", f"{META}class A(metaclass=Meta): pass", "A.hi()"),
    "metaclass of an instance": Case(
        "return 1", "return 2", f"{META}class A(metaclass=Meta): pass\na = A()", "type(a).hi()"
    ),
    "annotation that a metaclass reads": Case(
        "a: int",
        "a: str",
        "class Meta(type): pass\nclass A(metaclass=Meta):\n    a: int\n",
        "A.__annotations__",
    ),
    "virtual subclass": Case(
        "register(A)",
        "register(B)",
        "import abc\nclass R(abc.ABC): pass\nclass A: pass\nclass B: pass\nR.register(A)",
        "issubclass(A, R)",
    ),
    "method of a virtual subclass": Case(
        "return 1",
        "return 2",
        f"import abc\nclass R(abc.ABC): pass\n{KIND}R.register(A)\na = A()",
        "isinstance(a, R)",
    ),
    "method that becomes a property": Case(
        "    def f", "    @property\n    def f", KIND, "callable(A().f)"
    ),
    "static method that becomes one of the class": Case(
        "@staticmethod",
        "@classmethod",
        "class A:\n    @staticmethod\n    def f(*a):\n        return len(a)",
        "A.f()",
    ),
    "getter of a property with a setter": Case(
        "return 1",
        "return 2",
        "class A:\n    @property\n    def v(self):\n        return 1\n"
        "    @v.setter\n    def v(self, x):\n        self.x = x",
        "A().v",
    ),
    "order of a match": Case(
        "('a', 'b')",
        "('b', 'a')",
        "class A:\n    __match_args__ = ('a', 'b')\n    a = 1\n    b = 2",
        "match A():\n    case A(x):\n        pass\nx",
    ),
    "metadata of a field": Case(
        "'m'",
        "'s'",
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n"
        "    a: int = dataclasses.field(default=1, metadata={'unit': 'm'})",
        "dataclasses.fields(P)[0].metadata",
    ),
    "attribute of a function": Case("k = 3", "k = 4", "def f(x): return f.k\nf.k = 3", "f(1)"),
    "module in a dict": Case("+ 1", "+ 2", "import hm\nM = {'m': hm}", "M['m'].f(1)", CALLED),
    "module of an object": Case(
        "+ 1", "+ 2", "import hm\nclass A: pass\na = A()\na.m = hm", "a.m.f(1)", CALLED
    ),
    "module by a name that is made": Case(
        "+ 1", "+ 2", "import hm", "getattr(hm, 'f')(1)", f"import hm as me\n{CALLED}"
    ),
    "what a dict gives for a missing key": Case(
        "lambda: 5",
        "lambda: 6",
        "import collections\nd = collections.defaultdict(lambda: 5)",
        "d[1]",
    ),
    "read-only dict": Case(
        "1}", "2}", "import types\nd = types.MappingProxyType({'a': 1})", "d['a']"
    ),
    "key of a dict": Case("return 1", "return 2", f"{KIND}D = {{A(): 1}}", "[a.f() for a in D]"),
    "set in a dict": Case(
        "return 1", "return 2", f"{KIND}D = {{'a': {{A()}}}}", "list(D['a'])[0].f()"
    ),
    "deque": Case(
        "return 1",
        "return 2",
        f"import collections\n{KIND}d = collections.deque([A()])",
        "d[0].f()",
    ),
    "one of very many": Case("return 1", "return 2", f"{KIND}d = [A()] * 20_000", "d[0].f()"),
    "held by somebody else's object": Case(
        "return 1",
        "return 2",
        f"import collections\n{KIND}u = collections.UserList([[A()]])",
        "u[0][0].f()",
    ),
    "dataclass of the cell": Case(
        "b: int", "b: int\n    c: int", "import dataclasses", f"{FIELDS}P(1, 2)"
    ),
    "order of fields, of the cell": Case(
        "a: int\n    b: int", "b: int\n    a: int", "import dataclasses", f"{FIELDS}str(P(1, 2))"
    ),
    "dataclass of a module that the cell imports": Case(
        "b: int", "b: int\n    c: int", "", "import hm\nhm.P(1, 2)", f"import dataclasses\n{FIELDS}"
    ),
    "chosen by annotation, in the cell": Case(
        "x: int",
        "x: str",
        "import functools",
        "@functools.singledispatch\ndef f(x): return 1\n@f.register\ndef _(x: int): return 2\nf(1)",
    ),
    "chosen by annotation, in a function": Case(
        "a: int",
        "a: str",
        "import functools\ndef f(x):\n    @functools.singledispatch\n    def g(a): return 1\n"
        "    @g.register\n    def _(a: int): return 2\n    return g(x)",
        "f(1)",
    ),
    "default of a function in a function": Case(
        "b=2",
        "b=3",
        "def f(x):\n    def g(a: int, b=2) -> int: return x + a + b\n    return g(1)",
        "f(1)",
    ),
    "imported by a function": Case(
        "+ 1", "+ 2", "", "import importlib\nimportlib.import_module('hm').f(1)", CALLED
    ),
    "imported by a function of the notebook": Case(
        "+ 1", "+ 2", "def g(x): return __import__('hm').f(x)", "g(1)", CALLED
    ),
}
COSMETIC = {
    "annotation in a plain class": Case("a: int", "a: float", "", "class A:\n    a: int = 1\nA.a"),
    "annotation below a plain decorator": Case(
        "x: int", "x: float", "", "class A:\n    @staticmethod\n    def f(x: int): return x\nA.f(1)"
    ),
    "annotation of a function in a function": Case(
        "int",
        "list[hm.T | None]",
        "import hm\ndef f(x):\n    def g(a: int, b=2, *, c: int = 3) -> int: return x + a + b + c\n"
        "    return g(1)",
        "f(1)",
        "T = 1",
    ),
    "docstring of a class in a function": Case(
        "'why'",
        "'what for'",
        "def f(x):\n    class Q:\n        'why'\n        a = x\n    return Q.a",
        "f(1)",
    ),
    "lines above a class in a function": Case(
        "def f", "\n\ndef f", "def f(x):\n    class Q:\n        a = x\n    return Q.a", "f(1)"
    ),
    "order of methods": Case(
        "    def f(s): return 1\n    def g(s): return 2\n",
        "    def g(s): return 2\n    def f(s): return 1\n",
        "class A:\n    def f(s): return 1\n    def g(s): return 2\n",
        "A().f()",
    ),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    _forget()


def _forget() -> None:
    for name in ("hm", "hm2"):
        sys.modules.pop(name, None)


def taken(project: Path, notebook: str, code: str, module: str) -> tuple[Fingerprint, Captured]:
    _forget()
    (project / "hm.py").write_text(module)
    importlib.invalidate_caches()
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(notebook, "<notebook>", "exec"), namespace)
    cell = Cell(code, "<cell>", 2)
    captured = capture(cell, namespace, project)
    found = fingerprint(cell, captured)
    declare_imports(found, cell, captured, project)
    return found, captured


@pytest.mark.parametrize("name", [*REAL, *COSMETIC])
def test_edit(project: Path, name: str) -> None:
    case = {**REAL, **COSMETIC}[name]
    texts = (case.notebook, case.cell, case.module)
    before, _ = taken(project, *texts)
    assert any(case.old in text for text in texts)
    after, _ = taken(project, *(text.replace(case.old, case.new) for text in texts))
    assert (before.digest != after.digest) == (name in REAL)
    assert before.untracked == []


def test_modules_that_import_each_other_travel(project: Path) -> None:
    (project / "hm2.py").write_text("import hm\ndef g(x):\n    return hm.h(x)\n")
    module = (
        "import hm2\ndef f(x):\n    return hm2.g(x)\ndef h(x):\n    return x + hm2.hm.K\nK = 5\n"
    )
    found, captured = taken(project, "import hm", "hm.f(1)", module)
    payload = build_payload(Cell("hm.f(1)", "<cell>", 2), captured, found.functions)
    _forget()
    assert load_payload(payload).run(None) == 6


def test_the_order_of_a_set_differs_from_kernel_to_kernel_and_does_not_count(project: Path) -> None:
    notebook = "def one(): return 1\ndef two(): return 2\nS = {one, two}"
    found = [taken(project, notebook, "[f() for f in S]", "")[0] for _ in range(4)]
    assert len({each.digest for each in found}) == 1
