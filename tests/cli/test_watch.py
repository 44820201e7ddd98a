"""``jupyter datum watch``, as a shell and a notebook's user have it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from jupyter_datum.cli import main

from ..story import Story, eventually

NOTEBOOK = (
    "%load_ext jupyter_datum",
    '%%datum up -i "in/*.txt" -o up --engine serial\n'
    "datum.out_file('.up').write_text(open(datum.path).read().upper())",
    "numbers = [1, 2]",
    "%%datum fixed -i numbers --engine serial\ndatum.value",
)


def save(folder: Path) -> str:
    cells = [nbformat.v4.new_code_cell(text) for text in NOTEBOOK]
    path = folder / "book.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return str(path)


def test_a_notebook_is_run_and_watched_without_any_kernel(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    (story.folder / "in").mkdir()
    (story.folder / "in/a.txt").write_text("a")
    assert main(["watch", save(story.folder), "--settle", "0.3", "--every", "0.3s"]) == 0
    said = capsys.readouterr()
    assert "up: watched by listing every 0.3 s" in said.out
    assert "fixed is not watched" in said.err and "changes only when its cell is run" in said.err
    (story.folder / "in/b.txt").write_text("b")
    made = story.folder / "up/b.up"
    assert eventually(lambda: made.exists() and made.read_text() == "B", within=60)
    where = ["--project", str(story.folder)]
    assert main(["watch", "--json", *where]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["transform"], found["state"], found["runs"]) == ("up", "active", 1)
    assert main(["watch", "up", "--stop", *where]) == 0
    assert "watched no more" in capsys.readouterr().out
    assert main(["watch", "nothing", *where]) == 2
    assert "no transform 'nothing' has run" in capsys.readouterr().err
