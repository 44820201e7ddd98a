"""Outputs that go to a real S3 server: whole objects, owned, skipped, swapped, rolled forward."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_datum.errors import RunError
from jupyter_datum.lineage import show_history, show_lineage, show_question
from jupyter_datum.lineage.exports.openlineage import events
from jupyter_datum.states import RunStatus

from ..story import Story, eventually
from .conftest import S3

UP = "datum.out_file('.up').write_text(datum.path.read_text().upper())\nNone"


def _texts(story: Story, n: int = 5) -> None:
    (story.folder / "in").mkdir(exist_ok=True)
    for i in range(n):
        (story.folder / "in" / f"{i}.txt").write_text(f"text {i}")


LINE = 'up -i "in/*.txt" -o s3://data/out'


def test_outputs_are_put_with_hash_and_attempt_and_skipped_later(s3: S3, story: Story) -> None:
    _texts(story)
    row = story.run(LINE, UP)
    assert (row.status, row.success) == (RunStatus.SUCCESS, 5), row.message
    assert s3.keys("out/") == [f"out/{i}.up" for i in range(5)]
    assert s3.get("out/3.up") == b"TEXT 3"
    metadata = s3.head("out/3.up")["Metadata"]
    assert len(metadata["datum-hash"]) == 64 and metadata["datum-attempt"].endswith("-1")
    assert not (story.folder / "s3:").exists() and not (story.folder / "out").exists()
    s3.forget()
    row = story.run(LINE, UP)
    assert (row.success, row.skipped) == (0, 5)
    assert not s3.methods(), "one listing tells that all outputs stand"
    assert not story.findings()


def test_lineage_and_history_take_urls(s3: S3, story: Story) -> None:
    _texts(story)
    story.run(LINE, UP)
    down = "datum.out_file('.low').write_text(datum.path.read_text().lower())\nNone"
    row = story.run('low -i "s3://data/out/*.up"', down)
    assert row.success == 5, row.message
    url = "s3://data/out/3.up"
    told = show_lineage(story.project, url, folder=story.folder)
    assert told.to_json()["made"]["transform"] == "up"
    assert told.to_json()["read"]["first"][0]["key"].startswith("3")
    text = repr(told)
    assert "in/3.txt" in text and "out/low/3.low" in text and "!" not in text
    text = repr(show_lineage(story.project, "out/low/3.low", folder=story.folder))
    assert url in text and "in/3.txt" in text and "!" not in text
    assert show_history(story.project, url).data.versions[0].outputs[0][0] == "3.up"
    assert show_question(story.project, "up", "edited").data == []
    names = [each["name"] for each in show_lineage(story.project, "up").to_json()["transforms"]]
    assert sorted(names) == ["low", "up"]
    with story.ledger() as conn:  # OpenLineage names a store by its bucket
        (event,) = [
            e for e in events(conn, story.project, "low") if e.eventType.value == "COMPLETE"
        ]
    (source,) = event.inputs
    assert (source.namespace, source.name) == ("s3://data", "out")
    assert url in source.inputFacets["subset"].inputCondition.locations
    with pytest.raises(RunError, match="s3://data/out/9"):
        show_lineage(story.project, "s3://data/out/9.up")


def test_missing_edited_and_changed(s3: S3, story: Story) -> None:
    _texts(story)
    story.run(LINE, UP)
    s3.delete("out/1.up")
    (story.folder / "in/2.txt").write_text("another")
    row = story.run(LINE, UP)
    assert (row.success, row.skipped) == (2, 3)
    assert s3.get("out/1.up") == b"TEXT 1" and s3.get("out/2.up") == b"ANOTHER"
    s3.put("out/3.up", b"edited by hand")
    assert any("not as they were made" in found.what for found in story.findings())
    story.run(LINE, UP)
    assert s3.get("out/3.up") == b"edited by hand"
    story.run(LINE + " --replace-edited", UP)
    assert s3.get("out/3.up") == b"TEXT 3"
    assert not story.findings()


def test_what_a_former_version_made_goes(s3: S3, story: Story) -> None:
    _texts(story, 3)
    story.run(LINE, UP)
    row = story.run(LINE, UP.replace("'.up'", "'.upper'"))
    assert row.success == 3
    assert s3.keys("out/") == [f"out/{i}.upper" for i in range(3)]


def test_what_we_did_not_make_is_not_overwritten(s3: S3, story: Story) -> None:
    _texts(story, 3)
    s3.put("out/1.up", b"somebody's")
    row = story.run(LINE, UP)
    assert (row.success, row.failed) == (2, 1)
    assert "exists and is not ours" in str(story.transform("up").failures())
    assert s3.get("out/1.up") == b"somebody's"
    assert story.run(LINE + " --force", UP).failed == 0
    assert s3.get("out/1.up") == b"TEXT 1"


def test_two_datums_of_one_name_conflict(s3: S3, story: Story) -> None:
    _texts(story, 2)
    row = story.run(LINE, "(datum.out / 'same').write_text(datum.rel)\nNone")
    assert (row.success, row.failed) == (1, 1)
    assert "'s3://data/out/same', of " in str(story.transform("up").failures())


def test_a_store_that_is_down_pauses_the_run_which_goes_on_later(s3: S3, story: Story) -> None:
    _texts(story, 4)
    down = True
    s3.fault = lambda method, path: 403 if down and method == "PUT" else None
    run = story.start(LINE, UP)
    row = story.end(run)
    assert row.status == RunStatus.PAUSED
    assert "s3://data/out" in (row.message or "") and "injected" in (row.message or "")
    down = False
    story.tell("resume", run)
    row = story.until(run, lambda r: r.ended is not None)
    assert (row.status, row.success) == (RunStatus.SUCCESS, 4)
    assert set(story.executions().values()) == {1}


def test_a_place_that_cannot_be_reached_is_told_before_anything_runs(s3: S3, story: Story) -> None:
    _texts(story, 2)
    with pytest.raises(AssertionError, match="outputs cannot go to s3://nobody/out"):
        story.run('up -i "in/*.txt" -o s3://nobody/out', UP)
    assert not story.executions()


@pytest.mark.parametrize("at", ["out/2.up", "out/7.up"])
def test_a_runner_killed_while_it_uploads_repeats_nothing(s3: S3, story: Story, at: str) -> None:
    _texts(story, 8)
    killed: list[str] = []

    def fault(method: str, path: str) -> int | None:
        if method == "PUT" and path.endswith(at) and not killed:
            story.kill_runner()
            killed.append(path)
            return 500
        return None

    s3.fault = fault
    run = story.start(LINE, UP)
    assert eventually(lambda: bool(killed), within=60)
    story.next_runner()
    row = story.end(run)
    assert (row.status, row.success) == (RunStatus.SUCCESS, 8), row.message
    assert set(story.executions().values()) == {1}
    assert s3.keys("out/") == [f"out/{i}.up" for i in range(8)]
    assert all(s3.get(f"out/{i}.up") == f"TEXT {i}".encode() for i in range(8))
    assert not story.findings()


def test_a_transform_of_a_transform_reads_what_was_put(s3: S3, story: Story) -> None:
    _texts(story, 3)
    assert story.run(LINE, UP).success == 3
    row = story.run("down -i up -o s3://data/second", "datum.out_file('.n').write_text(datum.url)")
    assert row.success == 3, row.message
    assert s3.get("second/1.n") == b"s3://data/out/1.up"


def test_prune_removes_objects_of_what_vanished(s3: S3, story: Story) -> None:
    from jupyter_datum.runner.upkeep import prune_gone

    _texts(story, 5)
    story.run(LINE, UP)
    (story.folder / "in/4.txt").unlink()
    story.run(LINE, UP)
    assert "out/4.up" in s3.keys("out/")
    with story.ledger() as conn:
        assert prune_gone(conn, story.project, "up").files == 1
    assert s3.keys("out/") == [f"out/{i}.up" for i in range(4)]


def test_nothing_is_left_in_staging(s3: S3, story: Story) -> None:
    _texts(story, 3)
    story.run(LINE, UP)
    assert eventually(lambda: not _files(story.project.dir / "staging"))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
