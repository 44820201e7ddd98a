"""Modules that a cell imports as it runs: which files count, and what of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_datum.transform.capture import capture
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.fingerprint import fingerprint
from jupyter_datum.transform.imports import (
    changed_imports,
    declare_imports,
    files_of,
    imports_digest,
)

from ..story import Story


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with modules that nobody has imported; an installed one beside it."""
    files = {
        "project/one.py": "import json\nfrom pack.near import far\n",
        "project/pack/__init__.py": "",
        "project/pack/near.py": "from . import deep\nfrom .deep import x\nfrom ..one import y\n",
        "project/pack/deep.py": "x = 1  # how deep\n",
        "project/bare/inner.py": "x = 2\n",
        "project/broken.py": "def (",
        "elsewhere/installed.py": "import one\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("elsewhere", "project"):
        monkeypatch.syspath_prepend(tmp_path / name)
    return tmp_path / "project"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["one"], ["one", "pack", "pack.deep", "pack.near"]),
        (["pack"], ["pack"]),
        (["pack.deep", "pack.deep.x"], ["pack", "pack.deep"]),
        (["bare.inner"], ["bare.inner"]),
        (["broken"], ["broken"]),
        (["installed", "json", "sys", "no_such", "no.such", ""], []),
    ],
)
def test_files_are_found_without_an_import(
    house: Path, wanted: list[str], found: list[str]
) -> None:
    assert list(files_of(wanted, house)) == found


CELLS = {
    "in the cell": "import one\none.f(datum.value)",
    "under another name": "import pack.near as n\nn.f(datum.value)",
    "of a package": "from pack import near",
    "in a function of the cell": "def f():\n    from pack.near import far\nf()",
    "in a helper": "helper(datum.value)",
}


def helper(value: object) -> None:
    from pack import near  # type: ignore[import-not-found]

    near.f(value)


@pytest.mark.parametrize("body", CELLS.values(), ids=CELLS.keys())
def test_what_the_cell_reaches_counts(house: Path, body: str) -> None:
    helper.__module__ = "__main__"

    def parts() -> dict[str, str]:
        cell = Cell(body, "<cell>", 1)
        captured = capture(cell, {"helper": helper}, house)
        found = fingerprint(cell, captured)
        declare_imports(found, cell, captured, house)
        return found.parts | {"": found.digest}

    before = parts()
    assert "module pack.near" in before
    deep = house / "pack/deep.py"
    deep.write_text('"""How deep it is."""\n\nx: int = 1\n')
    assert parts() == before, "what is not computed does not count"
    deep.write_text("x = 2\n")
    after = parts()
    assert {name for name in before if before[name] != after[name]} == {"module pack.deep", ""}


def test_an_edit_in_mid_run_reaches_no_later_worker(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first datum edits the module; the second has a worker of its own."""
    monkeypatch.syspath_prepend(story.folder)
    files = {"spot/__init__.py": "", "spot/deep.py": "VALUE = 1\n", "bare/on.py": "VALUE = 1\n"}
    for name, text in files.items():
        (story.folder / name).parent.mkdir(exist_ok=True)
        (story.folder / name).write_text(text)
    story.namespace["files"] = [str(story.folder / name) for name in files]
    (story.folder / "spot/data.txt").write_text("beside")
    body = (
        "import os, inspect, importlib.resources, spot.deep\nfrom bare import on\n"
        "for path in files:\n    open(path, 'w').write('VALUE = 2')\n"
        "beside = importlib.resources.files('spot').joinpath('data.txt').read_text()\n"
        "os.getpid(), spot.deep.VALUE, on.VALUE, beside, inspect.getsource(spot.deep)"
    )
    line = "job -i items([1,2]) --workers 1 --max-datums-per-worker 1"
    assert story.run(line, body).success == 2
    (pid, *one), (other, *two) = story.transform("job").results()
    assert pid != other and one == two == [1, 1, "beside", "VALUE = 1\n"]
    monkeypatch.chdir(story.folder)
    assert story.run(line, body).success == 2, "the edit counts at the next run"
    assert [result[1] for result in story.transform("job").results()] == [2, 2]


def test_a_file_that_changed_since_is_told(house: Path) -> None:
    cell = Cell("import broken, pack.deep", "<cell>", 1)
    captured = capture(cell, {}, house)
    found = fingerprint(cell, captured)
    declare_imports(found, cell, captured, house)
    workers = imports_digest(found.imports)
    assert not [*changed_imports(found.imports, found.parts)]
    (house / "pack/deep.py").write_text("x = 1  # deeper\n")
    assert not [*changed_imports(found.imports, found.parts)]
    assert imports_digest(found.imports) != workers, "tracebacks quote the lines as they are"
    (house / "pack/deep.py").write_text("x = 3\n")
    (house / "broken.py").unlink()
    changed = [name for name, _, _ in changed_imports(found.imports, found.parts)]
    assert changed == ["broken.py", "deep.py"]
