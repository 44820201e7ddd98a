"""The grammar of the filter box."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_datum.server.errors import ApiError
from jupyter_datum.server.filters import Bounds, Condition, parse
from jupyter_datum.states import DatumState


def test_all_words() -> None:
    found = parse('state:failed,recovered worker:3 err:"bad CRC" name:*.tif tif pos:100..200')
    assert found.states == {DatumState.FAILED, DatumState.RECOVERED}
    assert (found.first, found.last) == (99, 199), "places are counted from 1, as they are shown"
    assert found.conditions == [
        Condition("worker", "3"),
        Condition("err", "bad CRC"),
        Condition("name", "*.tif"),
        Condition("name", "tif"),
    ]
    numbers = parse("tries:>1 out:0 group:12 id:7,9 m.Loss:<=0.1 changed:yes")
    assert numbers.changed
    assert numbers.conditions == [
        Condition("tries", bounds=Bounds(1, strict_low=True)),
        Condition("out", bounds=Bounds(0, 0)),
        Condition("group", ids=(12,)),
        Condition("id", ids=(7, 9)),
        Condition("m", "Loss", Bounds(high=0.1)),
    ]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("dur:>10s", 10, math.inf),
        ("dur:<5ms", -math.inf, 0.005),
        ("dur:1ms..2m", 0.001, 120),
        ("dur:1h..", 3600, math.inf),
        ("dur:2", 2, 2),
    ],
)
def test_durations(text: str, low: float, high: float) -> None:
    (condition,) = parse(text).conditions
    assert condition.bounds is not None
    assert (condition.bounds.low, condition.bounds.high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("state:done", "no state 'done'; there are: pending, running"),
        ("colour:red", "no 'colour'; there are: state, worker"),
        ("dur:>", "no number"),
        ("dur:3parsecs", "no unit 'parsecs'; there are: ms, s, m, h"),
        ("tries:3s", "no number"),
        ("tries:", "a value is missing, as in tries:>1"),
        ("id:1,x", "whole numbers"),
        ("pos:..", "a number is missing"),
        ("m.:3", "name of a metric"),
        ('name:"a', "double quote"),
        ("dur:1e400", "no number that anything"),
        ("x" * 3000, "2,000 characters"),
        ("changed:no", "it takes yes"),
    ],
)
def test_mistakes_are_told_with_what_is_possible(text: str, says: str) -> None:
    with pytest.raises(ApiError) as told:
        parse(text)
    assert told.value.status_code == 400 and says in told.value.message


def test_what_has_no_outcome_has_no_duration() -> None:
    assert DatumState.PENDING not in parse("dur:<1h").states
    assert DatumState.PENDING in parse("name:*.tif").states
    assert parse("state:pending dur:<1h").states == frozenset()


@given(st.text(max_size=60))
def test_no_text_is_anything_but_a_filter_or_a_sentence(text: str) -> None:
    try:
        parse(text)
    except ApiError as exc:
        assert exc.code == "bad-request"


@given(
    st.integers(-50, 50), st.integers(-50, 50), st.booleans(), st.booleans(), st.integers(-60, 60)
)
def test_whole_numbers_in_bounds(low: int, high: int, a: bool, b: bool, n: int) -> None:
    first, last = Bounds(low, high, a, b).whole()
    inside = (n > low if a else n >= low) and (n < high if b else n <= high)
    assert (first <= n <= last) == inside
