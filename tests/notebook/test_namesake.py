"""Two notebooks of one project with a transform of one name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_datum.ledger import writes
from jupyter_datum.ledger.db import transaction
from jupyter_datum.notebook.context import Context
from jupyter_datum.notebook.submit import prepare
from jupyter_datum.transform.cell import Cell

from ..story import Story

SOURCE = "%%datum thumbs -i numbers\ndatum.value * 2"


def saved(folder: Path, name: str, source: str, metadata: dict[str, Any] | None = None) -> str:
    cell = nbformat.v4.new_code_cell(source, metadata=metadata or {})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / name)
    return str(folder / name)


def warned(story: Story, notebook: str | None, source: str) -> list[str]:
    line, _, body = source.removeprefix("%%datum ").partition("\n")
    cell = Cell(body, "<cell>", 2, source)
    context = Context(story.folder, notebook)
    return prepare(line, cell, {"numbers": [1]}, context).recipe.warnings


@pytest.fixture
def first(story: Story) -> str:
    path = saved(story.folder, "first.ipynb", SOURCE)
    with story.ledger() as conn, transaction(conn):
        writes.transform_id(conn, "thumbs", path)
    return path


def test_it_is_said_where_their_code_differs(story: Story, first: str) -> None:
    second = saved(story.folder, "second.ipynb", SOURCE)
    edited = SOURCE.replace("2", "3")
    assert warned(story, first, edited) == []
    assert warned(story, second, SOURCE) == [], "a copy finds the work done"
    assert warned(story, None, edited) == []
    (says,) = warned(story, second, edited)
    assert says.startswith("first.ipynb has a transform thumbs too, with other code")
    saved(story.folder, "first.ipynb", SOURCE.replace("thumbs", "small"))
    assert warned(story, second, edited) == [], "it is renamed there"
    (story.folder / "first.ipynb").unlink()
    assert warned(story, second, edited) == [], "it was moved here"


def test_a_cell_that_its_metadata_marks_is_the_same_in_a_copy(story: Story, first: str) -> None:
    mark = {"datum": {"name": "thumbs", "input": "numbers"}}
    saved(story.folder, "first.ipynb", "datum.value * 2", mark)
    second = saved(story.folder, "second.ipynb", "datum.value * 2", mark)
    assert warned(story, second, "%%datum thumbs -i numbers\ndatum.value * 2") == []
    assert len(warned(story, second, "%%datum thumbs -i numbers\ndatum.value * 3")) == 1
