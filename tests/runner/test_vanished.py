"""Inputs that are gone: their outputs stay until they are pruned, and prune takes no more."""

from __future__ import annotations

import errno
import json
import os

import pytest

from jupyter_datum.cli import main
from jupyter_datum.errors import RunError
from jupyter_datum.notebook.planlines import preview_lines
from jupyter_datum.runner import upkeep

from ..story import Story
from .sized import ALL, BODY, LINE, executed, plan, write


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


def test_what_an_incomplete_listing_lacks_is_unknown_and_not_vanished(
    made: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made.folder / "in" / "0.txt").unlink()
    made.run(LINE, BODY)  # a whole listing: it has vanished
    monkeypatch.setattr(os, "scandir", _refuse)
    found = plan(made)
    assert (found.vanished, found.unknown, found.would_run) == (1, ALL - 1, 0)
    (said,) = [line for line in preview_lines("size", found, 1) if "unknown" in line]
    assert said.startswith("  unknown: 5 datums are not listed, and the listing is incomplete: ")
    assert said.endswith("in': Permission denied")
    with made.ledger() as conn, pytest.raises(RunError, match=r"nothing is pruned: .*Permission"):
        upkeep.prune_gone(conn, made.project, "size")


def _refuse(path: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


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
