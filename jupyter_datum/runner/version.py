"""The package's version, as the ledger records it beside each runner."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    try:
        return version("jupyter-datum")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0+source"


VERSION = _version()
