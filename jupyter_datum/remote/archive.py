"""fsspec's view of the archive that :mod:`.kept` writes. (fsspec is imported here, at once.)"""

from __future__ import annotations

from typing import Any

from fsspec.implementations.zip import ZipFileSystem


class KeptFiles(ZipFileSystem):  # type: ignore[misc]
    """The files of an archive, each known by the digest of its content.

    Parameters
    ----------
    path : str
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._get_dirs()
        self._within: dict[str, list[dict[str, Any]]] = {}
        for name, info in self.dir_cache.items():
            info["Digest"] = info.get("comment", b"").decode("ascii", "replace")
            self._within.setdefault(name.rpartition("/")[0], []).append(info)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """Return what is in a folder; nothing where there is none: it held nothing wanted.

        The archive's own looks through all that it has, for each folder.
        """
        found = self._within.get(path.strip("/"), [])
        return found if detail else [info["name"] for info in found]
