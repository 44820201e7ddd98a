"""A module of the project that was edited and not reloaded: whatever the cell uses of it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.fingerprint import Fingerprint, fingerprint
from jupyter_datum.transform.loaded import note_loaded

MODULE = '''
"""What the module is for."""
import dataclasses
import threading

SIZE = 640
RATE = 2.5

def twice(function):
    return lambda x: function(function(x))

class Base:
    step = 1

    def move(self, x):
        return x + self.step

class Walker(Base):
    far = 10

@dataclasses.dataclass
class Point:
    x: int = 3

@twice
def grown(x):
    return x + 1

def plain(x):
    # a comment
    return x * 2
'''
#: What is edited (old, new), and a cell that uses it; above it `notebook`.
EDITS = {
    "constant by attribute": ("640", "800", "import mill", "mill.SIZE"),
    "constant by name": ("640", "800", "from mill import SIZE", "SIZE"),
    "constant by another name": ("2.5", "3.5", "from mill import RATE as r", "r"),
    "constant of everything": ("640", "800", "from mill import *", "SIZE"),
    "attribute of a class": ("far = 10", "far = 11", "from mill import Walker", "Walker.far"),
    "attribute of a base class": ("step = 1", "step = 2", "import mill", "mill.Walker().move(1)"),
    "base class": ("Walker(Base)", "Walker", "from mill import Walker", "Walker()"),
    "decorator": ("@twice\n", "", "from mill import grown", "grown(1)"),
    "field of a dataclass": ("x: int = 3", "x: int = 4", "from mill import Point", "Point()"),
    "value of an instance": ("step = 1", "step = 2", "import mill\nw = mill.Walker()", "w.move(2)"),
    "through a helper": ("640", "800", "import mill\ndef f(): return mill.SIZE", "f()"),
    "function": ("x * 2", "x * 3", "from mill import plain", "plain(1)"),
}


@pytest.fixture
def mill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "mill.py"
    path.write_text(MODULE)
    importlib.invalidate_caches()
    yield path
    sys.modules.pop("mill", None)


def kernel(notebook: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(notebook, "<notebook>", "exec"), namespace)
    return namespace


def take(mill: Path, namespace: dict[str, Any], code: str) -> Fingerprint:
    cell = Cell(code, "<cell>", 2)
    return fingerprint(cell, capture(cell, namespace, mill.parent))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_it_is_said_once(mill: Path, edit: tuple[str, str, str, str]) -> None:
    old, new, notebook, code = edit
    namespace = kernel(notebook)
    note_loaded(mill.parent)  # as after the cell
    before = take(mill, namespace, code)
    assert before.warnings == []
    assert old in MODULE
    mill.write_text(MODULE.replace(old, new))
    after = take(mill, namespace, f"{code}, {code}")
    (warning,) = after.warnings
    assert "mill.py was edited after its import" in warning
    assert "importlib.reload(mill)" in warning
    note_loaded(mill.parent)  # later cells change nothing
    assert take(mill, namespace, code).warnings == after.warnings
    importlib.reload(sys.modules["mill"])
    assert take(mill, kernel(notebook), code).warnings == []


def test_what_is_edited_without_effect_or_not_used_is_not_said(mill: Path) -> None:
    namespace = kernel("import mill\nSIZE = 641\nfrom mill import twice as t")
    note_loaded(mill.parent)
    mill.write_text(MODULE.replace("# a comment", "# longer").replace("is for", "is good for"))
    assert take(mill, namespace, "mill.SIZE, mill.Point()").warnings == []
    mill.write_text(MODULE.replace("640", "800"))
    assert take(mill, namespace, "SIZE, datum.value").warnings == []


def test_a_function_taken_by_name_before_a_reload_is_the_old_one(mill: Path) -> None:
    namespace = kernel("from mill import plain")
    mill.write_text(MODULE.replace("x * 2", "x * 3"))
    importlib.reload(sys.modules["mill"])
    (warning,) = take(mill, namespace, "plain(1)").warnings
    assert "plain is not what stands in mill.py" in warning
    assert take(mill, kernel("from mill import plain"), "plain(1)").warnings == []


def test_a_script_that_was_run_in_the_notebook_and_edited_is_said(mill: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(MODULE, str(mill), "exec"), namespace)  # what %run does
    assert take(mill, namespace, "plain(1)").warnings == []
    mill.write_text(MODULE.replace("# a comment", "# longer"))
    assert take(mill, namespace, "plain(1)").warnings == []
    mill.write_text(MODULE.replace("x * 2", "x * 3"))
    (warning,) = take(mill, namespace, "plain(1), plain(2)").warnings
    assert "plain is not what stands in mill.py" in warning and "%run" in warning
