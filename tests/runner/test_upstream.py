"""Transforms fed by transforms: keys, files, values, edges, and what feeds nothing."""

from __future__ import annotations

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.inputs.cells import note_cell
from jupyter_datum.ledger import queries
from jupyter_datum.notebook.planlines import ahead_lines, preview_lines
from jupyter_datum.runner.foreseen import Preview
from jupyter_datum.runner.preview import preview
from jupyter_datum.transform.recipe import read_recipe

from ..story import Story

UPPER = "datum.out_file('.up').write_text(datum.path.read_text().upper())\nlen(datum.path.name)"
LOWER = (
    "datum.out_file('.low').write_text(datum.path.read_text().lower())\n[datum.value, datum.stem]"
)


def files(story: Story, n: int) -> None:
    folder = story.folder / "in"
    folder.mkdir(exist_ok=True)
    for i in range(n):
        (folder / f"{i:03}.txt").write_text(f"file {i}\n")


def edges(story: Story) -> set[tuple[bytes, bytes]]:
    with story.ledger() as conn:
        return set(
            conn.execute(
                "select down.key, up.key from edge e join datum down on down.id = e.down"
                " join datum up on up.id = e.up"
            )
        )


def test_each_datum_of_one_transform_is_a_datum_of_the_next(story: Story) -> None:
    files(story, 5)
    story.run('up -i "in/*.txt"', UPPER)
    row = story.run("low -i up", LOWER)
    assert (row.status, row.success) == ("success", 5)
    assert story.transform("low").results() == [[7, f"{i:03}"] for i in range(5)]
    assert (story.folder / "out/low/003.low").read_text() == "file 3\n"
    keys = {b"%03d.txt" % i for i in range(5)}
    assert edges(story) == {(key, key) for key in keys}
    again = story.run("low -i up", LOWER)
    assert (again.success, again.skipped) == (0, 5)


def test_only_what_changed_upstream_runs_again_downstream(story: Story) -> None:
    files(story, 4)
    story.run('up -i "in/*.txt"', UPPER)
    story.run("low -i up", LOWER)
    (story.folder / "in/002.txt").write_text("other\n")
    story.run('up -i "in/*.txt"', UPPER)
    again = story.run("low -i up", LOWER)
    assert (again.success, again.skipped) == (1, 3)
    with story.ledger() as conn:
        past = conn.execute("select datum, state, outputs from past order by datum").fetchall()
    assert [state for _, state, _ in past] == [2, 2]
    assert all(
        name in outputs for name, (*_, outputs) in zip(("002.up", "002.low"), past, strict=True)
    )


def test_what_failed_or_is_stale_upstream_feeds_nothing(story: Story) -> None:
    files(story, 4)
    fails = "assert datum.stem != '001', 'no'\n" + UPPER
    story.run('up -i "in/*.txt" --tries 1', fails)
    row = story.run("low -i up", LOWER)
    assert row.success == 3
    assert "what is made of 1 failed datum of up waits" in str(row.note)
    story.run('up -i "in/*.txt" --only failed', UPPER)  # three are stale now
    with story.ledger() as conn:
        found = queries.transform(conn, "low")
    assert found is not None
    left = story.run("low -i up", LOWER)
    assert (left.total, left.success) == (1, 1)


def test_a_plan_says_what_is_to_be_done_upstream_first(story: Story) -> None:
    files(story, 4)
    story.run('up -i "in/*.txt"', UPPER)
    story.run("low -i up", LOWER)
    story.run('more -i "out/low/*.low"', "datum.stem")
    assert foreseen(story, "more").ahead == []
    files(story, 6)
    (story.folder / "out/low/002.low").unlink()
    found = foreseen(story, "more")
    assert [(each.name, each.would_run, each.total) for each in found.ahead] == [
        ("up", 2, 6), ("low", 1, 4)
    ]  # fmt: skip
    assert preview_lines("more", found, 1)[2:4] == [
        "  upstream up has 2 datums to do first; what they give comes on top",
        "  upstream low has 1 datum to do first; what it gives comes on top",
    ]
    note_cell(story.prepare('up -i "in/*.txt"', "1").recipe, {})
    assert [each.would_run for each in foreseen(story, "more").ahead] == [6, 1]
    (story.folder / "in").rename(story.folder / "elsewhere")
    (said, _) = ahead_lines(foreseen(story, "more"))
    assert said.startswith("  upstream up cannot be planned: the folder ")


def foreseen(story: Story, name: str) -> Preview:
    with story.ledger() as conn:
        run = queries.latest_run(conn, name)
        assert run is not None
        recipe = read_recipe(story.project, run.recipe)
        return preview(conn, story.project, recipe, {})


def test_a_large_result_travels_by_its_file(story: Story) -> None:
    story.namespace["xs"] = [1, 2]
    story.run("big -i $xs", "[datum.value] * 20_000")
    row = story.run("small -i big", "sum(datum.value)")
    assert row.status == "success"
    assert sorted(story.transform("small").results()) == [20_000, 40_000]


def test_a_glob_over_outputs_has_edges_too(story: Story) -> None:
    files(story, 3)
    story.run('up -i "in/*.txt"', UPPER)
    story.run('low -i "out/up/*.up"', LOWER)
    assert edges(story) == {(b"%03d.up" % i, b"%03d.txt" % i) for i in range(3)}


def test_a_transform_never_comes_from_itself(story: Story) -> None:
    files(story, 1)
    story.run('one -i "in/*.txt"', UPPER)
    story.run("two -i one", LOWER)
    with pytest.raises(UsageError, match="one <- two <- one"):
        story.prepare("one -i two", LOWER)
    with pytest.raises(UsageError, match="Transforms: two"):
        story.prepare("one -i twoo", LOWER)


def test_a_transform_object_is_an_input(story: Story) -> None:
    files(story, 2)
    story.run('up -i "in/*.txt"', UPPER)
    story.namespace["there"] = story.transform("up")
    assert story.run("low -i there", LOWER).success == 2
    row = story.run('more -i transform("up",label="x")', "str(datum.paths['x'].name)")
    assert row.success == 2


def test_results_of_every_kind_are_values(story: Story) -> None:
    story.namespace["xs"] = [2, 5000]
    array = "import numpy\nnumpy.arange(datum.value)"
    story.run("arrays -i $xs", array)
    row = story.run("sums -i arrays", "int(datum.value.sum())")
    assert row.status == "success"
    assert sorted(story.transform("sums").results()) == [1, 12_497_500]


def test_what_the_pattern_above_captured_makes_keys_below(story: Story) -> None:
    folder = story.folder / "in"
    for site in "ab":
        (folder / site).mkdir(parents=True)
        for i in range(3):
            (folder / site / f"{i}.txt").write_text(f"{site}{i}")
    story.run('up -i "in/(?P<site>*)/(*).txt"', UPPER)
    row = story.run("each -i \"transform('up')\"", "[datum.key['site'], datum.stem]")
    assert row.success == 6
    assert story.transform("each").results()[3] == ["b", "0"]
    row = story.run(
        "sites -i \"group(transform('up'), by='$site')\"",
        "[datum.key['by'], len(datum.paths['up'])]",
    )
    assert row.success == 2 and story.transform("sites").results() == [["a", 3], ["b", 3]]
    # Two transforms further down they are there still.
    story.run("copy -i up", LOWER)
    line = "pairs -i \"join(transform('copy', on='$site$2'), transform('up', on='$site$2'))\""
    row = story.run(f"{line}", "datum.key['on']")
    assert row.success == 6
    assert story.transform("pairs").results() == ["a0", "a1", "a2", "b0", "b1", "b2"]
    with pytest.raises(UsageError, match=r"the capture \$sight of by='\$sight' is missing"):
        story.run("bad -i \"group(transform('up'), by='$sight')\"", "1")


def test_a_whole_over_a_part_says_so(story: Story) -> None:
    story.namespace["xs"] = list(range(20))
    whole = "all -i whole(b) --engine serial"
    story.run("b -i xs --sample 5 --engine serial", "datum.value")
    row = story.run(whole, "len(datum.value)")
    assert row.success == 1 and "15 datums of b have not run" in (row.note or "")
    story.run("b -i xs --engine serial", "datum.value")
    row = story.run(whole, "len(datum.value)")
    assert row.success == 1 and "have not run" not in (row.note or "")
    assert story.transform("all").results() == [20]
    story.namespace["xs"] = list(range(5, 15))  # those that left count no more
    story.run("b -i xs --engine serial", "datum.value")
    assert "have not run" not in (story.run(whole, "len(datum.value)").note or "")
