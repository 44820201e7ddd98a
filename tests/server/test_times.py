"""How long datums took, position by position."""

from __future__ import annotations

import asyncio
import math
import time
import zlib
from typing import Any

import pytest

from jupyter_datum.server import times
from tests.story import Story

from .conftest import Call, N
from .test_million import pulses

SLEEPY = """
import time
time.sleep(0.3 if datum.value == 2 else 0)
if datum.value == 3:
    raise ValueError(3)
"""


def told(answer: Any) -> bytes:
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/octet-stream"
    return zlib.decompress(answer.json)


@pytest.mark.parametrize("seconds", [1e-6, 1e-3, 0.5, 7.0, 3600.0, 5e6])
def test_a_code_is_the_time_within_12_percent(seconds: float) -> None:
    code = times.code(seconds)
    least = times.SHORTEST * 2 ** ((code - 1) / times.STEPS)
    assert least <= seconds * (1 + 1e-9) and seconds < least * 2 ** (1 / times.STEPS) * (1 + 1e-9)


def test_what_has_no_time_or_an_odd_one_has_a_code_too() -> None:
    assert times.code(None) == 0
    assert [times.code(odd) for odd in (-1.0, 0.0, math.inf, 1e300)] == [1, 1, 255, 255]


async def test_each_position_has_the_time_that_it_took_in_this_run(
    call: Call, story: Story
) -> None:
    story.namespace["numbers"] = [1, 2, 3, 4]
    line = "nap -i numbers --tries 1 --engine serial"
    first = story.run(line, SLEEPY)
    base = ("projects", story.project.uuid, "runs")
    codes = told(await call(*base, first.uuid, "durations"))
    assert len(codes) == 4 and all(codes)
    assert codes[1] >= times.code(0.3)
    # Again, all of them: what the first run took is told by what came before.
    second = story.run(line + " --force", SLEEPY.replace("0.3", "0.0"))
    assert told(await call(*base, first.uuid, "durations")) == codes
    later = told(await call(*base, second.uuid, "durations"))
    assert len(later) == 4 and all(later) and later[1] < codes[1]
    # Unchanged ones have no time in the third.
    third = story.run(line, SLEEPY.replace("0.3", "0.0"))
    again = told(await call(*base, third.uuid, "durations"))
    assert (again[0], again[1], again[3]) == (0, 0, 0)


async def test_an_earlier_run_is_told_from_what_came_before(
    call: Call, story: Story, hall: Any
) -> None:
    story.namespace["numbers"] = [2]
    first = story.run("nap -i numbers --engine serial", SLEEPY)
    story.run("nap -i numbers --engine serial --force", "1")
    base = ("projects", story.project.uuid, "runs", first.uuid, "durations")
    assert told(await call(*base))[0] >= times.code(0.3)


async def test_what_is_not_there_is_said(
    call: Call, ran: tuple[Story, str], monkeypatch: Any
) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs")
    gone = await call(*base, "0" * 32, "durations")
    assert (gone.status, gone.json["code"]) == (404, "not-found")
    monkeypatch.setattr(times, "LARGEST", 8)
    many = await call(*base, run, "durations")
    assert (many.status, many.json["code"]) == (413, "too-large")
    assert "8 datums at most; this run has 9" in many.json["message"]


async def test_only_what_changed_is_looked_for_again(
    million: tuple[Story, str],
    call: Call,
    hall: Any,
    monkeypatch: Any,
) -> None:
    story, run = million
    monkeypatch.setattr(times, "_FRESH", 0.0)
    looked: list[int] = []
    codes = times._codes

    def look(*given: Any) -> bytes:
        looked.append(given[2])
        return codes(*given)

    monkeypatch.setattr(times, "_codes", look)
    path = ("projects", story.project.uuid, "runs", run, "durations")
    first = told(await call(*path))
    half = N // 2
    assert first == bytes([times.code(0.5)]) * half + bytes(half)
    everything = len(looked)
    # One more has ended, as the states say; its row comes a moment later.
    with (story.project.run(run) / "states").open("r+b") as states:
        states.seek(half)
        states.write(b"\x02")
    looked.clear()
    assert told(await call(*path)) == first
    assert len(looked) == 1 < everything
    with story.ledger() as conn:
        conn.execute(
            "insert into datum (id, transform, key, state, version, run, position, attempt, began,"
            " seconds) select ?, transform, x'00', 2, version, run, ?, 1, 5.0, 2.0 from datum"
            " where id = 1",
            (N, half),
        )
    assert told(await call(*path))[half] == times.code(2.0)
    looked.clear()
    await call(*path)
    assert looked == []


async def test_a_million_hold_up_nobody(
    million: tuple[Story, str],
    call: Call,
    jp_fetch: Any,
) -> None:
    story, run = million
    path = ("projects", story.project.uuid, "runs", run)
    began = time.perf_counter()
    asked = asyncio.ensure_future(call(*path, "durations"))
    between = asyncio.ensure_future(call(*path, "positions", "999"))
    times_ = await pulses(jp_fetch, asked)
    codes = told(await asked)
    assert len(codes) == N and (await between).json["state"] == "failed"
    print(f"\n{1e3 * (time.perf_counter() - began):.0f} ms, slowest pulse {max(times_):.3f} s")
