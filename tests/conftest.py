"""Fixtures for all rooms."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_datum.runner import client

from .forked import Nursery
from .story import Story


@pytest.fixture(autouse=True, scope="session")
def _own_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A signing key of the tests' own, for this process and for what it starts."""
    patch = pytest.MonkeyPatch()
    patch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("jupyter-data")))
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="module")
def _environment_as_found() -> Iterator[None]:
    """A cluster that a test makes in this process sets variables of this process."""
    before = dict(os.environ)
    yield
    for name in [name for name in os.environ if name not in before]:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session")
def _nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(autouse=True)
def _quick_runners(
    request: pytest.FixtureRequest, _nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runners that this process asks for are forked (:mod:`.forked`)."""
    if sys.platform == "linux" and "started_anew" not in request.keywords:
        monkeypatch.setattr(client, "start_runner", _nursery.start_runner)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    story = Story(tmp_path)
    yield story
    story.close()


#: Ends as a kernel does whose port somebody else has taken meanwhile; the next one comes up.
CLUMSY = """
import os, sys
flag = {flag!r}
if not os.path.exists(flag):
    open(flag, "w").close()
    sys.exit(1)
os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *sys.argv[1:]])
"""


@pytest.fixture
def clumsy_kernel(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A kernelspec ``clumsy``, whose first kernel dies in its start; the file that says it did."""
    folder = tmp_path_factory.mktemp("specs")
    flag = folder / "died"
    code = CLUMSY.format(flag=str(flag))
    spec = {"argv": [sys.executable, "-c", code, "-f", "{connection_file}"], "language": "python"}
    (folder / "kernels" / "clumsy").mkdir(parents=True)
    text = json.dumps({**spec, "display_name": "clumsy"})
    (folder / "kernels" / "clumsy" / "kernel.json").write_text(text)
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    return flag
