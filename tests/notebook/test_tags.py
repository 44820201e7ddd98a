"""Cells that a tag tells apart, and a rule that is changed from the notebook."""

from __future__ import annotations

import json

import nbformat
import pytest

from jupyter_datum.cli import main

from ..story import Story, eventually
from .kernel import Notebook
from .test_marked import execute

SETUP = "import os\nmodel = {'pid': os.getpid(), 'device': datum.device}"
CELL = (
    "%%datum up -i numbers --workers 1\nimport os\n[model['pid'] == os.getpid(), model['device']]"
)
TAGGED = {"tags": ["datum-setup"]}


def test_a_tagged_cell_is_run_by_workers_and_not_by_the_kernel(notebook: Notebook) -> None:
    said = execute(notebook, SETUP, TAGGED)
    assert "runs once in each worker" in said
    assert "NameError" in notebook.run("model")
    notebook.run("numbers = [1, 2, 3]")
    notebook.run(CELL)
    assert notebook.story.transform("up").results() == [[True, "cpu"]] * 3
    said = execute(notebook, f"%%datum_setup other\n{SETUP}", TAGGED)
    assert "setup of other" in said, "a magic of its own says for whom"


def test_a_tagged_cell_of_a_notebook_that_nobody_has_open(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    cells = [
        nbformat.v4.new_code_cell(SETUP, metadata=TAGGED),
        nbformat.v4.new_code_cell("%load_ext jupyter_datum\nnumbers = [1, 2]"),
        nbformat.v4.new_code_cell(CELL),
    ]
    path = story.folder / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert main(["run", str(path), "--json"]) == 0
    (run,) = json.loads(capfd.readouterr().out)
    assert run["success"] == 2
    assert story.transform("up").results() == [[True, "cpu"]] * 2


def test_another_rule_for_failures_from_the_notebook(notebook: Notebook) -> None:
    story = notebook.story
    gate = story.folder / "gate"
    notebook.run("many = list(range(60))")
    notebook.run(
        "%%datum strict -i many --workers 1 --no-probe --background\n"
        "import os, time\n"
        f"while not os.path.exists({str(gate)!r}): time.sleep(0.05)\n"
        "assert datum.value < 1"
    )
    assert eventually(lambda: story.transform("strict").run is not None, within=60)
    run = story.latest("strict")
    story.until(run, lambda row: row.running > 0)
    assert "on-error NAME" in notebook.run("%datum on-error strict")
    said = notebook.run("%datum on-error strict stop:3")
    assert "strict: goes on with --on-error stop:3" in said
    story.until(run, lambda row: '"on_error": "stop:3"' in row.options)
    gate.touch()
    row = story.end(run)
    assert row.status == "failed" and 3 <= row.failed < 59 and row.cancelled > 0
