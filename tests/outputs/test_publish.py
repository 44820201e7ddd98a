from __future__ import annotations

import os

import pytest

from jupyter_datum.ledger.db import connect
from jupyter_datum.outputs.publish import Publisher, Verdict
from jupyter_datum.outputs.publish import redo as redo_log
from jupyter_datum.outputs.publish.judge import Judge, Rules

from .world import World, done, out, reasons, record, sound

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
