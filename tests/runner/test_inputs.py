"""Inputs made of inputs, through runner, workers and ledger: what the cell sees, what is done
again after a change, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.ledger import queries
from jupyter_datum.lineage import show_lineage
from jupyter_datum.runner.preview import preview
from jupyter_datum.states import RunStatus
from tests.story import Story

SEES = """
def name(x):
    return [p.name for p in x] if isinstance(x, list) else x.name
{"paths": {k: name(p) for k, p in datum.paths.items()}, "value": datum.value,
 "key": dict(datum.key), "id": datum.id, "hash": datum.hash}
"""


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    story = Story(tmp_path)
    yield story
    story.close()


def write(story: Story, **files: str) -> None:
    for name, text in files.items():
        path = story.folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def results(story: Story, name: str) -> list[Any]:
    return list(story.transform(name).results())


def again(story: Story, line: str, body: str = SEES) -> tuple[int, int]:
    """Run it; how many were executed, and how many skipped."""
    before = story.row(story.latest(line.split()[0]))
    assert before is not None
    row = story.end(story.start(line, body, counted=False))
    assert row.status == RunStatus.SUCCESS, row.message
    return row.success, row.skipped


def done(story: Story, line: str, body: str = SEES) -> list[Any]:
    row = story.end(story.start(line, body, counted=False))
    assert row.status == RunStatus.SUCCESS, row.message
    return results(story, line.split()[0])


def test_a_join_is_run_and_only_what_changed_again(story: Story) -> None:
    write(story, a__x1_txt="1", a__x2_txt="2", a__x3_txt="3", b__y1_json="1", b__y2_json="2")
    line = "pairs -i join(glob('a/x(?).txt',on='$1'),glob('b/y(?).json',on='$1')) --engine serial"
    found = done(story, line)
    assert [x["paths"] for x in found] == [
        {"a": "x1.txt", "b": "y1.json"},
        {"a": "x2.txt", "b": "y2.json"},
    ]
    assert found[0]["key"] == {"a.1": "1", "b.1": "1", "on": "1"}
    assert again(story, line) == (0, 2)
    write(story, b__y2_json="two")
    assert again(story, line) == (1, 1)
    write(story, b__y3_json="3")
    assert again(story, line) == (1, 2)
    assert len({x["id"] for x in results(story, "pairs")}) == 3
    assert story.findings() == []


def test_a_group_gives_lists_and_notices_what_joins_and_leaves(story: Story) -> None:
    write(story, in__a1_txt="1", in__a2_txt="2", in__b1_txt="3")
    line = "sites -i group(glob('in/(?)*.txt'),by='$1')"
    assert [x["paths"] for x in done(story, line)] == [
        {"in": ["a1.txt", "a2.txt"]},
        {"in": ["b1.txt"]},
    ]
    write(story, in__b2_txt="4")
    assert again(story, line) == (1, 1)
    (story.folder / "in" / "a2.txt").unlink()
    assert again(story, line) == (1, 1)
    assert [x["paths"]["in"] for x in results(story, "sites")] == [["a1.txt"], ["b1.txt", "b2.txt"]]
    with story.ledger() as conn:
        row = queries.datum_by_key(conn, 1, b"b")
        assert row is not None
        detail = queries.datum_detail(conn, row.id)
    assert detail is not None and [bytes(f.rel) for f in detail.inputs] == [b"b1.txt", b"b2.txt"]


def test_a_cross_of_files_and_points_makes_an_output_for_each(story: Story) -> None:
    write(story, in__a_txt="1", in__b_txt="2")
    line = "sweep -i cross(glob('in/*.txt'),grid(C=[0.5,1],f=[(1,),None])) -o out"
    body = "datum.out_file('.json').write_text('x')\n" + SEES
    found = done(story, line, body)
    assert len(found) == 8 and len({x["hash"] for x in found}) == 8
    assert found[0]["value"] == {"C": 0.5, "f": (1,)}
    names = sorted(p.name for p in (story.folder / "out").glob("*.json"))
    assert len(names) == 8 and names[-1] == "b.txt+C=1,f=null.json"
    assert again(story, line, body) == (0, 8)
    assert again(story, line.replace("0.5,1", "0.5,1,2"), body) == (4, 8)


def test_a_matched_folder_is_one_datum_with_all_it_holds(story: Story) -> None:
    write(story, in__a="")
    for name in ("one/x.txt", "one/deep/.y", "two/z.txt"):
        path = story.folder / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    line = "scans -i glob('scans/*',match='dirs') -o out"
    body = (
        "import os\ndatum.out_file('.txt').write_text('x')\n"
        "[datum.path.name, datum.rel, sorted(f for _, _, fs in os.walk(datum.path) for f in fs)]"
    )
    assert done(story, line, body) == [["one", "one", [".y", "x.txt"]], ["two", "two", ["z.txt"]]]
    assert sorted(p.name for p in (story.folder / "out").glob("*.txt")) == ["one.txt", "two.txt"]
    assert again(story, line, body) == (0, 2)
    (story.folder / "scans/two/new.txt").write_text("n")
    assert again(story, line, body) == (1, 1)
    (story.folder / "scans/one/deep/.y").write_text("other")
    assert again(story, line, body) == (1, 1)
    (story.folder / "scans/one/later").mkdir()  # the cell sees it, too
    assert again(story, line, body) == (1, 1)
    assert "as recorded" in repr(show_lineage(story.project, "out/one.txt", folder=story.folder))
    assert again(story, line, body) == (0, 2)
    (story.folder / "scans/one/later").rmdir()
    assert again(story, line, body) == (1, 1)


def test_a_folder_to_which_a_file_comes_meanwhile_is_not_taken_as_done(story: Story) -> None:
    (story.folder / "scans/one").mkdir(parents=True)
    (story.folder / "scans/one/x.txt").write_text("x")
    late = story.folder / "scans/one/late.txt"
    story.namespace["late"] = str(late)
    line = "scans -i glob('scans/*',match='dirs') -o scans/one/out"
    body = (
        "import os, pathlib\nheld = len(list(datum.path.iterdir()))\n"
        "if not os.path.exists(late): pathlib.Path(late).write_text('y')\n"
        "datum.out_file('.txt').write_text(str(held))\nheld"
    )
    assert done(story, line, body) == [1]
    assert again(story, line, body) == (1, 0)  # what it made lies in the folder, and is no input
    assert again(story, line, body) == (0, 1)


def test_whole_and_union_and_nested_values(story: Story) -> None:
    write(story, a__1_txt="1", b__2_txt="2", b__3_txt="3")
    assert done(story, "one -i whole(union(glob('a/*.txt'),glob('b/*.txt')))")[0]["paths"] == {
        "a": ["1.txt"], "b": ["2.txt", "3.txt"],
    }  # fmt: skip
    found = done(story, "both -i union(glob('a/*.txt'),items([7,{1}]))")
    assert [x["value"] for x in found] == [None, 7, {1}]
    assert again(story, "both -i union(glob('a/*.txt'),items([7,{1}]))") == (0, 3)


def test_a_key_function_is_called_apart_and_its_error_is_a_sentence(story: Story) -> None:
    write(story, in__a1_txt="1", in__a2_txt="2", in__b1_txt="3")
    exec("def first(path):\n    return {'a': 'A'}[path[0]]", story.namespace)
    line = "apart -i group(glob('in/*.txt',by=first))"
    row = story.end(story.start(line, SEES, counted=False))
    assert row.status == RunStatus.ERROR
    assert row.message == "the key function first raised KeyError: 'b' for the path 'b1.txt'"
    exec("def first(path):\n    return path[0]", story.namespace)
    assert [x["key"]["by"] for x in done(story, line)] == ["a", "b"]
    assert again(story, line) == (0, 2)


def test_a_join_without_a_shared_key_shows_keys_of_both(story: Story) -> None:
    write(story, a__x1_txt="1", b__z9_txt="1")
    line = "none -i join(glob('a/x(?).txt',on='$1'),glob('b/z(?).txt',on='$1'))"
    with story.ledger() as conn:
        planned = preview(conn, story.project, story.prepare(line, SEES).recipe, {})
    row = story.end(story.start(line, SEES, counted=False))
    assert row.status == RunStatus.ERROR and row.message is not None
    assert "no key is in every input" in row.message
    assert "a has '1'; b has '9'" in row.message
    assert row.message.startswith(planned.notes[0]), "the plan says the same"
