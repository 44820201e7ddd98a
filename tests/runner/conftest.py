"""What the tests of the runner share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..story import Story
from .sized import ALL, BODY, LINE, write


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    target = tmp_path / "disk"
    target.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(target)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield target
    subprocess.run(["umount", "-l", str(target)], check=True)


@pytest.fixture
def made(story: Story) -> Story:
    """Six files and a run over them; old enough to be trusted by their stat."""
    folder = story.folder / "in"
    folder.mkdir()
    for i in range(ALL):
        write(folder / f"{i}.txt", "x" * (i + 1))
    row = story.run(LINE, BODY)
    assert (row.status, row.success) == ("success", ALL)
    return story
