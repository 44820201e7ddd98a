"""A kernel that the server starts for a notebook, feeds cell by cell, and ends again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import posixpath
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from queue import Empty
from typing import Any, Final, NamedTuple

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_server.utils import ensure_async

#: Seconds without an answer after which the kernel is looked at.
_LOOK: Final = 1.0
#: Seconds that a kernel has to come up, and how many may die in that: another process may have
#: taken one of the ports that were chosen for it.
_READY: Final = 60.0
_STARTS: Final = 3
#: Seconds in which a kernel that has answered has also shown what the cell shows.
_SHOWN: Final = 20.0
#: What a run with failures raises in a cell above; the cells below it may still be run.
_EXPECTED: Final = ("RunFailedError", "RunStoppedError")


class NotCapturedError(Exception):
    """Why a transform could not be captured, as one sentence."""


class RunFailedError(NotCapturedError):
    """A transform above had failures."""


class Notebook(NamedTuple):
    """Whose cells a kernel executes.

    ``path`` is the notebook's contents path and ``file`` its file; ``kernel`` the name of its
    kernelspec or None; ``cells`` are as nbformat has them.
    """

    path: str
    file: Path
    kernel: str | None
    cells: list[dict[str, Any]]


class Cells:
    """A kernel that executes cells, whose answers are heard.

    Parameters
    ----------
    client, manager
        The kernel's client, and the server's manager of kernels.
    kernel : str
        Its id.
    mime : str
        Under which cells tell something of themselves; what else they show is not heard.
    """

    def __init__(self, client: Any, manager: Any, kernel: str, mime: str) -> None:
        self._client = client
        self._manager = manager
        self._kernel = kernel
        self._mime = mime
        self._told: dict[str, dict[str, Any]] = {}
        self._idle = ""
        self._heard = asyncio.Event()
        #: Whether the server has started it anew: what it was asked is not answered any more.
        self._restarted = False
        with contextlib.suppress(AttributeError):  # a manager that restarts none
            manager.add_restart_callback(kernel, self._note_restart, "restart")

    def _note_restart(self) -> None:
        self._restarted = True

    async def died(self) -> bool:
        """Return whether the kernel that was started is gone."""
        return self._restarted or not await ensure_async(self._manager.is_alive(self._kernel))

    async def ready(self, *, last: bool) -> bool:
        """Wait until it answers; False if it died before, and another may do better.

        Raises
        ------
        NotCapturedError
            If it does not, and another one would not either, or this is the `last`.
        """
        try:
            await self._client.wait_for_ready(timeout=_READY)
            return True
        except RuntimeError as exc:
            if not last and await self.died():
                return False
            raise NotCapturedError(f"the notebook's kernel did not start: {exc}") from exc

    async def execute(
        self, code: str, position: int, metadata: Mapping[str, Any] | None = None
    ) -> str:
        """Execute a cell to its end; return the request's id.

        Raises
        ------
        NotCapturedError
            If it raises, or the kernel dies.
        """
        content = {
            "code": code, "silent": False, "store_history": False, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        session = self._client.session
        message = session.msg("execute_request", content, metadata=dict(metadata or {}))
        self._client.shell_channel.send(message)
        request = str(message["header"]["msg_id"])
        answer = await self._answer(request, position)
        if answer.get("status") == "ok":
            return request
        name, text = answer.get("ename", "an error"), str(answer.get("evalue", ""))
        if name in _EXPECTED:
            raise RunFailedError(text)
        raise NotCapturedError(f"cell {position + 1} of the notebook raised {name}: {text[:1000]}")

    async def told(self, request: str) -> dict[str, Any] | None:
        """Return what an executed cell has told of itself."""
        with contextlib.suppress(asyncio.TimeoutError):
            async with asyncio.timeout(_SHOWN):
                while self._idle != request:
                    self._heard.clear()
                    await self._heard.wait()
        return self._told.get(request)

    async def listen(self) -> None:
        """Hear what cells show, as long as the kernel lives: unheard, it would pile up."""
        while True:
            try:
                message = await self._client.get_iopub_msg(timeout=_LOOK)
            except Empty:
                continue
            request, content = message["parent_header"].get("msg_id", ""), message["content"]
            kind = message["header"]["msg_type"]
            if kind == "display_data" and self._mime in content["data"]:
                self._told[request] = dict(content["data"][self._mime])
            elif kind == "status" and content["execution_state"] == "idle":
                self._idle = request
                self._heard.set()

    async def _answer(self, request: str, position: int) -> dict[str, Any]:
        while True:
            try:
                message = await self._client.get_shell_msg(timeout=_LOOK)
            except Empty:
                if await self.died():
                    raise NotCapturedError(
                        f"the kernel died while it executed cell {position + 1} of the notebook"
                    ) from None
                continue
            if message["parent_header"].get("msg_id") == request:
                return dict(message["content"])


@contextlib.asynccontextmanager
async def started(
    manager: Any, notebook: Notebook, environment: Mapping[str, str], mime: str = ""
) -> AsyncIterator[Cells]:
    """Start the kernel that a notebook names, in its folder; end it afterwards.

    Parameters
    ----------
    manager : MappingKernelManager
        The server's own.
    notebook : Notebook
    environment : mapping
        Variables that the kernel has beside the server's.
    mime : str
        See :class:`Cells`; if it is empty, nothing that cells show is read.

    Raises
    ------
    NotCapturedError
        If there is no such kernel, or it does not come up.
    """
    for left in reversed(range(_STARTS)):
        async with _one(manager, notebook, environment, mime) as cells:
            if await cells.ready(last=not left):
                listening = asyncio.ensure_future(cells.listen()) if mime else None
                try:
                    yield cells
                finally:
                    if listening is not None:
                        listening.cancel()
                return


@contextlib.asynccontextmanager
async def _one(
    manager: Any, notebook: Notebook, environment: Mapping[str, str], mime: str
) -> AsyncIterator[Cells]:
    """A kernel that is coming up; it is ended."""
    kernel = await _begun(manager, notebook, environment)
    try:
        client = manager.get_kernel(kernel).client()
        client.start_channels(stdin=False)
        try:
            yield Cells(client, manager, kernel, mime)
        finally:
            client.stop_channels()
    finally:
        with contextlib.suppress(Exception):  # it died by itself
            await asyncio.shield(ensure_async(manager.shutdown_kernel(kernel, now=True)))


async def _begun(manager: Any, notebook: Notebook, environment: Mapping[str, str]) -> str:
    try:
        begun = manager.start_kernel(
            path=posixpath.dirname(notebook.path),
            kernel_name=notebook.kernel,
            env={**os.environ, "JPY_SESSION_NAME": str(notebook.file), **environment},
        )
        return str(await ensure_async(begun))
    except NoSuchKernel:
        raise NotCapturedError(
            f"the notebook asks for the kernel {notebook.kernel!r}, which is not installed here"
        ) from None
