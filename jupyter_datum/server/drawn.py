"""Which kernels' runs are drawn by a page: their cells then need not do it themselves.

A page says so on its socket, and it holds as long as the socket: a page that is closed,
or loses its server, draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import registry
from .outbox import Outbox


class Drawn:
    """The pages of each kernel.

    Parameters
    ----------
    later : callable
        Runs a function with its arguments in a thread: these touch files.
    """

    def __init__(self, later: Callable[..., Any]) -> None:
        self._later = later
        self._pages: dict[str, set[Outbox]] = {}

    def add(self, box: Outbox, kernel: str) -> None:
        """A page draws the runs of a kernel."""
        pages = self._pages.setdefault(kernel, set())
        if not pages:
            self._later(registry.draws, kernel)
        pages.add(box)

    def gone(self, box: Outbox) -> None:
        """A page has closed."""
        for kernel, pages in list(self._pages.items()):
            pages.discard(box)
            if not pages:
                del self._pages[kernel]
                self._later(registry.withdraw, kernel)

    def close(self) -> None:
        """The server ends."""
        for kernel in self._pages:
            registry.withdraw(kernel)
        self._pages.clear()
