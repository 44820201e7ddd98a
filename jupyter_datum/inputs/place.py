"""The folder at which relative patterns start: the notebook's, wherever the kernel went."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_folders: list[str] = []


def folder() -> str:
    """Return the folder of the notebook, or else the working folder."""
    return _folders[-1] if _folders else os.getcwd()


def stay(where: str | os.PathLike[str]) -> None:
    """Have relative patterns start at `where` from now on, wherever this process goes."""
    _folders[:] = [os.fspath(where)]


def absolute(root: str) -> str:
    """Return `root` from that folder."""
    return os.path.abspath(os.path.join(folder(), root))


@contextmanager
def starting_at(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Have relative patterns start at `folder` meanwhile."""
    _folders.append(os.fspath(folder))
    try:
        yield
    finally:
        _folders.pop()
