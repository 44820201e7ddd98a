"""Registration files: written if they can be, read with suspicion."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from jupyter_datum import registry
from jupyter_datum.project import Project, create


@pytest.fixture(autouse=True)
def _dirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("JUPYTER_RUNTIME_DIR", raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return create(tmp_path)


def test_the_folders_are_jupyters(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = pytest.importorskip("jupyter_core.paths")
    assert str(registry.runtime_dir()) == paths.jupyter_runtime_dir()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", "/somewhere/else")
    assert str(registry.runtime_dir()) == paths.jupyter_runtime_dir()


def test_what_is_written_is_read(project: Project) -> None:
    assert registry.write_kernel("k-1", project, project.root, "/a/book.ipynb", "0.1")
    found = registry.read_kernel("k-1")
    assert found is not None
    assert (found["project"], found["root"]) == (project.uuid, str(project.root))
    assert registry.write_project(project) and registry.write_project(project)
    assert registry.projects() == [{"project": project.uuid, "root": str(project.root)}]
    registry.forget_kernel("k-1")
    assert registry.read_kernel("k-1") is None


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "/etc/passwd", "x" * 200, "a\0b", ".x"])
def test_a_name_is_no_path(project: Project, name: str) -> None:
    assert not registry.write_kernel(name, project, project.root, None, "0")
    assert registry.read_kernel(name) is None and registry.read_project(name) is None
    registry.forget_kernel(name)


def test_it_may_be_impossible_to_write(project: Project, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    assert not registry.write_kernel("k", project, project.root, None, "0")
    assert not registry.write_project(project)
    registry.sweep()
    assert registry.projects() == []


def test_what_lies_in_its_place_may_be_anything(project: Project) -> None:
    assert registry.write_project(project)
    path = registry.project_file(project.uuid)
    for text in ("", "{", "[]", "[" * 100_000, "\udcff", '{"project": 1}' + " " * registry.LIMIT):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert registry.read_project(project.uuid) is None, text[:10]
    path.unlink()
    os.mkfifo(path)
    assert registry.read_project(project.uuid) is None
    path.unlink()
    other = path.with_name("other")
    other.write_text(json.dumps({"project": project.uuid, "root": "/"}))
    path.symlink_to(other)
    assert registry.read_project(project.uuid) is None


def test_old_registrations_are_swept(project: Project) -> None:
    for name in ("old", "new"):
        assert registry.write_kernel(name, project, project.root, None, "0")
    past = time.time() - registry.OLD - 60
    os.utime(registry.kernel_file("old"), (past, past))
    registry.sweep()
    assert registry.read_kernel("old") is None and registry.read_kernel("new")
