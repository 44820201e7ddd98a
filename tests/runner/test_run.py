"""Runs from a cell to records, with a real runner and real workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_datum.errors import CaptureError, SignatureError, UsageError
from jupyter_datum.ledger import queries
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.runner.environment import runner_environment

from ..story import Story, eventually

pytestmark = pytest.mark.started_anew


def files(folder: Path, n: int) -> None:
    folder.mkdir(exist_ok=True)
    for i in range(n):
        (folder / f"{i:03}.txt").write_text(f"file {i}\n")


LENGTH = (
    "text = open(datum.path).read()\ndatum.out_file('.len').write_text(str(len(text)))\nlen(text)"
)


HELPERS = """
factor = 3
def helper(x):
    return other(x) * factor
def other(x):
    return x + 1
"""


def test_every_file_becomes_one_result_one_output_and_one_record(story: Story) -> None:
    files(story.folder / "in", 30)
    row = story.run('lengths -i "in/*.txt" --workers 2', LENGTH)
    assert (row.status, row.success, row.executions) == ("success", 30, 30)
    assert story.transform("lengths").results() == [7] * 10 + [8] * 20
    assert len(list((story.folder / "out/lengths").glob("*.len"))) == 30
    with story.ledger() as conn:
        workers = queries.workers(conn, row.id)
    assert sum(worker["done"] for worker in workers) == 30
    assert {worker["state"] for worker in workers} == {"idle"}
    staging = story.folder / "out/lengths/.datum-staging"
    assert eventually(lambda: not staging.exists()), "swept a moment after the end was written"
    assert story.findings() == []


def test_the_unchanged_cell_runs_nothing_and_a_new_file_runs_alone(story: Story) -> None:
    files(story.folder / "in", 10)
    story.run('lengths -i "in/*.txt" --workers 2', LENGTH)
    again = story.run('lengths -i "in/*.txt" --workers 2', LENGTH)
    assert (again.status, again.success, again.skipped) == ("success", 0, 10)
    (story.folder / "in/new.txt").write_text("new")
    (story.folder / "in/003.txt").write_text("changed")
    more = story.run('lengths -i "in/*.txt" --workers 2', LENGTH)
    assert (more.success, more.skipped) == (2, 9)
    reasons = json.loads(more.note or "{}")["reasons"]
    assert reasons == {"unchanged": 9, "new": 1, "input changed": 1}
    assert sum(story.executions().values()) == 12


def test_an_output_that_is_gone_is_made_again(story: Story) -> None:
    files(story.folder / "in", 5)
    story.run('lengths -i "in/*.txt" --workers 1', LENGTH)
    (story.folder / "out/lengths/002.len").unlink()
    row = story.run('lengths -i "in/*.txt" --workers 1', LENGTH)
    assert (row.success, row.skipped) == (1, 4)
    assert (story.folder / "out/lengths/002.len").exists()


def test_touching_a_file_costs_a_hash_and_no_run(story: Story) -> None:
    files(story.folder / "in", 3)
    story.run('lengths -i "in/*.txt" --workers 1', LENGTH)
    (story.folder / "in/001.txt").touch()
    row = story.run('lengths -i "in/*.txt" --workers 1', LENGTH)
    assert (row.success, row.skipped) == (0, 3)


def test_only_failed_runs_the_failed_ones_with_the_new_code(story: Story) -> None:
    story.namespace["numbers"] = list(range(20))
    first = story.run(
        "job -i numbers --workers 2", "assert datum.value % 10, 'round number'\ndatum.value"
    )
    assert (first.success, first.failed) == (18, 2)
    fixed = story.run("job -i numbers --workers 2 --only failed", "-datum.value")
    assert (fixed.status, fixed.success, fixed.skipped) == ("success", 2, 18)
    assert story.transform("job").results() == [0, *range(1, 10), -10, *range(11, 20)]
    assert max(story.executions().values()) == 2
    assert story.findings() == []


def test_failures_are_grouped_and_their_traceback_names_the_line_of_the_cell(
    story: Story,
) -> None:
    story.namespace["numbers"] = list(range(12))
    story.run("job -i numbers --workers 2", "if datum.value % 4 == 0:\n    {}[datum.value]")
    with story.ledger() as conn:
        transform = queries.transform(conn, "job")
        assert transform is not None
        groups = queries.failed_groups(conn, transform.id)
    assert [(g.type, g.datums, g.place) for g in groups] == [("KeyError", 3, "cell line 4")]
    text = repr(story.transform("job").failures())
    assert "{}[datum.value]" in text and "KeyError: 0" in text


def test_the_same_mistake_everywhere_pauses_the_run_at_its_beginning(story: Story) -> None:
    story.namespace["numbers"] = list(range(500))
    mistake = "raise ValueError(f'item {datum.value} of /data/a{datum.value}.tif is bad')"
    row = story.run("job -i numbers --workers 2", mistake)
    assert row.status == "paused"
    said = "ValueError: item ‹n› of ‹path› is bad (cell line 3)"
    assert row.message == f"the first 20 failed alike: {said}"
    assert row.executions < 40
    fixed = story.run("job -i numbers --workers 2", "datum.value")
    assert (fixed.status, fixed.success) == ("success", 500)


def test_without_the_probe_it_goes_on(story: Story) -> None:
    story.namespace["numbers"] = list(range(60))
    row = story.run("job -i numbers --workers 2 --no-probe", "nonsense")
    assert (row.status, row.failed) == ("failed", 60)


def test_stop_at_the_first_failure_cancels_the_rest(story: Story) -> None:
    story.namespace["numbers"] = list(range(40))
    body = "import time\ntime.sleep(0.02)\nassert datum.value != 0"
    row = story.run("job -i numbers --workers 1 --on-error stop", body)
    assert row.status == "failed"
    assert row.failed == 1 and row.cancelled > 20


def test_no_more_fail_than_are_at_work_where_a_number_of_them_ends_the_run(story: Story) -> None:
    """Datums of no duration that all fail: hundreds of them are sent before the first is heard."""
    story.namespace["numbers"] = list(range(4_000))
    line = "job -i numbers --workers 2 --no-probe --on-error stop:3"
    row = story.run(line, "assert datum.value % 400 == 0")
    assert row.status == "failed" and 3 <= row.failed <= 4 and row.cancelled > 3_500
    assert sum(story.executions().values()) == row.success + row.failed
    # What is not begun for that reason is sent again at once.
    line = "job -i numbers --workers 2 --no-probe --on-error stop:30%"
    row = story.run(line, "assert datum.value % 20")
    assert (row.failed, row.success) == (200, 3_800)


def test_a_paused_run_begins_nothing_of_what_its_workers_have(story: Story) -> None:
    story.namespace["numbers"] = list(range(12))
    run, gate = story.held("job -i numbers --workers 2 --no-probe", "")
    assert eventually(lambda: sum(story.executions().values()) == 2, within=30)
    story.tell("pause", run)
    story.until(run, lambda row: row.status == "paused")
    gate.touch()
    story.until(run, lambda row: row.running == 0)
    assert sum(story.executions().values()) == 2
    story.tell("resume", run)
    story.until(run, lambda row: row.success == 12)
    assert set(story.executions().values()) == {1}


def test_stop_at_a_share_of_failures_cancels_the_rest_and_keeps_what_is_done(
    story: Story,
) -> None:
    story.namespace["numbers"] = list(range(200))
    body = "import time\ntime.sleep(0.02)\nassert datum.value % 4 != 3\ndatum.value"
    line = "job -i numbers --workers 1 --no-probe --on-error"
    row = story.run(f"{line} stop:40%", body)
    assert (row.status, row.success, row.failed) == ("failed", 150, 50)  # 25 in 100 is less
    row = story.run(f"{line} stop:20% --force", body)
    assert row.status == "failed" and row.cancelled > 100
    assert 20 <= row.success + row.failed < 60
    assert story.run(f"{line} continue", body).skipped >= 150


def test_two_datums_that_write_one_path_are_told_apart(story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    row = story.run("job -i numbers --workers 1", "(datum.out / 'same.txt').write_text('x')")
    assert (row.success, row.failed) == (1, 1)
    with story.ledger() as conn:
        transform = queries.transform(conn, "job")
        assert transform is not None
        (group,) = queries.failed_groups(conn, transform.id)
    assert "two datums write" in group.message and "same.txt" in group.message
    for name in ("datum 1", "datum 2"):  # by their places, and not by the bytes of their keys
        assert name in group.message, group.message


def test_a_file_that_is_not_ours_is_never_overwritten(story: Story) -> None:
    story.namespace["numbers"] = [1]
    mine = story.folder / "out/job/mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("by hand")
    row = story.run("job -i numbers --workers 1", "(datum.out / 'mine.txt').write_text('x')")
    assert row.failed == 1 and mine.read_text() == "by hand"
    forced = story.run(
        "job -i numbers --workers 1 --force", "(datum.out / 'mine.txt').write_text('x')"
    )
    assert forced.success == 1 and mine.read_text() == "x"


def test_equal_stems_in_a_nested_tree_do_not_collide(story: Story) -> None:
    for folder in ("a", "a/b", "c"):
        (story.folder / "in" / folder).mkdir(parents=True, exist_ok=True)
        (story.folder / "in" / folder / "same.txt").write_text(folder)
    row = story.run(
        'copy -i "in/**/*.txt" --workers 1', "datum.out_file().write_bytes(datum.path.read_bytes())"
    )
    assert row.success == 3
    assert (story.folder / "out/copy/a/b/same.txt").read_text() == "a/b"


def test_names_of_any_bytes_go_through(story: Story) -> None:
    folder = story.folder / "in"
    folder.mkdir()
    names = [b"caf\xe9.txt", b"new\nline.txt", b"<img src=x onerror=alert(1)>.txt", b"$(id).txt",
             "\u202efdp.txt".encode(), b"x" * 200 + b".txt", b"-rf.txt"]  # fmt: skip
    for name in names:
        with open(bytes(folder) + b"/" + name, "wb") as file:
            file.write(name)
    row = story.run('names -i "in/*.txt" --workers 1', "len(datum.path.read_bytes())")
    assert (row.status, row.success) == ("success", len(names))
    assert sorted(story.transform("names").results()) == sorted(map(len, names))


def test_kernel_names_helpers_and_results_of_any_type_travel(story: Story) -> None:
    exec(HELPERS, story.namespace)
    story.namespace["items_"] = [(1, 2), {"a": 3}, "text", 4]
    body = "factor_before = helper(1)\nfactor = 10\n(helper(1), factor_before, {datum.index})"
    story.run("job -i items_ --workers 1", body)
    assert story.transform("job").results() == [(20, 6, {i}) for i in range(4)]


def test_what_cannot_be_pickled_is_named_before_anything_runs(story: Story) -> None:
    import threading

    story.namespace.update(numbers=[1], guard=threading.Lock())
    with pytest.raises(CaptureError, match="'guard'"):
        story.prepare("job -i numbers", "guard.locked()")


def test_outputs_may_not_lie_in_our_folder(story: Story) -> None:
    story.namespace["numbers"] = [1]
    with pytest.raises(UsageError, match=r"inside \.datum"):
        story.prepare("job -i numbers -o .datum/out", "1")


def test_the_output_folder_of_another_transform_is_refused(story: Story) -> None:
    story.namespace["numbers"] = [1]
    body = "datum.out_file('.txt').write_text('x')"
    story.run("first -i numbers -o shared --workers 1", body)
    with pytest.raises(AssertionError, match="belongs to transform 'first'"):
        story.run("second -i numbers -o shared --workers 1", body)


def test_two_runs_of_one_transform_at_once_are_one_sentence(story: Story) -> None:
    story.namespace["numbers"] = list(range(4))
    run = story.start("job -i numbers --workers 1", "import time\ntime.sleep(0.5)")
    story.until(run, lambda row: row.running > 0)
    with pytest.raises(AssertionError, match="is running already"):
        story.run("job -i numbers --workers 1", "2")
    assert story.end(run).status == "success"


def test_a_recipe_of_another_version_is_not_called_one_of_another_user(story: Story) -> None:
    story.namespace["numbers"] = [1]
    path = story.project.recipe(story.prepare("job -i numbers", "1").digest)
    from jupyter_datum.hashing import hex_digest
    from jupyter_datum.transform.recipe import read_recipe, sign

    fields = json.loads(path.read_bytes().partition(b"\n")[2]) | {"unheard_of": 1}
    data = json.dumps(fields).encode()
    digest = hex_digest(data, 32)
    story.project.recipe(digest).write_bytes(sign(data).encode() + b"\n" + data)
    with pytest.raises(SignatureError, match="another version of jupyter-datum has recorded"):
        read_recipe(story.project, digest)


def test_a_recipe_that_was_changed_is_not_run(story: Story) -> None:
    story.namespace["numbers"] = [1]
    prepared = story.prepare("job -i numbers", "1")
    path = story.project.recipe(prepared.digest)
    path.write_bytes(path.read_bytes().replace(b'"joblib"', b'"serial"') + b" ")
    from jupyter_datum.transform.recipe import read_recipe

    with pytest.raises(SignatureError):
        read_recipe(story.project, prepared.digest)


def test_a_runner_gets_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("IPYTHONDIR", "/profiles")
    environment = runner_environment()
    assert environment["IPYTHONDIR"] == "/profiles"
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert environment.get("OMP_NUM_THREADS") != "3", "that is for the runs of this kernel alone"


def test_no_file_matches_says_where_it_looked_and_what_is_near(story: Story) -> None:
    files(story.folder / "in", 3)
    row = story.run('job -i "in/*.txd"', "1")
    assert row.status == "error"
    assert "'in/*.txd'" in (row.message or "") and "000.txt" in (row.message or "")


def test_a_group_and_a_selection_are_retried_alone(story: Story) -> None:
    story.namespace["numbers"] = list(range(12))
    body = (
        "import os\n"
        "if datum.value % 3 == 0 and not os.path.exists('mended'): raise ValueError('three')\n"
        "if datum.value % 4 == 1 and not os.path.exists('mended'): raise KeyError('four')\n"
        "datum.value"
    )
    row = story.run("job -i numbers", body)
    assert row.failed == 6
    (story.folder / "mended").write_text("")
    with story.ledger() as conn:
        groups = {g.type: g for g in queries.failure_groups(conn, row.id)}
        chosen = groups["KeyError"]
        args = {"only": ["failed"], "group": chosen.id}
        run, _ = ask_again(conn, story.project, row, args)
    again = story.end(run)
    assert (again.success, again.skipped) == (chosen.datums, 12 - chosen.datums)
    with story.ledger() as conn:
        left = queries.failed_datums(conn, row.transform)
        args = {"only": ["failed"], "datums": [left[0].id]}
        run, _ = ask_again(conn, story.project, row, args)
    assert story.end(run).success == 1
    assert sum(story.executions().values()) == 12 + chosen.datums + 1
    assert not story.findings()


def test_two_datums_that_swap_their_output_paths_give_way(story: Story) -> None:
    """The code stays; what the files hold decides where each output goes."""
    folder = story.folder / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("left")
    (folder / "b.txt").write_text("right")
    body = (
        "from pathlib import Path\n"
        "name = Path(datum.path).read_text()\n"
        "(datum.out / name).write_text(datum.stem)\nname"
    )
    line = 'job -i "in/*.txt" --workers 1'
    assert story.run(line, body).success == 2
    (folder / "a.txt").write_text("right")
    (folder / "b.txt").write_text("left")
    row = story.run(line, body)
    assert (row.status, row.success) == ("success", 2)
    out = story.folder / "out" / "job"
    # by file, since the staging folder is swept a moment after the end was written
    assert {p.name: p.read_text() for p in out.iterdir() if p.is_file()} == {
        "left": "b",
        "right": "a",
    }
    (folder / "a.txt").unlink()
    (folder / "c.txt").write_text("right")
    row = story.run(line, body)
    assert (row.status, row.success) == ("success", 1)
    assert (out / "right").read_text() == "c"
    assert story.findings() == []
