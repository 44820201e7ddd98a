"""The websocket over real runs: what a page has is what the states file holds."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from typing import Any

import pytest

from jupyter_datum import registry
from jupyter_datum.server import sight
from jupyter_datum.server.outbox import Outbox
from jupyter_datum.states import DatumState
from tests.story import Story

from .conftest import Open
from .page import Page

SLOW = """
import time
time.sleep(0.02)
if datum.value % 5 == 0:
    raise ValueError(f"bad {datum.value}")
"""


def start(story: Story, n: int = 150, body: str = SLOW) -> dict[str, str]:
    story.namespace["numbers"] = list(range(n))
    run = story.start("slow -i numbers --engine joblib --workers 2 --tries 1 --no-probe", body)
    return {"project": story.project.uuid, "run": run}


def states_of(story: Story, run: str) -> bytes:
    return (story.project.run(run) / "states").read_bytes()


async def test_a_page_follows_a_run_to_its_end(story: Story, page: Open) -> None:
    names = start(story)
    run = names["run"]
    one = await page()
    assert (await one.next())["type"] == "hello"
    await one.say(type="subscribe", **names)
    await one.until(lambda: one.counts.get(run, {}).get("success", 0) > 20)
    two = await page()
    await two.say(type="subscribe", **names)
    for each in (one, two):
        await each.until(lambda each=each: each.counts.get(run, {}).get("ended"))
        await each.until(lambda each=each: each.groups.get(run, {"groups": 0})["groups"])
        assert bytes(each.states[run]) == states_of(story, run)
        seen = Counter(each.states[run])
        assert seen == {DatumState.SUCCESS: 120, DatumState.FAILED: 30}
        assert {k: each.counts[run][k] for k in ("success", "failed", "status")} == {
            "success": 120,
            "failed": 30,
            "status": "failed",
        }
        (group,) = each.groups[run]["groups"]
        assert group["datums"] == 30


async def test_groups_agree_with_the_counts_beside_them(
    story: Story, page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "SHARE", 1.0)  # however slow this machine is
    names = start(story)
    run = names["run"]
    one = await page()
    await one.say(type="subscribe", **names)
    behind = {}
    await one.until(lambda: run in one.groups)
    while not one.counts[run]["ended"]:
        if (await one.next())["type"] in {"delta", "snapshot"}:  # groups go before their counts
            failed, told = one.counts[run]["failed"], one.groups[run]["groups"]
            behind[failed] = failed - sum(group["datums"] for group in told)
    assert len(behind) > 3
    assert not any(behind.values())


async def test_after_a_gap_a_page_gets_a_snapshot(story: Story, page: Open) -> None:
    names = start(story)
    one = await page()
    await one.say(type="subscribe", **names)
    await one.until(lambda: one.kinds().count("snapshot") == 1 or None)
    seq = one.seq[names["run"]]
    await one.say(type="snapshot", **names)
    await one.until(lambda: one.kinds().count("snapshot") >= 2)
    assert one.seq[names["run"]] > seq
    await one.until(lambda: one.counts[names["run"]]["ended"])
    assert bytes(one.states[names["run"]]) == states_of(story, names["run"])


async def test_at_most_four_frames_a_second(story: Story, page: Open) -> None:
    names = start(story, 400)
    one = await page()
    await one.say(type="subscribe", **names)
    await one.until(lambda: one.counts.get(names["run"], {}).get("success"))
    one.frames.clear()
    await one.quiet(2.0)
    told = [kind for kind in one.kinds() if kind in ("delta", "snapshot")]
    assert 3 <= len(told) <= 9
    await one.say(type="unsubscribe", **names)
    await one.quiet(0.5)
    assert await one.quiet(0.7) == 0
    story.tell("cancel", names["run"])


async def test_a_hidden_page_gets_counters_only(story: Story, page: Open) -> None:
    names = start(story, 300)
    run = names["run"]
    one = await page()
    await one.say(type="subscribe", **names)
    await one.until(lambda: one.counts.get(run, {}).get("success"))
    await one.say(type="visible", visible=False)
    await one.quiet(0.4)
    one.frames.clear()
    await one.quiet(2.2)
    assert one.frames and all((h["type"], size) == ("delta", 0) for h, size in one.frames)
    assert len(one.frames) <= 3
    one.frames.clear()
    await one.say(type="visible", visible=True)
    await one.until(lambda: "snapshot" in one.kinds())
    await one.until(lambda: one.counts[run]["ended"])
    assert bytes(one.states[run]) == states_of(story, run)


async def test_runs_of_a_project_are_told(story: Story, page: Open) -> None:
    one = await page()
    await one.say(type="watch", project=story.project.uuid)
    names = start(story, 20)
    await one.until(lambda: one.runs.get(names["run"], {}).get("ended"))
    assert one.runs[names["run"]]["failed"] == 4
    two = await page()
    await two.say(type="watch", project=story.project.uuid)
    await two.until(lambda: names["run"] in two.runs)
    assert two.runs == one.runs
    later = start(story, 5)
    for each in (one, two):
        await each.until(lambda each=each: each.runs.get(later["run"], {}).get("ended"))


async def test_a_dead_runner_shows_as_interrupted(story: Story, page: Open) -> None:
    names = start(story, 2_000)
    run = names["run"]
    one = await page()
    await one.say(type="watch", project=story.project.uuid)
    await one.say(type="subscribe", **names)
    await one.until(lambda: one.counts.get(run, {}).get("success"))
    story.kill_runner()
    await one.until(lambda: one.counts[run]["status"] == "interrupted")
    await one.until(lambda: one.runs[run]["status"] == "interrupted")
    story.next_runner()
    await one.until(lambda: one.counts[run]["status"] == "running")
    story.tell("cancel", run)
    await one.until(lambda: one.counts[run]["ended"])
    assert bytes(one.states[run]) == states_of(story, run)


async def test_what_cannot_be_had_is_an_error_and_the_socket_stays(
    story: Story, page: Open
) -> None:
    one = await page()
    await one.say(type="subscribe", project="0" * 32, run="0" * 32)
    await one.say(type="subscribe", project=story.project.uuid, run="0" * 32)
    await one.say(type="subscribe", project="../etc", run=3)
    await one.say(type="run", project=story.project.uuid)
    await one._socket.write_message("{nonsense")
    await one._socket.write_message(b"\xff\xfe", binary=True)
    await one.until(lambda: len(one.errors) == 6)
    codes = Counter(error["code"] for error in one.errors)
    assert codes == {"not-found": 1, "bad-request": 4, "ledger": 1}
    names = start(story, 10)
    await one.say(type="subscribe", **names)
    await one.until(lambda: one.counts.get(names["run"], {}).get("ended"))


async def test_a_page_that_does_not_read_gets_a_snapshot_later(story: Story, hall: Any) -> None:
    """Frames are kept back by a gate in the place of the network, which buffers megabytes."""
    names = start(story, 200)
    gate, sent = asyncio.Event(), []

    async def send(frame: bytes) -> None:
        await gate.wait()
        sent.append(frame)

    box = Outbox(send)
    box.put(bytes(2 << 20))
    await hall.subscribe(box, **names)
    story.end(names["run"])
    await asyncio.sleep(1)
    assert box.full and box.waiting == 2 << 20
    gate.set()
    await asyncio.sleep(1)
    one = Page(_Told(sent[1:]))
    while one._socket.frames:
        await one.next()
    assert one.kinds()[0] == "snapshot"
    assert bytes(one.states[names["run"]]) == states_of(story, names["run"])
    hall.gone(box)


class _Told:
    def __init__(self, frames: list[bytes]) -> None:
        self.frames = list(frames)

    async def read_message(self) -> bytes:
        return self.frames.pop(0)


async def test_a_page_that_draws_a_kernels_runs_says_so_as_long_as_it_is_open(
    page: Open, jp_serverapp: Any
) -> None:
    kernel = await jp_serverapp.kernel_manager.start_kernel()
    try:
        one, two = await page(), await page()
        await one.say(type="draw", kernel=kernel)
        await two.say(type="draw", kernel=kernel)
        await one.say(type="draw", kernel="0" * 8)
        await one.until(lambda: "not-found" in str(one.errors))
        assert registry.is_drawn(kernel)
        one.close()
        await asyncio.sleep(0.3)
        assert registry.is_drawn(kernel)
        two.close()
        for _ in range(100):
            if not registry.is_drawn(kernel):
                break
            await asyncio.sleep(0.05)
        assert not registry.is_drawn(kernel)
    finally:
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel, now=True)


async def test_a_page_says_how_often_it_wants_frames(story: Story, page: Open) -> None:
    names = start(story, 600)
    one = await page()
    await one.say(type="subscribe", **names)
    await one.until(lambda: one.counts.get(names["run"], {}).get("success"))
    told = {}
    for rate in (1, 1_000):
        await one.say(type="rate", rate=rate)
        await one.quiet(1.1)  # what was on its way already
        one.frames.clear()
        await one.quiet(3.0)
        told[rate] = sum(kind in ("delta", "snapshot") for kind in one.kinds())
    assert told[1] <= 4
    assert told[1] < told[1_000] <= 33
    await one.say(type="rate", rate=0)
    await one.until(lambda: one.errors)
    assert one.errors[0]["code"] == "bad-request"
    story.tell("cancel", names["run"])


async def test_pages_that_come_and_go_leave_nothing(story: Story, page: Open) -> None:
    names = start(story, 30)
    story.end(names["run"])

    async def visit() -> None:
        pages = [await page() for _ in range(8)]
        for at, one in enumerate(pages):
            await one.say(type="watch", project=names["project"])
            await one.say(type="subscribe", **names)
            await one.until(lambda one=one: one.states.get(names["run"]))
            (one.close, one.lose)[at % 2]()

    def held() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    async def rest(most: tuple[int, int] | None = None) -> tuple[int, int]:
        """What is held once the server has seen that they are gone."""
        told = [held()]
        for _ in range(200):
            await asyncio.sleep(0.1)
            told.append(held())
            steady = len(told) > 10 and len(set(told[-10:])) == 1
            if steady if most is None else all(map(int.__le__, told[-1], most)):
                break
        return told[-1]

    await visit()  # the first one opens the ledger, and starts its readers
    first = await rest()
    # Readers are more where much is asked at once, and stay; of these 40 pages none may leave one.
    most = (first[0] + 20, first[1] + 20)
    for _ in range(5):
        await visit()
    assert all(map(int.__le__, await rest(most), most))
