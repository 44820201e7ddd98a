"""What a new runner does with what a dead one has announced, and with staging."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from jupyter_datum.events import Done, Failed, Failure
from jupyter_datum.ledger import writes
from jupyter_datum.ledger.writes import Fenced, RunKey
from jupyter_datum.outputs.publish import Publisher, roll_forward, stranded, sweep
from jupyter_datum.outputs.publish.moves import Move
from jupyter_datum.outputs.staging import kept, pool

from .world import World, done, record, write


class Killed(Exception):
    """Stands for the end of the process."""


class Dying(Publisher):
    """Announces a group, carries out its first steps, and is gone."""

    steps = 0

    def _carry_out(self, moves: Sequence[Move]) -> None:
        super()._carry_out(moves[: self.steps])
        raise Killed


def die(world: World, run: RunKey, *dones: Done, steps: int = 0, **options: object) -> None:
    publisher = Dying(world.conn, run=run, **{"out": world.out, **options})  # type: ignore[arg-type]
    publisher.steps = steps
    with pytest.raises(Killed):
        publisher.publish(dones, record(run))


def recover(world: World) -> tuple[RunKey, int]:
    run = world.last_run(epoch=7)
    return run, roll_forward(world.conn, run, world.out, record(run))


def out(world: World) -> Path:
    return Path(os.fsdecode(world.out))


def sound(world: World) -> None:
    assert world.violations() == []
    assert world.announced() == 0


@pytest.mark.parametrize("steps", range(5))
def test_what_was_announced_is_finished(world: World, steps: int) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1", "old": b"1"}))
    run = world.run(b"2")
    group = world.make(run, 1, {"a": b"2", "x/b": b"2"}), world.make(run, 2, {"c": b"2"})
    die(world, run, *group, steps=steps)
    _, n = recover(world)
    assert n == 2
    assert world.files() == {"a": b"2", "x/b": b"2", "c": b"2"}
    states = world.conn.execute("select id, state, version, outputs from datum").fetchall()
    assert states == [(1, 2, run.version, 2), (2, 2, run.version, 1)]
    sound(world)


def test_finishing_twice_is_finishing_once(world: World) -> None:
    run = world.run(b"1")
    die(world, run, world.make(run, 1, {"a": b"1"}), steps=1)
    assert recover(world)[1] == 1
    assert recover(world)[1] == 0
    sound(world)


def test_without_anything_announced_nothing_is_done(world: World) -> None:
    world.run(b"1")
    assert recover(world)[1] == 0
    assert not out(world).exists()


def test_removals_alone_are_finished_too(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1"}))
    run = world.run(b"2")
    die(world, run, done(1, run), out=None)
    later = world.last_run(epoch=7)
    assert roll_forward(world.conn, later, None, record(later)) == 1
    assert world.files() == {}
    sound(world)


def test_a_datum_that_lost_a_file_is_taken_back_and_the_others_are_finished(world: World) -> None:
    run = world.run(b"1")
    group = world.make(run, 1, {"a": b"1", "b": b"1"}), world.make(run, 2, {"c": b"1"})
    die(world, run, *group, steps=1)
    assert world.files() == {"a": b"1"}
    os.unlink(os.path.join(pool(world.out), os.fsencode(group[0].outputs[1].staged)))
    later, n = recover(world)
    assert n == 1
    assert world.files() == {"c": b"1"}
    sound(world)
    assert world.publish(later, world.make(later, 1, {"a": b"2", "b": b"2"}, attempt=2))[0].ok
    sound(world)


def test_a_file_edited_before_the_recovery_is_not_removed(world: World) -> None:
    run = world.run(b"1")
    world.publish(run, world.make(run, 1, {"a": b"1", "old": b"1"}))
    run = world.run(b"2")
    die(world, run, world.make(run, 1, {"a": b"2"}))
    (out(world) / "old").write_bytes(b"my own words")
    assert recover(world)[1] == 1
    assert world.files() == {"a": b"2", "old": b"my own words"}


def test_a_folder_made_in_the_way_costs_only_its_datum(world: World) -> None:
    run = world.run(b"1")
    die(world, run, world.make(run, 1, {"a": b"1"}), world.make(run, 2, {"b": b"1"}))
    write(out(world), {"a/mine": b"mine"})
    assert recover(world)[1] == 1
    assert world.files() == {"a/mine": b"mine", "b": b"1"}
    assert world.announced() == 0


def test_a_runner_that_was_overtaken_finishes_nothing(world: World) -> None:
    run = world.run(b"1")
    die(world, run, world.make(run, 1, {"a": b"1"}))
    world.last_run(epoch=8)
    with pytest.raises(Fenced):
        roll_forward(world.conn, run, world.out, record(run))


def test_what_an_ended_run_has_left_is_found_and_finished(world: World) -> None:
    run = world.run(b"1")
    die(world, run, world.make(run, 1, {"a": b"1"}))
    assert stranded(world.conn, 7) == []
    world.end(run)
    (left,) = stranded(world.conn, 7)
    assert left == RunKey(run.id, run.transform, run.version, 7)
    writes.take_over(world.conn, left)
    assert roll_forward(world.conn, left, world.out, record(left)) == 1
    sound(world)


def test_what_an_ended_run_has_left_stands_in_nobodys_way(world: World) -> None:
    run = world.run(b"1")
    die(world, run, world.make(run, 1, {"a": b"1"}))
    world.end(run)
    later = world.run(b"2", name="other")
    assert world.publish(later, world.make(later, 2, {"a": b"2"}))[0].ok


# -- sweeping --------------------------------------------------------------------------------


def test_a_finished_run_leaves_nothing_in_staging(world: World) -> None:
    run = world.run(b"1")
    world.make(run, 1, {"a": b"never published"})
    write(Path(os.fsdecode(world.staging(run, "w2").folder)), {"2020-01-01.csv": b"half"})
    world.end(run)
    sweep(world.conn, world.out, None)
    assert os.listdir(world.out) == []


def test_the_staging_of_a_live_runner_stays(world: World) -> None:
    run = world.run(b"1", epoch=5)
    world.make(run, 1, {"a": b"1"})
    write(Path(os.fsdecode(world.staging(run, "w2").folder)), {"2020-01-01.csv": b"1"})
    dead = run._replace(epoch=4)
    world.make(dead, 1, {"a": b"1"})
    write(Path(os.fsdecode(world.staging(dead, "w2").folder)), {"5-1": b"1"})
    world.end(run)
    sweep(world.conn, world.out, 5)
    assert world.staged() == ["5-w2/2020-01-01.csv", "pool/5-1-1-0"]


def test_a_run_that_is_cleaned_up_does_not_touch_the_one_that_followed_it(world: World) -> None:
    first = world.run(b"1", epoch=5)
    second = world.run(b"2", epoch=5)
    staged = world.make(second, 1, {"a": b"1"})
    world.end(first)
    sweep(world.conn, world.out, 6)
    assert world.publish(second, staged)[0].ok


def test_what_the_redo_log_names_stays(world: World) -> None:
    run = world.run(b"1")
    die(world, run, world.make(run, 1, {"a": b"1"}))
    world.make(run, 2, {"b": b"1"})
    world.end(run)
    sweep(world.conn, world.out, None)
    assert world.staged() == ["pool/1-1-1-0"]


def test_what_a_failed_datum_wrote_stays_until_it_succeeds(world: World) -> None:
    run = world.run(b"1")
    staging = world.staging(run)
    write(Path(os.fsdecode(staging.folder)), {"a": b"half"})
    partial = tuple(staging.collect_partial(1, 1))
    failure = Failure("ValueError", "no", "", "cell", "ValueError", "", False, False)
    failed = Failed(0, 1, b"in1", 1, 1, 1, 5.0, 0.5, (), failure, None, partial)
    writes.put_failures(world.conn, run, [(failed, "w1", True)])
    world.end(run)
    sweep(world.conn, world.out, None)
    assert Path(os.fsdecode(kept(world.out, partial[0].staged))).read_bytes() == b"half"
    run = world.run(b"2")
    world.publish(run, world.make(run, 1, {"a": b"whole"}))
    world.end(run)
    sweep(world.conn, world.out, None)
    assert world.staged() == []
    assert world.files() == {"a": b"whole"}


def test_a_folder_without_staging_is_left_alone(world: World) -> None:
    write(out(world), {"a": b"mine"})
    sweep(world.conn, world.out, None)
    sweep(world.conn, os.fsencode(world.root / "nowhere"), None)
    assert world.files() == {"a": b"mine"}
