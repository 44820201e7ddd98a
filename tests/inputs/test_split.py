"""One file, many datums, with a real runner, lister and workers."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from jupyter_datum import glob, split
from jupyter_datum.errors import UsageError
from jupyter_datum.runner.preview import preview

from ..story import Story

TILES = """
def tiles(path):
    with open(CALLS, "a") as file:
        file.write(path.name + "\\n")
    size = len(path.read_bytes())
    for start in range(0, size, STEP):
        yield (f"at {start}", (start, min(size, start + STEP)))
"""
BODY = "start, stop = datum.value\ndatum.path.read_text()[start:stop]"
LINE = 't -i split(glob("in/*.txt"),by=tiles)'


def tiled(story: Story, step: int = 4) -> Path:
    calls = story.folder / "calls"
    story.namespace.update(CALLS=str(calls), STEP=step)
    exec(TILES, story.namespace)
    (story.folder / "in").mkdir(exist_ok=True)
    return calls


def settle(*files: Path) -> None:
    """As if they had not been written a moment ago."""
    for file in files:
        os.utime(file, (1_700_000_000, 1_700_000_000))


def test_each_part_is_a_datum_with_the_file_as_its_path(story: Story) -> None:
    calls = tiled(story)
    (story.folder / "in/a.txt").write_text("abcdefghij")
    (story.folder / "in/b.txt").write_text("klm")
    row = story.run(LINE, BODY + ", datum.key['part']")
    assert (row.status, row.success) == ("success", 4), story.transform("t").failures()
    expected = [("abcd", "at 0"), ("efgh", "at 4"), ("ij", "at 8"), ("klm", "at 0")]
    assert story.transform("t").results() == expected
    assert calls.read_text().split() == ["a.txt", "b.txt"]


def test_a_plan_does_not_take_a_files_size_for_that_of_each_part(story: Story) -> None:
    tiled(story)
    (story.folder / "in/a.txt").write_text("abcdefghij")
    recipe = story.prepare(LINE, BODY).recipe
    whole = story.prepare("w -i in/*.txt", "datum.path").recipe
    with story.ledger() as conn:
        assert preview(conn, story.project, recipe, {}).sizes == {}
        assert preview(conn, story.project, whole, {}).sizes["bytes"] == 10


def test_an_unchanged_file_is_not_split_again(story: Story) -> None:
    calls = tiled(story)
    for name in "ab":
        (story.folder / f"in/{name}.txt").write_text(name * 10)
    story.run(LINE, BODY)
    assert story.run(LINE, BODY).skipped == 6
    assert calls.read_text().split() == ["a.txt", "b.txt"]
    (story.folder / "in/b.txt").write_text("c" * 10)
    os.utime(story.folder / "in/a.txt")  # touched, not changed
    assert story.run(LINE, BODY).executions == 3
    assert calls.read_text().split() == ["a.txt", "b.txt", "b.txt"]
    tiled(story, 5)  # what the function reads has changed: it splits otherwise
    row = story.run(LINE, BODY)
    assert calls.read_text().split()[3:] == ["a.txt", "b.txt"]
    assert row.executions == 4


def test_parts_that_somebody_put_there_are_not_believed(story: Story) -> None:
    tiled(story)
    (story.folder / "in/a.txt").write_text("abcdefgh")
    story.run(LINE, BODY)
    with sqlite3.connect(story.project.dir / "parts.sqlite") as conn:
        assert conn.execute("update parts set parts = ?", (b"\x90",)).rowcount == 1
    assert story.run(LINE, BODY).skipped == 2


def test_a_line_appended_runs_the_last_part_alone(story: Story) -> None:
    log = story.folder / "big.log"
    log.write_text("".join(f"line {i}\n" for i in range(10)))
    line = 'l -i split(glob("*.log"),lines=4)'
    body = "datum.value.splitlines(), datum.key['file']"
    assert story.run(line, body).executions == 3
    assert story.transform("l").results()[2] == (["line 8", "line 9"], "big.log")
    with log.open("a") as file:
        file.write("line 10\n")
    assert story.run(line, body).executions == 1
    log.write_text(log.read_text().replace("line 1\n", "line one\n"))
    assert story.run(line, body).executions == 1, "what has only moved is as it was"
    assert [len(lines) for lines, _ in story.transform("l").results()] == [4, 4, 3]


FAILING = """
def broken(path):
    yield 1
    raise KeyError(path.name)
def twice(path):
    return [("a", 1), ("a", 2)]
"""


@pytest.mark.parametrize(
    ("by", "says"),
    [
        ("broken", "broken, which splits files, raised KeyError: 'a.txt' for"),
        ("twice", "twice gave the part 'a' of 'a.txt' twice"),
    ],
)
def test_a_function_that_fails_is_one_sentence_before_anything_runs(
    story: Story, by: str, says: str
) -> None:
    tiled(story)
    exec(FAILING, story.namespace)
    (story.folder / "in/a.txt").write_text("x")
    row = story.run(f't -i split(glob("in/*.txt"),by={by})', BODY)
    assert row.status == "error" and says in (row.message or "")
    assert story.executions() == {}


def test_what_makes_no_sense_is_said_at_once() -> None:
    for options in ({}, {"by": len, "lines": 2}, {"lines": 0}, {"by": 3}):
        with pytest.raises(UsageError, match=r"by=|lines="):
            split(glob("*"), **options)  # type: ignore[arg-type]
