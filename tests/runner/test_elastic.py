"""How many workers: no clock, no process."""

from __future__ import annotations

import random

import pytest

from jupyter_datum.runner.elastic import Bounds, Sizer, shares


def test_nothing_to_do_needs_nobody() -> None:
    sizer = Sizer(Bounds(8, 2))
    sizer.useful(0, 0.0)
    assert sizer.want(0, None, 0.0) == 0


def test_it_grows_with_what_is_ready_and_not_beyond() -> None:
    sizer = Sizer(Bounds(8))
    sizer.useful(3, 0.0)
    assert sizer.want(0, None, 0.0) == 3
    sizer.useful(1_000_000, 1.0)
    assert sizer.want(3, None, 1.0) == 8


def test_what_has_no_work_goes_after_its_time_but_not_the_least() -> None:
    sizer = Sizer(Bounds(8, 2, give_back=10))
    sizer.useful(8, 0.0)
    sizer.useful(1, 5.0)
    assert sizer.want(8, None, 14.9) == 8
    assert sizer.want(8, None, 15.1) == 2
    sizer.over(20.0)
    assert sizer.want(2, None, 29.0) == 2
    sizer.useful(0, 31.0)
    assert sizer.want(2, None, 31.0) == 0


def test_a_share_bounds_only_those_who_have_work_for_more() -> None:
    sizer = Sizer(Bounds(8, give_back=100))
    sizer.useful(8, 0.0)
    assert sizer.want(8, 4, 0.0) == 4
    sizer.useful(2, 1.0)  # the others idle, which costs the neighbour nothing
    assert sizer.want(8, 4, 1.0) == 8
    assert sizer.want(4, 4, 1.0) == 4  # and none is started for a need that is over


def test_another_run_with_fewer_workers_takes_a_warm_cluster() -> None:
    sizer = Sizer(Bounds(8, 4, give_back=100))
    sizer.useful(8, 0.0)
    sizer.over(1.0)
    sizer.renew(Bounds(2, 1, give_back=100))
    sizer.useful(0, 2.0)
    assert sizer.want(8, None, 2.0) == 2
    assert sizer.need == 0


@pytest.mark.parametrize("seed", range(40))
def test_it_wants_what_was_needed_within_the_time_whatever_comes(seed: int) -> None:
    rng = random.Random(seed)
    most, give_back = rng.randint(1, 12), rng.choice([0.0, 0.5, 3.0, 20.0])
    least = rng.randint(0, most)
    sizer = Sizer(Bounds(most, least, give_back))
    now, size, seen = 0.0, 0, [(0.0, 0)]
    for _ in range(300):
        now += rng.expovariate(2)
        sizer.useful(rng.choice([0, 0, 1, rng.randint(0, 3 * most)]), now)
        seen.append((now, sizer.need))
        before, size = size, sizer.want(size, None, now)
        until = [at for at, _ in seen[1:]] + [now]
        within = [need for (_, need), at in zip(seen, until, strict=True) if at >= now - give_back]
        assert size == (sizer.need if sizer.need > before else min(before, max(within)))
        assert sizer.need <= size <= most
        assert len(sizer._late) <= most + 1, "it remembers more than there can be sizes"


@pytest.mark.parametrize("seed", range(40))
def test_cores_are_divided_fairly(seed: int) -> None:
    rng = random.Random(seed)
    cores = rng.randint(1, 32)
    claims = []
    for _ in range(rng.randint(1, 8)):
        claim = rng.randint(1, 20)
        claims.append((rng.choice([0, 0, rng.randint(0, claim)]), claim))
    given = shares(claims, cores)
    floors = [max(1, least) for least, _ in claims]
    assert all(f <= n <= claim for f, n, (_, claim) in zip(floors, given, claims, strict=True))
    assert sum(given) <= max(cores, sum(floors))
    hungry = [n for n, (_, claim) in zip(given, claims, strict=True) if n < claim]
    if sum(given) < cores:
        assert not hungry, "cores lie idle while somebody could use them"
    for n in hungry:  # nobody has two more than one who wants more, but by promise
        over = [m for m, f in zip(given, floors, strict=True) if m > f]
        assert all(m <= n + 1 for m in over)


def test_two_that_want_all_get_half_each_and_a_modest_one_leaves_the_rest() -> None:
    assert shares([(0, 8), (0, 8)], 8) == [4, 4]
    assert shares([(0, 8), (0, 1)], 8) == [7, 1]
    assert shares([(0, 4)] * 3, 2) == [1, 1, 1]
