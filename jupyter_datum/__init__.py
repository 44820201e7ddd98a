"""Write a notebook cell against one datum, run it over all of them."""

from __future__ import annotations

from typing import Any

from .errors import DatumError
from .inputs import datums, glob, items

__all__ = ["DatumError", "datums", "glob", "items", "load_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext jupyter_datum``."""
    from .notebook import load  # the one import that runs upward: IPython asks here

    load(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab's tools where the built front end is, and what it is called."""
    return [{"src": "labextension", "dest": "jupyter-datum"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell a Jupyter server, whose configuration names this package, where its extension is."""
    return [{"module": "jupyter_datum.server"}]
