"""Runs in a hostile world, by seed: ``python -m tests.state.simulator SEED`` tells one."""

from __future__ import annotations

import pytest

from .simulator import World


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_whatever_goes_wrong_each_datum_is_settled_once_and_the_run_ends(first: int) -> None:
    for seed in range(first, first + 20):
        world = World(seed)
        try:
            world.play()
        except Exception as exc:
            raise AssertionError(f"seed {seed}: {exc}") from exc


def test_a_seed_tells_the_same_story_twice() -> None:
    for seed in (3, 42, 43, 227):
        assert World(seed).play().story == World(seed).play().story
