"""A contents manager whose notebooks are no files."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.contents.manager import ContentsManager


class NoFiles(ContentsManager):
    """Holds nothing, and holds it in memory."""

    def dir_exists(self, path: str) -> bool:
        return path.strip("/") == ""

    def file_exists(self, path: str = "") -> bool:
        return False

    def is_hidden(self, path: str) -> bool:
        return False

    def get(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        raise FileNotFoundError(path)
