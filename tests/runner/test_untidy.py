"""The eight untidy worlds in which the peers go wrong, in the order of the table that measured
them (``incremental.md``, A2): what lies on disk is right afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import pytest

from ..story import Story, eventually
from .sized import write

LINE = "size -i in/*.txt -o out --workers 1 --keep 1"
BODY = """
import os, time
text = datum.path.read_text()
if datum.stem == 'a' and os.path.exists('hold'):
    open('began', 'w').close()
    while os.path.exists('hold'):
        time.sleep(0.01)
datum.out_file('.len').write_text(text.upper())
"""


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


def changed_while_it_ran(story: Story) -> None:
    """The run that reads the old text ends well, and is no proof of the new one."""
    write(story.folder / "in" / "a.txt", "before")
    (story.folder / "hold").touch()
    run = story.start(LINE, BODY)
    assert eventually((story.folder / "began").exists, within=60)
    write(story.folder / "in" / "a.txt", "meanwhile")
    (story.folder / "hold").unlink()
    assert story.end(run).success == 1


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
    "1 in-place change, same size and mtime": Case(in_place, 1, {"a.len": "XY"}),
    "2 replaced by a file with an older mtime": Case(replaced_by_older, 1, {"a.len": "OLDER"}),
    "3 input changed while its step ran": Case(changed_while_it_ran, 1, {"a.len": "MEANWHILE"}),
    "4 output deleted": Case(lambda s: (s.folder / "out/a.len").unlink(), 1, {"a.len": "AA"}),
    "5 output edited": Case(lambda s: write(s.folder / "out/a.len", "me"), 0, {"a.len": "me"}),
    "6 changed, then changed back": Case(changed_and_back, 0, {"a.len": "AA"}),
    "7 input deleted": Case(lambda s: (s.folder / "in/a.txt").unlink(), 0, {"a.len": "AA"}),
    "8 input renamed, same content": Case(renamed, 0, {"a.len": None, "z.len": "AA"}),
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
