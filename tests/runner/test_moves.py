"""A file that was renamed, where the datum is more than the file: what it captures, a point."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jupyter_datum.lineage import show_history, show_lineage
from jupyter_datum.runner import upkeep
from jupyter_datum.runner.preview import Preview, preview

from ..story import Story

BY_SITE = 'size -i "in/(?P<site>*)/*.txt" -o out'
BODY = "datum.out_file('.len').write_text(datum.key['site'])\ndatum.key['site']"
CROSSED = "grown -i cross('in/**/*.txt',grid(C=[1,2]))"
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


def told(story: Story, asked: str) -> str:
    return repr(show_lineage(story.project, asked, folder=story.folder))


def was(story: Story, asked: str) -> str:
    return repr(show_history(story.project, asked, folder=story.folder))


def test_what_was_moved_is_found_by_its_former_names_and_in_its_place(
    story: Story, sites: Path
) -> None:
    story.run(BY_SITE, BODY)
    (sites / "a/y.txt").write_text("another")
    story.run(BY_SITE, BODY)
    (sites / "a/x.txt").rename(sites / "a/zz.txt")
    (sites / "a/y.txt").rename(sites / "a/w.txt")
    found = plan(story, BY_SITE, BODY)
    assert (found.reasons, found.vanished) == ({"unchanged": 1, "renamed": 2}, 0)
    move(story, "size")
    (sites / "a/w.txt").rename(sites / "a/v.txt")
    move(story, "size")

    for name in ("size:a/y.txt", "size:a/w.txt", "size:a/v.txt"):
        text = was(story, name)
        assert re.findall(r"renamed .*, before: (.*)", text) == ["a/w.txt", "a/y.txt"]
        assert text.count("success") == 2, text
    for name in ("in/a/y.txt", "in/a/v.txt"):
        assert "size:a/v.txt" in told(story, name) and "formerly a/w.txt, a/y.txt" in told(
            story, name
        )
    text = told(story, "out/a/y.len")
    assert "a/y.len was renamed to a/v.len" in text and "size:a/v.txt" in text
    assert "in/a/v.txt" in text and "as recorded" in text
    assert was(story, "out/a/w.len") == was(story, "out/a/v.len")
    frame = story.transform("size").results(frame="pandas")
    assert list(frame.iloc[:, 0]) == ["a/v.txt", "a/zz.txt", "b/z.txt"], frame
    assert sum(story.executions().values()) == 4 and not story.findings()


def test_a_former_version_is_told_with_the_name_that_its_file_had(
    story: Story, sites: Path
) -> None:
    """Of the version before a change nothing but its content was known, and the new name was
    told of it."""
    story.run(BY_SITE, BODY)
    story.run("next -i 'out/**/*.len' -o next", "datum.out_file('.n').write_text('1')")
    (sites / "a/y.txt").write_text("another")
    story.run(BY_SITE, BODY.replace("['site'])", "['site'] * 2)"))
    (sites / "a/y.txt").rename(sites / "a/w.txt")
    move(story, "size")
    text = told(story, "next/a/y.n")
    assert "in/a/y.txt" in text and "in/a/w.txt" not in text, text


def test_prune_leaves_what_was_only_renamed(story: Story, sites: Path) -> None:
    story.run(BY_SITE, BODY)
    (sites / "a/y.txt").rename(sites / "a/w.txt")
    (sites / "b/z.txt").unlink()
    with story.ledger() as conn:
        said = upkeep.pruned_lines("size", upkeep.prune_gone(conn, story.project, "size"))
    assert said[0] == "size: 1 file of 1 vanished datum removed"
    assert said[1].startswith("  renamed, and kept: 1 datum; %datum move size")
    assert move(story, "size") == ["size: the results stay with 1 renamed datum; 1 output renamed"]
    assert plan(story, BY_SITE, BODY).would_run == 0
    text = told(story, "out/b/z.len")
    assert "b/z.len was pruned" in text and "size:b/z.txt" in text and "its input is gone" in text
    assert "changed while" not in text
    text = was(story, "out/b/z.len")
    assert "b/z.len" in text and "pruned 2" in text and "code 1" in text
    (sites / "b/z.txt").write_text("b/z once more")
    story.run(BY_SITE, BODY.replace(".len", ".new"))
    text = told(story, "out/b/z.len")
    assert "b/z.len was pruned" in text and "code 1 (old)" in text and "z.new" not in text, text
