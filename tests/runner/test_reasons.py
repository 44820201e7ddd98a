"""Each reason of the plan: real files, runs and workers."""

from __future__ import annotations

import json
import os
import shutil

from jupyter_datum.ledger import queries
from jupyter_datum.lineage import show_question
from jupyter_datum.notebook.planlines import preview_lines
from jupyter_datum.notebook.render import closing_lines
from jupyter_datum.runner import upkeep

from ..story import Story
from .sized import ALL, BODY, LINE, executed, plan, write


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


def test_what_an_edited_output_hides_is_said_too(made: Story) -> None:
    out, folder = made.folder / "out", made.folder / "in"
    write(out / "3.len", "by hand")
    assert not [note for note in plan(made).notes if "also" in note]
    write(folder / "3.txt", "changed as well")
    [note] = [note for note in plan(made).notes if "edited by hand" in note]
    assert note.startswith("of those whose output was edited by hand also: input changed 1 (")
    write(out / "2.len", "by hand")
    notes = " ".join(plan(made, body=f"{BODY} + ''").notes)
    assert "by hand also: code changed 1, input changed 1 (" in notes


def test_an_edit_that_put_size_and_date_back_is_seen_and_a_copy_is_none(made: Story) -> None:
    path = made.folder / "out" / "3.len"
    before = path.stat()
    path.write_text("9")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert plan(made).reasons == {"unchanged": ALL - 1, "output edited by hand": 1}
    assert "edited" in repr(show_question(made.project, "size", "edited"))
    (made.folder / "in" / "3.txt").unlink()
    with made.ledger() as conn:
        assert upkeep.prune_gone(conn, made.project, "size").edited == 1
    assert path.read_text() == "9"

    for name in ("4.len", "5.len"):  # as from a backup: other inodes and times of change
        copy = made.folder / "aside"
        shutil.copy2(made.folder / "out" / name, copy)
        copy.replace(made.folder / "out" / name)
    assert plan(made).reasons == {"unchanged": ALL - 1}
    assert made.run(LINE, BODY).skipped == ALL - 1
    with made.ledger() as conn:  # so that it is read once
        for path, ctime_ns in conn.execute("select path, ctime_ns from output").fetchall():
            assert (os.stat(path).st_ctime_ns == ctime_ns) == (not path.endswith(b"3.len"))


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
    line = "size -i group(glob('in/(*)-*.txt'),by='$1')"
    body = "[path.name for path in datum.paths['in']]"
    assert story.run(line, body).success == 2
    assert plan(story, line, body).reasons == {"unchanged": 2}
    (story.folder / "in/s2-a.txt").rename(story.folder / "in/s2-b.txt")
    assert plan(story, line, body).reasons == {"unchanged": 1, "input changed": 1}
    assert story.run(line, body).success == 1
    assert sorted(story.transform("size").results()) == [["s1-a.txt"], ["s2-b.txt"]]
    assert plan(story, line, body).reasons == {"unchanged": 2}


def test_another_capture_of_the_same_files_is_another_key(story: Story) -> None:
    (story.folder / "in").mkdir()
    for name in ("f1", "f2"):
        write(story.folder / "in" / name, name)
    cell = "dict(datum.key)"
    for pattern, ran in (("f*", 2), ("(f*)", 2), ("(f*)", 0), ("f(*)", 2), ("f*", 2), ("f*", 0)):
        row = story.run(f'keys -i "in/{pattern}"', cell)
        assert (row.success, row.skipped) == (ran, 2 - ran), pattern
    assert story.transform("keys").results() == [{}, {}]


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
    with story.ledger() as conn:
        said = closing_lines(row, queries.failure_groups(conn, row.id), None)
    changed = "  an input of 1 datum changed while it was processed: it runs again next time"
    assert changed in said
    found = plan(story, body=body)
    assert found.reasons == {
        "failed before": 1, "input changed while it was processed": 1, "unchanged": 1,
    }  # fmt: skip
