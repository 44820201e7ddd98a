"""Each reason of the plan, and what users decide about it: real files, runs and workers."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from jupyter_datum.cli import main
from jupyter_datum.errors import RunError
from jupyter_datum.ledger import queries
from jupyter_datum.lineage import show_lineage
from jupyter_datum.notebook.planlines import preview_lines
from jupyter_datum.project import Project
from jupyter_datum.runner import upkeep
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.runner.preview import Preview, preview

from ..story import Story

LINE = "size -i in/*.txt -o out --workers 1"
BODY = "datum.out_file('.len').write_text(str(len(datum.path.read_text())))\ndatum.stem"
ALL = 6


@pytest.fixture
def made(story: Story) -> Story:
    """Six files and a run over them; old enough to be trusted by their stat."""
    folder = story.folder / "in"
    folder.mkdir()
    for i in range(ALL):
        write(folder / f"{i}.txt", "x" * (i + 1))
    row = story.run(LINE, BODY)
    assert (row.status, row.success) == ("success", ALL)
    return story


def write(path: Path, text: str) -> None:
    """A file of an hour ago; its ctime is now, whatever is done."""
    path.write_text(text)
    hour_ago = time.time() - 3600
    os.utime(path, (hour_ago, hour_ago))


def plan(story: Story, line: str = LINE, body: str = BODY) -> Preview:
    prepared = story.prepare(line, body)
    with story.ledger() as conn:
        return preview(conn, story.project, prepared.recipe, {"only": []})


def executed(story: Story) -> int:
    return sum(story.executions().values())


def test_nothing_changed_runs_nothing(made: Story) -> None:
    assert plan(made).reasons == {"unchanged": ALL}
    row = made.run(LINE, BODY)
    assert (row.skipped, executed(made)) == (ALL, ALL)


def test_each_datum_has_one_reason_and_the_plan_is_what_happens(made: Story) -> None:
    folder, out = made.folder / "in", made.folder / "out"
    write(folder / "0.txt", "changed")
    os.utime(folder / "1.txt")
    (out / "2.len").unlink()
    write(out / "3.len", "by hand")
    (folder / "4.txt").unlink()
    write(folder / "new.txt", "something new")
    found = plan(made)
    assert found.reasons == {
        "input changed": 1, "touched, content unchanged": 1, "output missing": 1,
        "output edited by hand": 1, "new": 1, "unchanged": 1,
    }  # fmt: skip
    assert (found.would_run, found.vanished, found.total) == (3, 1, 6)
    assert found.examples["input changed"] == ["0.txt"]
    assert found.examples["output edited by hand"] == ["3.txt (3.len)"]
    assert dict(zip(found.first, found.why, strict=True)) == {
        "0.txt": "input changed", "2.txt": "output missing: 2.len", "new.txt": "new",
    }  # fmt: skip
    assert "    2.txt  (output missing: 2.len)" in preview_lines("size", found, 1)
    row = made.run(LINE, BODY)
    assert (row.success, row.skipped, executed(made)) == (3, 3, ALL + 3)
    assert (out / "3.len").read_text() == "by hand" and (out / "4.len").exists()
    assert (out / "0.len").read_text() == "7" and (out / "2.len").read_text() == "3"
    assert json.loads(row.note or "{}")["left"]["output edited by hand"] == 1
    assert plan(made).reasons == {"unchanged": 5, "output edited by hand": 1}
    assert all("3.len" in finding.what for finding in made.findings())


def test_a_constant_that_changed_is_named_with_its_values(made: Story) -> None:
    made.namespace |= {"SIZE": (1, 2), "MODE": "fast"}
    body = f"{BODY}, SIZE, MODE"
    made.run(LINE, body)
    made.namespace |= {"SIZE": (1, 3), "MODE": "slow"}
    (part,) = plan(made, body=body).parts
    assert sorted(part.split(", M")) == ["ODE", "SIZE: (1, 2) -> (1, 3)"], "no text is shown"


def test_a_run_is_limited_to_one_reason(made: Story) -> None:
    folder, out = made.folder / "in", made.folder / "out"
    write(folder / "0.txt", "changed")
    (out / "2.len").unlink()
    write(folder / "new.txt", "something new")
    found = plan(made)
    assert {reason: len(keys) for reason, keys in found.keys.items()} == {
        "input changed": 1, "output missing": 1, "new": 1,
    }  # fmt: skip
    assert bytes.fromhex(found.keys["input changed"][0]) == b"0.txt"
    assert made.run(f"{LINE} --only missing", BODY).success == 1
    assert plan(made).reasons == {"unchanged": 5, "input changed": 1, "new": 1}
    assert made.run(f"{LINE} --only added,failed", BODY).success == 1
    assert plan(made).reasons == {"unchanged": 6, "input changed": 1}
    assert made.run(f"{LINE} --only changed", BODY).success == 1
    assert plan(made).reasons == {"unchanged": 7}


def test_a_plan_calls_datums_by_their_keys(story: Story) -> None:
    story.namespace["numbers"] = [3, 1]
    assert plan(story, "numbers -i numbers").first == ["3", "1"]
    assert plan(story, "points -i grid(C=[0.5,1])").first == ["C=0.5", "C=1"]
    (story.folder / "table.csv").write_text("site,n\na,1\nb,2\n")
    assert plan(story, 'sites -i rows("table.csv",key="site")').first == ["a", "b"]


def test_the_only_file_of_a_group_under_another_name_is_another_input(story: Story) -> None:
    (story.folder / "in").mkdir()
    for name in ("s1-a", "s2-a"):
        write(story.folder / f"in/{name}.txt", name)
    line = "size -i group(glob('in/(*)-*.txt'),by='$1') --workers 1"
    body = "[path.name for path in datum.paths['in']]"
    assert story.run(line, body).success == 2
    assert plan(story, line, body).reasons == {"unchanged": 2}
    (story.folder / "in/s2-a.txt").rename(story.folder / "in/s2-b.txt")
    assert plan(story, line, body).reasons == {"unchanged": 1, "input changed": 1}
    assert story.run(line, body).success == 1
    assert sorted(story.transform("size").results()) == [["s1-a.txt"], ["s2-b.txt"]]
    assert plan(story, line, body).reasons == {"unchanged": 2}


def test_another_output_folder_has_nothing_yet(made: Story) -> None:
    (made.folder / "again").symlink_to("out")
    other = LINE.replace("-o out", "-o again")
    assert plan(made, other).reasons == {"unchanged": ALL}, "it is the same by another name"
    elsewhere = LINE.replace("-o out", "-o elsewhere")
    assert plan(made, elsewhere).reasons == {"output missing": ALL}
    row = made.run(elsewhere, BODY)
    assert (row.success, row.skipped) == (ALL, 0)
    assert len(list((made.folder / "elsewhere").glob("*.len"))) == ALL
    assert not list((made.folder / "out").glob("*.len")), "a datum has its outputs once"
    assert plan(made, elsewhere).reasons == {"unchanged": ALL}
    assert made.findings() == []


def test_an_output_edited_by_hand_is_made_again_when_that_is_said(made: Story) -> None:
    write(made.folder / "out" / "3.len", "by hand")
    write(made.folder / "in" / "3.txt", "changed too")
    assert made.run(LINE, BODY).success == 0
    row = made.run(f"{LINE} --replace-edited", BODY)
    assert (row.success, row.failed) == (1, 0)
    assert (made.folder / "out" / "3.len").read_text() == "11"


def test_an_output_only_touched_is_as_it_was(made: Story) -> None:
    for path in (made.folder / "out").iterdir():
        os.utime(path)
    assert plan(made).reasons == {"unchanged": ALL}
    made.run(LINE, BODY)
    assert executed(made) == ALL


def test_code_that_changed_is_named_and_may_be_marked_as_equivalent(made: Story) -> None:
    made.namespace["SIZE"] = 1
    body = f"{BODY}, SIZE"
    found = plan(made, body=body)
    assert found.reasons == {"code changed": ALL}
    assert found.parts == {"SIZE, the cell": ALL} or found.parts == {"the cell, SIZE": ALL}
    assert made.run(f"{LINE} --only new", body).success == 0
    with made.ledger() as conn:
        done = upkeep.equivalent(conn, made.project, "size")
    assert set(done.parts) == {"the cell", "SIZE"} and done.mark.by
    assert plan(made, body=body).reasons == {"unchanged": ALL}
    assert plan(made).reasons == {"unchanged": ALL}
    assert made.run(LINE, body).skipped == ALL
    made.namespace["SIZE"] = 2  # a further edit is one: the chain ends where nobody marked it
    found = plan(made, body=body)
    assert found.parts == {"SIZE": ALL} and found.why == ["code changed: SIZE"] * ALL
    made.run(f"{LINE} --only new", body)
    with made.ledger() as conn:
        upkeep.equivalent(conn, made.project, "size")
    assert plan(made, body=body).reasons == {"unchanged": ALL}  # over two marks
    with made.ledger() as conn:
        upkeep.equivalent(conn, made.project, "size", undo=True)
    assert plan(made, body=body).reasons == {"code changed": ALL}
    assert executed(made) == ALL


def test_an_input_that_changed_runs_under_only_new_whatever_became_of_the_code(
    made: Story,
) -> None:
    write(made.folder / "in" / "0.txt", "changed")
    (made.folder / "out" / "1.len").unlink()
    body = f"{BODY} + '!'"
    assert plan(made, body=body).reasons == {
        "code changed": ALL - 2, "input changed": 1, "output missing": 1,
    }  # fmt: skip
    row = made.run(f"{LINE} --only new", body)
    assert (row.success, row.skipped) == (2, ALL - 2)
    assert plan(made, body=body).reasons == {"code changed": ALL - 2, "unchanged": 2}


def test_failed_before_runs_again_and_so_does_what_changed_while_it_ran(story: Story) -> None:
    folder = story.folder / "in"
    folder.mkdir()
    for name in "abc":
        write(folder / f"{name}.txt", name)
    body = (
        "if datum.stem == 'a': raise ValueError('no')\n"
        "if datum.stem == 'b': datum.path.write_text('meanwhile')"
    )
    row = story.run(LINE, body)
    assert (row.success, row.failed) == (2, 1)
    found = plan(story, body=body)
    assert found.reasons == {
        "failed before": 1, "input changed while it was processed": 1, "unchanged": 1,
    }  # fmt: skip


# -- vanished ------------------------------------------------------------------------------


def test_outputs_of_vanished_inputs_are_kept_until_they_are_pruned(made: Story) -> None:
    out = made.folder / "out"
    (made.folder / "in" / "0.txt").unlink()
    (made.folder / "in" / "1.txt").unlink()
    write(out / "1.len", "by hand")
    assert made.run(LINE, BODY).skipped == ALL - 2
    assert (out / "0.len").exists()
    with made.ledger() as conn:
        gone = conn.execute("select count(*) from datum where gone > 0").fetchone()[0]
        assert gone == 2
        done = upkeep.prune_gone(conn, made.project, "size")
    assert (done.files, done.datums, done.edited) == (1, 1, 1)
    assert not (out / "0.len").exists() and (out / "1.len").read_text() == "by hand"
    assert plan(made).vanished == 1
    write(made.folder / "in" / "0.txt", "x")  # back again: it has no outputs any more
    assert plan(made).reasons == {"unchanged": ALL - 2, "new": 1}
    assert made.run(LINE, BODY).success == 1
    assert (out / "0.len").read_text() == "1"


def test_a_file_that_is_back_before_the_pruning_keeps_its_output(made: Story) -> None:
    path = made.folder / "in" / "0.txt"
    path.rename(made.folder / "aside")
    made.run(LINE, BODY)
    (made.folder / "aside").rename(path)
    with made.ledger() as conn:
        assert upkeep.prune_gone(conn, made.project, "size").files == 0
        assert conn.execute("select count(*) from datum where gone > 0").fetchone()[0] == 0
    assert plan(made).would_run == 0


def test_pruning_most_of_it_is_refused(
    made: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.folder)
    for i in range(4):
        (made.folder / "in" / f"{i}.txt").unlink()
    assert main(["prune", "size"]) == 2
    assert "4 of 6 datums have vanished, more than half" in capsys.readouterr().err
    assert len(list((made.folder / "out").glob("*.len"))) == ALL
    assert main(["prune", "size", "--all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == 4
    assert len(list((made.folder / "out").glob("*.len"))) == 2


def test_what_left_the_input_as_it_was_written_anew_is_another_thing(made: Story) -> None:
    line = LINE.replace("*.txt", "[0-2].txt")
    found = plan(made, line)
    assert (found.vanished, found.left_input) == (0, 3)
    made.run(line, BODY)
    with made.ledger() as conn:
        assert upkeep.prune_gone(conn, made.project, "size").files == 0
    assert plan(made).reasons == {"unchanged": ALL}
    made.run(LINE, BODY)
    assert executed(made) == ALL


@pytest.mark.parametrize("how", ["--sample 1", "--only failed"])
def test_a_run_that_is_not_about_all_concludes_nothing(made: Story, how: str) -> None:
    (made.folder / "in" / "0.txt").unlink()
    made.run(f"{LINE} {how}", BODY)
    with made.ledger() as conn:
        sql = "select count(*) from datum where gone is not null"
        assert conn.execute(sql).fetchone()[0] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_concludes_nothing(story: Story) -> None:
    folder = story.folder / "in" / "a"
    folder.mkdir(parents=True)
    write(folder / "a.txt", "a")
    write(folder.parent / "b.txt", "b")
    line = LINE.replace("*.txt", "**/*.txt")
    story.run(line, BODY)
    folder.chmod(0)
    try:
        story.run(line, BODY)
        with story.ledger() as conn:
            sql = "select count(*) from datum where gone is not null"
            assert conn.execute(sql).fetchone()[0] == 0
    finally:
        folder.chmod(0o700)


def test_a_ledger_alone_removes_nothing_outside_the_signed_folders(made: Story) -> None:
    precious = made.folder / "precious.txt"
    precious.write_text("mine")
    status = precious.stat()
    (made.folder / "in" / "0.txt").unlink()
    with made.ledger() as conn:
        conn.execute(
            "update output set path = ?, size = ?, mtime_ns = ? where datum ="
            " (select id from datum where key = ?)",
            (os.fsencode(precious), status.st_size, status.st_mtime_ns, b"0.txt"),
        )
        done = upkeep.prune_gone(conn, made.project, "size")
    assert (done.files, done.outside) == (0, 1) and precious.exists()


# -- renamed, moved ------------------------------------------------------------------------


def test_a_renamed_file_is_offered_as_a_move_and_then_needs_no_run(
    made: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.folder)
    (made.folder / "in" / "3.txt").rename(made.folder / "in" / "three.txt")
    found = plan(made)
    assert found.reasons == {"unchanged": ALL - 1, "renamed": 1}
    assert found.examples == {"renamed": ["3.txt -> three.txt"]} and found.vanished == 1
    assert (found.first, found.why) == (["three.txt"], ["renamed: 3.txt"])
    write(made.folder / "in" / "s.txt", "something else")
    both = plan(made)
    assert both.examples["new"] == ["s.txt"] and both.keys["new"] == [b"s.txt".hex()]
    (made.folder / "in" / "s.txt").unlink()
    assert main(["move", "size"]) == 0
    assert "the results stay with 1 renamed datum; 1 output renamed" in capsys.readouterr().out
    out = made.folder / "out"
    assert (out / "three.len").read_text() == "4" and not (out / "3.len").exists()
    found = plan(made)
    assert found.would_run == 0 and not found.vanished
    assert made.run(LINE, BODY).skipped == ALL
    assert executed(made) == ALL and not made.findings()


def test_a_move_overwrites_nothing(made: Story) -> None:
    (made.folder / "in" / "3.txt").rename(made.folder / "in" / "three.txt")
    (made.folder / "out" / "three.len").write_text("mine")
    with made.ledger() as conn:
        moved = upkeep.move_renamed(conn, made.project, "size")
    assert moved.datums == 0 and "three.len' exists" in moved.refused[0]
    assert (made.folder / "out" / "three.len").read_text() == "mine"
    assert (made.folder / "out" / "3.len").exists()


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disk") / "elsewhere" / "in" / "a" / "folder"


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_project_that_was_moved_runs_nothing_again(
    story: Story, elsewhere: Path, how: str
) -> None:
    (story.folder / "in").mkdir()
    for name in "ab":
        write(story.folder / "in" / f"{name}.txt", name)
    story.end(story.start(LINE, BODY, counted=False))
    story.close()
    elsewhere.parent.mkdir(parents=True)
    if how == "moved":
        story.folder.rename(elsewhere)
    else:
        shutil.copytree(story.folder, elsewhere)
    there = Story(elsewhere)
    try:
        assert there.project == Project(elsewhere, story.project.uuid)
        made = show_lineage(there.project, elsewhere / "out" / "a.len").to_json()["made"]
        assert made["inputs"]["first"][0]["path"] == str(elsewhere / "in" / "a.txt")
        with (
            there.ledger() as conn,
            pytest.raises(RunError, match=r"lay in .* run its cell here once"),
        ):
            ask_again(conn, there.project, queries.runs(conn, limit=1)[0], {})
        row = there.end(there.start(LINE, BODY, counted=False))
        assert (row.skipped, row.success) == (2, 0)
        (elsewhere / "out" / "a.len").unlink()
        row = there.end(there.start(LINE, BODY, counted=False))
        assert row.success == 1 and (elsewhere / "out" / "a.len").read_text() == "1"
        with there.ledger() as conn:
            known = queries.transform(conn, "size")
            assert known and os.fsdecode(known.out or b"") == str(elsewhere / "out")
            paths = [os.fsdecode(row[0]) for row in conn.execute("select path from output")]
        assert sorted(paths) == [str(elsewhere / "out" / name) for name in ("a.len", "b.len")]
        assert not there.findings()
    finally:
        there.close()
        if how == "moved":
            elsewhere.rename(story.folder)
