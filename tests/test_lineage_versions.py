"""Lineage names the very version that made what was read, whatever has become of it since."""

from __future__ import annotations

import csv
import importlib
import json
import linecache
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.errors import RunError
from jupyter_datum.lineage import (
    ask,
    face,
    questions,
    show_export,
    show_history,
    show_lineage,
    show_question,
    versions,
)
from jupyter_datum.lineage.report import report
from jupyter_datum.notebook import render
from jupyter_datum.notebook.looks import look
from jupyter_datum.runner import upkeep

from .story import Story
from .test_lineage import UP, chain, files, seen

LINE = 'up -i "in/*.txt" --tries 1'


def stems(story: Story, name: str, which: str) -> set[str]:
    return {Path(found["path"]).stem for found in show_question(story.project, name, which).data}


def made(story: Story, asked: str, **steps: int) -> dict[str, Any]:
    found: dict[str, Any] = seen(story, asked, **steps).to_json()["made"]
    return found


def test_what_was_brought_back_is_the_work_of_the_run_that_made_it_once(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(story, 3)
    fails = "assert datum.stem != '002'\n" + UP
    keeps = f"{LINE} --keep 2"
    first = story.run(keeps, fails)
    second = story.run(keeps, UP + "\n'two'")
    third = story.run(keeps, fails)
    assert (first.success, second.success, third.skipped, third.failed) == (2, 3, 2, 1)
    assert stems(story, "up", "failed-run") == {"000", "001"}
    assert stems(story, "up", "old") == {"002"}, "it failed now: its output is the second code's"
    monkeypatch.setattr(questions, "RUNS", 2)
    with story.ledger() as conn:  # nights in which nothing was to be done
        for night in range(3):
            conn.execute(
                "insert into run (uuid, transform, version, recipe, interpreter, engine, options,"
                " origin, status, requested) select ?, transform, version, recipe, interpreter,"
                " engine, options, origin, 'success', requested from run where id = 3",
                (f"{night:032x}",),
            )
    assert stems(story, "up", "failed-run") == {"000", "001"}, "runs that made nothing count not"
    assert "such runs" not in repr(show_question(story.project, "up", "failed-run"))
    monkeypatch.setattr(questions, "RUNS", 1)
    assert "of the newest 1 such runs" in repr(show_question(story.project, "up", "failed-run"))
    monkeypatch.undo()
    with story.ledger() as conn:
        conn.execute("delete from run where id > 3")
    back = made(story, "out/up/000.up")
    assert (back["run"], back["version"], back["restored"]) == (first.uuid, 1, True)
    assert "restored 2" in repr(seen(story, "out/up/000.up"))
    held = made(story, "out/up/002.up")
    assert (held["run"], held["version"], held["now"]) == (second.uuid, 2, "failed")
    assert [file["now"] for file in held["outputs"]["first"]] == ["same"]
    assert [v.run for v in show_history(story.project, "up:000.txt").data.versions] == [
        first.uuid, second.uuid, first.uuid,
    ]  # fmt: skip
    show_export(story.project, "up", openlineage="e.json", folder=story.folder)
    events = [json.loads(line) for line in (story.folder / "e.json").read_text().splitlines()]
    ends = {e["run"]["runId"].replace("-", ""): e for e in events if e["eventType"] != "START"}

    def told(run: str, way: str) -> list[str]:
        (data,) = ends[run][f"{way}s"]
        subset = data[f"{way}Facets"].get("subset")
        found = subset[f"{way}Condition"]["locations"] if subset else []
        return sorted(os.path.basename(path) for path in found)

    assert told(first.uuid, "input") == ["000.txt", "001.txt"]
    assert told(first.uuid, "output") == ["000.up", "001.up"]
    assert told(second.uuid, "output") == []
    show_export(story.project, "up", table="t.csv", folder=story.folder)
    with (story.folder / "t.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["key"] == "002.txt"]
    assert [(row["state"], row["run"], row["output"][-6:]) for row in rows] == [
        ("success", second.uuid, "002.up"), ("failed", third.uuid, ""),
    ]  # fmt: skip
    assert rows[0]["input_hash"] == rows[1]["input_hash"]
    with story.ledger() as conn:
        code = story.prepare(LINE, UP + "\n'three'").recipe
        mark = upkeep.equivalent(conn, story.project, "up", code).mark
        assert mark.same_as == third.version, "what stands is what was brought back"
        upkeep.equivalent(conn, story.project, "up", code, undo=True)
    # Replaced again, and by code that was never brought back: each question follows.
    story.run(keeps, UP + "\n'two'")
    assert (stems(story, "up", "old"), stems(story, "up", "failed-run")) == (set(), set())
    story.run(f"{keeps} --only new", UP + "\n'three'")
    assert stems(story, "up", "old") == {"000", "001", "002"}
    assert not story.findings()


def test_what_was_brought_back_keeps_its_edges_and_the_run_says_so(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    first = story.run("xs -i numbers --keep 1", "datum.value")
    for more in (1, 2):
        story.run("next -i xs --keep 1", f"datum.value + {more}")
    row = story.run("next -i xs --keep 1", "datum.value + 1")
    assert (row.skipped, sorted(story.transform("next").results())) == (2, [2, 3])
    line = render.closing_line(row)
    assert line.startswith("next: 2 restored from kept results"), line
    with story.ledger() as conn:
        (one, _) = conn.execute("select down from edge order by down").fetchall()
    assert made(story, f"#{one[0]}", up=1)["up"]["first"][0]["transform"] == "xs"
    for times, then in ((2, "remade"), (1, "")):  # away, and back to what was read
        story.run("xs -i numbers --keep 1", ["datum.value", "datum.value * 2"][times - 1])
        upper = made(story, f"#{one[0]}", up=1)["up"]["first"][0]
        assert (upper["run"], upper["now"]) == (first.uuid, then)


def test_the_version_that_was_read_is_named_not_the_present_one(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain(story)
    first = story.latest("up")
    (story.folder / "in/002.txt").write_text("else")
    story.run(LINE, UP + "\n'more'")
    assert story.latest("up") != first
    (low,) = (made(story, f"out/low/{stem}.low")["up"]["first"][0] for stem in ("002",))
    assert (low["run"], low["version"], low["current"], low["now"]) == (first, 1, False, "remade")
    assert [(f["now"], f["size"]) for f in low["outputs"]["first"]] == [("remade", 7)]
    (raw,) = low["inputs"]["first"]
    assert (raw["rel"], raw["now"], raw["size"]) == ("002.txt", "edited", None)
    assert raw["content"] != made(story, "out/up/002.up")["inputs"]["first"][0]["content"]
    same = made(story, "out/low/000.low")["up"]["first"][0]
    assert (same["run"], same["version"], same["now"]) == (first, 1, "remade"), "the same bytes"
    assert [f["now"] for f in same["outputs"]["first"]] == ["same"]
    (deep,) = made(story, "out/sums/002.sum")["up"]["first"]
    assert (deep["transform"], deep["now"]) == ("low", "")
    assert deep["up"]["first"][0]["run"] == first
    below = made(story, "up:002.txt", down=2)["down"]["first"][0]
    assert (below["transform"], below["now"]) == ("low", "earlier")
    assert below["down"]["first"][0]["now"] == "", "sums has read what low is now"
    text = repr(seen(story, "out/low/002.low"))
    assert text.count("made anew since") == 2 and "code 1 (old)" in text, text
    assert "made from an earlier version of it" in repr(seen(story, "up:002.txt"))
    # Of so many versions that not all are looked at none is named.
    monkeypatch.setattr(versions, "_MOST", 0)
    lost = made(story, "out/low/002.low")["up"]["first"][0]
    assert (lost["now"], lost["run"], lost["version"]) == ("unknown", "", 0)
    assert "not known any more" in repr(seen(story, "out/low/002.low"))


def test_an_output_that_was_edited_before_it_was_read_is_said_to_be(story: Story) -> None:
    chain(story)
    run = story.latest("up")
    (story.folder / "out/up/001.up").write_text("by hand")
    assert story.run("low -i up", "datum.path.read_text()").failed == 0
    story.run("low -i up --force", "datum.path.read_text()")
    upper = made(story, "low:001.txt")["up"]["first"][0]
    assert (upper["run"], upper["now"]) == (run, "")
    assert "edited before it was read" in repr(seen(story, "low:001.txt"))


def test_of_a_result_the_version_that_stood_is_named(story: Story) -> None:
    story.namespace["xs"] = [1, 2]
    story.run("a -i xs", "datum.value")
    first = story.latest("a")
    story.run("b -i a", "datum.value")
    story.run("a -i xs", "datum.value * 2")
    with story.ledger() as conn:
        ((one,), _) = conn.execute("select down from edge order by down").fetchall()
    upper = made(story, f"#{one}")["up"]["first"][0]
    assert (upper["run"], upper["version"], upper["now"]) == (first, 1, "remade")
    story.run("b -i a", "datum.value")
    upper = made(story, f"#{one}")["up"]["first"][0]
    assert (upper["run"], upper["version"], upper["now"]) == (story.latest("a"), 2, "")


def test_a_chain_that_is_cut_says_how_much_is_beyond(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain(story)
    near = made(story, "out/sums/001.sum", up=1)["up"]["first"][0]
    assert (near["up"]["count"], near["up"]["rest"], near["up"]["first"]) == (1, "cut", [])
    text = repr(seen(story, "out/sums/001.sum", up=1))
    assert f"from 1 datum  (not followed further: ask for #{near['id']})" in text
    read = seen(story, "in/001.txt", down=1).to_json()["read"]["first"][0]
    assert (read["down"]["count"], read["down"]["rest"]) == (1, "cut")
    assert "used by 1 datum  (not followed" in repr(seen(story, "in/001.txt", down=1))
    assert seen(story, "in/001.txt", down=0).to_json()["read"]["count"] == 1
    assert made(story, "low:001.txt", up=0, down=0)["down"]["count"] == 1
    assert made(story, "sums:001.low", up=9)["up"]["first"][0]["up"]["first"][0]["up"] == {
        "count": 0, "capped": False, "rest": "", "first": [],
    }, "the raw file is the end"  # fmt: skip
    monkeypatch.setattr(ask, "_MOST", 1)
    text = repr(seen(story, "out/sums/001.sum"))
    assert "up:001.txt" not in text and "from 1 datum  (not followed further" in text


def test_content_says_what_became_of_a_folder_and_of_large_files(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def what(file: str) -> str:
        found = show_lineage(story.project, "sizes:a/", folder=story.folder, hashed=hashed)
        (one,) = [f for f in found.data.made.inputs.first if f.rel == file.encode()]
        return one.now

    hashed = False
    for name in ("a/1.txt", "a/deep/2.txt", "b/1.txt"):
        (story.folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (story.folder / "in" / name).write_text(name)
    story.run("sizes -i \"glob('in/*', match='dirs')\"", "datum.rel", within=90)
    os.utime(story.folder / "in/a")
    os.utime(story.folder / "in/a/1.txt")
    assert what("a/") == "same" and what("a/1.txt") == "same"
    monkeypatch.setattr(face, "everywhere", lambda path: 4)
    assert what("a/") == "uncompared" and what("a/1.txt") == "uncompared"
    text = repr(show_lineage(story.project, "sizes:a/", folder=story.folder))
    assert "in/a/1.txt  (7 B, touched or edited since: --hash compares)" in text
    hashed = True
    assert what("a/") == "same" and what("a/1.txt") == "same"
    (story.folder / "in/a/deep/3.txt").write_text("more")
    assert what("a/") == "edited" and what("a/1.txt") == "same"
    (story.folder / "in/a/deep/3.txt").unlink()
    (story.folder / "in/a/deep/2.txt").write_text("else")
    assert what("a/") == "edited"
    shutil.rmtree(story.folder / "in/a")
    assert what("a/") == "gone"


def test_history_tells_every_version_and_how_the_code_changed(story: Story) -> None:
    files(story, 2)
    story.run('up -i "in/*.txt"', UP)
    (story.folder / "in/001.txt").write_text("two")
    story.run('up -i "in/*.txt"', UP)
    story.run('up -i "in/*.txt"', UP + "\n'more'")
    told = show_history(story.project, story.folder / "out/up/001.up").data
    assert [v.changed for v in told.versions] == [("code",), ("input",), ()]
    assert [v.code for v in told.versions] == [2, 1, 1]
    assert len({v.run for v in told.versions}) == 3
    assert all(v.outputs[0][0] == "001.up" for v in told.versions)
    assert told.versions[0].outputs == told.versions[1].outputs != told.versions[2].outputs
    assert "+'more'" in told.diff()
    assert [v.changed for v in show_history(story.project, "up:000.txt").data.versions] == [
        ("code",), (),
    ]  # fmt: skip
    with pytest.raises(RunError, match="there are: 1, 2"):
        told.diff(1, 7)
    fails = "assert 0, 'so\\nlong'\n" + UP
    story.run('up -i "in/*.txt" --tries 1', fails)
    line = "AssertionError: so long  (cell line 3)"
    view = story.transform("up").history("001.txt", diffs=True)
    top, said, diff, *_ = repr(view).splitlines()[1:]
    assert "failed" in top and said.strip() == line and diff.strip() == "--- code 2"
    assert repr(view).count("--- code") == 2, "each change stands at its version"
    with pytest.raises(RunError, match=r"code 7 never made .*; there are: 1, 2, 3"):
        look("history", ["up:001.txt", "--between", "1", "7"], story.project, str(story.folder))
    both = look("history", ["up:001.txt", "--between", "1", "-1"], story.project, "/")
    data = both.to_json()
    assert data["diff"].startswith("--- code 1\n+++ code 3") and data["differs"] == ["the cell"]
    assert data["diff"] in repr(both) and data["versions"][0]["message"] == line
    assert (told.differs(), told.differs(2, 2)) == (["the cell"], [])


def test_history_names_the_helper_and_the_value_that_changed(story: Story) -> None:
    files(story, 1)
    cell = "datum.out_file('.up').write_text(decode(FACTOR))"
    for times, factor in ((1, "a"), (2, "a"), (2, "b")):
        story.namespace["FACTOR"] = factor
        exec(f"def decode(text):\n    return text * {times}", story.namespace)
        story.run('up -i "in/*.txt"', cell)
    told = show_history(story.project, "up:000.txt").data
    assert [v.parts for v in told.versions] == [("FACTOR",), ("decode",), ()]
    assert [v.number for v in told.versions] == [3, 2, 1]
    assert told.differs(1, 3) == ["decode", "FACTOR"] or told.differs(1, 3) == ["FACTOR", "decode"]
    assert told.diff(1, 3) == "", "the cell itself is the same text"
    words = ["up:000.txt", "--between", "1", "-1"]
    text = repr(look("history", words, story.project, str(story.folder)))
    assert re.search(r"code 1 and code 3: .*FACTOR.* changed, of which no text is kept$", text)
    assert len(set(told.marks.values())) == 3
    assert {"the cell", "decode", "FACTOR"} <= set(told.to_json()["parts"]["3"])


def test_history_says_of_a_value_what_is_known_of_it(story: Story) -> None:
    table = story.folder / "t.csv"
    line = "up -i \"rows('t.csv', key='k')\" --tries 1"
    for number, cell in (("1", "1/0"), ("1", "1"), ("2", "1")):
        table.write_text(f"k,n\na,{number}\n")
        story.run(line, cell)
    told = show_history(story.project, "up:a").data
    assert [v.changed for v in told.versions] == [("value",), ("code",), ()], (
        "a failed attempt's value is not recorded: that it was another one is not known"
    )


def test_history_shows_what_changed_in_helpers(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(story, 1)
    module = story.folder / "house_of_text.py"
    monkeypatch.syspath_prepend(str(story.folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    cell = "datum.out_file('.up').write_text(house.change('a') + mine('b') * SIZE)"
    name = "<helper cell>"
    for times in (1, 2):
        module.write_text(f"# comes first\ndef change(text):\n    return text * {times}\n")
        sys.modules.pop("house_of_text", None)
        importlib.invalidate_caches()
        source = f"def mine(text):\n    # said {times}\n    return text + '{times}'\n"
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        exec(compile(source, name, "exec"), story.namespace)
        exec("import house_of_text as house", story.namespace)
        story.namespace["SIZE"] = times
        story.run('up -i "in/*.txt"', cell)
    told = show_history(story.project, "up:000.txt").data
    found = {one.name: one for one in told.helper_diffs()}
    assert set(found) == {"house_of_text.change", "mine", "SIZE"}
    assert found["house_of_text.change"].old == "def change(text):\n    return text * 1"
    lines = found["mine"].diff.splitlines()
    assert "-    # said 1" in lines and "+    return text + '2'" in lines
    assert (found["SIZE"].old, found["SIZE"].new) == ("1", "2")
    assert "--- code 1: mine" in told.diff() and told.cell_diff() == ""
    assert "-    return text * 1" in repr(show_history(story.project, "up:000.txt"))
    assert "text" not in told.to_json(), "as many texts as versions would be sent"
    with story.ledger() as conn:
        assert "+    return text * 2" in report(conn, story.project, "up")
        bodies = [row[0] for row in conn.execute("select body from helper")]
    assert len(bodies) == len(set(bodies)) == 6
    # A module that was edited and not loaded again has no text that runs: none is shown.
    module.write_text("def change(text):\n    return text * 77\n")
    story.namespace["SIZE"] = 3
    story.run('up -i "in/*.txt"', cell)
    told = show_history(story.project, "up:000.txt").data
    assert [one.name for one in told.helper_diffs()] == ["SIZE"]
    assert "77" not in told.diff()
