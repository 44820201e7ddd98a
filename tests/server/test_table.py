"""The table of a run: any row by its number, in any order, what a filter lets through."""

from __future__ import annotations

import csv
import io
import os
from typing import Any

import pytest

from jupyter_datum.server import matches, views
from tests.story import Story

from .conftest import Call

Ran = tuple[Story, str]

#: Every tenth fails until `mended` is there; the others have metrics.
CELL = """
import os, time
if datum.value % 10 == 3 and not os.path.exists("mended"):
    raise ValueError(f"bad CRC in item {datum.value}")
if datum.value % 20 == 7 and not os.path.exists("mended"):
    {}["missing"]
datum.metrics["half"] = datum.value / 2
datum.metrics["kind"] = "even" if datum.value % 2 == 0 else "odd"
if datum.value < 2:
    datum.out_file(".png").write_bytes(b"a picture")
datum.value
"""


class Table:
    """Asks for rows of one run."""

    def __init__(self, call: Call, project: str, run: str) -> None:
        self._call = call
        self._base = ("projects", project, "runs", run)

    async def answer(self, **params: Any) -> Any:
        words = {name: str(value) for name, value in params.items()}
        return await self._call(*self._base, "rows", params=words)

    async def page(self, **params: Any) -> Any:
        answer = await self.answer(**params)
        assert answer.status == 200, answer
        return answer.json

    async def places(self, filter: str = "", sort: str = "pos") -> list[int]:
        found = await self.page(filter=filter, sort=sort, limit=500)
        assert found["matches"] == len(found["rows"])
        return [row["position"] for row in found["rows"]]

    async def file(self, **params: str) -> list[list[str]]:
        answer = await self._call(*self._base, "datums.csv", params=params)
        assert answer.status == 200, answer
        return list(csv.reader(io.StringIO(answer.json.decode("utf-8"))))

    async def retry(self, what: Any) -> Any:
        return await self._call(*self._base, "retry", method="POST", body={"what": what})


@pytest.fixture
def failed(story: Story) -> Ran:
    """40 datums: 4 have failed with one error, 2 with another."""
    story.namespace["numbers"] = [*range(40)]
    run = story.run("t -i numbers --tries 1 --engine serial", CELL)
    assert (run.success, run.failed) == (34, 6)
    return story, run.uuid


@pytest.fixture
def table(call: Call, failed: Ran) -> Table:
    story, run = failed
    return Table(call, story.project.uuid, run)


async def test_rows_tell_all_that_the_columns_show(table: Table) -> None:
    page = await table.page(first=2, limit=2)
    assert (page["first"], page["matches"], page["total"]) == (2, 40, 40)
    assert page["metrics"] == ["half", "kind"]
    success, failure = page["rows"]
    assert (success["position"], success["state"], success["tries"]) == (2, "success", 1)
    assert success["metrics"] == {"half": 1.0, "kind": "even"} and success["error"] is None
    assert success["seconds"] >= 0 and success["worker"] and success["earlier"] is False
    assert failure["state"] == "failed" and failure["group"] is not None
    assert failure["error"] == {"type": "ValueError", "message": "bad CRC in item 3"}
    assert (await table.page(first=39))["rows"][0]["position"] == 39
    assert (await table.page(first=40))["rows"] == []
    assert (await table.page(first=2**62))["rows"] == []


async def test_a_failed_datum_has_no_metrics_of_its_last_success(call: Call, story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    line = "t -i numbers --tries 1 --engine serial"
    one = story.run(line, "datum.metrics['n'] = datum.value\ndatum.value").uuid
    two = story.run(line, "datum.metrics['n'] = datum.value\n1 / (datum.value - 1)").uuid
    table = Table(call, story.project.uuid, two)
    rows = (await table.page(other=one))["rows"]
    assert [row["metrics"] for row in rows] == [{}, {"n": 2}]
    assert rows[0]["other"]["metrics"] == {"n": 1}
    assert (await table.places("m.n:>0"), await table.places("", "m.n")) == ([1], [1, 0])
    back = (await Table(call, story.project.uuid, one).page(other=two))["rows"][0]
    assert (back["metrics"], back["other"]["metrics"]) == ({"n": 1}, {})
    detail = await call("projects", story.project.uuid, "datums", str(rows[0]["id"]))
    assert [attempt["number"] for attempt in detail.json["attempts"]] == [2]


async def test_an_output_is_opened_from_its_row(table: Table) -> None:
    first, _, third, *_ = (await table.page())["rows"]
    assert first["outputs"] == 1 and first["file"]["image"] is True
    assert first["file"]["path"].startswith("out/t/") and first["file"]["path"].endswith(".png")
    assert (third["outputs"], third["file"]) == (0, None)


FAILED = [3, 7, 13, 23, 27, 33]
FILTERS = {
    "": list(range(40)),
    "state:failed": FAILED,
    "state:failed,success": list(range(40)),
    "state:pending": [],
    "err:crc": [3, 13, 23, 33],
    "err:KeyError": [7, 27],
    'err:"in item 13"': [13],
    "state:success err:CRC": [],
    "pos:1..3": [0, 1, 2],
    "pos:>38": [38, 39],
    "pos:0": [],
    "pos:9..5": [],
    "out:1": [0, 1],
    "out:>=1 pos:2..": [1],
    "m.half:>18": [37, 38, 39],
    "m.half:1..2": [2, 4],
    "m.kind:>0": [],
    "m.nothing:>0": [],
    "tries:1": list(range(40)),
    "tries:>1": [],
    "dur:>1h": [],
    "dur:..1h state:failed": FAILED,
    "worker:nobody*": [],
    "group:999999": [],
    "id:999999": [],
    "name:no*": [],
}
SORTS = ("pos", "name", "state", "tries", "dur", "worker", "out", "m.half", "m.kind", "m.none")


@pytest.mark.parametrize("few", [0, 10**6])
async def test_filters_and_orders(table: Table, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Whether few datums are looked up or all are walked over, it is the same."""
    monkeypatch.setattr(matches, "FEW", few)
    for text, places in FILTERS.items():
        assert await table.places(text) == places, text
    for text in ("", "state:failed", "m.half:1..2"):
        places = FILTERS[text]
        for sort in SORTS:
            for sign in ("", "-"):
                found = await table.places(text, sign + sort)
                assert sorted(found) == places, (text, sort)
    halves = [place for place in range(40) if place not in FAILED]
    assert await table.places("", "m.half") == [*halves, *FAILED]
    assert await table.places("", "-m.half") == [*halves[::-1], *FAILED], "none stands last"
    assert await table.places("", "-pos") == list(range(40))[::-1]
    assert (await table.places("", "state"))[:6] == FAILED, "the worst first"
    assert (await table.places("", "-state"))[-6:] == FAILED
    took = {row["position"]: row["seconds"] for row in (await table.page())["rows"]}
    shown = [took[place] for place in await table.places("", "-dur")]
    assert shown == sorted(shown, reverse=True)
    group = (await table.page(first=7, limit=1))["rows"][0]
    assert await table.places(f"group:{group['group']}") == [7, 27]
    assert await table.places(f"id:{group['id']}") == [7]
    assert len(await table.places(f"worker:{group['worker']}")) == 40


async def test_mistakes_are_told(table: Table) -> None:
    for params, says in (
        ({"filter": "colour:red"}, "there is no 'colour'"),
        ({"filter": "changed:yes"}, "a run to compare with"),
        ({"sort": "colour"}, "'sort' takes one of: pos, name"),
        ({"sort": 'm."'}, "'sort' takes one of"),
        ({"limit": 501}, "'limit'"),
    ):
        answer = await table.answer(**params)
        assert (answer.status, answer.json["code"]) == (400, "bad-request"), params
        assert says in answer.json["message"]
    assert (await table.answer(other="0" * 32)).status == 404


async def test_retry_by_filter_and_by_places(table: Table, failed: Ran) -> None:
    story, _ = failed
    (story.folder / "mended").touch()
    told = await table.retry({"filter": "err:CRC pos:1..20"})
    assert told.status == 202, told
    done = story.end(told.json["run"])
    assert (done.success, done.failed) == (2, 0), "those of the filter, and no other"
    told = await table.retry({"positions": [[0, 8], [26, 30]]})
    done = story.end(told.json["run"])
    assert (done.success, done.failed) == (2, 0)
    empty = await table.retry({"filter": "state:pending"})
    assert (empty.status, empty.json["code"]) == (404, "not-found")
    assert (await table.retry({"positions": [[70, 80]]})).status == 404
    for wrong in ({"filter": 3}, {"positions": [[3, 1]]}, {"positions": []}, {"positions": [3]}):
        assert (await table.retry(wrong)).status == 400, wrong


async def test_a_run_shows_what_it_found_though_a_later_one_found_something_else(
    call: Call, table: Table, failed: Ran
) -> None:
    story, run = failed
    (story.folder / "mended").touch()
    later = story.end((await table.retry("failed")).json["run"])
    assert await table.places("state:failed") == FAILED
    assert await table.places("err:CRC") == [3, 13, 23, 33]
    row = (await table.page(first=3, limit=1))["rows"][0]
    assert (row["state"], row["error"]["message"]) == ("failed", "bad CRC in item 3")
    group = (await table.page(first=7, limit=1))["rows"][0]["group"]
    assert await table.places(f"group:{group}") == [7, 27]
    again = Table(call, story.project.uuid, later.uuid)
    compared = await again.page(other=run, filter="changed:yes")
    assert [row["position"] for row in compared["rows"]] == FAILED
    other = compared["rows"][0]["other"]
    assert other["state"] == "failed" and "state" in other["differs"]
    assert compared["rows"][0]["state"] == "success"
    same = (await again.page(other=run, first=0, limit=1))["rows"][0]
    assert same["other"]["differs"] == [] and same["other"]["state"] == "success"
    assert same["earlier"] is True, "skipped: the first run has found it out"
    back = await table.page(other=later.uuid, filter="changed:yes")
    assert [row["position"] for row in back["rows"]] == FAILED
    story.namespace["numbers"] = [1]
    story.run("u -i numbers", "1")
    wrong = await table.answer(other=story.latest("u"))
    assert wrong.status == 400 and "one transform" in wrong.json["message"]


async def test_while_a_run_goes_on(call: Call, story: Story, monkeypatch: Any) -> None:
    monkeypatch.setattr(views, "FRESH", 0.0)
    monkeypatch.setattr(views, "COSTS", 0)
    story.namespace["numbers"] = list(range(60))
    run = story.start(
        "slow -i numbers --engine joblib --workers 1 --no-probe", "import time; time.sleep(0.05)"
    )
    story.until(run, lambda row: row.success > 2 and row.planned == 1)
    table = Table(call, story.project.uuid, run)
    page = await table.page(limit=500)
    assert (page["total"], len(page["rows"])) == (60, 60)
    last = page["rows"][-1]
    assert (last["state"], last["seconds"], last["error"]) == ("pending", None, None)
    assert set(await table.places("dur:>0")) <= set(await table.places("state:success"))
    by_time = await table.places("", "-dur")
    assert sorted(by_time) == list(range(60)), "what has not been done stands behind"
    assert set(await table.places("", "name")) == set(range(60))
    story.end(run)
    assert await table.places("state:success") == list(range(60))


async def test_a_file_of_all_rows(table: Table) -> None:
    names, *rows = await table.file()
    assert names[:4] == ["index", "name", "state", "tries"] and names[-2:] == ["half", "kind"]
    assert [row[0] for row in rows] == [str(n) for n in range(1, 41)]
    assert rows[3][2] == "failed" and rows[3][8:10] == ["ValueError", "bad CRC in item 3"]
    assert rows[4][-2:] == ["2.0", "even"]
    _, *some = await table.file(filter="state:failed", sort="-pos")
    assert [int(row[0]) - 1 for row in some] == FAILED[::-1]


async def test_a_file_is_text_whatever_the_names_are(call: Call, story: Story) -> None:
    folder = story.folder / "in"
    folder.mkdir()
    for name in (
        b"=cmd|' C calc'!A0.txt",
        b"@sum.txt",
        b"\xff\xfe.txt",
        b'a,"b".txt',
        b"a\nb.txt",
    ):
        with open(os.path.join(os.fsencode(folder), name), "wb"):
            pass
    run = story.run('h -i "in/*.txt" --engine serial', 'raise ValueError("=1+1\\n<b>")')
    table = Table(call, story.project.uuid, run.uuid)
    _, *rows = await table.file()
    names = {row[1] for row in rows}
    assert "'=cmd|' C calc'!A0.txt" in names and "'@sum.txt" in names
    assert any("\\xff\\xfe" in name for name in names) and 'a,"b".txt' in names
    assert all(row[9].startswith("'=1+1") for row in rows)
    in_order = await table.places()
    assert await table.places("", "name") == in_order, "an input is listed by its bytes"
    assert await table.places("", "-name") == in_order[::-1]
    for text, n in (
        ("name:@*", 1), ("SUM", 1), ('name:"a,*"', 1), ("name:*.txt", 5), ("txt sum", 1),
        ('err:"<b>"', 5),
    ):  # fmt: skip
        assert len(await table.places(text)) == n, text
