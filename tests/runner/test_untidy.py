"""The eight untidy worlds in which the peers go wrong: what lies on disk is right afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from ..story import Story
from .test_reasons import write

LINE = "size -i in/*.txt -o out --workers 1 --keep 1"
BODY = "datum.out_file('.len').write_text(datum.path.read_text().upper())"


class Case(NamedTuple):
    """What somebody does, how many datums run then, and what lies there afterwards."""

    does: Callable[[Story], None]
    runs: int
    then: dict[str, str | None]


def in_place(story: Story) -> None:
    """The same size, and the former times put back: only ctime tells."""
    path = story.folder / "in" / "a.txt"
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"XY")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced_by_older(story: Story) -> None:
    other = story.folder / "other"
    other.write_text("older")
    os.utime(other, (1e9, 1e9))
    other.rename(story.folder / "in" / "a.txt")


def changed_and_back(story: Story) -> None:
    path = story.folder / "in" / "a.txt"
    text = path.read_text()
    write(path, "another")
    assert story.run(LINE, BODY).success == 1
    write(path, text)


def renamed(story: Story) -> None:
    (story.folder / "in" / "a.txt").rename(story.folder / "in" / "z.txt")
    from jupyter_datum.runner.upkeep import move_renamed

    with story.ledger() as conn:
        assert move_renamed(conn, story.project, "size").datums == 1


CASES = {
    "changed in place": Case(in_place, 1, {"a.len": "XY"}),
    "replaced by an older file": Case(replaced_by_older, 1, {"a.len": "OLDER"}),
    "output deleted": Case(lambda s: (s.folder / "out/a.len").unlink(), 1, {"a.len": "AA"}),
    "output edited": Case(lambda s: write(s.folder / "out/a.len", "me"), 0, {"a.len": "me"}),
    "changed and back": Case(changed_and_back, 0, {"a.len": "AA"}),
    "input deleted": Case(lambda s: (s.folder / "in/a.txt").unlink(), 0, {"a.len": "AA"}),
    "input renamed": Case(renamed, 0, {"a.len": None, "z.len": "AA"}),
}


@pytest.mark.parametrize("name", CASES)
def test_untidy(story: Story, name: str) -> None:
    (story.folder / "in").mkdir()
    for stem in "abc":
        write(story.folder / "in" / f"{stem}.txt", stem * 2)
    assert story.run(LINE, BODY).success == 3
    CASES[name].does(story)
    row = story.run(LINE, BODY)
    assert (row.success, row.failed) == (CASES[name].runs, 0)
    for file, text in CASES[name].then.items():
        path = story.folder / "out" / file
        assert (path.read_text() if path.exists() else None) == text


def test_an_input_that_changes_while_it_is_processed_is_done_again(story: Story) -> None:
    (story.folder / "in").mkdir()
    for stem in "abc":
        write(story.folder / "in" / f"{stem}.txt", stem * 2)
    body = f"{BODY}\nimport time\nopen('{story.folder}/began', 'w').close()\ntime.sleep(0.4)"
    run = story.start(LINE, body)
    end = time.monotonic() + 30
    while not (story.folder / "began").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    write(story.folder / "in" / "a.txt", "meanwhile")
    story.end(run)
    for _ in range(2):
        story.run(LINE, body)
    assert (story.folder / "out" / "a.len").read_text() == "MEANWHILE"


def test_a_file_changed_within_the_clocks_grain_is_hashed_once_more(story: Story) -> None:
    """Racily clean: same size and times as when it was read, but read as soon as written."""
    (story.folder / "in").mkdir()
    path = story.folder / "in" / "a.txt"
    path.write_text("aa")
    story.run(LINE, BODY)
    path.write_text("bb")
    status = path.stat()
    with story.ledger() as conn:  # a clock so coarse that the stat tuple is the very same
        conn.execute(
            "update datum set size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?",
            (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino),
        )
    assert story.run(LINE, BODY).success == 1
    assert (story.folder / "out" / "a.len").read_text() == "BB"
