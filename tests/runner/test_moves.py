"""A file that was renamed, where the datum is more than the file: what it captures, a point."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_datum.runner import upkeep
from jupyter_datum.runner.preview import Preview, preview

from ..story import Story

BY_SITE = 'size -i "in/(?P<site>*)/*.txt" -o out --workers 1'
BODY = "datum.out_file('.len').write_text(datum.key['site'])\ndatum.key['site']"
CROSSED = "grown -i cross('in/**/*.txt',grid(C=[1,2])) --workers 1"
GROWN = "assert not (datum.value['C'] == 1 and datum.stem == 'x')\ndatum.value['C']"


@pytest.fixture
def sites(story: Story) -> Path:
    """Three files of two sites, with contents of one size."""
    for name in ("a/x", "a/y", "b/z"):
        path = story.folder / "in" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return story.folder / "in"


def plan(story: Story, line: str, body: str) -> Preview:
    prepared = story.prepare(line, body)
    with story.ledger() as conn:
        return preview(conn, story.project, prepared.recipe, {"only": []})


def move(story: Story, name: str) -> list[str]:
    with story.ledger() as conn:
        return upkeep.moved_lines(name, upkeep.move_renamed(conn, story.project, name))


def test_where_a_pattern_captures_a_move_is_offered_too(story: Story, sites: Path) -> None:
    assert story.run(BY_SITE, BODY).success == 3
    (sites / "a/y.txt").rename(sites / "a/w.txt")
    found = plan(story, BY_SITE, BODY)
    assert found.reasons == {"unchanged": 2, "renamed": 1}
    assert found.examples["renamed"] == ["a/y.txt -> a/w.txt"]
    assert move(story, "size") == ["size: the results stay with 1 renamed datum; 1 output renamed"]
    assert plan(story, BY_SITE, BODY).would_run == 0

    (sites / "a/w.txt").rename(sites / "b/w.txt")
    assert plan(story, BY_SITE, BODY).examples["renamed"] == ["a/w.txt -> b/w.txt"]
    _, other = move(story, "size")
    assert "of 1 datum datum.key is another now: what was made of the former one" in other
    assert plan(story, BY_SITE, BODY).would_run == 0
    assert (story.folder / "out/b/w.len").read_text() == "a"
    assert sum(story.executions().values()) == 3 and not story.findings()


def test_a_move_keeps_to_the_rest_of_a_key(story: Story, sites: Path) -> None:
    """The result of one point went to another: the files are the same."""
    row = story.run(CROSSED, GROWN)
    assert (row.success, row.failed) == (5, 1)  # x with C=1
    (sites / "a/x.txt").rename(sites / "a/v.txt")
    found = plan(story, CROSSED, GROWN)
    assert found.examples["renamed"] == ["a/x.txt | C=2 -> a/v.txt | C=2"]
    move(story, "grown")
    assert story.run(CROSSED, GROWN).success == 1
    assert story.transform("grown").results() == [1, 2, 1, 2, 1, 2]
