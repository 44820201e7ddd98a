"""Cells marked by their metadata alone, in a real kernel and from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_datum.cli import main

from ..story import Story
from .kernel import Notebook

BODY = """text = open(datum.path).read()

1 / (len(text) - 3)
(datum.out / datum.rel).write_text(text.upper())
len(text)"""
MARK = {"name": "upper", "input": {"glob": "in/*.txt"}, "output": "up", "tries": 1}


def files(folder: Path, n: int) -> None:
    (folder / "in").mkdir(exist_ok=True)
    for i in range(n):
        (folder / "in" / f"{i}.txt").write_text("x" * i)


def execute(notebook: Notebook, code: str, metadata: dict[str, Any]) -> str:
    """Execute a cell as JupyterLab does: its metadata goes along."""
    session = notebook.client.session
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True}
    message = session.msg("execute_request", content, metadata=metadata)
    notebook.client.shell_channel.send(message)
    return notebook.output(str(message["header"]["msg_id"]))


def test_a_marked_cell_is_written_on_one_datum(notebook: Notebook) -> None:
    files(notebook.story.folder, 2)
    seen = execute(notebook, "datum.rel, datum.path.read_text()", {"datum": MARK})
    assert "('0.txt', '')" in seen
    assert "NameError" not in execute(notebook, "datum.rel", {})
    text = execute(notebook, "datum.rel", {"datum": {**MARK, "input": "nothing/*.txt"}})
    assert "does not exist" in text
    text = execute(notebook, "datum.rel", {"datum": {**MARK, "inptu": 1}})
    assert "did you mean 'input'" in text
    assert not (notebook.story.folder / "up").exists(), "a sample publishes nothing"


def test_without_metadata_datum_says_what_to_do(notebook: Notebook) -> None:
    text = notebook.run("datum.path")
    assert "use `jupyter datum run NOTEBOOK.ipynb`" in text and "%datum pick NAME" in text


def test_a_picked_datum_stays(notebook: Notebook) -> None:
    files(notebook.story.folder, 4)
    notebook.run(f"%%datum --marked upper -i in/*.txt -o up\n{BODY}")
    assert "datum is 3.txt" in notebook.run("%datum pick upper")
    assert "3.txt" in execute(notebook, "datum.rel", {"datum": MARK})


def test_a_marked_cell_runs_on_all_and_its_lines_are_its_own(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    files(story.folder, 5)
    cells = [
        nbformat.v4.new_code_cell("%load_ext jupyter_datum"),
        nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["datum-skip"]}),
        nbformat.v4.new_code_cell(BODY, metadata={"datum": MARK}),
    ]
    path = story.folder / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert main(["run", str(path), "--json"]) == 1
    (run,) = json.loads(capfd.readouterr().out)
    assert (run["name"], run["success"], run["failed"]) == ("upper", 4, 1)
    assert (story.folder / "up" / "4.txt").read_text() == "XXXX"
    assert main(["failures", "upper", "--project", str(story.folder)]) == 1
    assert "cell, line 3" in capfd.readouterr().out
    assert main(["run", str(path), "--force", "--engine", "serial", "--json"]) == 1
    (run,) = json.loads(capfd.readouterr().out)
    assert (run["engine"], run["success"]) == ("serial", 4)


def test_a_front_end_runs_a_marked_cell_in_its_kernel(notebook: Notebook) -> None:
    files(notebook.story.folder, 5)
    execute(notebook, f"%%datum upper --marked\n{BODY}", {"datum": MARK})
    row = notebook.story.transform("upper").run
    assert row is not None and (row.success, row.failed) == (4, 1)
    failed = notebook.run("print(upper.failures()[0]['traceback'])")
    assert "cell, line 3" in failed, "its lines are its own"
    once = {**MARK, "workers": 2}
    execute(notebook, f"%%datum upper --marked --only failed\n{BODY}", {"datum": once})
    row = notebook.story.transform("upper").run
    assert row is not None and (row.success, row.failed) == (0, 1)
    for metadata in ({}, {"datum": {**MARK, "name": "other"}}):
        text = execute(notebook, f"%%datum upper --marked\n{BODY}", metadata)
        assert "does not mark it as 'upper'" in text


def test_a_mistake_in_the_metadata_is_said_before_anything_runs(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    cells = [
        nbformat.v4.new_code_cell("open('ran', 'w')"),
        nbformat.v4.new_code_cell(BODY, metadata={"datum": {**MARK, "enigne": "dask"}}),
    ]
    path = story.folder / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert main(["run", str(path)]) == 2
    assert "cell 2: there is no option 'enigne'" in capfd.readouterr().err
    assert not (story.folder / "ran").exists()
