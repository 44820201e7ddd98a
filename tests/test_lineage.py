"""Where files come from and what becomes of them, over real runs."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import jupyter_datum
from jupyter_datum.errors import OutputError, RunError, UsageError
from jupyter_datum.lineage import View, show_history, show_lineage, show_question
from jupyter_datum.lineage.report import report
from jupyter_datum.notebook.looks import look

from .story import Story

UP = "datum.out_file('.up').write_text(datum.path.read_text().upper())"
LOW = "datum.out_file('.low').write_text(datum.path.read_text().lower())"
SUM = "datum.out_file('.sum').write_text(str(len(datum.path.read_text())))"


def files(story: Story, n: int) -> None:
    (story.folder / "in").mkdir(exist_ok=True)
    for i in range(n):
        (story.folder / f"in/{i:03}.txt").write_text(f"file {i}\n")


def chain(story: Story) -> None:
    files(story, 3)
    story.run('up -i "in/*.txt"', UP)
    story.run("low -i up", LOW)
    story.run('sums -i "out/low/*.low"', SUM)


def seen(story: Story, asked: str | int, **steps: int) -> View:
    return show_lineage(story.project, asked, folder=story.folder, **steps)


def test_a_file_leads_to_the_raw_file_and_to_all_that_was_made_of_it(story: Story) -> None:
    chain(story)
    text = repr(seen(story, "out/sums/001.sum"))
    names = re.findall(r"(?:in|out)/\S+", text)
    assert names == ["out/sums/001.sum", "out/low/001.low", "out/up/001.up", "in/001.txt"]
    assert "!" not in text
    below = repr(seen(story, "in/001.txt", down=3))
    assert [n for n in re.findall(r"out/\S+", below)] == [
        "out/up/001.up", "out/low/001.low", "out/sums/001.sum",
    ]  # fmt: skip
    one = seen(story, "low:001.txt", up=1, down=1).to_json()["made"]
    assert one["up"]["first"][0]["transform"] == "up"
    assert one["down"]["first"][0]["transform"] == "sums"
    assert seen(story, one["id"]).to_json()["made"]["key"] == "001.txt"


def test_lines_of_a_file_lead_to_it_and_it_to_them(story: Story) -> None:
    (story.folder / "a.log").write_text("".join(f"line {i}\n" for i in range(6)))
    (story.folder / "b.log").write_text("other\n")
    body = "datum.out_file('.n').write_text(datum.value)"
    row = story.run("count -i \"split(glob('*.log'), lines=2)\" -o out", body)
    assert row.success == 4
    made = next(path for path in story.made(".n") if "a.log" in str(path))
    (file,) = seen(story, str(made)).to_json()["made"]["inputs"]["first"]
    assert file["rel"] == "a.log" and file["now"] != "gone"
    assert seen(story, "a.log").to_json()["read"]["count"] == 3


def test_a_transforms_name_shows_what_feeds_it_and_what_it_feeds(story: Story) -> None:
    chain(story)
    (story.folder / "in/001.txt").unlink()
    story.run('up -i "in/*.txt"', UP)
    (story.folder / "in/000.txt").write_text("else")
    fails = "assert 0\n" + UP
    story.run('up -i "in/*.txt" --tries 1 --only new,failed', fails)
    told = look("lineage", ["low"], story.project, str(story.folder))
    lines = repr(told).splitlines()
    assert lines[0] == "low  (3 datums: 3 done, 0 failed, 0 stale, 0 gone; success)"
    assert lines[1].startswith("  from up  (") and "1 gone" in lines[1]
    assert lines[2:] == [
        f"    from the input in: {story.folder / 'in'}",
        "  used by sums  (3 datums: 3 done, 0 failed, 0 stale, 0 gone; success)",
    ]
    data = told.to_json()
    assert {each["name"] for each in data["transforms"]} == {"up", "low", "sums"}
    assert {(e["from"], e["to"]) for e in data["edges"]} == {("up", "low"), ("low", "sums")}
    near = look("lineage", ["sums", "--up", "1"], story.project, str(story.folder))
    assert [each["name"] for each in near.to_json()["transforms"]] == ["low", "sums"]
    assert repr(near).endswith("\n    from 1 further transform  (--up goes on)")
    (story.folder / "low").write_text("a file that nobody made")
    with pytest.raises(RunError, match="no datum has made or read 'low'"):
        seen(story, "low")


def test_edges_through_cross_join_and_group_lead_to_the_raw_file(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(story.folder)
    files(story, 3)
    (story.folder / "side").mkdir()
    for i in range(3):
        (story.folder / f"side/{i:03}.csv").write_text(f"side {i}")
    story.run('up -i "in/*.txt"', UP)
    both = "(datum.out / f'{datum.index}.txt').write_text(str(len(datum.paths)))\nNone"
    told = {
        "crossed": ('cross(transform("up"),glob("side/*.csv",name="side"))', 9, 3, 1),
        "joined": (
            'join(glob("out/up/(*).up",name="a"),glob("side/(*).csv",name="b"),on="$1")', 3, 1, 1,
        ),
        "grouped": ('group(glob("out/up/*.up"),by=lambda_)', 1, 1, 3),
    }  # fmt: skip
    story.namespace["lambda_"] = lambda file: "all"
    for name, (spec, datums, below, above) in told.items():
        run = story.start(f"{name} -i '{spec}' -o out/{name}", both, counted=False)
        row = story.end(run)
        assert (row.status, row.success) == ("success", datums), row.message
        made = seen(story, f"out/{name}/0.txt").to_json()["made"]
        assert made["up"]["count"] == above, name
        assert made["up"]["first"][0]["transform"] == "up"
        assert "in/000.txt" in repr(seen(story, f"out/{name}/0.txt"))
        read = seen(story, "in/000.txt", down=2).to_json()["read"]["first"][0]["down"]
        assert sum(each["transform"] == name for each in read["first"]) == below, name
    shown = seen(story, "crossed:001.txt | 002.csv").to_json()
    assert {Path(f["path"]).name for f in shown["made"]["inputs"]["first"]} == {
        "001.up", "002.csv",
    }  # fmt: skip
    assert (
        show_history(story.project, "crossed:001.txt | 002.csv").data.datum == (shown["made"]["id"])
    )
    assert "crossed:001.txt | 002.csv" in repr(seen(story, "side/002.csv"))


def test_an_edit_by_hand_and_a_file_made_anew_are_said(story: Story) -> None:
    chain(story)
    (story.folder / "out/low/001.low").write_text("mine")
    assert "edited since" in repr(seen(story, "out/low/001.low"))
    found = show_question(story.project, "low", "edited")
    assert [Path(f["path"]).name for f in found.data] == ["001.low"]
    os.utime(story.folder / "out/low/002.low")  # touched, the same
    assert "edited" not in repr(seen(story, "out/low/002.low"))
    (story.folder / "in/002.txt").write_text("else")
    story.run('up -i "in/*.txt"', UP)
    assert "made anew since" in repr(seen(story, "out/low/002.low"))


def test_which_outputs_are_old_and_which_come_from_a_run_with_failures(story: Story) -> None:
    files(story, 4)
    fails = "assert datum.stem != '002'\n" + UP
    story.run('up -i "in/*.txt" --tries 1', fails)
    found = show_question(story.project, "up", "failed-run")
    assert {Path(f["path"]).stem for f in found.data} == {"000", "001", "003"}
    assert show_question(story.project, "up", "old").data == []
    story.run('up -i "in/*.txt" --only failed', UP)
    found = show_question(story.project, "up", "old")
    assert {Path(f["path"]).stem for f in found.data} == {"000", "001", "003"}
    assert "(old)" in repr(seen(story, "out/up/000.up"))
    with pytest.raises(UsageError, match="failed-run"):
        show_question(story.project, "up", "young")


def test_what_is_unknown_is_one_sentence(story: Story) -> None:
    files(story, 1)
    story.run('up -i "in/*.txt"', UP)
    for asked in ("nothing.txt", "77", "up:else", "../../etc/passwd"):
        with pytest.raises(RunError):
            seen(story, asked)
    with pytest.raises(UsageError, match="PATH"):
        look("lineage", [], story.project, str(story.folder))


def test_a_file_whose_name_is_no_text_is_found_by_it_and_as_it_is_shown(story: Story) -> None:
    (story.folder / "in").mkdir()
    name = os.fsdecode(b"\xff\xfe")
    (story.folder / f"in/{name}.txt").write_text("x")
    story.run('up -i "in/*.txt"', UP)
    shown = "up:\\xff\\xfe.txt"
    for asked in (f"in/{name}.txt", f"out/up/{name}.up", f"up:{name}.txt", shown):
        assert shown in repr(seen(story, asked))
    assert shown in repr(show_history(story.project, shown))


def test_hostile_names_are_text(story: Story) -> None:
    name = "<img src=x onerror=alert(1)>\u202e.txt"
    (story.folder / "in").mkdir()
    (story.folder / "in" / name).write_text("x")
    (story.folder / "in" / os.fsdecode(b"\xff\n.txt")).write_text("x")
    story.run('up -i "in/*.txt"', "len(datum.rel)")
    view = seen(story, f"in/{name}")
    assert "<img" not in view._repr_html_() and "&lt;img" in view._repr_html_()
    assert "\u202e" not in repr(view)
    odd = repr(seen(story, os.fsdecode(b"in/\xff\n.txt")))
    assert "\\xff\\n.txt" in odd
    json.dumps(view.to_json())


def test_a_group_of_many_shows_a_count_and_the_first(story: Story) -> None:
    chain(story)
    with story.ledger() as conn:
        (first,) = conn.execute("select min(id) from datum").fetchone()
        conn.executemany("insert into edge values (?, ?)", [(first, 1000 + i) for i in range(50)])
        conn.executemany(
            "insert into datum (id, transform, key, state, version, run, position, attempt, began,"
            " seconds) values (?, 1, ?, 2, 1, 1, 0, 1, 0, 0)",
            [(1000 + i, b"k%d" % i) for i in range(50)],
        )
    view = seen(story, first)
    assert len(view.data.made.up.first) == 20 and view.data.made.up.count == 50
    assert "from 42 more  (of 50 datums)" in repr(view)


def test_the_packages_answer_as_functions(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(story)
    monkeypatch.chdir(story.folder)
    assert "in/001.txt" in repr(jupyter_datum.lineage("out/up/001.up"))
    assert "code 1" in repr(jupyter_datum.history("out/up/001.up"))
    listed = list(jupyter_datum.datums(jupyter_datum.transform("up")))
    assert [datum.paths["up"].name for datum in listed] == ["000.up", "001.up", "002.up"]


def test_the_three_questions_have_one_answer(story: Story) -> None:
    files(story, 5)
    story.run('up -i "in/*.txt"', UP)
    told = story.transform("up").overview().data
    assert told.datums == 5 and told.states["success"] == 5
    assert told.times.looked == 5 and 0 < told.times.p50 <= told.times.p95 <= told.times.longest
    assert "5 datums" in told.text()


def test_transforms_of_a_notebook_run_together_share_an_id(story: Story) -> None:
    import nbformat

    from jupyter_datum.cli import main

    sources = (
        "%load_ext jupyter_datum\nxs = [1, 2]",
        "%%datum a -i $xs --workers 1\ndatum.value",
        "%%datum b -i a --workers 1\ndatum.value + 1",
    )
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = story.folder / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert main(["run", str(path)]) == 0
    with story.ledger() as conn:
        (one,), (other,) = conn.execute("select pipeline from run").fetchall()
    assert one == other != ""
    assert sorted(story.transform("b").results()) == [2, 3]


def test_a_report_says_how_a_run_stands_and_what_became_of_files(story: Story) -> None:
    files(story, 4)
    cell = "assert datum.stem != '003' or datum.path.read_text() != 'bad'\ndatum.out_file().touch()"
    line = 'up -i "in/*.txt" --prune --on-error stop --workers 1'

    def page() -> str:
        story.run(line, cell)
        with story.ledger() as conn:
            return report(conn, story.project, "up")

    assert ">done</span>" in page()
    (story.folder / "in" / "000.txt").unlink()
    assert "1 output of vanished inputs removed" in page()
    for name in ("003", "004", "005"):
        (story.folder / "in" / f"{name}.txt").write_text("bad")
    said = page()
    assert "traceback of 003.txt" in said
    assert ">stopped on failures</span>" in said and "<td>stopped on failures</td>" in said
    story.namespace["numbers"] = list(range(9))
    story.run("nine -i numbers --tries 1", "assert datum.value != 6")
    with story.ledger() as conn:
        assert "traceback of datum 7<" in report(conn, story.project, "nine")


def test_a_report_is_one_page_and_everything_in_it_is_text(story: Story) -> None:
    evil = "<script>alert(1)</script>"
    files(story, 12)
    (story.folder / f"in/{evil.replace('/', '_')}.txt").write_text("x")
    cell = f"# {evil}\nassert 'script' not in datum.rel, datum.rel + '\\x1b[2J\\u202e'\n" + UP
    cell = f"datum.metrics['<b>'] = int(datum.stem) + 1 if len(datum.stem) < 4 else 0\n{cell}"
    story.run('up -i "in/*.txt" --tries 1', cell)
    story.run('up -i "in/*.txt" --tries 1', cell + "\n'<i>more</i>'")
    look("report", ["up", "-o", "r.html"], story.project, str(story.folder))
    page = (story.folder / "r.html").read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not {"\x1b", "\u202e"} & {*page} and ".txt\\x1b[2J\\u202e" in page
    assert "<i>more" not in page and "&lt;i&gt;more" in page
    assert "default-src 'none'" in page and "http" not in page.replace("http-equiv", "")
    assert page.count("v15h-15z") == 13, "a tile for each datum"
    assert '<span class="h">the cell</span>' in page and "+++ code" not in page
    assert "<code>&lt;b&gt;</code></td><td class=n>12</td><td class=n>6.5</td>" in page
    assert "code 2 of" in page and "1 x AssertionError" in page
    assert "<td class=m>started from</td><td><code>a cell</code>" in page
    for verb, words in (("report", []), ("overview", []), ("export", ["--table", "no.csv"])):
        with pytest.raises(UsageError, match="no transform 'no' has run; there are: up"):
            look(verb, ["no", *words], story.project, str(story.folder))
    assert not (story.folder / "no.csv").exists()
    for words in (["report", "up", "-o"], ["export", "up", "--table"]):
        with pytest.raises(OutputError, match=r"nowhere.* cannot be written: there is no folder"):
            look(words[0], [*words[1:], "nowhere/x.csv"], story.project, str(story.folder))


def test_a_join_and_a_group_of_transforms_lead_to_each_datum_they_were_made_of(
    story: Story,
) -> None:
    files(story, 4)
    story.run('up -i "in/*.txt"', UP)
    story.run('low -i "in/*.txt"', LOW)
    story.namespace["stem"] = lambda rel: rel.partition(".")[0]
    story.namespace["even"] = lambda rel: int(rel.partition(".")[0]) % 2
    both = "join(transform('up'),transform('low'),on=stem)"
    story.run(f'pairs -i "{both}"', "len(datum.paths)")
    story.run("halves -i \"group(transform('up'),by=even)\"", "len(datum.paths['up'])")
    pairs = seen(story, "up:002.txt", down=1).to_json()["made"]["down"]["first"]
    assert sorted((n["transform"], n["key"].count("002")) for n in pairs) == [
        ("halves", 0), ("pairs", 2),
    ]  # fmt: skip
    pair = next(n for n in pairs if n["transform"] == "pairs")
    ups = seen(story, pair["id"], up=1).to_json()["made"]["up"]["first"]
    assert sorted((n["transform"], n["key"]) for n in ups) == [
        ("low", "002.txt"), ("up", "002.txt"),
    ]  # fmt: skip
    half = next(n for n in pairs if n["transform"] == "halves")
    ups = seen(story, half["id"], up=2).to_json()["made"]["up"]["first"]
    assert [n["key"] for n in ups] == ["000.txt", "002.txt"]
    assert {f["rel"] for n in ups for f in n["inputs"]["first"]} == {"000.txt", "002.txt"}


def test_an_item_is_asked_for_by_what_it_is(story: Story) -> None:
    story.namespace["words"] = ["one", 2]
    story.run("up -i words", "datum.value")
    for asked in ("up:one", "up:2"):
        assert "made by up  (#" in repr(seen(story, asked))
        assert repr(show_history(story.project, asked)).startswith("up (#")
    with pytest.raises(RunError, match=r"has no datum with the key 'three'$"):
        seen(story, "up:three")
