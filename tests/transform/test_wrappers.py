"""What a notebook or a module of the project makes of its functions, by decorators and else: a
worker gets it, and an edit is seen."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.errors import CaptureError
from jupyter_datum.transform.capture import Captured, capture
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.fingerprint import fingerprint
from jupyter_datum.transform.payload import build_payload

#: Each defines `call`, which adds 1 by the text ``x + 1``.
TABLE = {
    "lru_cache": "@functools.lru_cache(maxsize=4)\ndef call(x): return x + 1",
    "cache": "@functools.cache\ndef call(x): return x + 1",
    "cache of a recursion": "@functools.cache\ndef call(x): return call(x - 1) if x > 9 else x + 1",
    "helper with a cache": (
        "@functools.cache\ndef inner(x): return x + 1\ndef call(x): return inner(x)"
    ),
    "cache in a dict": (
        "@functools.cache\ndef inner(x): return x + 1\n"
        "BY = {'one': [inner]}\ndef call(x): return BY['one'][0](x)"
    ),
    "cache in an object": (
        "@functools.cache\ndef inner(x): return x + 1\nclass Box: pass\nbox = Box()\n"
        "box.by = inner\ndef call(x): return box.by(x)"
    ),
    "method with a cache": (
        "class A:\n    @functools.lru_cache\n    def m(self, x): return x + 1\ncall = A().m"
    ),
    "cached_property": (
        "class A:\n    @functools.cached_property\n    def p(self):\n        x = 1\n"
        "        return x + 1\na = A()\ndef call(x): return x + a.p - 1"
    ),
    "singledispatch": (
        "@functools.singledispatch\ndef call(x): return None\n"
        "@call.register\ndef _(x: int): return x + 1\n@call.register\ndef _(x: str): return x"
    ),
    "singledispatchmethod": (
        "class A:\n    @functools.singledispatchmethod\n    def m(self, x): return None\n"
        "    @m.register\n    def _(self, x: int): return x + 1\ncall = A().m"
    ),
    "wraps": (
        "def deco(f):\n    @functools.wraps(f)\n    def g(x): return f(x)\n    return g\n"
        "@deco\ndef call(x): return x + 1"
    ),
    "cache over wraps": (
        "def deco(f):\n    @functools.wraps(f)\n    def g(x): return f(x)\n    return g\n"
        "@functools.cache\n@deco\ndef call(x): return x + 1"
    ),
    "partial": "def add(y, x): return y * (x + 1)\ncall = functools.partial(add, 1)",
    "partial of a cache": (
        "@functools.cache\ndef add(y, x): return y * (x + 1)\ncall = functools.partial(add, 1)"
    ),
    "partialmethod": (
        "class A:\n    def m(self, y, x): return y * (x + 1)\n"
        "    p = functools.partialmethod(m, 1)\ncall = A().p"
    ),
    "bound method": "class A:\n    def m(self, x): return x + 1\ncall = A().m",
    "class method": (
        "class A:\n    @staticmethod\n    def s(x): return x + 1\n"
        "    @classmethod\n    def m(cls, x): return cls.s(x)\ncall = A.m"
    ),
    "__call__": "class A:\n    def __call__(self, x): return x + 1\ncall = A()",
    "contextmanager": (
        "@contextlib.contextmanager\ndef one(x): yield x + 1\n"
        "def call(x):\n    with one(x) as y: return y"
    ),
}
IMPORTS = "import contextlib, functools\n"
RUN = """
import json, sys, types
from pathlib import Path
from jupyter_datum.transform.payload import load_payload
found = {}
for file in Path(sys.argv[1]).iterdir():
    loaded = load_payload(file.read_bytes())
    found[file.name] = [loaded.run(types.SimpleNamespace(value=5)) for _ in range(2)]
print(json.dumps(found))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield folder
    sys.modules.pop("wrapped", None)


def captured(project: Path, text: str, place: str) -> tuple[Cell, Captured]:
    """A cell that calls what is defined in the notebook, or in a module."""
    sys.modules.pop("wrapped", None)
    (project / "wrapped.py").write_text(IMPORTS + text)
    importlib.invalidate_caches()
    above = IMPORTS + text if place == "notebook" else "from wrapped import call"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(above, "<notebook>", "exec"), namespace)
    cell = Cell("call(datum.value)", "<cell>", 2)
    return cell, capture(cell, namespace, project)


@pytest.mark.parametrize("place", ["notebook", "module"])
def test_a_worker_gets_it(project: Path, tmp_path: Path, place: str) -> None:
    payloads = tmp_path / "payloads"
    payloads.mkdir()
    for name, text in TABLE.items():
        (payloads / name).write_bytes(build_payload(*captured(project, text, place)))
    (project / "wrapped.py").write_text("raise RuntimeError('a worker reads no module')")
    ran = subprocess.run(
        [sys.executable, "-c", RUN, payloads], cwd=project, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {name: [6, 6] for name in TABLE}


@pytest.mark.parametrize("place", ["notebook", "module"])
@pytest.mark.parametrize("name", TABLE)
def test_an_edit_is_seen(project: Path, name: str, place: str) -> None:
    text = TABLE[name]
    texts = (text, text, "# a comment\n" + text, text.replace("x + 1", "x + 2"))
    found = [fingerprint(*captured(project, each, place)) for each in texts]
    assert not found[0].untracked
    assert [each.digest == found[0].digest for each in found] == [True, True, True, False]


def test_what_no_worker_can_have_is_refused_before_anything_runs(project: Path) -> None:
    text = "import threading\nlock = threading.Lock()\ndef call(x):\n    with lock: return x"
    with pytest.raises(CaptureError, match=r"'call' .* cannot be sent to a worker: .* Make it in"):
        build_payload(*captured(project, text, "notebook"))
