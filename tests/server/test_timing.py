"""How long datums took, who was at them when, who died, and what a run was."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.ledger import db, writes
from jupyter_datum.server import scan as scanning
from jupyter_datum.server.durations import Durations, step_of
from jupyter_datum.server.lanes import BARS, LANES, Bar, Lanes
from jupyter_datum.server.timing import Timings
from jupyter_datum.states import DatumState
from tests.ledger import build
from tests.story import Story

from .conftest import Call


async def until_whole(call: Call, base: tuple[str, ...], window: str = "0") -> dict[str, Any]:
    """Ask until all was read, as a page does."""
    while True:
        answer = await call(*base, "timing", params={"window": window})
        assert answer.status == 200, answer
        if answer.json["whole"]:
            return dict(answer.json)


async def test_a_run_tells_how_long_its_datums_took_and_who_was_at_them(
    call: Call, ran: tuple[Story, str]
) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs", run)
    told = await until_whole(call, base)
    assert (told["looked"], told["settled"], told["times"]["datums"]) == (9, 9, 9)
    assert sum(told["histogram"]["counts"]) == 9
    assert sum(told["histogram"]["failed"]) == 3
    times = told["times"]
    assert 0 < times["p50"] <= times["p95"] <= times["longest"]
    slowest = told["slowest"]
    assert [one["seconds"] for one in slowest] == sorted(
        (one["seconds"] for one in slowest), reverse=True
    )
    assert {one["state"] for one in slowest} == {"success", "failed"}
    assert sorted(one["position"] for one in slowest) == list(range(9))
    assert times["longest"] == slowest[0]["seconds"]

    lanes = {lane["worker"]: lane["bars"] for lane in told["timeline"]["lanes"]}
    assert told["timeline"]["width"] is None and told["timeline"]["more"] == 0
    bars = [bar for lane in lanes.values() for bar in lane]
    assert sorted(bar[5] for bar in bars) == list(range(9))
    assert sum(bar[3] for bar in bars) == 3
    assert set(lanes) == {one["worker"] for one in told["workers"]}
    for one in told["workers"]:
        assert not one["died"] and one["done"] == len(lanes[one["worker"]])
        assert one["busy"] is None or 0 < one["busy"] <= 1

    plain = await call(*base, "timing")
    assert plain.json["timeline"] is None
    for wrong in ("-1", "x", "9999999"):
        assert (await call(*base, "timing", params={"window": wrong})).status == 400
    assert (await call(*base[:-1], "0" * 32, "timing")).status == 404


async def test_a_skipped_datum_took_nothing_and_an_old_run_knows_its_own_times(
    call: Call, story: Story
) -> None:
    for i in range(4):
        (story.folder / f"{i}.txt").write_text("x" * 10)
    first = story.run('t -i "*.txt" --engine serial', "import time; time.sleep(0.02)")
    again = story.run('t -i "*.txt" --engine serial', "import time; time.sleep(0.02)")
    assert again.skipped == 4
    base = ("projects", story.project.uuid, "runs")
    nothing = await until_whole(call, (*base, again.uuid))
    assert nothing["times"] is None and nothing["histogram"] is None
    assert (nothing["looked"], nothing["bytes"], nothing["sized"]) == (4, 40, 4)

    story.run('t -i "*.txt" --engine serial --force', "1")
    old = await until_whole(call, (*base, first.uuid))
    assert old["times"]["datums"] == 4 and old["times"]["p50"] > 0.015


async def test_a_death_is_told_with_its_cause_and_its_time(call: Call, story: Story) -> None:
    story.namespace["numbers"] = [1, 2, 3, 4]
    cell = "import os, signal\nif datum.value == 3: os.kill(os.getpid(), signal.SIGKILL)\n1"
    before = time.time()
    run = story.run("t -i numbers --engine joblib --workers 2 --tries 1", cell)
    assert run.failed == 1
    told = await until_whole(call, ("projects", story.project.uuid, "runs", run.uuid))
    (dead,) = [one for one in told["workers"] if one["died"]]
    assert "SIGKILL" in dead["cause"] and dead["state"] == "gone"
    assert before < dead["gone"] <= time.time()
    assert [one["state"] for one in told["slowest"]].count("failed") == 1


async def test_a_run_tells_what_it_was(call: Call, story: Story) -> None:
    def half(x: float) -> float:
        return x / 2

    story.namespace.update(numbers=[1, 2], scale=3, half=half)
    cell = "import json\nhalf(datum.value) * scale"
    run = story.run("t -i numbers --tries 2 --engine serial", cell)
    story.namespace["scale"] = 4
    second = story.run("t -i numbers --tries 2 --engine serial", cell)
    base = ("projects", story.project.uuid, "runs")
    first = (await call(*base, run.uuid, "spec")).json
    last = (await call(*base, second.uuid, "spec")).json
    assert cell in first["source"] and first["input"] == "numbers"
    assert first["options"] == {"tries": 2, "engine": "serial"}
    assert (first["version"], last["version"]) == (1, 2)
    parts = [{one["name"]: one["digest"] for one in told["parts"]} for told in (first, last)]
    changed = {name for name in parts[0] if parts[0][name] != parts[1][name]}
    assert [one["value"] for one in first["parts"] if one["name"] == "scale"] == ["3"]
    assert changed == {"scale"} and "half" in "".join(parts[0])
    assert first["python"].startswith("3.") and first["origin"] == "kernel"
    assert (first["notebook"], first["out"]) == (None, "out/t"), "never a path of this machine"


async def test_what_is_not_this_users_recipe_is_told_from_the_ledger(
    call: Call, ran: tuple[Story, str]
) -> None:
    story, run = ran
    for path in story.project.dir.glob("recipes/*"):
        path.unlink()
    told = (await call("projects", story.project.uuid, "runs", run, "spec")).json
    assert told["variables"] is None and told["untracked"] is None
    assert "twice" in told["source"] and told["engine"] == "serial" and told["options"] == {}


async def test_a_report_is_a_page_without_any_rights(call: Call, ran: tuple[Story, str]) -> None:
    story, _ = ran
    base = ("projects", story.project.uuid, "report")
    saved = await call(*base, params={"transform": "thumbs"})
    page = saved.json.decode()
    assert saved.status == 200 and "<h1>thumbs <span" in page
    assert "<img src=x" not in page and "&lt;img src=x" in page
    assert saved.headers["Content-Type"].startswith("text/html")
    assert saved.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''thumbs")
    policy = saved.headers["Content-Security-Policy"]
    assert "sandbox;" in policy and "default-src 'none'" in policy and "allow-" not in policy
    shown = await call(*base, params={"show": "1"})
    assert shown.headers["Content-Disposition"].startswith("inline;")
    assert shown.headers["Content-Security-Policy"] == policy
    none = await call(*base, params={"transform": "no"})
    assert (none.status, none.json["code"]) == (404, "not-found")


# -- the scan, against a count of everything --------------------------------------------------


class Counted:
    """A ledger with one run of `n` datums, none of which has come to its end."""

    def __init__(self, story: Story, n: int) -> None:
        self.project, self.n = story.project, n
        with story.ledger() as conn:
            self.run = build.new_run(conn, public="a" * 32)
            writes.allocate_datums(conn, n)
        self.folder = self.project.run("a" * 32)
        self.folder.mkdir(parents=True)
        ids = b"".join(i.to_bytes(4, "little") for i in range(1, n + 1))
        (self.folder / "plan").write_bytes(ids)
        self.states = bytearray(n)
        self.took: dict[int, float] = {}

    def settle(self, at: int, seconds: float, *, failed: bool = False) -> None:
        state = DatumState.FAILED if failed else DatumState.SUCCESS
        self.states[at], self.took[at] = state, seconds
        with contextlib.closing(db.connect(self.project)) as conn:
            conn.execute(
                "insert or replace into datum (id, transform, key, state, version, run, position,"
                " attempt, began, seconds, worker, size) values (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?,"
                " 100)",
                (at + 1, self.run.transform, b"k%d" % at, state, self.run.version, self.run.id,
                 at, 1e9 + at, seconds, f"w{at % 3}"),
            )  # fmt: skip

    def look(self, timings: Timings) -> scanning.Scan:
        (self.folder / "states").write_bytes(self.states)
        with contextlib.closing(db.connect(self.project)) as conn:
            from jupyter_datum.ledger import queries

            row = queries.run_by_uuid(conn, "a" * 32)
            assert row is not None
            return timings.scan(conn, self.project, row)


def test_what_is_read_look_by_look_is_what_there_is(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "BLOCK", 8)
    monkeypatch.setattr(scanning, "_KEPT", 80)
    monkeypatch.setattr(scanning, "BUDGET", 0.0)  # a block a look
    chance = random.Random(5)
    there, timings = Counted(story, 100), Timings()
    for _ in range(12):
        for at in chance.sample(range(100), 14):
            if at in there.took and chance.random() < 0.5:  # tried once more
                there.states[at] = DatumState.RUNNING
                del there.took[at]
            elif at not in there.took:
                there.settle(at, chance.lognormvariate(-3, 2), failed=chance.random() < 0.2)
        for _ in range(3):
            there.look(timings)
    while not (scan := there.look(timings)).whole:
        pass
    assert (scan.looked, scan.settled) == (len(there.took), len(there.took))
    naive = Durations()
    for at, seconds in there.took.items():
        naive.count(step_of(seconds), 1, failed=there.states[at] == DatumState.FAILED)
    assert scan.durations.columns() == naive.columns()
    longest = sorted(there.took.values(), reverse=True)[: scanning.SLOWEST]
    assert [one[0] for one in scan.slowest] == longest


def test_a_first_look_is_spread_over_the_whole_input(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "BLOCK", 10)
    monkeypatch.setattr(scanning, "BUDGET", 0.0)
    there, timings = Counted(story, 80), Timings()
    for at in range(80):
        there.settle(at, 1.0)
    read = set()
    for _ in range(4):
        scan = there.look(timings)
        read |= {at // 10 for at in range(80) if scan._seen[at]}
    assert read == {0, 4, 2, 6} and not scan.whole and scan.looked == 40


def test_what_the_ledger_does_not_tell_yet_is_read_later(story: Story) -> None:
    there, timings = Counted(story, 3), Timings()
    there.states[1] = DatumState.SUCCESS  # the state is there before the row
    assert there.look(timings).looked == 0
    there.settle(1, 0.5)
    assert there.look(timings).looked == 1
    there.states = there.states[:2]  # another runner has begun anew
    assert there.look(timings).looked == 1


def test_quantiles_are_near_those_of_the_sorted_list() -> None:
    chance = random.Random(1)
    durations, values = Durations(), []
    assert durations.columns() is None
    for _ in range(5000):
        values.append(chance.lognormvariate(-4, 1.5))
        durations.count(step_of(values[-1]), 1, failed=False)
    values.sort()
    for share in (0.5, 0.95):
        exact = values[int(share * len(values))]
        assert durations.quantile(share) == pytest.approx(exact, rel=0.03)
    columns = durations.columns()
    assert columns is not None and sum(columns.counts) == 5000 and len(columns.counts) <= 64
    assert 10**columns.low <= values[0]
    assert 10 ** (columns.low + columns.width * len(columns.counts)) >= values[-1]


def test_off_the_scale_is_at_its_end() -> None:
    durations = Durations()
    for seconds in (0.0, 1e-9, 1e9):
        durations.count(step_of(seconds), 1, failed=False)
    columns = durations.columns()
    assert columns is not None and sum(columns.counts) == 3


def test_lanes_of_many_datums_are_slots_that_lose_no_time() -> None:
    chance = random.Random(2)
    lanes, busy, at = Lanes(), 0.0, {f"w{i}": 1e9 for i in range(LANES + 3)}
    bars: list[Bar] = []
    for n in range(12_000):
        worker = f"w{n % len(at)}" if n % 50 else "w1"
        seconds = chance.expovariate(20)
        bars.append((at[worker] + seconds, at[worker], worker, n % 100 == 0, n))
        at[worker] += seconds + 0.01
    chance.shuffle(bars)
    for bar in bars:
        lanes.add(bar)
    first, last = min(bar[1] for bar in bars), max(bar[0] for bar in bars)
    width, found = lanes.draw(first, last + 1)
    assert width is not None and len(found) == LANES
    shown = [bar for bar in bars if bar[2] in found]
    busy = sum(bar[0] - bar[1] for bar in shown)
    slots = [slot for lane in found.values() for slot in lane]
    assert sum(slot[2] for slot in slots) == len(shown)
    assert sum(slot[3] for slot in slots) == sum(bar[3] for bar in shown)
    assert sum(slot[4] * width for slot in slots) == pytest.approx(busy, rel=0.02)
    assert all(0 <= slot[4] <= 1 for slot in slots)

    newest = sorted(bars)[-BARS // 4][0]
    width, found = lanes.draw(newest, last + 1)
    assert width is None
    assert sum(len(lane) for lane in found.values()) == len([b for b in bars if b[0] > newest])


async def test_a_page_that_looks_while_it_runs_sees_who_is_at_work(
    call: Call, story: Story, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    story.namespace.update(numbers=[1, 2, 3], gate=str(gate))
    cell = "import os, time\nwhile datum.value == 2 and not os.path.exists(gate): time.sleep(0.02)"
    run = story.start("t -i numbers --engine joblib --workers 2", cell)
    base = ("projects", story.project.uuid, "runs", run)
    await asyncio.to_thread(story.until, run, lambda row: row.success == 2)
    while not (told := (await call(*base, "timing", params={"window": "30"})).json)["running"]:
        await asyncio.sleep(0.02)
    (one,) = told["running"]
    assert one["position"] == 1 and one["seconds"] >= 0
    (worker,) = [w for w in told["workers"] if w["worker"] == one["worker"]]
    assert worker["since"] == one["began"]
    assert told["timeline"]["until"] == pytest.approx(told["at"])
    gate.touch()
    await asyncio.to_thread(story.end, run)
    ended = await until_whole(call, base)
    assert ended["running"] == [] and ended["times"]["datums"] == 3
