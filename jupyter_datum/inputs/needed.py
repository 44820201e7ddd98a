"""Packages that only some inputs need."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import InputError


def needed(module: str, why: str) -> Any:
    """Import a module of an optional package.

    Raises
    ------
    InputError
        If it is not installed, with what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as exc:
        package = module.partition(".")[0]
        raise InputError(
            f"{package} is needed {why}, and cannot be imported here ({exc}). "
            "Run: pip install 'jupyter-datum[tables]'"
        ) from exc
