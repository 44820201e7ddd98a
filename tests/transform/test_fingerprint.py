"""Twenty edits: fourteen change what is computed, six do not. And the stale module."""

from __future__ import annotations

import importlib
import linecache
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.fingerprint import Fingerprint, fingerprint

from .edited import COMMON

#: The notebook above the cell.
NOTEBOOK = (
    """
import math
import functools
import house.near as near
from house.near import imported
"""
    + COMMON
    + """
class Rule:
    def __init__(self, how, limit):
        self.how, self.limit = how, limit

RULES = {"up": (deep, 2), "down": [functools.partial(max, 6), lambda x: x - 8]}
MAKERS = [scaled(2), scaled(3)]
rule = Rule(deep, 12)

def unused(x):
    return x - 1
"""
)
MODULE = """
FACTOR = 3

def imported(x):
    return x * FACTOR

def by_attribute(x):
    return x - below(x)

def below(x):
    return x // 2

def unused(x):
    return 0
"""
CELL = """
x = helper(datum.value)
x = imported(x) + near.by_attribute(x)
x = decorated(closure(keyed(x))) + TABLE["a"]
x = RULES["up"][0](x) + MAKERS[0](x) + rule.how(x)
result = model.predict(x) if x < LIMIT else math.sqrt(x)
result
"""

REAL = {
    "own body": ("cell", "x = helper(", "x = 1 + helper("),
    "own constant": ("cell", 'TABLE["a"]', 'TABLE["b"]'),
    "default argument of a helper": ("notebook", "step=2", "step=3"),
    "helper of the notebook": ("notebook", "deep(x) + step", "deep(x) - step"),
    "helper of a helper": ("notebook", "return x + 1", "return x + 2"),
    "imported function": ("module", "x * FACTOR", "x / FACTOR"),
    "function by attribute of a module": ("module", "x - below(x)", "x + below(x)"),
    "helper inside a module": ("module", "x // 2", "x // 4"),
    "global of a module": ("module", "FACTOR = 3", "FACTOR = 5"),
    "global constant": ("notebook", "LIMIT = 10", "LIMIT = 11"),
    "inside a global dict": ("notebook", "[2, 3]", "[2, 4]"),
    "number beside a function in a container": ("notebook", "(deep, 2)", "(deep, 3)"),
    "another function in a container": ("notebook", "(deep, 2)", "(abs, 2)"),
    "argument of a partial in a container": ("notebook", "partial(max, 6)", "partial(max, 7)"),
    "constant of a lambda in a container": ("notebook", "x - 8", "x - 9"),
    "closure of a function in a container": ("notebook", "scaled(2), scaled", "scaled(5), scaled"),
    "order of functions": ("notebook", "scaled(2), scaled(3)", "scaled(3), scaled(2)"),
    "number beside a function in an object": ("notebook", "Rule(deep, 12)", "Rule(deep, 13)"),
    "closure value": ("notebook", "scaled(4)", "scaled(8)"),
    "constant in a lambda": ("notebook", "x * 7", "x * 9"),
    "argument of a decorator": ("notebook", "@repeat(3)", "@repeat(2)"),
    "method of a global object's class": ("notebook", "x * self.weight", "x + self.weight"),
    "state of a global object": ("notebook", "weight = 1.5", "weight = 2.5"),
}
COSMETIC = {
    "comment": ("notebook", "# a comment", "# another one, and longer"),
    "docstring": ("notebook", '"""A docstring."""', '"""Another docstring, longer."""'),
    "no docstring": ("notebook", '    """A docstring."""\n', ""),
    "layout of the cell": ("cell", "x = helper(datum.value)", "x = helper(\n    datum.value\n)"),
    "comment in the cell": ("cell", "x = helper", "# why\nx = helper"),
    "annotation": ("notebook", "def helper(x, step=2)", "def helper(x: int, step: int = 2) -> int"),
    "code added above": ("notebook", "import math\n", "import math\nimport json\nq = 1\n"),
    "unused helper": ("notebook", "return x - 1", "return x - 2"),
    "unused function of a module": ("module", "return 0", "return 1"),
}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a package of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "house").mkdir()
    (tmp_path / "house/__init__.py").write_text("")
    yield tmp_path
    for name in [n for n in sys.modules if n.partition(".")[0] == "house"]:
        del sys.modules[name]


def take(house: Path, notebook: str, module: str, cell: str) -> Fingerprint:
    """The fingerprint in a fresh kernel with this notebook."""
    for name in [n for n in sys.modules if n.partition(".")[0] == "house"]:
        del sys.modules[name]
    (house / "house/near.py").write_text(module)
    importlib.invalidate_caches()
    namespace: dict[str, Any] = {"__name__": "__main__"}
    linecache.cache["<notebook>"] = (len(notebook), None, notebook.splitlines(True), "<notebook>")
    exec(compile(notebook, "<notebook>", "exec"), namespace)
    marked = Cell(cell, "<cell>", 2)
    return fingerprint(marked, capture(marked, namespace, house))


def edited(edit: tuple[str, str, str]) -> dict[str, str]:
    texts = {"notebook": NOTEBOOK, "module": MODULE, "cell": CELL}
    where, old, new = edit
    assert old in texts[where], old
    return {**texts, where: texts[where].replace(old, new, 1)}


@pytest.mark.parametrize("edit", REAL.values(), ids=REAL.keys())
def test_an_edit_that_changes_the_result_is_seen(house: Path, edit: tuple[str, str, str]) -> None:
    before = take(house, NOTEBOOK, MODULE, CELL)
    after = take(house, **edited(edit))
    assert after.digest != before.digest
    changed = {
        k for k in {*before.parts, *after.parts} if before.parts.get(k) != after.parts.get(k)
    }
    assert changed, "the plan could not say what changed"


@pytest.mark.parametrize("edit", COSMETIC.values(), ids=COSMETIC.keys())
def test_an_edit_that_changes_nothing_is_not(house: Path, edit: tuple[str, str, str]) -> None:
    assert take(house, **edited(edit)).parts == take(house, NOTEBOOK, MODULE, CELL).parts


def test_a_module_edited_and_not_reloaded_counts_as_what_runs_and_is_said(house: Path) -> None:
    before = take(house, NOTEBOOK, MODULE, CELL)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(NOTEBOOK, "<notebook>", "exec"), namespace)
    path = house / "house/near.py"
    path.write_text(MODULE.replace("x * FACTOR", "x / FACTOR"))
    marked = Cell(CELL, "<cell>", 2)
    stale = fingerprint(marked, capture(marked, namespace, house))
    assert stale.digest == before.digest, "the kernel still runs the old code"
    (warning,) = stale.warnings
    assert "near.py was edited after its import" in warning
    importlib.reload(sys.modules["house.near"])
    namespace["imported"] = sys.modules["house.near"].imported
    fresh = fingerprint(marked, capture(marked, namespace, house))
    assert fresh.digest != before.digest and fresh.warnings == []


def test_what_has_no_content_to_hash_is_listed_and_not_guessed(tmp_path: Path) -> None:
    import threading

    marked = Cell("guard", "<cell>", 1)
    namespace = {"__name__": "__main__", "guard": threading.Lock()}
    found = fingerprint(marked, capture(marked, namespace, tmp_path))
    assert found.untracked == ["guard (_thread.lock)"]
    namespace["guard"] = {"a": [1, {"model": threading.Lock()}]}
    found = fingerprint(marked, capture(marked, namespace, tmp_path))
    assert found.untracked == ["guard (dict: _thread.lock at ['a'][1]['model'])"]


def test_what_pickle_leaves_on_a_class_is_none_of_its_code(house: Path) -> None:
    before = take(house, NOTEBOOK, MODULE, CELL)
    used = "import copyreg\nfor each in (Model, Rule): copyreg._slotnames(each)\n"
    assert take(house, NOTEBOOK + used, MODULE, CELL).parts == before.parts
    assert before.untracked == []


def test_it_is_the_same_in_any_process(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from jupyter_datum.transform.capture import capture\n"
        "from jupyter_datum.transform.cell import Cell\n"
        "from jupyter_datum.transform.fingerprint import fingerprint\n"
        "ns = {'__name__': '__main__'}\n"
        'exec(\'words = {"a", "b", "c"}\\ndef f(x):\\n    return x in {"p", "q", "r"}\', ns)\n'
        "cell = Cell('f(datum.value) or datum.value in words', '<cell>', 1)\n"
        f"print(fingerprint(cell, capture(cell, ns, Path({str(tmp_path)!r}))).digest)\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={
                "PYTHONHASHSEED": seed,
                "PATH": "",
                "PYTHONPATH": ":".join(filter(None, sys.path)),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(digests) == 1
