"""URLs as text: their parts, and what of them may be written down."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..errors import UsageError
from ..hashing import is_plain

_HEAD: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_HEAD_BYTES: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://")
_SECRET: Final = re.compile(
    r"secret|token|passw|pwd|credential|signature|sas_|private|connection_string"
    r"|^key$|access_key|account_key|api_?key|auth",
    re.IGNORECASE,
)
#: Words in the place of a secret that say where to look for one.
_NO_SECRET: Final = ("anon", "cloud", "google_default", None, False)
#: A signature in the URL itself.
_SIGNED: Final = re.compile(r"[?&](x-amz-|x-goog-|sig=|signature=|token=)", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"://[^/@]*:[^/@]*@")

#: Protocol -> what its variables begin with, and where credentials come from, in words.
_VARIABLES: Final = {
    "s3": ("AWS_", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"),
    "gs": ("GOOGLE_", "GOOGLE_APPLICATION_CREDENTIALS"),
    "az": ("AZURE_", "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"),
    "http": ("HTTP", "a ~/.netrc"),
}
_SAME: Final = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az", "adl": "az", "https": "http"}
#: Read by fsspec or below it, whatever the protocol.
_FOR_ALL: Final = ("FSSPEC_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "NO_PROXY", "HTTPS_PROXY")


class Url(NamedTuple):
    """A URL taken apart: ``zip://a/*.png::s3://bucket/x.zip`` is a path in an archive
    (``tail``), ``s3://bucket/*.png`` a path by itself."""

    protocol: str
    path: str
    tail: str

    def __str__(self) -> str:
        return f"{self.protocol}://{self.path}{self.tail}"


def is_url(text: str | bytes) -> bool:
    """Return whether a pattern or folder is a URL and no path of this machine."""
    found = _HEAD_BYTES.match(text) if isinstance(text, bytes) else _HEAD.match(text)
    return found is not None


def parse_url(text: str) -> Url:
    """Take a URL apart.

    Raises
    ------
    UsageError
        If it is none, or holds a password or a signature: it would be written down.
    """
    found = _HEAD.match(text)
    if found is None:
        raise UsageError(f"{text!r} is no URL")
    protocol = found[1].lower()
    if _PASSWORD.search(text) or _SIGNED.search(text):
        shown = _PASSWORD.sub("://...@", text).partition("?")[0]
        raise UsageError(
            f"the URL {shown!r} holds a password or a signature, which would be written into the "
            f"project. Leave it out. {_instead(protocol)}"
        )
    path, colons, tail = text[found.end() :].partition("::")
    if colons and not is_url(tail):
        raise UsageError(f"in {text!r} a URL has to follow '::', as in zip://*.png::s3://b/x.zip")
    return Url(protocol, path, colons + tail)


def url_of(root: str, rel: str) -> str:
    """Return the URL of `rel` under `root`, for people and for ``datum.url``."""
    head, colons, tail = root.partition("::")
    slash = "" if head.endswith("/") else "/"
    return f"{head}{slash}{rel}{colons}{tail}"


def parted(url: str) -> tuple[str, str]:
    """Return the folder of the file that a URL names, and the file's name in it."""
    found = parse_url(url)
    folder, _, name = found.path.rpartition("/")
    return str(found._replace(path=folder)), name


def beside(url: str, rel: str) -> str:
    """Return the URL of `rel` (of nothing: the folder) from the folder of the file at `url`."""
    folder = parse_url(parted(url)[0])
    path = posixpath.normpath(posixpath.join(folder.path, rel))
    return str(folder._replace(path="" if path == "." else path))


def protocols_of(url: str) -> list[str]:
    """Return the protocols of all parts of a chained URL, by their common names."""
    found = [m[1].lower() for part in url.split("::") if (m := _HEAD.match(part))]
    return [_SAME.get(name, name) for name in found]


def check_options(options: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return storage options that may be written down.

    Raises
    ------
    UsageError
        If one is a secret, or is no plain JSON.
    """
    for name, value in _flat(options):
        if _SECRET.search(name) and value not in _NO_SECRET:
            raise UsageError(
                f"storage_options may not hold {name!r}: it would be written into the project. "
                + _instead(protocols_of(url)[-1])
            )
    if not is_plain(dict(options)):
        raise UsageError("storage_options hold plain JSON: text, numbers, true, false, dicts")
    return dict(options)


def _flat(options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield str(name), value


def _instead(protocol: str) -> str:
    return f"Set {credentials_of(protocol)} in the environment of the kernel"


def credentials_of(protocol: str) -> str:
    """Return where credentials for a protocol come from, in words."""
    known = _VARIABLES.get(_SAME.get(protocol, protocol))
    return known[1] if known else "what its fsspec file system reads"


def variables_of(urls: Iterable[str], environment: Iterable[str]) -> list[str]:
    """Return the names in `environment` that the file systems of `urls` may read."""
    names = {name for url in urls for name in protocols_of(url)}
    if not names:
        return []
    begin = tuple(_VARIABLES[name][0] for name in names if name in _VARIABLES)
    return sorted(n for n in environment if n.upper().startswith((*begin, *_FOR_ALL)))


def urls_of(spec: Any) -> list[str]:
    """Return every URL that an input's JSON names."""
    if isinstance(spec, str):
        return [spec] if is_url(spec) else []
    parts = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    return [url for part in parts for url in urls_of(part)]
