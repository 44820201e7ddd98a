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
from jupyter_datum.ledger.db import connect
from jupyter_datum.ledger.writes import Fenced
from jupyter_datum.outputs.publish import Publisher, Verdict
from jupyter_datum.outputs.publish import redo as redo_log
from jupyter_datum.outputs.publish.judge import Judge, Rules
from jupyter_datum.outputs.staging import pool

from .world import World, done, record, write


def reasons(verdicts: list[Verdict]) -> list[str]:
    return [verdict.reason for verdict in verdicts if verdict.reason is not None]


def out(world: World) -> Path:
    return Path(os.fsdecode(world.out))


def sound(world: World) -> None:
    assert world.violations() == []
    assert world.announced() == 0


# -- the normal way --------------------------------------------------------------------------


def test_outputs_are_merged_into_the_folder_and_owned(world: World) -> None:
    run = world.run(b"1")
    first = world.make(run, 1, {"a.txt": b"one"})
    second = world.make(run, 2, {"deep/er/b.txt": b"two", "c.txt": b"three"})
    assert world.publish(run, first, second) == [
        Verdict(first, True, None),
        Verdict(second, True, None),
    ]
    assert world.files() == {"a.txt": b"one", "deep/er/b.txt": b"two", "c.txt": b"three"}
    assert world.owned() == {"a.txt": 1, "deep/er/b.txt": 2, "c.txt": 2}
    assert world.staged() == []
    sound(world)


def test_many_files_are_synced_by_one_call_and_published_alike(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, *(world.make(run, i, {f"{i}": b"%d" % i}) for i in range(1, 40)))
    assert len(world.files()) == 39
    sound(world)


def test_a_group_without_files_touches_no_file(world: World) -> None:
    run = world.run(b"1")
    assert all(v.ok for v in world.publish(run, done(1, run), done(2, run)))
    assert not out(world).exists()
    assert world.publish(run) == []


def test_a_transform_without_a_folder_publishes_results_only(world: World) -> None:
    run = world.run(b"1")
    with_file = world.make(run, 2, {"a": b"1"})
    verdicts = world.publish(run, done(1, run), with_file, out=None)
    assert [v.ok for v in verdicts] == [True, False]
    assert "no output folder" in reasons(verdicts)[0]


def test_names_of_any_bytes_are_published(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {b"caf\xe9/\xff.txt": b"1"}))
    assert (out(world) / "caf\udce9" / "\udcff.txt").read_bytes() == b"1"
    sound(world)


# -- a second version ------------------------------------------------------------------------


def test_a_new_version_replaces_and_removes_what_it_does_not_make_any_more(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"same": b"1", "old/deep/gone": b"1", "old/x": b"1"}))
    run = world.run(b"2")
    world.publish(run, world.make(run, 1, {"same": b"2", "new": b"2", "old/x": b"2"}))
    assert world.files() == {"same": b"2", "new": b"2", "old/x": b"2"}
    assert not (out(world) / "old" / "deep").exists()
    sound(world)


def test_a_new_version_that_writes_nothing_removes_all(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a/b": b"1"}))
    run = world.run(b"2")
    world.publish(run, done(1, run), out=None)
    assert world.files() == {}
    sound(world)


def test_a_leftover_that_was_edited_stays_and_is_disowned(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"notes": b"1", "b": b"1"}))
    (out(world) / "notes").write_bytes(b"my own words")
    run = world.run(b"2")
    world.publish(run, world.make(run, 1, {"b": b"2"}))
    assert world.files() == {"notes": b"my own words", "b": b"2"}
    assert world.owned() == {"b": 1}


def test_an_output_edited_by_hand_is_not_overwritten_silently(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    (out(world) / "a").write_bytes(b"my own words")
    run = world.run(b"2")
    again = world.make(run, 1, {"a": b"2"})
    (reason,) = reasons(world.publish(run, again))
    assert "changed by hand" in reason and "--replace-edited" in reason
    assert world.files() == {"a": b"my own words"}
    assert world.publish(run, again, replace=True)[0].ok
    assert world.files() == {"a": b"2"}
    sound(world)


def test_an_output_that_was_only_touched_is_replaced(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    os.utime(out(world) / "a", (1, 1))
    run = world.run(b"2")
    assert world.publish(run, world.make(run, 1, {"a": b"2"}))[0].ok


@pytest.mark.parametrize(
    ("before", "after"),
    [({"x": b"1"}, {"x/y": b"2", "x/z/w": b"2"}), ({"x/y": b"1", "x/z/w": b"1"}, {"x": b"2"})],
    ids=["file to folder", "folder to file"],
)
def test_a_file_may_become_a_folder_and_back(
    world: World, before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, before))
    run = world.run(b"2")
    assert reasons(world.publish(run, world.make(run, 1, after))) == []
    assert world.files() == after
    sound(world)


def test_the_former_output_folder_is_left_with_its_other_files(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"sub/a": b"1"}))
    elsewhere = os.fsencode(world.root / "other")
    run = world.run(b"2", out=elsewhere)
    world.publish(run, world.make(run, 1, {"a": b"2"}, out=elsewhere), out=elsewhere)
    assert (world.root / "other" / "a").read_bytes() == b"2"
    assert world.files() == {}
    assert (out(world) / "sub").is_dir()  # whose folder that is we do not know any more
    assert world.owned() == {"../other/a": 1}


# -- who owns a path -------------------------------------------------------------------------


def test_two_datums_of_a_group_that_write_one_path_are_a_conflict(world: World) -> None:
    run = world.run(b"1")
    verdicts = world.publish(
        run, world.make(run, 1, {"a": b"1"}), world.make(run, 2, {"a": b"2", "b": b"2"})
    )
    assert [v.ok for v in verdicts] == [True, False]
    (reason,) = reasons(verdicts)
    assert "two datums write" in reason and "'in1'" in reason and "'in2'" in reason
    assert world.files() == {"a": b"1"}
    sound(world)


def test_a_path_of_a_finished_datum_is_a_conflict_even_under_force(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    (reason,) = reasons(world.publish(run, world.make(run, 2, {"a": b"1"}), replace=True))
    assert "two datums write" in reason
    sound(world)


def test_a_path_of_a_skipped_datum_is_a_conflict(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    later = world.run(b"1")  # the same version: datum 1 is skipped
    assert reasons(world.publish(later, world.make(later, 2, {"a": b"2"})))


def test_a_path_of_a_stale_datum_is_free_to_its_new_maker(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1", "b": b"1"}))
    run = world.run(b"2")
    assert world.publish(run, world.make(run, 2, {"a": b"2"}))[0].ok
    assert world.owned() == {"a": 2, "b": 1}
    row = world.conn.execute("select outputs, dirty from datum where id = 1").fetchone()
    assert row == (1, 1)  # the loser has one less, and runs again
    sound(world)
    world.publish(run, world.make(run, 1, {"c": b"2"}))
    assert world.files() == {"a": b"2", "c": b"2"}
    sound(world)


def test_the_runner_tells_whose_input_changed(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    later = world.run(b"1")
    verdicts = world.publish(later, world.make(later, 2, {"a": b"2"}), is_stale={1}.__contains__)
    assert verdicts[0].ok
    sound(world)


def test_a_path_changes_hands_within_a_group_whoever_comes_first(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}), world.make(run, 2, {"b": b"1"}))
    run = world.run(b"2")
    swapped = world.make(run, 1, {"b": b"2"}), world.make(run, 2, {"a": b"2"})
    assert reasons(world.publish(run, *swapped)) == []
    assert world.files() == {"a": b"2", "b": b"2"}
    assert world.owned() == {"a": 2, "b": 1}
    sound(world)


def test_an_edited_output_of_a_stale_datum_is_not_overwritten_either(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    (out(world) / "a").write_bytes(b"my own words")
    run = world.run(b"2")
    assert "by hand" in reasons(world.publish(run, world.make(run, 2, {"a": b"2"})))[0]


def test_a_path_of_another_transform_is_a_conflict(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    other = world.run(b"2", name="other")
    (reason,) = reasons(world.publish(other, world.make(other, 2, {"a": b"2"})))
    assert "transform 't'" in reason and "'in1'" in reason
    assert world.files() == {"a": b"1"}


def test_a_path_that_another_run_is_publishing_is_a_conflict(world: World) -> None:
    run, other = world.run(b"1"), world.run(b"1", name="other")
    theirs = world.make(other, 2, {"a": b"2"})
    judge = Judge(world.conn, Rules(other, world.out), [theirs], {})
    redo_log.announce(world.conn, other, judge.moves, [theirs])
    (reason,) = reasons(world.publish(run, world.make(run, 1, {"a": b"1"})))
    assert "just being published by 'other'" in reason


def test_who_is_overtaken_while_checking_checks_again(world: World) -> None:
    """Another process takes the path after this one has checked it, and before it announces."""
    run, other = world.run(b"1"), world.run(b"1", name="other")
    conn = connect(world.project)

    class Slow(Publisher):
        def _sync(self, moves: object) -> None:
            super()._sync(moves)  # type: ignore[arg-type]
            if not conn.in_transaction and not world.owned():
                theirs = world.make(other, 2, {"a": b"2"})
                Publisher(conn, run=other, out=world.out).publish([theirs], record(other))

    mine = world.make(run, 1, {"a": b"1"})
    verdicts = Slow(world.conn, run=run, out=world.out).publish([mine], record(run))
    assert "transform 'other'" in reasons(verdicts)[0]
    assert world.files() == {"a": b"2"}
    sound(world)
    conn.close()


def test_a_failed_datum_gives_its_former_paths_up(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    world.conn.execute("update datum set state = 3 where id = 1")
    later = world.run(b"1")
    assert world.publish(later, world.make(later, 2, {"a": b"2"}))[0].ok


def test_a_file_and_a_folder_of_one_name_are_a_conflict(world: World) -> None:
    run = world.run(b"1")
    for first, second in (({"x": b"1"}, {"x/y": b"2"}), ({"z/y": b"1"}, {"z": b"2"})):
        verdicts = world.publish(run, world.make(run, 1, first), world.make(run, 2, second))
        assert [v.ok for v in verdicts] == [True, False]
        verdicts = world.publish(run, world.make(run, 3, second))
        assert [v.ok for v in verdicts] == [False]
        sound(world)


def test_where_the_file_system_folds_two_spellings_are_one_path(world: World) -> None:
    run = world.run(b"1")
    group = [world.make(run, 1, {"A.png": b"1"}), world.make(run, 2, {"a.PNG": b"2"})]
    judge = Judge(world.conn, Rules(run, world.out, folds=True), group, {})
    assert [v.ok for v in judge.verdicts] == [True, False]
    assert all(v.ok for v in world.publish(run, *group))  # here they are two


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
