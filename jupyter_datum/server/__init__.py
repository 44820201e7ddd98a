"""The server extension: shows the ledgers, asks runners, and runs nothing itself."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell jupyter_server where the extension is."""
    return [{"module": "jupyter_datum.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the extension to a server."""
    from .extension import load

    load(server)
