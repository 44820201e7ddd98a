"""cross, union, join, group, whole: Pachyderm's own cases, and whatever hypothesis thinks of."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_datum.hashing import decode_value
from jupyter_datum.inputs import (
    Input,
    Listed,
    cross,
    datums,
    glob,
    grid,
    group,
    input_from_json,
    items,
    join,
    starting_at,
    union,
    whole,
)
from jupyter_datum.project import create

from ..story import Story


@pytest.fixture(scope="module")
def fifty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/foo0 to /foo49, as in Pachyderm's TestIterators."""
    folder = tmp_path_factory.mktemp("data")
    for i in range(50):
        (folder / f"foo{i}").touch()
    return folder


def listed(source: Input) -> list[Listed]:
    """All datums, twice the same, also from the JSON form; no two of one key."""
    found = list(source.list(frozenset(), []))
    keys = [x.key for x in found]
    assert len(set(keys)) == len(keys)
    if source.ordered:
        assert keys == sorted(keys)
    return found


def files(source: Input) -> list[str]:
    return [" ".join(os.fsdecode(rel)[3:] for _, rel, _ in x.files) for x in listed(source)]


def tens(digit: str) -> list[str]:
    return [f"{i}{digit}" for i in range(1, 5)]


def test_basic_union_and_cross(fifty: Path) -> None:
    one = glob("foo?1", fifty, name="one")
    two = glob("foo*2", fifty, name="two")
    assert files(one) == tens("1")
    assert files(two) == ["12", "2", "22", "32", "42"]
    assert files(union(one, two)) == [*tens("1"), "12", "2", "22", "32", "42"]
    pairs = [f"{a} {b}" for a in tens("1") for b in ("12", "2", "22", "32", "42")]
    assert files(cross(one, two)) == pairs


def test_an_empty_child_empties_a_cross_however_deep(fifty: Path) -> None:
    none = glob("nothing*", fifty, name="none")
    one, two = glob("foo?1", fifty, name="one"), glob("foo*2", fifty, name="two")
    inner = cross(one, none, two)
    assert files(inner) == []
    assert files(cross(inner, glob("foo3?", fifty, name="three"))) == []
    assert files(cross(glob("foo3?", fifty, name="three"), inner)) == []
    assert files(union(none, one)) == tens("1")


def test_join_gives_sixteen_pairs(fifty: Path) -> None:
    source = join(
        glob("foo(?)(?)", fifty, name="a", on="$1$2"), glob("foo(?)(?)", fifty, name="b", on="$2$1")
    )
    expected = [f"{a}{b} {b}{a}" for a in range(1, 5) for b in range(1, 5)]
    assert sorted(files(source)) == expected
    assert {x.captures["on"] for x in listed(source)} == {x.split()[0] for x in expected}
    assert listed(source)[0].captures == {
        "a.1": "1", "a.2": "1", "b.1": "1", "b.2": "1", "on": "11",
    }  # fmt: skip


def test_outer_join_gives_four_pairs_and_six_singles(fifty: Path) -> None:
    source = join(
        glob("foo1(?)", fifty, name="a", on="$1", outer=True),
        glob("foo(?)1", fifty, name="b", on="$1", outer=True),
    )
    assert files(source) == [
        "10",
        "11 11",
        "12 21",
        "13 31",
        "14 41",
        *(f"1{i}" for i in range(5, 10)),
    ]


def test_outer_join_keeps_no_lonely_file_of_the_other_side(fifty: Path) -> None:
    left = glob("foo1(?)", fifty, name="a", on="$1")
    right = glob("foo(?)1", fifty, name="b", on="$1", outer=True)
    assert files(join(left, right)) == ["11 11", "12 21", "13 31", "14 41"]


def test_group_has_one_datum_for_each_key(fifty: Path) -> None:
    source = group(glob("foo(?)(?)", fifty, by="$1"))
    assert files(source) == [" ".join(f"{a}{b}" for b in range(10)) for a in range(1, 5)]
    first = listed(source)[0]
    assert (first.key, first.captures) == (b"1", {"1": "1", "by": "1"})


def test_group_keeps_doubles(fifty: Path) -> None:
    source = group(
        glob("foo(?)(?)", fifty, name="a", by="$1"), glob("foo(?)(?)", fifty, name="b", by="$2")
    )
    found = files(source)
    assert len(found) == 10
    assert found[0] == "10 20 30 40"
    assert found[1] == " ".join([*(f"1{b}" for b in range(10)), *tens("1")])
    assert found[9] == "19 29 39 49"


def test_group_of_a_join_groups_its_files(fifty: Path) -> None:
    pairs = join(
        glob("foo(?)(?)", fifty, name="a", on="$1$2", by="$1"),
        glob("foo(?)(?)", fifty, name="b", on="$2$1", by="$2"),
    )
    expected = [
        [f"{a}{b}" for b in range(1, 5)] + [f"{b}{a}" for b in range(1, 5)] for a in range(1, 5)
    ]
    assert [sorted(x.split()) for x in files(group(pairs))] == [sorted(x) for x in expected]


def test_union_with_a_group(fifty: Path) -> None:
    source = union(
        glob("foo(?)(?)", fifty, name="one"), group(glob("foo(?)(?)", fifty, name="all", by="$2"))
    )
    found = files(source)
    assert len(found) == 40 + 10 and found[40] == "10 20 30 40"


# -- a model --------------------------------------------------------------------------------

NAMES = st.lists(
    st.tuples(st.sampled_from("xy"), st.sampled_from("012")).map("".join), unique=True, max_size=5
)


@st.composite
def trees(draw: st.DrawFn, depth: int = 2, word: str = "") -> Any:
    """A tree: ("glob", folder, names, key, outer) or (kind, children)."""
    kinds = ["glob", "cross", "union", "join", "group"] if depth else ["glob"]
    kind = draw(st.sampled_from(kinds))
    if kind == "glob":
        return ("glob", draw(NAMES), draw(st.sampled_from(["$1", "$2"])), draw(st.booleans()))
    n = draw(st.integers(2, 3))
    return (kind, [draw(trees(depth=depth - 1)) for _ in range(n)])


def build(tree: Any, root: Path, outer: bool = False) -> tuple[Input, Any]:
    """The input, and for the model its tree with names."""
    if tree[0] == "glob":
        name = f"n{len(list(root.iterdir()))}"
        (root / name).mkdir()
        for file in tree[1]:
            (root / name / file).touch()
        keep = tree[3] and outer
        source = glob(f"{name}/(?)(?)", root, name=name, on=tree[2], by=tree[2], outer=keep)
        return source, ("glob", name, sorted(tree[1]), int(tree[2][1]) - 1, keep)
    below = tree[0] == "join" or (tree[0] == "union" and outer)
    made = [build(child, root, below) for child in tree[1]]
    make = {"cross": cross, "union": union, "join": join, "group": group}[tree[0]]
    return make(*[source for source, _ in made]), (tree[0], [model for _, model in made])


def brute(model: Any) -> list[tuple[Any, ...]]:
    """All datums as tuples of (name, file, key, outer), with no thought for speed."""
    kind = model[0]
    if kind == "glob":
        _, name, names, at, outer = model
        return [((name, file, file[at], outer),) for file in names]
    lists = [brute(child) for child in model[1]]
    if kind == "union":
        return [datum for each in lists for datum in each]
    if kind == "cross":
        return [sum(combination, ()) for combination in product(*lists)]
    flat = [[file for datum in each for file in datum] for each in lists]
    keys = sorted({file[2] for each in flat for file in each})
    sides = {key: [[f for f in each if f[2] == key] for each in flat] for key in keys}
    if kind == "group":
        return [tuple(f for side in sides[key] for f in side) for key in keys]
    found = []
    for key in keys:
        side = [list(dict.fromkeys(each)) for each in sides[key]]
        if not all(side):
            side = [kept for each in side if (kept := [f for f in each if f[3]])]
            if not side:
                continue
        found += list(product(*side))
    return found


@given(trees())
@settings(max_examples=150, deadline=None)
def test_any_tree_gives_what_brute_force_gives(tree: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        source, model = build(tree, Path(folder))
        expected = [[(name, file) for name, file, _, _ in datum] for datum in brute(model)]
        found = listed(source)
        assert [[(n, os.fsdecode(r)) for n, r, _ in x.files] for x in found] == expected
        again = input_from_json(source.to_json(), None)
        assert list(again.list(frozenset(), [])) == found


@given(trees())
@settings(max_examples=150, deadline=None)
def test_what_it_captures_can_be_read_from_the_key(tree: Any) -> None:
    """Of a transform over it only keys are recorded."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        source, _ = build(tree, Path(folder))
        for datum in listed(source):
            read = source.captures(datum.key)
            for name in source.capture_names & read.keys():
                assert read[name] == datum.captures[name]
            if "group" not in str(tree):  # its files may share more than its key says
                assert source.capture_names & datum.captures.keys() <= read.keys()
        longer = b"\0".join([b"x"] * 19 + [b"other"])  # than that of any tree: it has 9 leaves
        assert source.captures(longer) == {} or source.kind == "group"


# -- values ---------------------------------------------------------------------------------


def values(source: Input) -> list[Any]:
    return [decode_value(x.value) for x in listed(source) if x.value is not None]


def test_values_go_by_name_where_several_bring_one(fifty: Path, tmp_path: Path) -> None:
    source = cross(grid(C=[0.1, 1]), items(["a", "b"]), glob("foo?1", fifty))
    found = listed(source)
    assert len(found) == 16
    assert values(source)[0] == {"grid": {"C": 0.1}, "items": "a"}
    assert found[0].key == b"C=0.1\0a\0foo11"
    assert values(cross(grid(C=[0.1, 1]), glob("foo11", fifty))) == [{"C": 0.1}, {"C": 1}]
    project = create(tmp_path)
    stored = source.stored(project)
    assert list(input_from_json(stored.to_json(), project).list(frozenset(), [])) == found


def test_a_grid_holds_what_pickle_can(tmp_path: Path) -> None:
    project = create(tmp_path)
    source = grid(f=[(1, 2), {3}], n=[None, True, "x", "x"])
    back = input_from_json(source.stored(project).to_json(), project)
    expected = [{"f": f, "n": n} for f in [(1, 2), {3}] for n in [None, True, "x", "x"]]
    assert values(source) == values(back) == expected
    assert len({x.key for x in listed(back)}) == 8


def test_one_more_value_changes_no_key() -> None:
    before = {x.key for x in listed(grid(C=[1, 2], k=["rbf"]))}
    after = {x.key for x in listed(grid(k=["rbf", "poly"], C=[2, 3, 1]))}
    assert before == {b"C=1,k=rbf", b"C=2,k=rbf"} and before < after and len(after) == 6


def test_equal_looking_values_have_other_keys() -> None:
    assert len(listed(grid(x=[1, 1.0, True, "1", "true", None, "null", 1, (1,), [1]]))) == 10


def test_whole_is_one_datum(fifty: Path) -> None:
    assert files(whole(glob("foo?1", fifty))) == [" ".join(tens("1"))]
    assert values(whole(items(range(4)))) == [[0, 1, 2, 3]]
    assert listed(whole(glob("nothing*", fifty))) == []
    [one] = listed(whole(cross(grid(C=[1, 2]), items("ab"))))
    assert decode_value(one.value or b"")[0] == {"grid": {"C": 1}, "items": "a"}


def test_a_name_is_that_of_a_transform_also_where_no_cell_reads_it(story: Story) -> None:
    story.run("one -i items([1,2])", "datum.value * 10")
    with starting_at(story.folder):
        assert [datum.value for datum in datums("one")] == [10, 20]
        pairs = [datum.value for datum in datums(cross("one", items(["x"])))]
        assert pairs == [{"one": 10, "items": "x"}, {"one": 20, "items": "x"}]
        (story.folder / "one").write_text("a file of that name is meant")
        assert [datum.rel for datum in datums("one")] == ["one"]
    shown = story.transform("one").display(1)
    assert shown[0]["data"]["text/plain"] == "20" and shown == story.transform("one").display("1")
