"""Large results lie in files; those that nothing names any more go."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_datum.ledger.fsck import audit
from jupyter_datum.ledger.loose import loose_files

from ..story import Story, eventually


def files(story: Story) -> list[Path]:
    return sorted(p for p in (story.project.dir / "results").rglob("*") if p.is_file())


def text(story: Story) -> str:
    log = story.project.log
    return log.read_text() if log.exists() else ""


def test_replaced_results_are_swept_and_shared_ones_stay(story: Story) -> None:
    story.namespace["numbers"] = [1, 2, 3]
    cell = "import numpy\nnumpy.full(9_000, {})"
    assert story.run("job -i numbers", cell.format("datum.value")).success == 3
    before = files(story)
    assert len(before) == 3
    # Datums 1 and 2 come to what 2 and 3 came to: one file less, none lost, none doubled.
    assert story.run("job -i numbers", cell.format("min(datum.value + 1, 3)")).success == 3
    assert eventually(lambda: len(files(story)) == 2), text(story)
    assert [array[0] for array in story.transform("job").results()] == [2, 3, 3]
    assert set(files(story)) < set(before)
    with story.ledger() as conn:
        assert eventually(lambda: loose_files(conn) == [])
    assert story.findings() == []


def test_displays_are_swept_too(story: Story) -> None:
    story.namespace["numbers"] = [1]
    story.run("job -i numbers", "display({'text/html': 'x' * 50_000}, raw=True)\n1")
    assert len(files(story)) == 1
    story.run("job -i numbers", "1")
    assert eventually(lambda: files(story) == []), text(story)


def test_what_a_run_may_be_about_to_name_stays(story: Story) -> None:
    story.namespace["numbers"] = [1]
    story.run("job -i numbers", "'x' * 50_000")
    story.namespace["slow"] = list(range(100))
    slow = story.start("slow -i slow --workers 1", "import time\ntime.sleep(0.05)")
    story.until(slow, lambda row: row.success > 0)
    story.run("job -i numbers", "'y' * 50_000")
    assert len(files(story)) == 2
    story.tell("cancel", slow)
    story.until(slow, lambda row: row.ended is not None)
    assert eventually(lambda: len(files(story)) == 1), text(story)
    assert story.transform("job").results() == ["y" * 50_000]


@pytest.mark.parametrize("kind", ["whole", "part"])
def test_fsck_finds_what_a_dead_worker_left(story: Story, kind: str) -> None:
    story.namespace["numbers"] = [1]
    story.run("job -i numbers", "'x' * 50_000")
    story.kill_runner()
    name = "ab" * 16 if kind == "whole" else ".12.3.part"
    path = story.project.result(name) if kind == "whole" else files(story)[0].parents[1] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"left")
    said = [finding.what for finding in audit(story.project)]  # the runner was killed: more, too
    assert "1 result files are named by no datum" in said
    assert all(finding.repaired for finding in audit(story.project, repair=True))
    assert audit(story.project) == [] and len(files(story)) == 1


def test_displays_of_failed_attempts_go_with_them(story: Story) -> None:
    story.namespace["numbers"] = [1]
    body = "display({'text/html': 'x' * 50_000}, raw=True)\nraise ValueError(1)"
    story.run("job -i numbers --tries 1", body)
    assert len(files(story)) == 1
    with story.ledger() as conn:
        conn.execute("delete from attempt")  # as folding does
    story.run("job -i numbers", "1")
    assert eventually(lambda: files(story) == []), text(story)
