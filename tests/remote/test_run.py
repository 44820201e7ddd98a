"""Cells over objects of a real S3 server: run, rerun, changed, vanished, killed, broken."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from jupyter_datum.ledger import queries
from jupyter_datum.ledger.watches import watch
from jupyter_datum.runner.towatch import ask_to_watch
from jupyter_datum.states import RunStatus

from ..story import Story, eventually
from .conftest import S3

COPY = "datum.out_file('.up').write_bytes(datum.path.read_bytes().upper())\ndatum.url"


def _fill(s3: S3, n: int = 6) -> None:
    for i in range(n):
        s3.put(f"in/d{i % 2}/{i}.txt", f"text {i}".encode())


def test_objects_are_datums_and_a_rerun_downloads_nothing(s3: S3, story: Story) -> None:
    _fill(s3)
    line = 'up -i "s3://data/in/(*)/*.txt" -o out'
    row = story.run(line, COPY)
    assert (row.status, row.success) == (RunStatus.SUCCESS, 6)
    assert (story.folder / "out/d1/3.up").read_bytes() == b"TEXT 3"
    assert story.transform("up").results()[0] == "s3://data/in/d0/0.txt"
    assert s3.methods()["GET"] == 6
    s3.forget()
    row = story.run(line, COPY)
    assert (row.success, row.skipped) == (0, 6)
    assert not s3.methods(), "a rerun lists and does nothing else"


def test_a_changed_object_runs_alone_and_a_deleted_one_vanishes(s3: S3, story: Story) -> None:
    _fill(s3)
    line = 'up -i "s3://data/in/**/*.txt" -o out'
    story.run(line, COPY)
    s3.put("in/d0/2.txt", b"another")
    s3.put("in/d0/4.txt", b"text 4")  # the same bytes again: only newer
    s3.delete("in/d1/5.txt")
    row = story.run(line, COPY)
    assert (row.success, row.skipped, row.total) == (1, 4, 5)
    assert '"vanished": 1' in (row.note or "")
    assert (story.folder / "out/d0/2.up").read_bytes() == b"ANOTHER"
    counts = story.executions()
    assert counts["'d0/2.txt'"] == 2 and counts["'d0/4.txt'"] == 1


def test_local_copies_serve_other_code(s3: S3, story: Story) -> None:
    _fill(s3, 4)
    story.run('up -i "s3://data/in/*/*.txt" -o out', COPY)
    s3.forget()
    row = story.run('up -i "s3://data/in/*/*.txt" -o out', COPY + "\nlen(datum.url)")
    assert row.success == 4
    assert s3.methods()["GET"] == 0


def test_server_errors_are_retried(s3: S3, story: Story) -> None:
    _fill(s3, 4)
    seen: dict[str, int] = {}

    def fault(method: str, path: str) -> int | None:
        seen[path] = seen.get(path, 0) + 1
        return 503 if path.endswith("1.txt") and seen[path] < 3 else None

    s3.fault = fault
    row = story.run('up -i "s3://data/in/*/*.txt" -o out', COPY)
    assert (row.status, row.success) == (RunStatus.SUCCESS, 4)
    assert set(story.executions().values()) == {1}


def test_a_lasting_error_fails_its_datum_alone_with_a_sentence(s3: S3, story: Story) -> None:
    _fill(s3, 4)
    s3.fault = lambda method, path: 403 if path.endswith("1.txt") else None
    row = story.run('up -i "s3://data/in/*/*.txt" -o out --tries 2', COPY)
    assert (row.success, row.failed) == (3, 1)
    (group,) = story.transform("up").failures()
    assert "s3://data/in/d1/1.txt was refused" in str(group)


def test_an_object_that_changes_meanwhile_is_not_done(s3: S3, story: Story) -> None:
    s3.put("in/a.txt", b"one")
    body = (
        "import boto3\n"
        "if datum.path.read_bytes() == b'one':\n"
        f"    boto3.client('s3', endpoint_url={s3.endpoint!r}, region_name='us-east-1')"
        ".put_object(Bucket='data', Key='in/a.txt', Body=b'two')\n" + COPY
    )
    story.run('up -i "s3://data/in/*.txt" -o out', body)
    row = story.run('up -i "s3://data/in/*.txt" -o out', body)
    assert row.status == RunStatus.SUCCESS
    assert (story.folder / "out/a.up").read_bytes() == b"TWO"
    assert story.executions()["'a.txt'"] == 2


def test_a_killed_runner_repeats_nothing(s3: S3, story: Story) -> None:
    _fill(s3, 24)
    cell = (
        'up -i "s3://data/in/*/*.txt" -o out --workers 2',
        f"import time; time.sleep(.15)\n{COPY}",
    )
    run = story.start(*cell)
    assert eventually(lambda: sum(story.executions().values()) > 6, within=60)
    story.kill_runner()
    story.next_runner()
    row = story.end(run)
    assert row.status == RunStatus.SUCCESS, story.transform("up").failures()
    done = story.executions()
    assert len(done) == 24 and sum(done.values()) <= 24 + 2, done
    # by os.walk, which does not mind that staging is swept while it walks
    made = [name for _, _, names in os.walk(story.folder / "out") for name in names]
    assert sum(name.endswith(".up") for name in made) == 24


def test_members_of_an_archive(s3: S3, story: Story) -> None:
    _zip(s3, {"a/1.txt": b"one", "a/2.txt": b"two", "b/3.txt": b"three"})
    line = 'up -i "zip://a/*.txt::s3://data/x.zip" -o out'
    assert story.run(line, COPY).success == 2
    assert (story.folder / "out/2.up").read_bytes() == b"TWO"
    _zip(s3, {"a/1.txt": b"one", "a/2.txt": b"TOO", "b/3.txt": b"three"})
    row = story.run(line, COPY)
    assert (row.success, row.skipped) == (1, 1)
    assert story.transform("up").results()[1] == "zip://a/2.txt::s3://data/x.zip"


def _zip(s3: S3, members: dict[str, bytes]) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    s3.put("x.zip", data.getvalue())


def test_no_secret_is_written_down(s3: S3, story: Story) -> None:
    _fill(s3, 2)
    assert story.run('up -i "s3://data/in/*/*.txt" -o out', COPY).success == 2
    canary = os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    for path in story.folder.rglob("*"):
        assert not path.is_file() or canary not in path.read_bytes(), path


def test_without_credentials_one_sentence(
    s3: S3, story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _fill(s3, 2)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    row = story.run('up -i "s3://data/in/*/*.txt" -o out', COPY)
    assert row.status == RunStatus.ERROR
    assert "no credentials for s3://data/in" in (row.message or "")
    assert "AWS_ACCESS_KEY_ID" in (row.message or "")
    assert not story.executions()


def test_a_bucket_that_is_not_there(s3: S3, story: Story) -> None:
    row = story.run('up -i "s3://nobody/in/*.txt" -o out', COPY)
    assert "s3://nobody/in/ does not exist" in (row.message or "")


def test_a_cache_too_small_for_one_datum(
    s3: S3, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATUM_CACHE_SIZE", "100KB")
    for i in range(6):
        s3.put(f"in/{i}.bin", bytes([i]) * (60_000 if i else 300_000))
    row = story.run('size -i "s3://data/in/*.bin" --workers 1', "len(datum.path.read_bytes())")
    assert row.success == 6
    kept = [p for p in Path(os.environ["JUPYTER_DATUM_CACHE"]).rglob("*") if p.is_file()]
    assert sum(path.stat().st_size for path in kept) <= 100 << 10
    assert story.transform("size").results() == [300_000] + [60_000] * 5


def test_new_objects_run_by_themselves_with_what_the_kernel_has_told(s3: S3, story: Story) -> None:
    _fill(s3, 2)
    story.run('up -i "s3://data/in/**/*.txt" -o out', COPY)
    with story.ledger() as conn:
        row = queries.latest_run(conn, "up")
        assert row is not None
        ask_to_watch(conn, story.project, row, settle=0.2, every=0.3, origin="kernel")
    s3.put("in/d0/new.txt", b"new")
    s3.put("in/d1/1.txt", b"changed")
    for name, text in (("d0/new", b"NEW"), ("d1/1", b"CHANGED")):
        path = story.folder / f"out/{name}.up"
        assert eventually(lambda: path.exists() and path.read_bytes() == text, within=60)  # noqa: B023
    assert sum(story.executions().values()) == 4
    with story.ledger() as conn:
        found = watch(conn, "up")
        newest = queries.latest_run(conn, "up")
    assert found is not None and found.how == "listing every 0.3 s: asked for"
    assert newest is not None and newest.origin == "watch"
    assert b"a-canary" not in story.project.ledger.read_bytes()
