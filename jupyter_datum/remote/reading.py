"""One file behind a URL, read as it comes, or by range."""

from __future__ import annotations

import io
import os
import posixpath
from collections.abc import Mapping
from typing import IO, Any, Final, cast

from ..errors import UsageError
from .store import Store, said
from .urls import parted, protocols_of

#: Fetched at once by who reads from the beginning to the end.
_BLOCK: Final = 8 << 20
#: Read at once by who looks at the beginning only.
_HEAD: Final = 64 << 10


class UrlFile:
    """A file behind a URL. Making one asks nobody anything.

    Parameters
    ----------
    url : str
    options : mapping, optional
        For fsspec; none of them is a secret.

    Raises
    ------
    UsageError
        If the URL names no file, or holds a password or a signature.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        self._root, rel = parted(url)
        if not rel:
            raise UsageError(f"{url!r} names no file")
        self._url = url
        self._rel = os.fsencode(rel)
        self._options = dict(options or {})
        self._opened: Store | None = None
        self._is_http = protocols_of(url)[0] == "http"
        #: As people call it: without the query of a web server.
        self.name = rel.partition("?")[0] if self._is_http else rel

    def __str__(self) -> str:
        return self._url

    @property
    def suffix(self) -> str:
        """The ending of its name, as of a path."""
        return posixpath.splitext(self.name)[1]

    def content(self) -> bytes:
        """Return a digest of what the store says that the file is: its ETag, or the like.

        Raises
        ------
        OSError
            If it is not there, cannot be reached, or wants credentials.
        """
        return self._store().info(self._rel).content

    def stream(self) -> IO[bytes]:
        """Open it to be read from its beginning to its end.

        Raises
        ------
        OSError
            As :meth:`content`; so does reading.
        """
        # A web server need not give ranges to who wants all of it.
        how = {"block_size": 0} if self._is_http else {"block_size": _BLOCK}
        return cast(IO[bytes], io.BufferedReader(self._raw(**how), 1 << 20))

    def head(self) -> IO[bytes]:
        """Open it to be read at its beginning, a little at a time.

        Raises
        ------
        OSError
        """
        return cast(IO[bytes], io.BufferedReader(self.ranges(), _HEAD))

    def ranges(self) -> io.RawIOBase:
        """Open it to be read by range: what is read is fetched, and nothing else.

        Raises
        ------
        OSError
        """
        return self._raw(cache_type="none")

    def _raw(self, **how: Any) -> _Raw:
        store = self._store()
        try:
            store.fresh()
            return _Raw(store.fs.open(store.path(self._rel), "rb", **how), self._url)
        except Exception as exc:
            raise said(exc, self._url) from exc

    def _store(self) -> Store:
        if self._opened is None:
            self._opened = Store(self._root, self._options)
        return self._opened


class _Raw(io.RawIOBase):
    """A file of fsspec's, whose errors are sentences."""

    def __init__(self, file: Any, url: str) -> None:
        self._file = file
        self._url = url
        #: Of the file as it was left: those of ``memory://`` are shared by all who read them.
        self._at = file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def tell(self) -> int:
        return int(self._at)

    def seek(self, at: int, whence: int = 0) -> int:
        try:
            self._at = at + (self._at if whence == 1 else 0)
            if whence == 2:
                self._at = self._file.seek(at, whence)
            return int(self._at)
        except Exception as exc:
            raise said(exc, self._url) from exc

    def readinto(self, buffer: Any) -> int:
        try:
            if self._file.tell() != self._at:
                self._file.seek(self._at)
            data = self._file.read(len(buffer))
            self._at = self._file.tell()
        except Exception as exc:
            raise said(exc, self._url) from exc
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
