"""Files that were renamed, and projects that lie elsewhere: nothing runs again."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from jupyter_datum.cli import main
from jupyter_datum.errors import RunError
from jupyter_datum.ledger import queries
from jupyter_datum.ledger.queries import RunRow
from jupyter_datum.lineage import show_lineage
from jupyter_datum.project import Project
from jupyter_datum.runner import upkeep
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.runner.preview import preview
from jupyter_datum.server.details import folders
from jupyter_datum.transform.recipe import read_recipe

from ..story import Story
from .sized import ALL, BODY, LINE, executed, plan, write


def test_a_renamed_file_is_offered_as_a_move_and_then_needs_no_run(
    made: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.folder)
    (made.folder / "in" / "3.txt").rename(made.folder / "in" / "three.txt")
    found = plan(made)
    assert found.reasons == {"unchanged": ALL - 1, "renamed": 1}
    assert found.examples == {"renamed": ["3.txt -> three.txt"]} and not found.vanished
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


def story_run(story: Story) -> RunRow:
    """The newest run."""
    with story.ledger() as conn:
        return queries.runs(conn, limit=1)[0]


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_project_that_was_moved_runs_nothing_again(
    story: Story, elsewhere: Path, how: str
) -> None:
    (story.folder / "in").mkdir()
    for name in "abc":
        write(story.folder / "in" / f"{name}.txt", name)
    line, other = f"{LINE} --keep 1", f"{BODY} + '!'"
    story.end(story.start(line, other, counted=False))
    story.end(story.start(line, BODY, counted=False))
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
            ask_again(conn, there.project, story_run(there), {})
        (elsewhere / "in" / "c.txt").unlink()
        recorded = read_recipe(there.project, story_run(there).recipe)
        with there.ledger() as conn:
            found = preview(conn, there.project, recorded, {})
            assert (found.total, found.would_run, found.vanished) == (2, 0, 1)
            datum = queries.datum_by_key(conn, 1, b"a.txt")
            assert datum is not None
            roots = {"in": os.fsencode(elsewhere / "in")}
            assert folders(conn, there.project, datum) == (roots, os.fsencode(elsewhere / "out"))
            done = upkeep.prune_gone(conn, there.project, "size")
        assert (done.files, done.outside) == (1, 0)
        row = there.end(there.start(line, BODY, counted=False))
        assert (row.skipped, row.success) == (2, 0)
        row = there.end(there.start(line, other, counted=False))
        assert json.loads(row.note or "{}")["reasons"] == {"restored from kept results": 2}
        row = there.end(there.start(line, BODY, counted=False))
        assert row.success == 0
        (elsewhere / "out" / "a.len").unlink()
        row = there.end(there.start(line, BODY, counted=False))
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
