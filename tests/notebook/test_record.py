"""A front end has a cell read and recorded, for the server to plan it; nothing of it runs."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_datum.transform.marked import RECIPE_MIME
from jupyter_datum.transform.recipe import read_recipe

from .kernel import Notebook


def recorded(notebook: Notebook, code: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Execute as the panel does; return what was told, and the reply."""
    client = notebook.client
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    metadata = {"datum_run": {"record": True}}
    message = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(message)
    told, end = [], time.monotonic() + 30
    while time.monotonic() < end:
        try:
            found = client.get_iopub_msg(timeout=1)
        except Empty:
            continue
        if found["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if found["msg_type"] == "display_data":
            told.append(found["content"]["data"][RECIPE_MIME])
        if found["content"].get("execution_state") == "idle":
            return told, _reply(client, message["header"]["msg_id"])
    raise AssertionError("the kernel does not answer")


def _reply(client: Any, message: str) -> dict[str, Any]:
    while (found := client.get_shell_msg(timeout=10))["parent_header"].get("msg_id") != message:
        pass
    return dict(found["content"])


def test_a_cell_is_recorded_and_nothing_runs(notebook: Notebook) -> None:
    story = notebook.story
    (story.folder / "in").mkdir()
    (story.folder / "in/a.txt").write_text("a")
    notebook.run("factor = 3")
    cell = '%%datum up -i "in/*.txt"\nopen("ran", "w")\ndatum.path.read_text() * factor'
    (told,), reply = recorded(notebook, cell)
    assert reply["status"] == "ok"
    assert (told["project"], told["transform"]) == (story.project.uuid, "up")
    recipe = read_recipe(story.project, told["recipe"])
    assert recipe.source == cell and recipe.parts
    assert not (story.folder / "ran").exists()
    with story.ledger() as conn:
        assert conn.execute("select count(*) from run").fetchone() == (0,)
    assert told["ran"] is False  # a plan by what this kernel has not loaded yet would mislead
    notebook.run(cell)
    (told,), _ = recorded(notebook, cell)
    assert told["ran"] is True


def test_a_mistake_is_one_sentence(notebook: Notebook) -> None:
    told, reply = recorded(notebook, "%%datum up -i nobody\n1")
    assert told == []
    assert (reply["status"], reply["ename"]) == ("error", "UsageError")
    assert "nobody" in reply["evalue"]
