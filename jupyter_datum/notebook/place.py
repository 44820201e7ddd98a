"""What stands behind ``datum`` when a person works with one in the kernel."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path


class KernelPlace:
    """Folders that go with the kernel, and a log that is the cell's own output."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def out(self) -> Path:
        """Return a folder for outputs; nothing of it is published."""
        return self._inside("out")

    def tmp(self) -> Path:
        """Return a folder for what is not kept."""
        return self._inside("tmp")

    def log(self, text: str) -> None:
        """Print `text`."""
        sys.stdout.write(text)

    def _inside(self, name: str) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="jupyter-datum-")
        folder = Path(self._folder.name) / name
        folder.mkdir(exist_ok=True)
        return folder
