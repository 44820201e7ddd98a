"""What stands behind ``datum`` when a person works with one in the kernel."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from ..engines.fetch import fetcher_for
from ..inputs import Input
from ..project import Project
from ..remote import options_by_input


class KernelPlace:
    """Folders that go with the kernel, and a log that is the cell's own output."""

    def __init__(self, source: Input | None = None, project: Project | None = None) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._roots = source.roots if source else {}
        self._fetcher = fetcher_for(self._roots)
        if self._fetcher and source and project:
            self._fetcher.options(options_by_input(source.to_json(), project))

    def path(self, name: str, rel: bytes) -> str:
        """Return where a file of the input `name` lies; it is fetched if that is a URL."""
        if self._fetcher and name in self._fetcher.roots:
            self._fetcher.fetch(name, rel)
            return self._fetcher.path(name, rel)
        return os.fsdecode(os.path.join(self._roots[name], rel))

    def url(self, name: str, rel: bytes) -> str | None:
        """Return the URL of a file; None if it is a file of this machine."""
        is_far = self._fetcher and name in self._fetcher.roots
        return self._fetcher.url(name, rel) if self._fetcher and is_far else None

    def out(self) -> Path:
        """Return a folder for outputs; nothing of it is published."""
        return self.folder("out")

    def out_folder(self, rel: str) -> Path:
        """Return the folder `rel` of it."""
        folder = self.out() / rel
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def tmp(self) -> Path:
        """Return a folder for what is not kept."""
        return self.folder("tmp")

    def log(self, text: str) -> None:
        """Print `text`."""
        sys.stdout.write(text)

    def folder(self, name: str) -> Path:
        """Return a folder of this name, made when it is first needed; it goes with the kernel."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="jupyter-datum-")
        folder = Path(self._folder.name) / name
        folder.mkdir(exist_ok=True)
        return folder
