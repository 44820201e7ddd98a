"""A notebook's own kernel for ``jupyter datum run``: started, fed cell by cell, watched."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import Empty
from typing import Any, Final

from ..errors import RunError, UsageError
from ..runner.environment import PIPELINE
from ..transform.marked import RECIPE_MIME, RUN_KEY
from ..words import in_shell

#: Seconds without a message after which the kernel is looked at.
_LOOK: Final = 0.5
#: Seconds that a kernel has for an interrupted cell: a run's hold and its cancelling.
_INTERRUPT_WITHIN: Final = 20.0
#: Bytes of a folder's path; with the name of a socket in it, Linux takes 107 and macOS 103.
_SOCKET_PATH: Final = 80
#: What switches a terminal's colours.
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
#: What a run with failures raises where nobody sees it; its summary says the same better.
_EXPECTED: Final = ("RunFailedError", "RunStoppedError")


class Kernel:
    """A running kernel that executes cells, their output to ours.

    Parameters
    ----------
    manager, client
        Of jupyter_client.
    quiet : bool
        Print nothing.
    """

    def __init__(self, manager: Any, client: Any, *, quiet: bool) -> None:
        self._manager = manager
        self._client = client
        self._quiet = quiet
        #: What the cell at work has told of itself, under our MIME type; and what it raised.
        self.told: dict[str, Any] = {}
        self.error = ""
        #: What the cell at work prints is ours: what it does happens in workers.
        self._ours = False
        self._bar = sys.stderr.isatty() and not quiet

    def execute(self, source: str, run: Mapping[str, Any] | None = None) -> bool:
        """Execute a cell; return whether it raised (a run with failures does not count).

        Parameters
        ----------
        source : str
        run : mapping, optional
            What is asked of the run that it starts, beside the cell.

        Raises
        ------
        RunError
            If the kernel dies.
        KeyboardInterrupt
            After the kernel was interrupted and has answered: its run is cancelled.
        """
        request = self._sent(source, {RUN_KEY: dict(run)} if run else {})
        self._ours = run is not None
        try:
            return self._until_idle(request, source)
        except KeyboardInterrupt:
            self._manager.interrupt_kernel()
            with contextlib.suppress(RunError, TimeoutError):
                self._until_idle(request, source, within=_INTERRUPT_WITHIN)
            raise
        finally:
            self._clear()

    def _sent(self, source: str, metadata: dict[str, Any]) -> str:
        """As the client's own `execute`, which sends no metadata."""
        content = {
            "code": source, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        message = self._client.session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def _until_idle(self, request: str, source: str, *, within: float = float("inf")) -> bool:
        raised = False
        self.told, self.error = {}, ""
        end = time.monotonic() + within
        while time.monotonic() < end:
            try:
                message = self._client.get_iopub_msg(timeout=_LOOK)
            except Empty:
                self._check_alive(source)
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return raised
            raised = raised or (kind == "error" and content["ename"] not in _EXPECTED)
            self._note(kind, content)
            self._show(kind, content)
        raise TimeoutError("the kernel does not answer")

    def _note(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "error":
            self.error = f"{content['ename']}: {content['evalue']}"
        elif kind == "display_data" and RECIPE_MIME in content["data"]:
            self.told = dict(content["data"][RECIPE_MIME])

    def _check_alive(self, source: str) -> None:
        if self._manager.is_alive():
            return
        first = source.lstrip("\n").partition("\n")[0]
        raise RunError(
            f"the kernel died while it executed the cell {first!r}. A run that it had started "
            "goes on without it: see `jupyter datum status`"
        )

    def _show(self, kind: str, content: dict[str, Any]) -> None:
        if self._quiet:
            return
        if kind == "stream":
            self._clear()
            stream = getattr(sys, content["name"])
            text = content["text"]
            stream.write(in_shell(text) if self._ours else text)
            stream.flush()  # in a log it is to be read while the run goes on
        elif kind in ("display_data", "update_display_data") and self._bar:
            line = content["data"].get("text/plain", "").partition("\n")[0]
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif kind == "error" and content["ename"] not in _EXPECTED:
            self._clear()
            text = "\n".join(content["traceback"])
            # In a log or a pipe the colours of a terminal are noise.
            print(text if sys.stderr.isatty() else _COLOUR.sub("", text), file=sys.stderr)
        elif kind == "execute_result":
            self._clear()
            print(content["data"].get("text/plain", ""))

    def _clear(self) -> None:
        if self._bar:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def started(path: Path, *, quiet: bool) -> Iterator[Kernel]:
    """Start the kernel that the notebook at `path` names, in its folder; end it afterwards.

    Raises
    ------
    UsageError
        If there is no such kernel; names those there are.
    RunError
        If it does not come up.
    """
    import nbformat

    spec = nbformat.read(path, as_version=4).metadata.get("kernelspec", {})
    name = spec.get("name", "python3")
    with _started_manager(path, name) as manager:
        client = manager.client()
        client.start_channels()
        try:
            _wait_until_ready(client, name)
            yield Kernel(manager, client, quiet=quiet)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


@contextlib.contextmanager
def _started_manager(path: Path, name: str) -> Iterator[Any]:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from jupyter_client.manager import KernelManager

    together = os.environ.get(PIPELINE) or uuid.uuid4().hex
    environment = {**os.environ, "JPY_SESSION_NAME": str(path.resolve()), PIPELINE: together}
    with tempfile.TemporaryDirectory(prefix="jupyter-datum-") as folder:
        try:
            manager = KernelManager(kernel_name=name, **_sockets(folder, name))
            manager.start_kernel(cwd=str(path.resolve().parent), env=environment)
        except NoSuchKernel:
            there = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
            raise UsageError(
                f"{str(path)!r} asks for the kernel {name!r}, which is not installed here; "
                f"there are: {there}"
            ) from None
        yield manager


def _sockets(folder: str, name: str) -> dict[str, str]:
    """Where a kernel listens: at files in `folder`, which nobody but we can open, if it can.

    It can't on Windows, where the path is too long for a socket, and where something else than
    jupyter_client itself starts the kernel, perhaps on another machine.
    """
    from jupyter_client.kernelspec import get_kernel_spec

    if os.name != "posix" or len(os.fsencode(folder)) > _SOCKET_PATH:
        return {}
    if get_kernel_spec(name).metadata.get("kernel_provisioner"):
        return {}
    return {"transport": "ipc", "connection_file": os.path.join(folder, "kernel.json")}


def _wait_until_ready(client: Any, name: str) -> None:
    try:
        client.wait_for_ready(timeout=60)
    except RuntimeError as exc:  # what jupyter_client raises for a kernel that died or is mute
        raise RunError(f"the kernel {name!r} did not start: {exc}") from exc
