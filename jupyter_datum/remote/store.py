"""A folder behind a URL: what is in it, how to get it, what tells that it is unchanged."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from blake3 import blake3

from ..errors import InputError, UsageError
from ..events import Stat
from .kept import KEPT, in_memory, open_kept
from .pages import pages
from .urls import Url, credentials_of, parse_url, parted, protocols_of, url_of

#: What a store says of an object that changes with its content, best first.
#: No S3 version id: a listing does not tell it, and an ETag changes as well.
_TAGS: Final = (
    "generation", "ETag", "etag", "md5Hash", "content_md5", "Content-MD5", "Digest", "md5",
    "crc32c", "CRC",
)  # fmt: skip
_TIMES: Final = (
    "LastModified", "Last-Modified", "last_modified", "mtime", "updated", "modified", "created",
    "date_time",
)  # fmt: skip
_NO_CREDENTIALS: Final = frozenset(
    {
        "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound",
        "DefaultCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
        "ClientAuthenticationError", "SSOTokenLoadError",
    }
)  # fmt: skip
_EXTRAS: Final = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "http": "aiohttp"}


class Entry(NamedTuple):
    """An object: its path under the store's root, and what tells that it is unchanged.

    ``stat`` holds the size, and in the inode's place 63 bits of ``content``, the BLAKE3 of
    the store's own word for what the object is (version, ETag; else size and time).
    """

    rel: bytes
    stat: Stat
    content: bytes


class Store:
    """A folder behind a URL.

    Parameters
    ----------
    root : str
        URL of a folder, or of one in an archive (``zip://a::s3://bucket/x.zip``).
    options : mapping
        For fsspec; none of them is a secret. ``kept``: the archive in the project that holds what
        lies in the memory of another process.

    Raises
    ------
    InputError
        If there is no such file system, its package is missing, or it cannot be reached.
    """

    def __init__(self, root: str, options: Mapping[str, Any] | None = None) -> None:
        self.root = root
        self._options = dict(options or {})
        kept = self._options.pop(KEPT, None)
        self._kept = kept if in_memory(root) else None
        self._url = parse_url(root)
        self._outer = None if self._kept else self._outer_store(self._url)
        self._outer_now = b""
        self._open()

    def _outer_store(self, url: Url) -> tuple[Store, str] | None:
        """The archive that the root is in, as an object of a store of its own."""
        if not url.tail:
            return None
        outer, name = parted(url.tail.removeprefix("::"))
        return Store(outer, _inner_options(self._options, outer)), name

    def _open(self) -> None:
        if self._kept is not None:
            self.fs, self._base = open_kept(self._kept), self._url.path.strip("/")
            return
        if self._outer is not None:
            store, name = self._outer
            self._outer_now = store.info(os.fsencode(name)).content
        self.fs, base = _filesystem(self.root, self._options)
        self._base = str(base).rstrip("/")

    def fresh(self) -> None:
        """Open the archive anew if it is another one by now; only archives are kept open."""
        if self._outer is not None:
            store, name = self._outer
            if store.info(os.fsencode(name)).content != self._outer_now:
                self._open()

    def path(self, rel: bytes) -> str:
        """Return `rel` as the file system wants it."""
        name = os.fsdecode(rel)
        return f"{self._base}/{name}" if self._base else name

    def rel(self, path: str) -> bytes | None:
        """Inverse of :meth:`path`; None where `path` is not below the root."""
        if not self._base:
            return os.fsencode(path.lstrip("/"))
        path = path if path.startswith(self._base) else "/" + path
        if not path.startswith(self._base + "/"):
            return None
        return os.fsencode(path[len(self._base) + 1 :])

    def info(self, rel: bytes) -> Entry:
        """Ask for one object.

        Raises
        ------
        OSError
            If it is not there, or the store does not answer.
        """
        try:
            self.fresh()
            return entry_of(rel, self.fs.info(self.path(rel)))
        except Exception as exc:
            raise said(exc, self.url(rel)) from exc

    def get(self, rel: bytes, target: bytes | str) -> None:
        """Copy an object into the local file `target`.

        Raises
        ------
        OSError
            If it is not there, or the store does not answer.
        """
        try:
            self.fs.get_file(self.path(rel), os.fsdecode(target))
        except Exception as exc:
            raise said(exc, self.url(rel)) from exc

    def read(self, rel: bytes) -> bytes:
        """Return an object's content.

        Raises
        ------
        OSError
            As :meth:`get`.
        """
        try:
            return bytes(self.fs.cat_file(self.path(rel)))
        except Exception as exc:
            raise said(exc, self.url(rel)) from exc

    def check(self) -> None:
        """See that the folder can be listed, or can come to be: in a bucket that there is.

        Raises
        ------
        OSError
        """
        try:
            next(iter(self.folder(b"")), None)
        except FileNotFoundError:
            bucket, _, below = self._base.strip("/").partition("/")
            if not (below and self._exists(bucket)):
                raise

    def is_there(self) -> bool:
        """Return whether there is anything to be listed. S3 knows no folders: it says nothing.

        Raises
        ------
        OSError
            If the store does not answer.
        """
        return self._is_s3 or self._exists(self._base)

    def _exists(self, path: str) -> bool:
        try:
            return bool(self.fs.exists(path))
        except Exception as exc:
            raise said(exc, self.root) from exc

    def look(self, rel: bytes) -> tuple[Entry, Mapping[str, str]] | None:
        """Return an object and the tags it was put with, as far as the store keeps any; None
        if there is none.

        Raises
        ------
        OSError
            If the store does not answer.
        """
        try:
            if not self._is_s3:
                info = self.fs.info(self.path(rel))
                return None if info.get("type") == "directory" else (entry_of(rel, info), {})
            answer = self.fs.call_s3("head_object", **self._s3(rel))
            entry = entry_of(rel, {"ETag": answer["ETag"], "size": answer["ContentLength"]})
            return entry, answer.get("Metadata", {})
        except FileNotFoundError:
            return None
        except Exception as exc:
            raise said(exc, self.url(rel)) from exc

    def put(self, source: bytes, rel: bytes, tags: Mapping[str, str]) -> Entry:
        """Write the local file `source` whole under its name, in the place of what was there.

        Raises
        ------
        OSError
            If the store does not take it.
        """
        extra = {"Metadata": dict(tags)} if self._is_s3 else {}
        try:
            if not self._is_s3:
                self.fs.makedirs(self.path(rel).rpartition("/")[0], exist_ok=True)
            self.fs.put_file(os.fsdecode(source), self.path(rel), **extra)
        except FileNotFoundError as exc:
            raise _where(source, exc) or said(exc, self.url(rel)) from exc
        except Exception as exc:
            raise said(exc, self.url(rel)) from exc
        found = self.look(rel)
        if found is None:
            raise OSError(f"{self.url(rel)} was written and is not there")
        return found[0]

    def remove(self, rel: bytes) -> None:
        """Remove an object, if it is there.

        Raises
        ------
        OSError
            If the store does not answer.
        """
        try:
            if self._is_s3:
                self.fs.call_s3("delete_object", **self._s3(rel))
            else:
                self.fs.rm_file(self.path(rel))
        except FileNotFoundError:
            return
        except Exception as exc:
            raise said(exc, self.url(rel)) from exc

    @property
    def _is_s3(self) -> bool:
        return hasattr(self.fs, "call_s3")

    def _s3(self, rel: bytes) -> dict[str, Any]:
        bucket, _, key = self.path(rel).partition("/")
        return {"Bucket": bucket, "Key": key, **self.fs.req_kw}

    def url(self, rel: bytes) -> str:
        """Return the URL of an object."""
        return url_of(self.root, os.fsdecode(rel))

    def folder(self, rel: bytes, begin: bytes = b"") -> Iterator[list[tuple[bytes, Any]]]:
        """Yield pages of what stands in a folder, in the order of bytes.

        Parameters
        ----------
        rel : bytes
            Of the folder; empty or ending in ``/``, as the folders' own names do.
        begin : bytes
            How the names begin that are wanted.

        Raises
        ------
        OSError
        """
        try:
            yield from pages(self, rel, begin, deep=False)
        except Exception as exc:
            raise said(exc, self.url(rel)) from exc

    def walk(self, begin: bytes = b"") -> Iterator[list[tuple[bytes, Any]]]:
        """Yield pages of everything below the root whose path begins with `begin`.

        Raises
        ------
        OSError
        """
        try:
            yield from pages(self, b"", begin, deep=True)
        except Exception as exc:
            raise said(exc, self.root) from exc


def entry_of(rel: bytes, info: Mapping[str, Any]) -> Entry:
    """Return an object by what its file system says of it."""
    size = int(info.get("size") or 0)
    content = blake3(_identity(info, size).encode("utf-8", "surrogatepass")).digest()
    return Entry(rel, Stat(size, 0, 0, int.from_bytes(content[:8], "big") >> 1), content)


def has_identity(info: Mapping[str, Any]) -> bool:
    """Return whether a listing says enough of an object to tell whether it changed."""
    return info.get("size") is not None and any(info.get(name) for name in (*_TAGS, *_TIMES))


def _identity(info: Mapping[str, Any], size: int) -> str:
    for name in _TAGS:
        if info.get(name):
            return f"{str(info[name]).strip(chr(34))} {size}"
    time = next((info[name] for name in _TIMES if info.get(name)), "")
    return f"{time} {size}"


def _filesystem(url: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """Return fsspec's file system and the path in it, neither of them remembered: what a
    store holds may change from one look to the next."""
    protocol = protocols_of(url)[0]
    try:
        import fsspec
    except ImportError as exc:
        raise _missing(protocol, "fsspec") from exc

    fresh = {"skip_instance_cache": True} if "::" in url else {"use_listings_cache": False}
    try:
        found = fsspec.core.url_to_fs(url, **_by_protocol(options, url), **fresh)
        return cast("tuple[Any, str]", found)
    except ImportError as exc:
        raise _missing(protocol, str(exc)) from exc
    except ValueError as exc:
        wants = "credential" in str(exc)  # adlfs, without an account
        raise InputError(_no_credentials(url) if wants else f"{url}: {exc}") from exc


def _by_protocol(options: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Options of a chained URL stand under each part's protocol; those that do not are for
    the last part, the store."""
    if "::" not in url or not options:
        return dict(options)
    heads = [part.partition("://")[0] for part in url.split("::")]
    if set(options) <= set(heads):
        return dict(options)
    return {heads[-1]: dict(options)}


def _inner_options(options: Mapping[str, Any], outer: str) -> dict[str, Any]:
    heads = [part.partition("://")[0] for part in outer.split("::")]
    inner = options.get(heads[0]) if len(heads) == 1 else None
    if isinstance(inner, Mapping):
        return dict(inner)
    return {k: v for k, v in options.items() if not isinstance(v, Mapping) or k in heads}


def _missing(protocol: str, what: str) -> UsageError:
    package = _EXTRAS.get(protocol)
    extra = "s3" if protocol == "s3" else "url"
    how = f"pip install 'jupyter-datum[{extra}]'" if package in ("s3fs", None) else None
    return UsageError(
        f"{protocol}:// needs a package that is not installed ({what}). "
        f"Run: {how or f'pip install {package}'}"
    )


def _where(source: bytes, exc: FileNotFoundError) -> FileNotFoundError | None:
    """The error for a local file that is gone; None if it is there."""
    return None if os.path.exists(source) else exc


def _no_credentials(url: str) -> str:
    return (
        f"no credentials for {url}: set {credentials_of(protocols_of(url)[-1])} in the "
        "environment of the kernel; for a public place give storage_options={'anon': True}"
    )


def said(exc: Exception, url: str) -> Exception:
    """Return what a store raised as one sentence: an :exc:`OSError` whose type tells whether
    another try can help."""
    if isinstance(exc, UsageError | InputError):
        return exc
    text = " ".join(str(exc).split())[:500]
    name = type(exc).__name__
    if getattr(exc, "status", None) == 401 and protocols_of(url)[-1] == "http":
        return PermissionError(
            f"no credentials for {url}: write them into ~/.netrc, and give "
            "storage_options={'client_kwargs': {'trust_env': True}}"
        )
    if name in _NO_CREDENTIALS:
        return PermissionError(_no_credentials(url))
    if isinstance(exc, FileNotFoundError):
        return FileNotFoundError(f"{url} does not exist")
    if isinstance(exc, PermissionError):
        return PermissionError(f"access to {url} was refused ({text})")
    if isinstance(exc, NotADirectoryError | IsADirectoryError | FileExistsError):
        return type(exc)(f"{url}: {text}")
    return OSError(f"{url}: {name}: {text}" if text else f"{url}: {name}")
