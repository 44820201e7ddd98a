"""Project modules in payloads: by value, or as the source that was fingerprinted."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.cli import main
from jupyter_datum.errors import CaptureError
from jupyter_datum.transform.capture import capture, in_project
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.payload import build_payload, load_payload

from ..story import Story

LOCKED = """
import threading
from .tools import scaled
from . import constants

GUARD = threading.Lock()
FACTOR = 3

class Counter:
    lock = threading.Lock()
    def up(self, x):
        with self.lock:
            return x + constants.STEP

Counter.itself = Counter

def helper(x):
    with GUARD:
        return scaled(Counter().up(x), FACTOR)
"""
CELL = "from_house(datum.value) if False else near.helper(datum.value)"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of the project with a module that holds locks."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "near.py").write_text(LOCKED)
    (folder / "tools.py").write_text("def scaled(x, by):\n    return x * by\n")
    (folder / "constants.py").write_text("STEP = 1\n")
    importlib.invalidate_caches()
    yield folder
    for name in [n for n in sys.modules if n.partition(".")[0] == "locked"]:
        del sys.modules[name]


def payload(house: Path) -> bytes:
    near = importlib.import_module("locked.near")
    namespace: dict[str, Any] = {"__name__": "__main__", "near": near, "from_house": near.helper}
    cell = Cell(CELL, "<cell>", 1)
    return build_payload(cell, capture(cell, namespace, house.parent))


def test_it_is_made_again_without_a_file(house: Path, tmp_path: Path) -> None:
    (tmp_path / "payload").write_bytes(payload(house))
    shutil.rmtree(house)
    code = (
        "import sys; from types import SimpleNamespace as N\n"
        "from jupyter_datum.transform.payload import load_payload\n"
        "loaded = load_payload(open(sys.argv[1], 'rb').read())\n"
        "print(loaded.run(N(value=4)), sys.modules['locked.near'].__name__)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "payload")]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert (done.stdout, done.stderr) == ("15 locked.near\n", "")


def test_what_was_set_in_it_since_its_import_counts(house: Path) -> None:
    from types import SimpleNamespace

    importlib.import_module("locked.near").FACTOR = 10  # type: ignore[attr-defined]
    data = payload(house)
    own = sys.modules["locked.near"]
    loaded = load_payload(data)
    assert loaded.run(SimpleNamespace(value=4)) == 50
    assert sys.modules["locked.near"] is own, "a kernel keeps its own module"
    assert loaded.namespace["near"] is not own


def test_source_that_is_not_what_runs_is_refused(house: Path) -> None:
    importlib.import_module("locked.near")
    (house / "near.py").write_text(LOCKED.replace("return scaled(", "return -scaled("))
    with pytest.raises(CaptureError, match=r"importlib\.reload\(locked\.near\)"):
        payload(house)


def test_a_lock_of_the_notebook_is_still_named(tmp_path: Path) -> None:
    import threading

    cell = Cell("guard", "<cell>", 1)
    with pytest.raises(CaptureError, match=r"'guard'.*cannot be sent"):
        build_payload(cell, capture(cell, {"guard": threading.Lock()}, tmp_path))


def test_edited_on_disk_before_a_retry_the_recorded_code_runs(house: Path, story: Story) -> None:
    near = importlib.import_module("locked.near")
    story.namespace |= {"near": near, "numbers": [1, 2, 3], "flag": str(story.folder / "flag")}
    body = "import os\nassert datum.value != 2 or os.path.exists(flag)\nnear.helper(datum.value)"
    row = story.run("job -i numbers", body)
    assert (row.success, row.failed) == (2, 1)
    (house / "near.py").write_text(LOCKED.replace("FACTOR = 3", "FACTOR = 1000"))
    (house / "tools.py").write_text("def scaled(x, by):\n    return 'edited'\n")
    (story.folder / "flag").touch()
    story.kill_runner()
    assert main(["retry", "job", "--project", str(story.folder)]) == 0
    assert story.transform("job").results() == [6, 9, 12]


def test_a_module_is_the_projects_where_its_file_really_lies(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for folder in (project, elsewhere):
        folder.mkdir()
        (folder / "a.py").touch()
    (elsewhere / "file.py").symlink_to(project / "a.py")
    (elsewhere / "folder").symlink_to(project)
    (project / "away.py").symlink_to(elsewhere / "a.py")
    inside = in_project(project)
    assert all(map(inside, map(str, (
        project / "a.py", elsewhere / "file.py", elsewhere / "folder" / "a.py",
    ))))  # fmt: skip
    assert not inside(str(project / "away.py"))
    assert not inside(str(elsewhere / "a.py"))
