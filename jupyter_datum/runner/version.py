"""The package's version, as the ledger records it beside each runner."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Return the version that a process started now would have: it is read from the disk."""
    try:
        return version("jupyter-datum")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0+source"


#: Of the code that this process runs.
VERSION = installed_version()
