"""Former versions are kept and brought back; old runs are folded: real runs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from jupyter_datum.runner import upkeep

from ..story import Story
from .sized import executed, plan, write

LINE = "size -i in/*.txt -o out --keep 2"
BODY = "datum.out_file('.len').write_text(str(len(datum.path.read_text())))\nlen(datum.stem)"


@pytest.fixture
def made(story: Story) -> Story:
    (story.folder / "in").mkdir()
    for name in ("a", "bb"):
        write(story.folder / "in" / f"{name}.txt", name * 3)
    assert story.run(LINE, BODY).success == 2
    return story


def store(story: Story) -> list[Path]:
    return [path for path in (story.project.dir / "store").rglob("*") if path.is_file()]


def text(story: Story) -> str:
    return (story.folder / "out" / "a.len").read_text()


def test_there_and_back_again_runs_nothing(made: Story) -> None:
    other = BODY.replace("str(len(", "'v2 ' + str(len(")
    assert made.run(LINE, other).success == 2
    assert text(made) == "v2 3" and len(store(made)) == 2
    assert plan(made, LINE, BODY).reasons == {"restored from kept results": 2}
    row = made.run(LINE, BODY)
    assert (row.success, row.skipped, executed(made)) == (0, 2, 4)
    assert json.loads(row.note or "{}")["reasons"] == {"restored from kept results": 2}
    assert text(made) == "3" and made.transform("size").results() == [1, 2]
    assert plan(made, LINE, BODY).reasons == {"unchanged": 2}
    assert made.run(LINE, other).skipped == 2 and text(made) == "v2 3"
    assert executed(made) == 4 and not made.findings()


def test_an_input_that_is_changed_back_runs_nothing(made: Story) -> None:
    path = made.folder / "in" / "a.txt"
    write(path, "longer now")
    assert made.run(LINE, BODY).success == 1 and text(made) == "10"
    write(path, "aaa")
    row = made.run(LINE, BODY)
    assert (row.success, row.skipped, text(made)) == (0, 2, "3")
    assert executed(made) == 3


def test_what_comes_back_comes_into_the_present_output_folder(made: Story) -> None:
    other = BODY.replace("str(len(", "'v2 ' + str(len(")
    assert made.run(LINE, other).success == 2
    elsewhere = LINE.replace("-o out", "-o elsewhere")
    assert plan(made, elsewhere, BODY).reasons == {"restored from kept results": 2}
    assert made.run(elsewhere, BODY).skipped == 2
    assert (made.folder / "elsewhere" / "a.len").read_text() == "3"
    assert not list((made.folder / "out").glob("*.len")), "a datum has its outputs once"
    assert plan(made, elsewhere, BODY).reasons == {"unchanged": 2}
    assert made.run(elsewhere, other).skipped == 2, "what stood in the former one was kept too"
    assert (made.folder / "elsewhere" / "a.len").read_text() == "v2 3"
    assert executed(made) == 4 and not made.findings()


def test_without_it_nothing_is_kept(made: Story) -> None:
    line = LINE.replace(" --keep 2", "")
    made.run(line, BODY.replace("str(len(", "'v2 ' + str(len("))
    assert not store(made)
    assert made.run(line, BODY).success == 2


def test_what_was_damaged_in_the_store_is_made_again(made: Story) -> None:
    made.run(LINE, BODY.replace("str(len(", "'v2 ' + str(len("))
    for path in store(made):
        path.write_text("?")
    assert made.run(LINE, BODY).success == 2
    assert text(made) == "3"


def test_an_output_edited_by_hand_is_neither_kept_nor_replaced(made: Story) -> None:
    write(made.folder / "out" / "a.len", "by hand")
    other = BODY.replace("str(len(", "'v2 ' + str(len(")
    assert made.run(LINE, other).success == 1
    assert len(store(made)) == 1 and text(made) == "by hand"


def test_only_so_many_versions_stay(made: Story) -> None:
    for i in range(4):
        made.run(LINE, BODY.replace("str(len(", f"'v{i} ' + str(len("))
    with made.ledger() as conn:
        assert conn.execute("select count(*) from kept").fetchone()[0] == 4
    end = time.monotonic() + 10
    while len(store(made)) != 4 and time.monotonic() < end:  # swept after the run
        time.sleep(0.05)
    assert len(store(made)) == 4
    assert made.run(LINE, BODY).success == 2  # the first version went


def test_a_cell_can_prune(made: Story) -> None:
    (made.folder / "in" / "a.txt").unlink()
    row = made.run(f"{LINE} --prune", BODY)
    assert json.loads(row.note or "{}")["pruned"] == {"files": 1, "datums": 1, "edited": 0}
    assert not (made.folder / "out" / "a.len").exists()
    (made.folder / "in" / "bb.txt").rename(made.folder / "in" / "cc.txt")
    os.unlink(made.folder / "in" / "cc.txt")
    assert made.run(f"{LINE} --prune", BODY).status == "error"  # the input is empty
    assert (made.folder / "out" / "bb.len").exists()


@pytest.mark.parametrize("how", ["in the run", "by itself"])
def test_a_pruned_input_that_comes_back_is_restored(made: Story, how: str) -> None:
    path, out = made.folder / "in" / "a.txt", made.folder / "out" / "a.len"
    before, was, ran = out.read_text(), path.read_text(), made.executions()
    path.unlink()
    if how == "in the run":
        made.run(f"{LINE} --prune", BODY)
    else:
        with made.ledger() as conn:
            assert upkeep.prune_gone(conn, made.project, "size").files == 1
    assert not out.exists()
    path.write_text(was)
    found = plan(made, LINE, BODY)
    assert found.reasons.get("restored from kept results") == 1, found.reasons
    made.run(LINE, BODY)
    assert out.read_text() == before and made.executions() == ran
    assert not made.findings()


def test_the_ledger_of_a_nightly_job_stays_small(story: Story) -> None:
    """Each night one datum fails for the first time and the one of last night is healed."""
    story.namespace["numbers"] = [0, 1, 2]
    body = "if datum.value == int(open('night').read()) % 3: raise ValueError(str(datum.value))"
    where = f"import os\nos.chdir({str(story.folder)!r})\n"
    for night in range(60):
        (story.folder / "night").write_text(str(night))
        row = story.run("job -i numbers --workers 1 --force", where + body)
        assert (row.success, row.failed) == (2, 1)
    story.run("job -i numbers --workers 1 --force", where + "1")
    with story.ledger() as conn:
        sums = "select sum(executions), sum(failed), sum(new) from daily"
        assert conn.execute(sums).fetchone() == (61 * 3, 60, 3)

        def rows(table: str) -> int:
            return int(conn.execute(f"select count(*) from {table}").fetchone()[0])

        end = time.monotonic() + 10
        while rows("attempt") > 21 and time.monotonic() < end:
            time.sleep(0.05)
        assert rows("attempt") <= 21 and rows("failure") <= 21 and rows("worker") <= 21 * 2
        assert rows("run") == 61
    assert not story.findings()
