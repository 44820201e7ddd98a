"""How a watcher notices changes, and what it says where events tell nothing."""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.runner import noticed
from jupyter_datum.runner.noticed import Noticed, why_not


def test_events_are_used_where_they_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("watchfiles")
    here = os.fsencode(tmp_path)
    assert why_not([here]) is None
    assert "not in folders" in str(why_not([]))
    assert "does not exist yet" in str(why_not([here + b"/later"]))
    monkeypatch.setattr(noticed, "file_system", lambda path: "nfs4")
    assert "network file system (nfs4)" in str(why_not([here]))


def test_without_the_package_everything_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def without(name: str, *rest: Any) -> Any:
        return None if name == "watchfiles" else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    assert 'pip install "jupyter-datum[watch]"' in str(why_not([os.fsencode(tmp_path)]))
    looks = Noticed([], [])
    assert looks.wait(0.5) is False and looks.arrived == {}


def test_moves_are_told_from_files_in_the_making(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    folder, out = tmp_path / "in", tmp_path / "in/out"
    out.mkdir(parents=True)
    looks = Noticed([os.fsencode(folder)], [os.fsencode(out)])
    try:
        (out / "made.txt").write_text("by the run itself")
        (tmp_path / "part").write_text("whole")
        time.sleep(0.05)
        os.rename(tmp_path / "part", folder / "moved")
        (folder / "begun").write_text("half")
        (folder / "empty").touch()
        end = time.monotonic() + 30
        while not looks.arrived and time.monotonic() < end:
            looks.wait(0.1)
        looks.wait(0.5)
        assert set(looks.arrived) == {str(folder / "moved")}
        with (folder / "moved").open("a") as file:
            file.write("more")
        while looks.arrived and time.monotonic() < end:
            looks.wait(0.1)
        assert looks.arrived == {}, "it is being written after all"
    finally:
        looks.close()
