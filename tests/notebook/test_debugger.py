"""A kernel under JupyterLab's debugger, which holds each Python that it starts."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_datum.runner.client import runner_alive

from .kernel import Notebook


def debug(notebook: Notebook, command: str, **arguments: Any) -> None:
    """Ask the kernel's debugger, as JupyterLab does."""
    client = notebook.client
    content = {"type": "request", "seq": 1, "command": command, "arguments": arguments}
    message = client.session.msg("debug_request", content)
    client.control_channel.send(message)
    sent = message["header"]["msg_id"]
    while (answer := client.get_control_msg(timeout=60))["parent_header"].get("msg_id") != sent:
        pass
    assert answer["content"]["success"], answer["content"]


def test_a_run_starts_its_runner_from_there(notebook: Notebook) -> None:
    assert not runner_alive(notebook.story.project, sys.executable)
    debug(notebook, "initialize", clientID="test", adapterID="", pathFormat="path")
    debug(notebook, "attach")
    debug(notebook, "configurationDone")
    notebook.run("xs = [1, 2, 3]")
    assert "3 succeeded" in notebook.run(
        "%%datum x -i xs --engine joblib --workers 1\ndatum.value", within=30
    )
