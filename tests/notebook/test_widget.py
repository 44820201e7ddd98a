"""The widget of a run, as a front end gets it: a comm with its state, and updates."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

import pytest

from .kernel import SLOW, Notebook, wait_for

pytest.importorskip("anywidget")


def comm_states(notebook: Notebook, *, until: str, within: float = 30) -> dict[str, Any]:
    """The merged state of all comms of this kernel, once the run has this status."""
    state: dict[str, Any] = {}
    end = time.monotonic() + within
    while time.monotonic() < end and state.get("head", {}).get("status") != until:
        try:
            found = notebook.client.get_iopub_msg(timeout=1)
        except Empty:
            continue
        if found["msg_type"] not in ("comm_open", "comm_msg"):
            continue
        data = found["content"]["data"]
        if "head" not in data.get("state", {}) and "tiles" not in str(data.get("buffer_paths")):
            continue
        state.update(data["state"])
        for path, buffer in zip(data.get("buffer_paths", []), found["buffers"], strict=True):
            state[path[0]] = bytes(buffer)
    return state


def test_watch_shows_a_run_while_the_kernel_is_free(notebook: Notebook) -> None:
    notebook.run("numbers = list(range(30))")
    cell = SLOW.replace("--workers 2", "--workers 2 --background")
    cell += "\nassert datum.value != 7"
    notebook.run(cell)
    wait_for(notebook.story, 2)
    notebook.send("%datum widget slow")
    state = comm_states(notebook, until="failed")
    assert state["head"]["success"] == 29 and state["head"]["failed"] == 1
    assert bytes(state["tiles"]) == bytes([2] * 7 + [3] + [2] * 22)
    (group,) = state["groups"]
    assert (group["datums"], group["type"]) == (1, "AssertionError")


def test_a_cell_shows_the_widget_if_it_is_asked_for(notebook: Notebook) -> None:
    notebook.run("import os\nos.environ['JUPYTER_DATUM_PROGRESS'] = 'widget'\nnumbers = [1, 2]")
    notebook.send("%%datum job -i numbers\ndatum.value")
    state = comm_states(notebook, until="success")
    assert state["head"]["success"] == 2


@pytest.mark.parametrize(("wanted", "shown"), [("text", "2 succeeded"), ("off", "2 succeeded")])
def test_text_and_off_show_the_closing_line(notebook: Notebook, wanted: str, shown: str) -> None:
    notebook.run(f"import os\nos.environ['JUPYTER_DATUM_PROGRESS'] = {wanted!r}\nnumbers = [1, 2]")
    assert shown in notebook.run("%%datum job -i numbers\ndatum.value")


def test_another_word_names_those_there_are(notebook: Notebook) -> None:
    notebook.run("import os\nos.environ['JUPYTER_DATUM_PROGRESS'] = 'loud'\nnumbers = [1]")
    text = notebook.run("%%datum job -i numbers\ndatum.value")
    assert "off, text, html, widget" in text and "Traceback" not in text
