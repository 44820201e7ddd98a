"""What publishing does not touch, and what it does when it cannot go on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_datum.errors import OutputError
from jupyter_datum.events import OutputFile
from jupyter_datum.hashing import bytes_digest
from jupyter_datum.ledger import writes
from jupyter_datum.ledger.writes import Fenced
from jupyter_datum.outputs.publish import Verdict
from jupyter_datum.outputs.staging import pool

from .world import World, done, out, reasons, record, sound, write

# -- what stands there already ---------------------------------------------------------------


def test_an_unknown_file_is_not_overwritten(world: World) -> None:
    run = world.run(b"1")
    write(out(world), {"a": b"mine"})
    first = world.make(run, 1, {"a": b"1"})
    (reason,) = reasons(world.publish(run, first))
    assert "is not ours" in reason and "--force" in reason
    assert world.files() == {"a": b"mine"}
    assert world.publish(run, first, replace=True)[0].ok
    assert world.files() == {"a": b"1"}


def test_an_unknown_file_with_the_very_bytes_is_adopted(world: World) -> None:
    run = world.run(b"1")
    write(out(world), {"a": b"1"})
    assert world.publish(run, world.make(run, 1, {"a": b"1"}))[0].ok
    sound(world)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["folder", "linked/a", "file/a"])
def test_folders_and_links_are_never_replaced(world: World, name: str, force: bool) -> None:
    run = world.run(b"1")
    write(world.root, {"elsewhere/b": b"mine"})
    write(out(world), {"folder/a": b"mine", "file": b"mine"})
    os.symlink(world.root / "elsewhere", out(world) / "linked")
    before = world.files()
    verdicts = world.publish(run, world.make(run, 1, {name: b"1"}), replace=force)
    assert [v.ok for v in verdicts] == [False]
    assert world.files() == before
    assert os.listdir(world.root / "elsewhere") == ["b"]


def test_a_link_or_a_fifo_under_the_name_is_not_followed(world: World) -> None:
    run = world.run(b"1")
    write(world.root, {"elsewhere": b"1"})
    write(out(world), {})
    out(world).mkdir()
    os.symlink(world.root / "elsewhere", out(world) / "a")
    os.mkfifo(out(world) / "b")
    verdicts = world.publish(run, world.make(run, 1, {"a": b"1"}), world.make(run, 2, {"b": b"1"}))
    assert [v.ok for v in verdicts] == [False, False]
    verdicts = world.publish(run, world.make(run, 3, {"a": b"2"}), replace=True)
    assert verdicts[0].ok
    assert (world.root / "elsewhere").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("staged", "rel"),
    [("1-1-1-0", b"../a"), ("1-1-1-0", b"/tmp/a"), ("../../../victim", b"a"), ("", b"a"),
     ("1-1-1-9", b"a"), (".", b"a")],
)  # fmt: skip
def test_a_record_that_names_files_outside_is_refused(
    world: World, staged: str, rel: bytes
) -> None:
    run = world.run(b"1")
    write(world.root, {"victim": b"1"})
    good = world.make(run, 1, {"a": b"1"})
    evil = good._replace(outputs=(OutputFile(staged, rel, 1, bytes_digest(b"1")),))
    assert [v.ok for v in world.publish(run, evil)] == [False]
    assert (world.root / "victim").exists()
    assert world.files() == {}


def test_a_staged_file_of_another_size_is_refused(world: World) -> None:
    run = world.run(b"1")
    first = world.make(run, 1, {"a": b"1"})
    Path(os.fsdecode(pool(world.out)), first.outputs[0].staged).write_bytes(b"more")
    assert "another size" in reasons(world.publish(run, first))[0]


def test_of_two_attempts_at_a_datum_one_is_published(world: World) -> None:
    run = world.run(b"1")
    verdicts = world.publish(
        run, world.make(run, 1, {"a": b"1"}), world.make(run, 1, {"a": b"2", "b": b"2"}, attempt=2)
    )
    assert [v.ok for v in verdicts] == [True, False]
    assert world.files() == {"a": b"1"}
    sound(world)


# -- who may publish, and what if it cannot --------------------------------------------------


def test_a_fenced_runner_publishes_nothing(world: World) -> None:
    run = world.run(b"1")
    writes.take_over(world.conn, run._replace(epoch=2))
    with pytest.raises(Fenced):
        world.publish(run, world.make(run, 1, {"a": b"1"}))
    with pytest.raises(Fenced):
        world.publish(run, done(2, run))
    assert world.files() == {}
    sound(world)


def test_a_commit_that_fails_leaves_a_group_that_can_be_tried_again(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1", "old": b"1"}))
    run = world.run(b"2")
    group = [world.make(run, 1, {"a": b"2"}), world.make(run, 2, {"b": b"2"})]
    publisher = world.publisher(run)

    def broken(conn: sqlite3.Connection, verdicts: list[Verdict]) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="disk is full"):
        publisher.publish(group, broken)
    group.append(world.make(run, 3, {"c": b"2"}))
    assert [v.ok for v in publisher.publish(group, record(run))] == [True, True, True]
    assert world.files() == {"a": b"2", "b": b"2", "c": b"2"}
    sound(world)


def test_a_file_lost_between_two_tries_costs_only_its_datum(world: World) -> None:
    run = world.run(b"1")
    group = [world.make(run, 1, {"a": b"1"}), world.make(run, 2, {"b": b"2", "c": b"2"})]
    publisher = world.publisher(run)
    write(out(world), {})
    judge = publisher._judge(group)
    publisher._announce(group, judge)
    os.unlink(os.path.join(pool(world.out), os.fsencode(group[1].outputs[1].staged)))
    verdicts = publisher.publish(group, record(run))
    assert [v.ok for v in verdicts] == [True, False]
    assert world.files() == {"a": b"1"}
    sound(world)


def test_a_full_disk_is_one_sentence_and_the_group_waits(small_disk: World) -> None:
    world = small_disk
    run = world.run(b"1")
    group = [world.make(run, i, {f"{i}/{i}": b"x"}) for i in range(1, 20)]
    hogs = fill(out(world) / "hogs")
    for hog in hogs[:5]:
        hog.unlink()  # room for the folders of some of them
    publisher = world.publisher(run)
    with pytest.raises(OutputError, match="disk is full"):
        publisher.publish(group, record(run))
    assert world.owned() == {}
    assert len(set(world.files()) - {f"hogs/{hog.name}" for hog in hogs}) == 5
    shutil.rmtree(out(world) / "hogs")
    assert all(v.ok for v in publisher.publish(group, record(run)))
    sound(world)


def fill(folder: Path) -> list[Path]:
    folder.mkdir()
    hogs: list[Path] = []
    try:
        while True:
            hog = folder / str(len(hogs))
            hog.touch()
            hogs.append(hog)
    except OSError:
        return hogs


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[World]:
    """A world whose output folder is a file system that takes 100 files and folders."""
    target = tmp_path / "out"
    target.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "nr_inodes=100", "tmpfs", str(target)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(mount).returncode:
        pytest.skip("mounting a small disk needs root")
    world = World(tmp_path)
    yield world
    world.conn.close()
    subprocess.run(["umount", str(target)], check=True)


def test_what_a_failed_sync_may_have_lost_is_written_anew(world: World) -> None:
    run = world.run(b"1")
    kept, lost = world.make(run, 1, {"a": b"1"}), world.make(run, 2, {"b": b"2"})
    publisher = world.publisher(run)
    paths = [os.path.join(pool(world.out), os.fsencode(d.outputs[0].staged)) for d in (kept, lost)]
    publisher._doubted.update(paths)  # as after an EIO
    before = os.stat(paths[0]).st_ino
    Path(os.fsdecode(paths[1])).write_bytes(b"0")
    verdicts = publisher.publish([kept, lost], record(run))
    assert [v.ok for v in verdicts] == [True, False]
    assert os.stat(out(world) / "a").st_ino != before
    sound(world)
