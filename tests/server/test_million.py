"""A million datums: sizes are asserted, times are printed; and nothing holds up the server."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from jupyter_datum.ledger import queries
from jupyter_datum.server.reader import Reader
from jupyter_datum.states import DatumState
from tests.story import Story

from .conftest import Call, N
from .page import Page


async def test_a_snapshot_and_a_delta_of_a_million(
    million: tuple[Story, str], hall: Any, jp_ws_fetch: Any
) -> None:
    story, run = million
    page = Page(await jp_ws_fetch("jupyter-datum", "stream"))
    await page.next()
    began = time.perf_counter()
    await page.say(type="subscribe", project=story.project.uuid, run=run)
    await page.until(lambda: "snapshot" in page.kinds())
    print(f"\nsnapshot: {page.frames[-1][1]:,} B, {1e3 * (time.perf_counter() - began):.0f} ms")
    assert page.frames[-1][1] < 32_000
    assert len(page.states[run]) == N
    await page.quiet(1.5)
    page.frames.clear()
    file = story.project.run(run) / "states"
    with file.open("r+b") as states:
        states.seek(N // 2)
        states.write(bytes([DatumState.SUCCESS]) * 20_000)  # more than a snapshot takes
        states.seek(N - 1)
        states.write(bytes([DatumState.RUNNING]))
    began = time.perf_counter()
    await page.until(lambda: "delta" in page.kinds())
    print(f"delta: {page.frames[-1][1]:,} B, {1e3 * (time.perf_counter() - began):.0f} ms")
    assert page.frames[-1][1] < 20_100
    assert page.states[run] == file.read_bytes()
    scattered = bytearray(file.read_bytes())
    scattered[: N // 2 : 20] = bytes([DatumState.RUNNING]) * (N // 40)
    file.write_bytes(scattered)
    page.frames.clear()
    await page.until(lambda: page.states[run] == scattered)
    assert page.kinds()[-1] == "snapshot", "too much for a delta"


async def test_pages_of_a_million_are_pages(million: tuple[Story, str], call: Call) -> None:
    story, run = million
    base = ("projects", story.project.uuid, "runs", run)
    began = time.perf_counter()
    for params in (
        {"state": "failed", "limit": "500"},
        {"state": "success", "limit": "500"},
        {"name": "*/049*.jpg", "limit": "500"},
        {"limit": "500", "after": "k" + b"f/0400000.jpg".hex()},
    ):
        answer = await call(*base, "datums", params=params)
        assert answer.status == 200 and len(answer.json["datums"]) == 500, params
    print(f"\nfour pages: {1e3 * (time.perf_counter() - began):.0f} ms")
    last = await call(*base, "positions", str(N - 1))
    assert last.json["state"] == "pending"
    assert (await call(*base, "positions", "999")).json["state"] == "failed"


#: A filter, an order, and how many rows there are.
TABLES = (
    ("", "pos", N),
    ("", "-pos", N),
    ("", "name", N),
    ("", "-dur", N),
    ("", "state", N),
    ("", "worker", N),
    ("state:failed", "pos", N // 2000),
    ("state:failed,success dur:>0.1s", "-dur", N // 2),
    ("name:*/049*.jpg", "pos", 10_000),
    ("049", "name", 12_479),
    ("worker:1", "pos", N // 2),
    ("err:CRC", "pos", 0),
    ("m.loss:>1", "m.loss", 0),
    ("state:pending", "pos", N // 2),
    ("pos:400000..400100", "-pos", 101),
)


async def test_any_row_of_a_million_is_found_by_its_number(
    million: tuple[Story, str], call: Call, hall: Any
) -> None:
    story, run = million
    assert (await call("projects", story.project.uuid, "runs", run)).status == 200
    (reader,) = hall.projects.readers
    reader.finds.deadline = 100.0  # how long it takes is printed, and asserted by no test
    base = ("projects", story.project.uuid, "runs", run, "rows")
    for text, sort, rows in TABLES:
        took = []
        for first in (0, rows // 2, max(0, rows - 100), 7):
            began = time.perf_counter()
            params = {"filter": text, "sort": sort, "first": str(first)}
            answer = await call(*base, params=params)
            took.append(1e3 * (time.perf_counter() - began))
            assert answer.status == 200, (text, sort, answer)
            assert answer.json["matches"] == rows, (text, sort)
            assert len(answer.json["rows"]) == max(0, min(100, rows - first)), (text, sort, first)
        then = " ".join(f"{one:.0f}" for one in took[1:])
        print(f"\n{text!r} by {sort}: {took[0]:.0f} ms, then {then} ms", end="")


async def test_timing_of_a_million_is_read_in_parts_and_then_known(
    million: tuple[Story, str], call: Call
) -> None:
    story, run = million
    base = ("projects", story.project.uuid, "runs", run, "timing")
    began, looks = time.perf_counter(), []
    while not looks or not looks[-1]["whole"]:
        answer = await call(*base, params={"window": "0"})
        assert answer.status == 200
        looks.append(answer.json)
    print(f"\n{len(looks)} looks, {time.perf_counter() - began:.1f} s")
    assert len(looks) > 1 and looks[0]["looked"] < looks[-1]["looked"] == N // 2
    assert sum(looks[-1]["histogram"]["counts"]) == N // 2
    assert sum(looks[-1]["histogram"]["failed"]) == N // 2000
    began = time.perf_counter()
    again = await call(*base)
    print(f"and again: {1e3 * (time.perf_counter() - began):.0f} ms")
    assert len(json.dumps(again.json)) < 64_000


async def test_a_filter_that_takes_too_long_says_so(
    million: tuple[Story, str], call: Call, hall: Any, monkeypatch: Any
) -> None:
    story, run = million
    base = ("projects", story.project.uuid, "runs", run)
    assert (await call(*base)).status == 200
    (reader,) = hall.projects.readers
    monkeypatch.setattr(reader.looks, "deadline", 0.02)
    monkeypatch.setattr(reader.finds, "deadline", 0.02)
    answer = await call(*base, "datums", params={"name": "*nothing*", "state": "success"})
    assert (answer.status, answer.json["code"]) == (422, "narrow-the-filter")
    rows = await call(*base, "rows", params={"filter": "nothing", "sort": "-dur"})
    assert (rows.status, rows.json["code"]) == (422, "narrow-the-filter")
    monkeypatch.setattr(reader.looks, "deadline", 2.0)
    assert (await call(*base)).status == 200


async def pulses(jp_fetch: Any, until: asyncio.Task[Any]) -> list[float]:
    """How long the server's own status takes, again and again until the task is done."""
    times = []
    while not until.done():
        began = time.perf_counter()
        assert (await jp_fetch("api", "status")).code == 200
        times.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    return times


async def test_the_server_answers_while_a_filter_scans_everything(
    million: tuple[Story, str], call: Call, jp_fetch: Any
) -> None:
    story, run = million
    base = ("projects", story.project.uuid, "runs", run, "datums")
    scans = [call(*base, params={"name": f"*nothing{i}*"}) for i in range(8)]
    both = asyncio.ensure_future(asyncio.gather(*scans))
    times = await pulses(jp_fetch, both)
    assert all(answer.status == 200 and not answer.json["datums"] for answer in await both)
    print(f"\n{len(times)} pulses, median {1e3 * statistics.median(times):.1f} ms")
    assert len(times) > 3 and statistics.median(times) < 0.1


HOLD = """
import sqlite3, sys, time
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute("begin immediate")
print("held", flush=True)
sys.stdin.read()
"""


async def test_the_server_answers_while_another_process_holds_the_write_lock(
    story: Story, call: Call, jp_fetch: Any, monkeypatch: Any
) -> None:
    story.namespace["numbers"] = [1]
    story.run("t -i numbers", "1")
    story.close()
    monkeypatch.setattr("jupyter_datum.ledger.db.BUSY", 1.5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(story.project.ledger)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    base = ("projects", story.project.uuid, "runs")
    try:
        post = asyncio.ensure_future(call(*base, method="POST", body={"transform": "t"}))
        began = time.perf_counter()
        assert (await call(*base)).status == 200
        assert time.perf_counter() - began < 1, "a read does not wait for the writer"
        times = await pulses(jp_fetch, post)
        answer = await post
        assert (answer.status, answer.json["code"]) == (503, "ledger")
        assert len(times) > 10 and statistics.median(times) < 0.1
    finally:
        holder.communicate("")
    assert (await call(*base, method="POST", body={"transform": "t"})).status == 202


async def test_a_reader_opens_the_ledger_that_is_there_now(story: Story) -> None:
    story.namespace["numbers"] = [1]
    story.run("t -i numbers", "1")
    story.close()
    reader = Reader(story.project)
    assert len(await reader.read(queries.runs)) == 1
    for path in story.project.dir.glob("ledger.sqlite*"):
        path.unlink()
    with story.ledger():
        assert await reader.read(queries.runs) == []
    reader.close()
