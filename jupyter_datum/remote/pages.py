"""Lists a store page by page, in the order of bytes: 1,000,000 objects are never held at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .store import Store

Page = list[tuple[bytes, Any]]
#: Entries of one page where the store gives a folder as a whole.
_PAGE: Final = 1_000


def pages(store: Store, folder: bytes, begin: bytes, *, deep: bool) -> Iterator[Page]:
    """Yield pages of ``(path under the root, what the store says)``, sorted by the path's
    bytes; folders end in ``/``.

    Parameters
    ----------
    store : Store
    folder : bytes
        Under the root; empty or ending in ``/``.
    begin : bytes
        How names in it begin: a store that can look only for these does so.
    deep : bool
        Whether everything below is wanted, and no folders.
    """
    if hasattr(store.fs, "call_s3"):
        yield from _s3_pages(store, folder + begin, deep)
    elif deep:
        yield from _below(store, folder, begin)
    else:
        rows = _ls(store, folder, begin)
        for i in range(0, len(rows), _PAGE):
            yield rows[i : i + _PAGE]


# -- S3: its own pages, which come sorted ----------------------------------------------------


def _s3_pages(store: Store, prefix: bytes, deep: bool) -> Iterator[Page]:
    bucket, _, _ = store.path(b"").partition("/")
    cut = len(os.fsencode(store.path(b"x"))) - 1 - len(os.fsencode(bucket)) - 1
    ask: dict[str, Any] = {
        "Bucket": bucket,
        "Prefix": store.path(prefix)[len(bucket) + 1 :],
        "Delimiter": "" if deep else "/",
        **store.fs.req_kw,
    }
    while True:
        answer = store.fs.call_s3("list_objects_v2", **ask)
        if page := _s3_page(answer, cut):
            yield page
        if not answer.get("IsTruncated"):
            return
        ask["ContinuationToken"] = answer["NextContinuationToken"]


def _s3_page(answer: dict[str, Any], cut: int) -> Page:
    rows: Page = []
    for found in answer.get("CommonPrefixes", ()):
        rows.append((os.fsencode(found["Prefix"])[cut:], {"type": "directory"}))
    for found in answer.get("Contents", ()):
        rel = os.fsencode(found["Key"])[cut:]
        if rel and not rel.endswith(b"/"):  # else it only marks a folder
            rows.append((rel, {"type": "file", "size": found["Size"], **found}))
    rows.sort(key=lambda row: row[0])
    return rows


# -- any other: folder by folder -------------------------------------------------------------


def _ls(store: Store, folder: bytes, begin: bytes) -> Page:
    rows: Page = []
    start = folder + begin
    for info in store.fs.ls(store.path(folder).rstrip("/"), detail=True):
        rel = store.rel(str(info["name"]))
        if rel is None:
            continue
        rel = rel.rstrip(b"/")
        if info.get("type") == "directory":
            rel += b"/"
        if len(rel) > len(folder) and rel.startswith(start):
            rows.append((rel, info))
    rows.sort(key=lambda row: row[0])
    return rows


def _below(store: Store, folder: bytes, begin: bytes) -> Iterator[Page]:
    page: Page = []
    for rel, info in _ls(store, folder, begin):
        if not rel.endswith(b"/"):
            page.append((rel, info))
            continue
        if page:
            yield page
            page = []
        yield from _below(store, rel, b"")
    if page:
        yield page
