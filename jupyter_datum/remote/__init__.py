"""Files that lie behind a URL: object stores, archives, web servers, through fsspec.

Nothing here imports fsspec before a URL is used: a worker that reads local files never pays
for it.
"""

from __future__ import annotations

from .kept import KEPT, in_memory, keep_files, kept_json, kept_options, options_by_input
from .reading import UrlFile
from .store import Entry, Store
from .urls import (
    Url,
    beside,
    check_options,
    is_url,
    parse_url,
    url_of,
    urls_of,
    variables_of,
)

__all__ = [
    "KEPT",
    "Entry",
    "Store",
    "Url",
    "UrlFile",
    "beside",
    "check_options",
    "in_memory",
    "is_url",
    "keep_files",
    "kept_json",
    "kept_options",
    "options_by_input",
    "parse_url",
    "url_of",
    "urls_of",
    "variables_of",
]
