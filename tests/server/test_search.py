"""Searching for rows: beside other looks, once for all who wait; what two runs differ in."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import uuid
from array import array
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_datum.ledger import queries
from jupyter_datum.server import differences, search
from jupyter_datum.server.differences import changed_ids, pairs
from jupyter_datum.server.errors import ApiError
from jupyter_datum.server.reader import Reader
from jupyter_datum.server.search import rows_of
from jupyter_datum.server.source import Source
from tests.ledger import build
from tests.story import Story

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


class Endless:
    """Stands for a search that comes to no end by itself."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0

    def __call__(self, conn: sqlite3.Connection, *_: Any) -> array[int]:
        self.begun += 1
        try:
            conn.execute(ENDLESS).fetchone()
        finally:
            self.ended += 1
        return array("I")


@pytest.fixture
def run(story: Story) -> str:
    story.namespace["numbers"] = [1, 2, 3]
    return story.run("t -i numbers --engine serial", "datum.value").uuid


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.01)


async def test_a_search_is_shared_and_ends_with_the_last_who_waits(
    story: Story, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    monkeypatch.setattr(search, "matches", endless)
    reader = Reader(story.project, patience=600)
    first, second = (asyncio.ensure_future(rows_of(reader, run, "state:failed")) for _ in range(2))
    await until(lambda: endless.begun == 1)
    assert len(await reader.read(queries.runs)) == 1, "other looks go on"
    first.cancel()
    await asyncio.sleep(0.1)
    assert (endless.begun, endless.ended) == (1, 0) and not second.done()
    second.cancel()
    await until(lambda: endless.ended == 1)
    monkeypatch.undo()
    assert (await rows_of(reader, run, "state:failed")).total == 0, "and can be looked for anew"
    reader.close()


async def test_a_search_has_its_own_deadline(
    story: Story, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "matches", Endless())
    reader = Reader(story.project, patience=0.1)
    with pytest.raises(ApiError) as told:
        await rows_of(reader, run, "", "-dur")
    assert told.value.code == "narrow-the-filter"
    assert not reader.searches
    reader.close()


METRICS = (None, '{"a": 1}', '{"a": 1.0}', '{"a": 2}', '{"a": 1, "b": 2}', '{"b": 2, "a": 1}')


def outcome(chance: random.Random) -> tuple[Any, ...]:
    kind = chance.choice([None, "json"])
    result = chance.choice([b"1", b"2"]) if kind else None
    return chance.choice([2, 3, 4, 6]), chance.choice(METRICS), kind, result


@pytest.mark.parametrize("few", [0, 10**6])
def test_two_runs_differ_in_what_all_outcomes_of_both_say(
    story: Story, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(differences, "FEW", few)
    chance = random.Random(7)
    with story.ledger() as conn:
        runs = [build.new_run(conn, public=uuid.uuid4().hex) for _ in range(4)]
        for identity in range(1, 301):
            met = sorted(chance.sample(runs, chance.randint(1, 4)), key=lambda one: one.id)
            rows = [(one.id, *outcome(chance)) for one in met]
            run, *now = rows.pop()
            conn.execute(
                "insert into datum (id, transform, key, version, run, position, attempt, began,"
                " seconds, state, metrics, result_kind, result)"
                " values (?, ?, ?, ?, ?, 0, 1, 1, 1, ?, ?, ?, ?)",
                (identity, runs[0].transform, b"%d" % identity, runs[0].version, run, *now),
            )
            for run, *was in rows:
                conn.execute(
                    "insert into past (datum, run, version, attempt, began, seconds, state,"
                    " metrics, result_kind, result) values (?, ?, ?, 1, 1, 1, ?, ?, ?, ?)",
                    (identity, run, runs[0].version, *was),
                )
        ids = list(range(1, 301))
        for one in queries.runs(conn):
            source = Source(conn, story.project, one)
            for other in runs:
                if other.id != one.id:
                    both = pairs(conn, source, other.id, ids).items()
                    named = {i for i, pair in both if pair.differs}
                    assert set(changed_ids(conn, source, other.id, ids)) == named
                    assert 30 < len(named) < 300
