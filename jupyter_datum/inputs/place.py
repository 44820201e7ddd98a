"""The folder at which relative patterns start: the notebook's, wherever the kernel went."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_folders: list[str] = []


def absolute(root: str) -> str:
    """Return `root` from the folder of the notebook, or else the working folder."""
    return os.path.abspath(os.path.join(_folders[-1] if _folders else os.getcwd(), root))


@contextmanager
def starting_at(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Have relative patterns start at `folder` meanwhile."""
    _folders.append(os.fspath(folder))
    try:
        yield
    finally:
        _folders.pop()
