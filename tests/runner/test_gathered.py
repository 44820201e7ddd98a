"""Groups of what other transforms make: their keys, and how they wait for what failed."""

from __future__ import annotations

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.inputs import transform
from jupyter_datum.inputs.upstream import UpstreamInput

from ..story import Story

SCENES = "abc"


def photos(story: Story) -> None:
    for scene in SCENES:
        folder = story.folder / "in" / scene
        folder.mkdir(parents=True)
        for i in range(3):
            (folder / f"{i}.txt").write_text(f"{scene}{i}")


def shoot(story: Story, fails: str = "b1", more: str = "") -> None:
    """Run `up` over nine files, of which one fails."""
    line = f'up -i "in/(?P<scene>*)/*.txt" --tries 1{more}'
    story.run(line, f"text = datum.path.read_text()\nassert text != {fails!r}\ntext")


def results(story: Story, source: str, name: str = "low") -> list[object]:
    story.run(f"{name} -i {source}", "datum.value")
    return list(story.transform(name).results())


def told(story: Story, name: str) -> str:
    row = story.row(story.latest(name))
    return str(row and row.note)


def scenes(*names: str) -> list[list[str]]:
    return [[f"{scene}{i}" for i in range(3)] for scene in names]


def test_a_group_waits_for_all_of_its_own_and_only_for_them(story: Story) -> None:
    photos(story)
    shoot(story)
    by = "\"group(transform('up', by='$scene'))\""
    assert results(story, by) == scenes("a", "c")
    note = told(story, "low")
    assert "what is made of 1 failed datum of up waits" in note
    assert "1 group ('b') waits for the rest of it" in note
    shoot(story, fails="")
    assert results(story, by) == scenes("a", "b", "c")


def test_what_is_stale_keeps_groups_waiting_too(story: Story) -> None:
    photos(story)
    shoot(story, fails="")
    by = "\"group(transform('up', by='$scene'))\""
    assert results(story, by) == scenes(*SCENES)
    story.run('up -i "in/(?P<scene>*)/*.txt" --sample 2', "'new'")
    row = story.run(f"low -i {by}", "datum.value")
    assert row.total == 0 and "7 datums of up feed nothing" in str(row.note)
    story.run('up -i "in/(?P<scene>*)/*.txt"', "'new'")
    assert results(story, by) == [["new"] * 3] * 3
    assert not story.findings()


def test_skip_makes_them_of_what_there_is(story: Story) -> None:
    photos(story)
    shoot(story)
    assert results(story, "\"group(transform('up', by='$scene', on_error='skip'))\"") == [
        *scenes("a"), ["b0", "b2"], *scenes("c")
    ]  # fmt: skip
    assert "1 failed datum of up is left out" in told(story, "low")
    (found,) = results(story, "\"whole(transform('up', on_error='skip'))\"", "all")
    assert isinstance(found, list) and len(found) == 8


def test_two_steps_down_they_wait_as_well(story: Story) -> None:
    """`low` has nothing of what failed above it, not even a failed datum."""
    photos(story)
    shoot(story)
    assert len(results(story, "up")) == 8
    assert results(story, "\"group(transform('low', by='$scene'))\"", "sets") == scenes("a", "c")
    assert results(story, "whole(sets)", "total") == []
    assert "the whole waits" in told(story, "total")
    # One step more: the last run of that one has seen all that there is.
    assert len(results(story, "low", "last")) == 8
    assert results(story, "\"group(transform('last',by='$scene'))\"", "four") == scenes("a", "c")
    assert results(story, "whole(last)", "all") == []
    shoot(story, fails="")
    for name, source in (("low", "up"), ("last", "low")):
        assert len(results(story, source, name)) == 9
    assert len(results(story, "whole(last)", "all")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "whole(transform('up'))",
        "whole(group(transform('up', by='$scene')))",
        "whole(union(transform('up'), items([1])))",
        "whole(cross(transform('up'), items([1])))",
        "whole(cross(items([1]), transform('up')))",
        "whole(cross(transform('up'), transform('up', label='other')))",
    ],
)
def test_a_whole_waits_whatever_stands_between(story: Story, source: str) -> None:
    photos(story)
    shoot(story)
    assert results(story, f'"{source}"') == []
    assert "the whole waits" in told(story, "low")
    shoot(story, fails="")
    assert len(results(story, f'"{source}"')) == 1


def test_of_a_cross_only_groups_with_the_failed_one_wait(story: Story) -> None:
    photos(story)
    shoot(story)
    source = "group(cross(transform('up'), grid(n=[1, 2]), by='$scene'))"
    assert len(results(story, f'"{source}"')) == 2
    turned = "group(cross(grid(n=[1, 2]), transform('up'), by='$scene'))"
    assert len(results(story, f'"{turned}"', "other")) == 2


def test_one_without_a_partner_waits_where_that_may_have_failed(story: Story) -> None:
    photos(story)
    shoot(story)
    (story.folder / "ref").mkdir()
    for name in ("b1", "b2", "x"):
        (story.folder / "ref" / name).touch()
    ref = "glob('ref/(*)', on='$1', outer=True)"
    up = "glob('in/(?P<scene>*)/(?P<n>*).txt')"
    story.run(f'named -i "{up}" --tries 1', "assert datum.path.read_text() != 'b1'\n1")
    source = f"join(transform('named', on='${{scene}}${{n}}'), {ref})"
    story.run(f'low -i "{source}"', "datum.key['on']")
    assert sorted(story.transform("low").results()) == ["b2", "x"], "b1 may have a partner yet"
    skip = source.replace("'named', ", "'named', on_error='skip', ")
    story.run(f'other -i "{skip}"', "datum.key['on']")
    assert sorted(story.transform("other").results()) == ["b1", "b2", "x"]


def test_by_a_function_nobody_knows_whose_it_is(story: Story) -> None:
    photos(story)
    up = "text = datum.path.read_text()\nassert text != 'b1'\ndatum.out_file('.t').write_text(text)"
    story.run('up -i "in/*/*.txt" --tries 1', up)
    story.namespace["scene"] = lambda path: path[0]
    by = "\"group(transform('up'), by=scene)\""
    story.run(f"low -i {by}", "len(datum.paths['up'])")
    assert list(story.transform("low").results()) == []
    skip = by.replace("'up')", "'up', on_error='skip')")
    story.run(f"low -i {skip}", "len(datum.paths['up'])")
    assert list(story.transform("low").results()) == [3, 2, 3]


def test_it_goes_through_json_and_says_what_it_may_be(story: Story) -> None:
    made = transform("up", on_error="skip")
    assert made.to_json() == {"transform": "up", "on_error": "skip"}
    again = UpstreamInput.from_json(made.to_json(), story.project)
    assert again.on_error == "skip"
    assert transform("up").to_json() == {"transform": "up"}
    with pytest.raises(UsageError, match="'wait' or 'skip', not 'raise'"):
        transform("up", on_error="raise")


@pytest.mark.parametrize(
    ("source", "by", "groups"),
    [
        ("split(glob('in/(?P<scene>*)/*.txt'), lines=1)", "$scene", 3),
        ("cross(glob('in/(?P<scene>*)/(?P<n>*).txt'), grid(k=[1, 2]))", "$n", 3),
        ("group(glob('in/(?P<scene>*)/*.txt', by='$scene'))", "$by", 3),
        ("union(glob('in/(?P<n>a)/0.txt'), glob('in/(?P<n>*)/1.txt'))", "$n", 3),
        ("join(glob('in/a/(*).txt', on='$1'), glob('in/b/(*).txt', on='$1'))", "$on", 3),
    ],
)
def test_what_any_input_of_the_other_transform_captured_makes_keys(
    story: Story, source: str, by: str, groups: int
) -> None:
    photos(story)
    story.end(story.start(f'up -i "{source}"', "1", counted=False))
    assert len(results(story, f"\"group(transform('up', by='{by}'))\"")) == groups
