"""Puts the extension into a Jupyter server: its routes, what it keeps, its end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.fileio import FileManagerMixin
from tornado.ioloop import IOLoop

from .hall import Hall
from .handlers import logout, routes
from .handlers.base import RESOURCE
from .lifecycle import SCHEMA, SCHEMA_FILE, Emit

#: Below the base URL.
PREFIX = "jupyter-datum"


def load(server: ServerApp) -> None:
    """Add the extension to a server."""
    app = server.web_app
    hall = Hall(*_files(server), app.settings, _kernels(server), _events(server))
    app.settings[RESOURCE] = hall
    base = re.escape(str(app.settings["base_url"]).rstrip("/"))
    ours = [(f"{base}/{PREFIX}/{path}", handler) for path, handler in routes.ROUTES]
    if (heard := logout.heard(server.identity_provider)) is not None:
        ours.append((f"{base}/logout", heard))  # asked before the server's own
    app.add_handlers(".*$", ours)  # type: ignore[no-untyped-call]
    IOLoop.current().add_callback(hall.start)  # the loop runs later
    server.log.info("jupyter_datum | serves %s/", PREFIX)


def unload(server: ServerApp) -> None:
    """Let go of what :func:`load` made."""
    hall = server.web_app.settings.pop(RESOURCE, None)
    if isinstance(hall, Hall):
        hall.close()


def _kernels(server: ServerApp) -> Any:
    """The server's kernel manager, unless its kernels run behind a gateway."""
    gateway = getattr(server, "gateway_config", None)
    return None if getattr(gateway, "gateway_enabled", False) else server.kernel_manager


def _events(server: ServerApp) -> Emit:
    """Where what happens to runs is told: to Jupyter's events, whoever listens to them."""
    logger = server.event_logger
    logger.register_event_schema(SCHEMA_FILE)

    def emit(event: dict[str, Any]) -> None:
        try:
            logger.emit(schema_id=SCHEMA, data=event)
        except Exception:  # a listener may be anything: it must not end the others' events
            server.log.warning("jupyter_datum | an event was not told", exc_info=True)

    return emit


def _files(server: ServerApp) -> tuple[Path | None, bool]:
    """The folder that the server shows, if its contents are files, and whether hidden ones."""
    manager: Any = server.contents_manager
    if not isinstance(manager, FileManagerMixin):
        return None, False
    root = getattr(manager, "root_dir", None) or server.root_dir
    return Path(root).absolute(), bool(getattr(manager, "allow_hidden", False))
