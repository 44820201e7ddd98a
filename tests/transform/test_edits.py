"""The twenty edits of the table that measured the peers (``incremental.md``, B1), wherever the
code stands that is edited: in the cell, in the notebook above it, in a module of the project.

Fourteen change what is computed, six do not.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.environment import packages_of
from jupyter_datum.transform.fingerprint import Fingerprint, fingerprint
from jupyter_datum.transform.imports import declare_imports

from .edited import COMMON

IMPORTS = """
import functools
import lib14
import house.near as near
from house.near import imported
"""
#: What is edited; it uses a module beside it.
CODE = (
    IMPORTS
    + COMMON
    + """
def work(x):
    x = helper(x)
    x = lib14.same(imported(x)) + near.by_attribute(x)
    x = decorated(closure(keyed(x))) + TABLE["a"] + 30
    return model.predict(x) if x < LIMIT else x
"""
)
UNUSED = "\ndef unused(x):\n    return x - 1\n"
NEAR = """
def imported(x):
    return x * 3

def by_attribute(x):
    return x - 4
"""
#: Number and words of the table; old text and new.
REAL = {
    "1 own body": ("x = helper(x)", "x = 1 + helper(x)"),
    "2 constant": ('TABLE["a"] + 30', 'TABLE["a"] + 31'),
    "3 default argument": ("step=2", "step=3"),
    "4 helper in the same module": ("deep(x) + step", "deep(x) - step"),
    "5 helper in an imported module, by mod.f": ("x - 4", "x - 5"),
    "6 helper in an imported module, by from-import": ("x * 3", "x / 3"),
    "7 helper of a helper": ("return x + 1", "return x + 2"),
    "8 global constant": ("LIMIT = 10", "LIMIT = 11"),
    "9 global dict": ("[2, 3]", "[2, 4]"),
    "10 closure value": ("scaled(4)", "scaled(8)"),
    "11 constant in a lambda": ("x * 7", "x * 9"),
    "12 decorator argument of a helper": ("@repeat(3)", "@repeat(2)"),
    "13 method of a global object's class": ("x * self.weight", "x + self.weight"),
}
COSMETIC = {
    "15 comment": ("# a comment", "# another one, and longer"),
    "16 docstring": ('"""A docstring."""', '"""Another docstring, longer."""'),
    "17 layout": ("x = helper(x)", "x = helper(\n        x,\n    )"),
    "18 code added above": ("", "q = 1\n\n\n"),
    "19 annotation": ("def helper(x, step=2):", "def helper(x: int, step: int = 2) -> int:"),
    "20 unused helper": ("return x - 1", "return x - 2"),
}
PLACES = ("cell", "notebook", "module")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a package of its own, and a library beside it."""
    project, site = tmp_path / "project", tmp_path / "site"
    monkeypatch.syspath_prepend(str(project))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (project / "house").mkdir(parents=True)
    (project / "house/__init__.py").write_text("")
    site.mkdir()
    yield project
    _forget()


def _forget() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] in ("house", "lib14")]:
        del sys.modules[name]


def taken(
    house: Path, place: str, edit: tuple[str, str] | None, *, version: str = "1.0"
) -> tuple[Fingerprint, dict[str, str]]:
    """The fingerprint in a fresh kernel, with the edit made where the code stands; and the
    packages that it uses."""
    code, near, above = CODE, NEAR, UNUSED
    if place == "module":
        code, above = CODE + UNUSED, ""
    if edit is not None:
        assert any(edit[0] in text for text in (code, near, above)), edit
        if not edit[0] and place == "cell":  # above the cell: in it, it would be part of it
            above = edit[1] + above
        else:
            code, near, above = (text.replace(*edit, 1) for text in (code, near, above))
    _forget()
    about = house.parent / "site/lib14-0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: lib14\nVersion: {version}\n")
    (about.parent / "lib14.py").write_text("def same(x):\n    return x\n")
    (house / "house/near.py").write_text(near)
    (house / "house/place.py").write_text(code if place == "module" else "")
    importlib.invalidate_caches()
    notebook = {"cell": above, "notebook": code + above, "module": "from house.place import work"}
    source = f"{code}\nwork(datum.value)" if place == "cell" else "work(datum.value)"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(notebook[place], "<notebook>", "exec"), namespace)
    cell = Cell(source, "<cell>", 2)
    captured = capture(cell, namespace, house)
    found = fingerprint(cell, captured)
    declare_imports(found, cell, captured, house)
    return found, packages_of(found.outside)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [*REAL, *COSMETIC])
def test_edit(house: Path, name: str, place: str) -> None:
    before, _ = taken(house, place, None)
    after, _ = taken(house, place, {**REAL, **COSMETIC}[name])
    parts = {*before.parts, *after.parts}
    changed = {part for part in parts if before.parts.get(part) != after.parts.get(part)}
    assert (after.digest != before.digest) == (name in REAL), changed
    assert bool(changed) == (name in REAL), "the plan could not say what changed"


@pytest.mark.parametrize("place", PLACES)
def test_edit_14_library_version(house: Path, place: str) -> None:
    """It is recorded with each run, and no part of the code: a plan tells by it, and with
    ``--strict-env`` makes anew (``tests/runner/test_surroundings.py``)."""
    versions = ("1.0", "1.1")
    found = [taken(house, place, None, version=version) for version in versions]
    assert [packages["lib14"] for _, packages in found] == [*versions]
    assert found[0][0].digest == found[1][0].digest
