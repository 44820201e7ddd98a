"""The widget of a run, as a front end gets it: a comm with its state, and updates."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

import pytest

from jupyter_datum.notebook.widget import run_widget

from ..story import Story
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
    assert state["head"]["line"].startswith(
        "29 succeeded, 1 failed in"
    )  # its name stands before it


def test_a_run_that_stands_still_is_told_of(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page takes a widget that says nothing for one that has lost its kernel."""
    monkeypatch.setattr("jupyter_datum.notebook.widget._BEAT", 0.1)
    monkeypatch.setattr("jupyter_datum.notebook.widget._EVERY", 0.02)
    story.namespace["numbers"] = list(range(10))
    body = "raise [OSError, ValueError, KeyError][datum.value % 3 - 3](chr(97 + datum.value))"
    row = story.run("slow -i numbers --no-probe", body)
    with story.ledger() as conn:
        conn.execute("update run set status = 'running', ended = null")
    widget = run_widget(story.project, row.uuid)
    heard: list[float] = []
    widget.observe(lambda change: heard.append(change["new"]["at"]), "head")
    end = time.monotonic() + 10
    while len(heard) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    with story.ledger() as conn:
        conn.execute("update run set status = 'failed', ended = started")
    assert len(heard) >= 2 and widget.head["ended"] is False
    assert (len(widget.groups), widget.head["further"]) == (8, 2)  # none goes unsaid


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
