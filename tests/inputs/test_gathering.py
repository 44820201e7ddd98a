"""Keys that become whole while those who make them go on: a machine without clocks."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from jupyter_datum.inputs.gathering import Gathering

KEYS = [b"a", b"b", b"c", b""]
SLOTS = (0, 1)
FIXED = 2


def made(*followed: int) -> Gathering:
    return Gathering(followed)


def come(gathering: Gathering, key: bytes, *, awaited: bool = True) -> bool:
    return gathering.arrived(key, awaited=awaited)


def test_nothing_is_whole_before_all_are_listed() -> None:
    gathering = made(0, 1)
    assert come(gathering, b"a", awaited=False) and come(gathering, b"b", awaited=False)
    gathering.due(0, [], last=True)
    assert list(gathering.whole()) == []
    gathering.due(1, [], last=False)
    assert list(gathering.whole()) == [], "a part of it may have more"
    gathering.due(1, [b"b"], last=True)
    assert list(gathering.whole()) == [b"a"]
    assert list(gathering.whole()) == [], "once ever"
    assert come(gathering, b"b")
    assert list(gathering.whole()) == [b"b"]


def test_a_datum_that_never_comes_keeps_only_its_own_key_open() -> None:
    gathering = made(0)
    gathering.due(0, [b"a", b"a", b"b"], last=True)
    assert come(gathering, b"a") and come(gathering, b"b")
    assert list(gathering.whole()) == [b"b"]
    assert come(gathering, b"a")
    assert list(gathering.whole()) == [b"a"]


def test_what_comes_after_its_key_was_taken_is_told() -> None:
    gathering = made(0)
    gathering.due(0, [b"a"], last=True)
    assert come(gathering, b"a") and list(gathering.whole()) == [b"a"]
    assert not come(gathering, b"a")
    assert list(gathering.whole()) == []


def test_a_key_that_nobody_spoke_of_is_whole_when_it_comes() -> None:
    gathering = made(0)
    gathering.due(0, [], last=True)
    assert list(gathering.whole()) == []
    assert come(gathering, b"new")
    assert list(gathering.whole()) == [b"new"]


class Machine(RuleBasedStateMachine):
    """Two runs that are followed, each with datums of some keys, which come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.gathering = made(*SLOTS)
        #: Of each run: datums to come, by key; of those, the ones that will fail.
        self.to_come: dict[int, Counter[bytes]] = {}
        #: Those of them that were spoken of.
        self.due: dict[int, Counter[bytes]] = {slot: Counter() for slot in SLOTS}
        self.came: Counter[bytes] = Counter()
        self.unlisted = set(SLOTS)
        self.taken: list[bytes] = []

    @initialize(
        first=st.lists(st.sampled_from(KEYS), max_size=6),
        second=st.lists(st.sampled_from(KEYS), max_size=6),
        fixed=st.lists(st.sampled_from(KEYS), max_size=3),
    )
    def begin(self, first: list[bytes], second: list[bytes], fixed: list[bytes]) -> None:
        self.to_come = {0: Counter(first), 1: Counter(second)}
        for key in fixed:
            assert come(self.gathering, key, awaited=False)
            self.came[key] += 1

    @precondition(lambda self: any(map(Counter.total, self.to_come.values())))
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        ready = [(slot, key) for slot, keys in self.to_come.items() for key in sorted(keys)]
        slot, key = data.draw(st.sampled_from(ready))
        self._come(slot, key, data.draw(st.booleans()))

    def _come(self, slot: int, key: bytes, either: bool) -> None:
        """One of those of its key, of which some were spoken of."""
        n, due = self.to_come[slot][key], self.due[slot][key]
        awaited = bool(due) and (n == due or either)
        self.to_come[slot] -= Counter([key])
        self.due[slot] -= Counter([key] if awaited else [])
        assert come(self.gathering, key, awaited=awaited), "taken while it was to come"
        self.came[key] += 1

    @precondition(lambda self: self.unlisted)
    @rule(data=st.data())
    def a_part_is_listed(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.unlisted)))
        rest = sorted((self.to_come[slot] - self.due[slot]).elements())
        part = rest[: data.draw(st.integers(0, len(rest)))]
        self.gathering.due(slot, part, last=False)
        self.due[slot] += Counter(part)

    @precondition(lambda self: self.unlisted)
    @rule(data=st.data())
    def is_listed(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.unlisted)))
        rest = self.to_come[slot] - self.due[slot]
        self.gathering.due(slot, rest.elements(), last=True)
        self.due[slot] += rest
        self.unlisted.discard(slot)

    @rule()
    def ask(self) -> None:
        self.taken += self.gathering.whole()

    @invariant()
    def each_key_is_taken_once_and_only_when_nothing_of_it_is_to_come(self) -> None:
        assert len(self.taken) == len(set(self.taken))
        for key in self.taken:
            assert not self.unlisted
            assert not any(keys[key] for keys in self.to_come.values())

    def teardown(self) -> None:
        """When all has come, every key that came is taken."""
        for slot, keys in self.to_come.items():
            for key in list(keys.elements()):
                self._come(slot, key, either=True)
        for slot in sorted(self.unlisted):
            self.gathering.due(slot, [], last=True)
        self.taken += self.gathering.whole()
        assert sorted(self.taken) == sorted(self.came)
        self.gathering.close()


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestMachine = Machine.TestCase
