"""Inputs of inputs that go along with runs at work, without a clock: what comes is scripted.

Whatever the order in which it comes, the datums are those of a listing made afterwards; and
each comes as soon as what it needs is there.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_datum.inputs import Input, Listed, cross, glob, grid, group, join, union, whole
from jupyter_datum.inputs.base import Came, Due, Errors, Going, Member, Piece
from jupyter_datum.inputs.files import GlobInput
from jupyter_datum.inputs.follow import Following

from .test_algebra import build, trees

NOTHING = frozenset[bytes]()


class Made(GlobInput):
    """A glob as if a run made its files: they come as the test says. What fails never comes."""

    def script(self, order: Collection[str], fails: Collection[str] = ()) -> None:
        files = {listed.files[0][1].decode(): listed for listed in self.list(NOTHING, [])}
        self.all = [files[name] for name in order]
        self.left = [files[name] for name in order if name not in fails]
        self.came: list[Listed] = []
        self.announced = self.ended = self.at_once = False
        assert sorted(order) == sorted(files)

    def awaits(self, runs: Collection[str]) -> bool:
        return self.name in runs

    def announces(self, runs: Collection[str]) -> bool:
        return True

    def go_along(self, runs: Mapping[str, Following], *, at_once: bool) -> list[Input]:
        self.at_once = at_once
        return [self] if at_once else []

    def come(self, *names: str) -> None:
        """These are made now; without names the next one."""
        for name in names or [self.left[0].files[0][1].decode()]:
            found = next(each for each in self.left if each.files[0][1].decode() == name)
            self.left.remove(found)
            self.came.append(found)

    def piece(self, listed: Listed) -> Piece:
        return Piece(listed, (Member(self, listed),))

    def going(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Going]:
        while not self.at_once and not self.ended:
            yield None
        given, told = 0, False
        while True:
            if self.announced and not told:
                told = True
                there = [each.key for each in self.came[:given]]
                stubs = [x._replace(files=()) for x in self.all if x.key not in there]
                yield Due(map(self.piece, stubs), last=True)
            order = self.came if self.at_once else sorted(self.came)
            while given < len(order):
                given += 1
                yield Came(self.piece(order[given - 1]), awaited=told)
            if self.ended:
                return
            yield None


def made(folder: Path, name: str, *order: str, fails: Collection[str] = (), **keys: Any) -> Made:
    """An input of files that are made in this order."""
    (folder / name).mkdir()
    for file in order:
        (folder / name / file).touch()
    source = glob(f"{name}/(?)(?)", folder, name=name, **keys)
    source.__class__ = Made  # what was listed comes as scripted from here on
    assert isinstance(source, Made)
    source.script(order, fails)
    return source


class Line:
    """An input that goes along, read until it has nothing for the moment."""

    def __init__(self, source: Input) -> None:
        self.source = source
        self.made = [leaf for leaf in source.leaves if isinstance(leaf, Made)]
        self.held = source.go_along({m.name: Following(m.name) for m in self.made}, at_once=True)
        self._steps = source.going(NOTHING, [])
        self.found: list[Listed] = []

    def read(self) -> list[str]:
        """What is new since last read, by its files."""
        start, idle = len(self.found), 0
        while idle <= 2 * len(self.made):
            step = next(self._steps, None)
            idle = idle + 1 if step is None else 0
            if isinstance(step, Came):
                self.found.append(step.piece.listed)
        return [" ".join(rel.decode() for _, rel, _ in x.files) for x in self.found[start:]]

    def end(self, *sources: Made) -> list[str]:
        for each in sources or self.made:
            while each.left:
                each.come()
            each.ended = True
        return self.read()


def afterwards(line: Line) -> list[Listed]:
    """What a listing gives when all has ended: failed files are not there."""
    for leaf in line.made:
        for listed in leaf.all:
            if listed not in leaf.came:
                (Path(leaf.roots[leaf.name].decode()) / listed.files[0][1].decode()).unlink()
        leaf.__class__ = GlobInput  # type: ignore[assignment]
    line.source.go_along({}, at_once=True)
    return list(line.source.list(NOTHING, []))


def same(line: Line) -> None:
    """Keys, files and captures are as if staged, and of sorted inputs the order is by key."""
    staged = afterwards(line)
    assert sorted(line.found) == sorted(staged)


def test_a_union_gives_of_each_part_what_is_there(tmp_path: Path) -> None:
    a, b = made(tmp_path, "a", "x0", "x1"), made(tmp_path, "b", "y0", "y1")
    line = Line(union(a, glob("a/x?", tmp_path, name="c"), b))
    assert line.read() == ["x0", "x1"]
    b.come()
    assert line.read() == ["y0"]
    a.come()
    assert line.read() == ["x0"]
    assert line.end(a) == ["x1"]
    b.come()
    assert line.read() == ["y1"]
    line.end()
    same(line)


@pytest.mark.parametrize("first", [True, False])
def test_a_cross_pairs_what_comes_at_either_side(tmp_path: Path, *, first: bool) -> None:
    up = made(tmp_path, "up", "x0", "x1", "x2", fails=["x2"])
    points = grid(n=[1, 2])
    line = Line(cross(up, points) if first else cross(points, up))
    assert line.held == [up], "one that is far ahead is held back"
    assert line.read() == []
    up.come("x1")
    assert line.read() == ["x1", "x1"]
    up.come("x0")
    assert line.read() == ["x0", "x0"]
    line.end()
    same(line)


def test_a_cross_of_two_that_run_and_one_inside_another(tmp_path: Path) -> None:
    a, b = made(tmp_path, "a", "x0", "x1"), made(tmp_path, "b", "y0", "y1")
    c = made(tmp_path, "c", "z0")
    line = Line(cross(a, union(b, cross(c, glob("a/x0", tmp_path, name="d")))))
    a.come()
    assert line.read() == []
    b.come()
    assert line.read() == ["x0 y0"]
    c.come()
    assert line.read() == ["x0 z0 x0"]
    a.come()
    assert line.read() == ["x1 y0", "x1 z0 x0"]
    assert line.end(b) == ["x0 y1", "x1 y1"]
    assert line.end() == []
    same(line)


def test_who_waits_for_all_holds_up_nobody_beside_it(tmp_path: Path) -> None:
    a, b = made(tmp_path, "a", "x0", "x1"), made(tmp_path, "b", "y1", "y0")
    c = made(tmp_path, "c", "z1", "z0", by=lambda rel: rel[0])
    line = Line(union(whole(b), group(c), a))
    for each in (a, b, c):
        each.come()
    assert line.read() == ["x0"]
    assert line.end(b) == ["y0 y1"]
    assert line.end(c) == ["z0 z1"]
    assert line.end() == ["x1"]
    same(line)


def test_a_group_of_a_union_waits_for_its_own_key(tmp_path: Path) -> None:
    a = made(tmp_path, "a", "x1", "y0", "x0", fails=["y0"], by="$1")
    b = made(tmp_path, "b", "x0", "y0", "z0", by="$1")
    still = glob("b/(?)0", tmp_path, name="still", by="$1")
    line = Line(group(union(a, b, still)))
    a.come("x1")
    a.announced = True
    b.come("x0")
    assert line.read() == [], "b has not listed its own input"
    b.announced = True
    assert line.read() == []
    b.come("z0")
    assert line.read() == ["z0 z0"]
    a.come("x0")
    assert line.read() == ["x0 x1 x0 x0"]
    b.come("y0")
    assert line.read() == [], "one of its datums failed: it may be mended yet"
    assert line.end() == ["y0 y0"]
    same(line)


def test_a_join_pairs_by_key_what_a_cross_makes(tmp_path: Path) -> None:
    a = made(tmp_path, "a", "x1", "y1", "x0")
    (tmp_path / "r").mkdir()
    for file in ("xr", "yr", "zr"):
        (tmp_path / "r" / file).touch()
    points = cross(a, glob("r/[xy]r", tmp_path, name="each"), on="$1", name="points")
    line = Line(join(points, glob("r/(?)(?)", tmp_path, name="r", on="$1")))
    a.announced = True
    a.come("x1", "y1")
    assert line.read() == ["y1 xr yr", "y1 yr yr"]
    a.come("x0")
    assert line.read() == ["x0 xr xr", "x0 yr xr", "x1 xr xr", "x1 yr xr"]
    line.end()
    same(line)


def test_a_group_of_two_that_run_side_by_side_waits_for_its_own_pairs(tmp_path: Path) -> None:
    a = made(tmp_path, "a", "x1", "y0", "x0", "z0", fails=["z0"])
    b = made(tmp_path, "b", "p0", "q0")
    line = Line(group(cross(a, b, by="${a.1}")))
    a.announced = True
    a.come("x1")
    b.come("p0")
    assert line.read() == [], "what b is to make is not known yet"
    b.announced = True
    assert line.read() == []
    a.come("x0")
    b.come("q0")
    assert line.read() == ["x0 p0 x0 q0 x1 p0 x1 q0"], "all that x has, and nothing else"
    a.come("y0")
    assert line.read() == ["y0 p0 y0 q0"]
    line.end()
    same(line)


def test_a_key_made_of_both_sides_waits_for_nobody_elses(tmp_path: Path) -> None:
    a, b = made(tmp_path, "a", "x0", "y0"), made(tmp_path, "b", "p0", "q0", "q1")
    line = Line(group(cross(a, b, by="${a.1}${b.1}")))
    a.announced = b.announced = True
    a.come("y0")
    b.come("q1")
    assert line.read() == []
    b.come("q0")
    assert line.read() == ["y0 q0 y0 q1"], "neither x nor p is there"
    a.come()
    assert line.read() == ["x0 q0 x0 q1"]
    line.end()
    same(line)


def test_keys_that_nobody_knows_before_wait_for_the_end(tmp_path: Path) -> None:
    a, b = made(tmp_path, "a", "x1", "x0"), made(tmp_path, "b", "y0")
    line = Line(group(cross(a, group(b, by="$1"), by="${1}")))
    a.announced = b.announced = True
    a.come()
    b.come()
    assert line.read() == []
    assert line.end() == ["x0 y0 x1 y0"]
    same(line)


@given(trees(), st.integers(0, 1 << 30))
@settings(max_examples=150, deadline=None)
def test_any_tree_gives_what_it_gives_staged(tree: Any, seed: int) -> None:
    chance = random.Random(seed)
    with TemporaryDirectory() as folder:
        source, _ = build(tree, Path(folder))
        for leaf in source.leaves:
            if chance.random() < 0.6:
                _make(leaf, chance)
        line = Line(source)
        while going := [leaf for leaf in line.made if not leaf.ended]:
            leaf = chance.choice(going)
            if leaf.left and chance.random() < 0.8:
                leaf.come()
            elif chance.random() < 0.5:
                leaf.announced = True
            elif not leaf.left:
                leaf.ended = True
            if chance.random() < 0.5:
                line.read()
        line.read()
        same(line)


def _make(leaf: Input, chance: random.Random) -> None:
    order = [listed.files[0][1].decode() for listed in leaf.list(NOTHING, [])]
    chance.shuffle(order)
    leaf.__class__ = Made
    assert isinstance(leaf, Made)
    leaf.script(order, [name for name in order if chance.random() < 0.2])
