"""A real kernel and its cells, as a front end sees them."""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.manager import KernelManager

from ..story import Story

TRANSPORT = "tcp" if sys.platform == "win32" else "ipc"
SLOW = """%%datum slow -i numbers --workers 2
import time
with open("executions", "a") as file:
    file.write(f"{datum.value}\\n")
time.sleep(0.05)
datum.value"""


def wait_for(story: Story, n: int, *, within: float = 30) -> None:
    end = time.monotonic() + within
    while sum(story.executions().values()) < n:
        assert time.monotonic() < end, f"not {n} executions within {within} s"
        time.sleep(0.02)


class Notebook:
    """A kernel whose working folder is a project, and cells executed in it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        # Named as a server names it: by this name the kernel knows its id.
        self.kernel_id = str(uuid.uuid4())
        place = Path(tempfile.mkdtemp()) / f"kernel-{self.kernel_id}.json"
        # By sockets of files: a port that was chosen may be somebody else's when the kernel, or
        # the next one after a restart, comes to it.
        self.manager = KernelManager(
            kernel_name="python3", connection_file=str(place), transport=TRANSPORT,
            ip=f"{place}-ipc" if TRANSPORT == "ipc" else "127.0.0.1",
        )  # fmt: skip
        self.start()

    def start(self) -> None:
        self.manager.start_kernel(cwd=str(self.story.folder))
        self._connect()
        self.run("%load_ext jupyter_datum")

    def _connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def restart(self) -> None:
        """As the menu does: SIGINT first, then an orderly shutdown."""
        self.client.stop_channels()
        self.manager.restart_kernel()
        self._connect()
        self.run("%load_ext jupyter_datum")

    def send(self, code: str) -> str:
        return str(self.client.execute(code, allow_stdin=True))

    def run(self, code: str, *, within: float = 60) -> str:
        """Execute a cell; return what it showed last, of each display, and printed."""
        return self.output(self.send(code), within=within)

    def output(self, message: str, *, within: float = 60) -> str:
        end = time.monotonic() + within
        printed: list[str] = []
        displays: dict[str, str] = {}
        while time.monotonic() < end:
            try:
                found = self.client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            if found["parent_header"].get("msg_id") != message:
                continue
            kind, content = found["msg_type"], found["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return "\n".join([*displays.values(), *printed])
            _collect(kind, content, printed, displays)
        raise AssertionError(f"no end within {within} s: {printed} {displays}")

    def displays(self, code: str, *, within: float = 60) -> int:
        """Execute a cell; return how often it displayed something, or anew."""
        message, seen, end = self.send(code), 0, time.monotonic() + within
        while time.monotonic() < end:
            found = self.client.get_iopub_msg(timeout=within)
            if found["parent_header"].get("msg_id") != message:
                continue
            seen += found["msg_type"] in ("display_data", "update_display_data")
            if found["content"].get("execution_state") == "idle":
                return seen
        raise AssertionError(f"no end within {within} s")

    def completions(self, code: str) -> list[str]:
        """What the kernel offers at the end of `code`."""
        message = self.client.complete(code)
        while (found := self.client.get_shell_msg(timeout=20))["parent_header"][
            "msg_id"
        ] != message:
            pass
        return list(found["content"]["matches"])

    def reply(self, message: str, *, within: float = 20) -> str:
        """Return how the kernel says that a cell went: ``ok``, ``error``, ``aborted``."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            found = self.client.get_shell_msg(timeout=within)
            if found["parent_header"].get("msg_id") == message:
                return str(found["content"]["status"])
        raise AssertionError(f"no reply within {within} s")

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def _collect(
    kind: str, content: dict[str, Any], printed: list[str], displays: dict[str, str]
) -> None:
    if kind == "stream":
        printed.append(content["text"])
    elif kind == "error":
        printed.append("\n".join(content["traceback"]))
    elif kind in ("display_data", "update_display_data", "execute_result"):
        key = content.get("transient", {}).get("display_id", "")
        displays[key] = content["data"]["text/plain"]
