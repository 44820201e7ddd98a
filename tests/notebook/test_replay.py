"""A recorded datum in a kernel again: the very inputs, the same error, nothing published."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

import jupyter_datum
from jupyter_datum.errors import RunError, UsageError

from ..story import Story
from .kernel import Notebook
from .test_marked import execute

CODE = """text = datum.path.read_text()
(datum.out / "half.txt").write_text(shout(text))
if text == "bad":
    raise ValueError(f"{text} of {datum.key['1']}, {LIMIT}")
len(text)"""
MAGIC = '%%datum up -i "in/(*).txt" -o up --tries 1\n'
REPLAY = "import jupyter_datum; datum = jupyter_datum.replay({})\n"


def files(story: Story, **texts: str) -> None:
    (story.folder / "in").mkdir(exist_ok=True)
    for name, text in texts.items():
        (story.folder / "in" / f"{name}.txt").write_text(text)


def names(story: Story) -> set[str]:
    return {name for name in os.listdir(story.folder / "up") if not name.startswith(".")}


def test_a_failed_datum_fails_again_in_any_kernel(notebook: Notebook) -> None:
    story = notebook.story
    files(story, a="good", b="bad", c="fine")
    notebook.run("LIMIT = 7\ndef shout(text):\n    return text.upper() + '!'")
    notebook.run(MAGIC + CODE)
    before = names(story)
    seen = notebook.run(REPLAY.format('"up", "b.txt"') + CODE)
    assert "datum is b.txt of up, as attempt 1 had it" in seen
    assert "ValueError" in seen and "bad of b, 7" in seen
    assert "----> 5" in re.sub(r"\x1b\[[0-9;]*m", "", seen), "the lines are those of the cell"
    assert "from the record" not in seen, "the kernel has all names: they may be the mend"
    assert notebook.run("(datum.partial / 'half.txt').read_text()") == "'BAD!'"
    assert notebook.run("datum.out != datum.partial, datum.changed") == "(True, [])"
    assert names(story) == before, "nothing is published"

    notebook.restart()
    seen = notebook.run(REPLAY.format('"up"') + CODE)
    assert "since this kernel has no such names: LIMIT, shout" in seen
    assert "bad of b, 7" in seen
    notebook.run("LIMIT = 8")
    assert "bad of b, 8" in notebook.run(REPLAY.format('"up", 1') + CODE)

    files(story, b="mended")
    seen = notebook.run(REPLAY.format('"up", "b.txt"') + CODE)
    assert f"changed since that attempt: {story.folder / 'in' / 'b.txt'}" in seen
    assert seen.startswith("6") and "ValueError" not in seen.splitlines()[0]
    (story.folder / "in" / "b.txt").unlink()
    assert "b.txt is no longer in" in notebook.run(REPLAY.format('"up", "b.txt"'))


def test_what_a_setup_cell_binds_is_there(notebook: Notebook) -> None:
    files(notebook.story, a="x")
    notebook.run("%%datum_setup up\nmodel = {'x': 5}")
    code = "1 / (model[datum.path.read_text()] - 5)"
    notebook.run(MAGIC + code)
    seen = notebook.run(REPLAY.format('"up"') + code)
    assert "no such names: model" in seen and "ZeroDivisionError" in seen


def test_it_says_what_there_is(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    files(story, a="x", b="y")
    story.run('up -i "in/*.txt"', "datum.stem")
    monkeypatch.chdir(story.folder)
    datum = jupyter_datum.replay("up", "b.txt")
    assert (datum.stem, datum.partial, datum.changed) == ("b", None, [])
    row = story.transform("up").datum_row("b.txt")
    assert jupyter_datum.replay("up", f"id:{row.id}").stem == "b"
    for which in ("failed", "id:999", "zzz", 17):
        with pytest.raises(RunError, match="up has no datum"):
            jupyter_datum.replay("up", which)
    with pytest.raises(UsageError, match="no transform is named 'down'; there are: up"):
        jupyter_datum.replay("down")
    with pytest.raises(UsageError, match=r"no \.datum folder"):
        jupyter_datum.replay("up", project="/")


def pick(notebook: Notebook, which: str, code: str) -> str:
    """Ask as the toolbar does; the cell does not run."""
    metadata: dict[str, Any] = {"datum_run": {"pick": which}}
    return execute(notebook, code, metadata)


def test_the_picker_goes_through_an_input(notebook: Notebook) -> None:
    story = notebook.story
    files(story, a="good", b="bad", c="bad")
    cell = "%%datum up\n#| input: in/(*).txt\nshout = str\nLIMIT = 0\n" + CODE
    steps = ["first", "next", "next", "previous"]
    seen = [pick(notebook, which, cell) for which in steps]
    assert seen == [f"datum is {name}.txt" for name in "abcb"]
    assert notebook.run("datum.stem") == "'b'"
    assert "up has no failed datum" in pick(notebook, "failed", cell)
    assert not (story.folder / "up").exists(), "nothing has run"
    notebook.run(cell)
    picked = [pick(notebook, "failed", cell) for _ in range(3)]
    assert [picked[0], picked[1]] in (
        ["datum is b.txt", "datum is c.txt"], ["datum is c.txt", "datum is b.txt"],
    )  # fmt: skip
    assert picked[2] == picked[0], "behind the last comes the first"
    (story.folder / "in" / "b.txt").unlink()
    left = [pick(notebook, "failed", cell) for _ in range(2)]
    assert left == ["datum is c.txt"] * 2, "what the input has no more is passed over"
    files(story, b="bad")
    pick(notebook, "first", cell)
    pick(notebook, "next", cell)
    pick(notebook, "next", cell)
    assert "datum 3 is the last of up" in pick(notebook, "next", cell)
    assert "a datum is picked by" in pick(notebook, "any", cell)
