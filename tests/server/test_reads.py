"""Every route that reads, on a real run."""

from __future__ import annotations

import os

from jupyter_datum.ledger.schema import VERSION
from tests.story import Story

from .conftest import Call

Ran = tuple[Story, str]


async def test_status(call: Call) -> None:
    answer = await call("status")
    assert answer.status == 200
    assert answer.json["protocol"] == 1 and answer.json["schema"] == VERSION


async def test_runs_and_a_run(call: Call, ran: Ran) -> None:
    story, run = ran
    project = story.project.uuid
    answer = await call("projects", project, "runs")
    assert answer.status == 200, answer
    (row,) = answer.json["runs"]
    assert answer.json["next"] is None
    assert (row["uuid"], row["status"], row["failed"], row["success"]) == (run, "failed", 3, 6)
    assert row["retryable"] is None
    assert row["reasons"] == {"new": 9}
    one = await call("projects", project, "runs", run)
    assert "raise ValueError" in one.json["source"]
    assert {k: one.json[k] for k in row} == row


async def test_failures_datums_and_logs(call: Call, ran: Ran) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs", run)
    groups = await call(*base, "groups")
    (group,) = groups.json["groups"]
    assert group["datums"] == 3 and group["type"] == "ValueError"
    assert groups.json["other"] is None
    page = await call(*base, "datums", params={"state": "failed", "limit": "2"})
    assert len(page.json["datums"]) == 2
    rest = await call(
        *base, "datums", params={"state": "failed", "limit": "2", "after": page.json["next"]}
    )
    assert len(rest.json["datums"]) == 1 and rest.json["next"] is None
    first = page.json["datums"][0]
    assert (first["state"], first["group"], first["run"]) == ("failed", group["id"], run)
    detail = await call("projects", story.project.uuid, "datums", str(first["id"]))
    (attempt,) = detail.json["attempts"]
    assert "<img src=x" in attempt["message"] and "ValueError" in attempt["traceback"]
    log = await call("projects", story.project.uuid, "datums", str(first["id"]), "log")
    assert log.json["text"].startswith("at ") and log.json["cut"] is False


async def test_positions(call: Call, ran: Ran) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs", run, "positions")
    for n in range(9):
        answer = await call(*base, str(n))
        assert answer.status == 200
        failed = (n + 1) % 3 == 0
        assert answer.json["state"] == ("failed" if failed else "success")
        assert (answer.json["position"], answer.json["run"]) == (n, run)
    assert (await call(*base, "9")).status == 404
    assert (await call(*base, "999999999999999")).status == 404


async def test_positions_of_what_was_not_begun_and_what_was_left(call: Call, story: Story) -> None:
    story.namespace["numbers"] = list(range(60))
    line = "slow -i numbers --engine joblib --workers 1"
    run = story.start(line, "import time; time.sleep(0.05)")
    story.until(run, lambda row: row.success > 2 and row.planned == 1)
    base = ("projects", story.project.uuid, "runs")
    last = await call(*base, run, "positions", "59")
    assert (last.json["state"], last.json["key"], last.json["run"]) == ("pending", None, None)
    assert (last.json["id"], last.json["worker"]) == (None, None), "nothing is recorded of it"
    with story.ledger() as conn:
        conn.execute(
            "insert into worker (run, worker, up, position, key, since, state)"
            " select id, 'other', 1.0, 59, 'k', 7.0, 'busy' from run"
        )
    at_work = (await call(*base, run, "positions", "59")).json
    assert (at_work["worker"], at_work["key"], at_work["began"]) == ("other", "k", 7.0)
    story.tell("cancel", run)
    story.end(run)
    ended = await call(*base, run, "positions", "59")
    assert ended.json["state"] == "cancelled"
    second = story.start(line + " --only failed", "import time; time.sleep(0.05)")
    story.end(second)
    first = await call(*base, second, "positions", "0")
    assert (first.json["state"], first.json["run"]) == ("skipped", run)


async def test_a_datum_with_inputs_and_outputs(call: Call, story: Story) -> None:
    data = story.folder / "data" / "deep"
    data.mkdir(parents=True)
    (data / "a b.txt").write_text("hello")
    (data / "c.txt").write_text("you")
    body = "datum.out_file('.up').write_text(datum.path.read_text().upper())\n"
    body += "datum.metrics['size'] = 5\ndatum.metrics['loss'] = float('nan')\n{'n': datum.rel}"
    run = story.run('up -i "data/**/*.txt" -o upper', body)
    assert run.success == 2
    base = ("projects", story.project.uuid)
    page = await call(*base, "runs", run.uuid, "datums", params={"name": "*a b*"})
    (row,) = page.json["datums"]
    detail = (await call(*base, "datums", str(row["id"]))).json
    assert {k: v for k, v in detail.items() if k in row and k not in ("attempts", "outputs")} == {
        k: v for k, v in row.items() if k not in ("attempts", "outputs")
    }
    (entry,) = detail["inputs"]
    assert entry["path"] == "data/deep/a b.txt" and entry["size"] == 5
    (output,) = detail["outputs"]
    assert output["name"] == "a b.up" and output["path"].startswith("upper/")
    assert (story.folder / output["path"]).read_text() == "HELLO"
    assert detail["result"] == '{"n":"deep/a b.txt"}'
    assert detail["metrics"] == {"size": 5, "loss": "nan"}, "JSON has no such number"
    (attempt,) = detail["attempts"]
    assert (attempt["state"], attempt["run"]) == ("success", run.uuid)


async def test_which_item_a_datum_is(call: Call, story: Story) -> None:
    """Its key says nothing; where it would have to be unpickled nothing is said of it."""
    story.namespace["items"] = ["a\u202e", {"block": 7}, 7, "x" * 3000]
    run = story.run("job -i items --workers 1", "1")
    base = ("projects", story.project.uuid)

    async def item(row: dict[str, object]) -> str | None:
        told = (await call(*base, "datums", str(row["id"]))).json
        assert told["inputs"] == []
        said: str | None = told["item"]
        return said

    rows = (await call(*base, "runs", run.uuid, "datums")).json["datums"]
    said = [await item(row) for row in sorted(rows, key=lambda row: row["position"])]
    assert said[:3] == ['"a\u202e"', '{"block":7}', "7"]
    assert said[3] is not None and len(said[3]) < 2100 and said[3].endswith("xx ...")
    # Another order, and one that has to be unpickled.
    story.namespace["items"] = [3 + 4j, 7, "new"]
    run = story.run("other -i items --workers 1", "1")
    rows = (await call(*base, "runs", run.uuid, "datums")).json["datums"]
    found = [await item(row) for row in sorted(rows, key=lambda row: row["position"])]
    assert found == [None, "7", '"new"']


async def test_what_a_cell_displayed(call: Call, story: Story) -> None:
    story.namespace["numbers"] = [1, 2]
    body = "import numpy\nfrom PIL import Image\nimport pandas\n"
    body += "display(pandas.DataFrame({'<script>': [datum.value]}))\n"
    body += "Image.new('L', (2, 2)) if datum.value == 1 else {datum.value}"
    run = story.run("job -i numbers --workers 1", body)
    assert run.success == 2, story.transform("job").failures()
    base = ("projects", story.project.uuid)
    rows = (await call(*base, "runs", run.uuid, "datums")).json["datums"]
    one, other = sorted(rows, key=lambda row: row["position"])
    answer = await call(*base, "datums", str(one["id"]), "display")
    table, picture = answer.json["outputs"]
    assert table["output_type"] == "display_data" and "<table" in table["data"]["text/html"]
    assert picture["data"]["image/png"].startswith("iVBOR")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    shown = (await call(*base, "datums", str(other["id"]), "display")).json["outputs"]
    assert shown[-1]["data"] == {"text/plain": "{2}"}
    assert (await call(*base, "datums", "99", "display")).status == 404


async def test_what_a_cell_displayed_before_it_failed(call: Call, story: Story) -> None:
    story.namespace["numbers"] = [1]
    body = "from pathlib import Path\nimport matplotlib.pyplot as plt\n"
    body += "display({'text/html': f'<b>{datum.attempt}</b>' + 'x' * 50_000}, raw=True)\n"
    body += "plt.plot([1, 2])\n"
    body += f"assert Path({str(story.folder / 'healed')!r}).exists()\ndisplay('well')"
    failed = story.run("job -i numbers --tries 1", body)
    assert failed.failed == 1
    base = ("projects", story.project.uuid)
    (row,) = (await call(*base, "runs", failed.uuid, "datums")).json["datums"]
    display = (*base, "datums", str(row["id"]), "display")
    page, figure = (await call(*display)).json["outputs"]
    assert page["data"]["text/html"].startswith("<b>1</b>")
    assert figure["data"]["image/png"].startswith("iVBOR")
    (story.folder / "healed").touch()
    mended = story.run("job -i numbers --tries 1", body)
    assert mended.success == 1
    now = (await call(*display)).json["outputs"]
    assert now[-2]["data"]["text/plain"] == "'well'"
    # Each attempt keeps what it showed; of an attempt that never was there is nothing.
    for run, attempt, count in ((failed, 1, 2), (mended, 1, 3), (failed, 2, 0)):
        params = {"run": run.uuid, "attempt": str(attempt)}
        assert len((await call(*display, params=params)).json["outputs"]) == count
    assert (await call(*display, params={"run": "0" * 32})).status == 404
    assert story.findings() == []


async def test_names_that_are_not_utf8_and_hostile_ones(call: Call, story: Story) -> None:
    names = [b"latin-\xe4.txt", b"<img src=x onerror=alert(1)>.txt", "\u202etxt.exe".encode()]
    for name in names:
        with open(os.path.join(os.fsencode(story.folder), b"d" + name), "wb") as file:
            file.write(b"x")
    run = story.run('odd -i "d*" -o made', "1", within=60)
    assert run.success == 3, run
    answer = await call("projects", story.project.uuid, "runs", run.uuid, "datums")
    keys = sorted(row["key"] for row in answer.json["datums"])
    assert keys == ["d<img src=x onerror=alert(1)>.txt", "d\\u202etxt.exe", "dlatin-\\xe4.txt"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for row in answer.json["datums"]:
        detail = await call("projects", story.project.uuid, "datums", str(row["id"]))
        (entry,) = detail.json["inputs"]
        assert (entry["path"] is None) == ("xe4" in row["key"])


async def test_filters(call: Call, ran: Ran) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs", run, "datums")

    async def found(**params: str) -> int:
        answer = await call(*base, params=params)
        assert answer.status == 200, answer
        return len(answer.json["datums"])

    group = (await call(*base[:-1], "groups")).json["groups"][0]["id"]
    assert await found() == 9
    assert await found(state="success") == 6
    assert await found(state="failed") == 3
    assert await found(state="cancelled") == await found(state="recovered") == 0
    assert await found(group=str(group)) == 3
    assert await found(group=str(group), state="success") == 0
    assert await found(group="999") == 0
    assert await found(error="ITEM 3") == 1
    assert await found(error="%") == 0
    assert await found(name="nothing*") == 0
    assert await found(name="*") == 9
    for params in (
        {"state": "running"},
        {"limit": "501"},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "1e3"},
        {"group": "x"},
        {"after": "k'"},
        {"after": "kzz"},
        {"after": "i1", "state": "success"},
        {"after": "k00", "state": "failed"},
        {"name": "x" * 3000},
    ):
        answer = await call(*base, params=params)
        assert (answer.status, answer.json["code"]) == (400, "bad-request"), params


async def test_pages_by_key_meet_each_datum_once(call: Call, ran: Ran) -> None:
    story, run = ran
    base = ("projects", story.project.uuid, "runs", run, "datums")
    seen: list[int] = []
    after: str | None = None
    while True:
        params = {"limit": "2", **({"after": after} if after else {})}
        page = (await call(*base, params=params)).json
        seen += [row["id"] for row in page["datums"]]
        if (after := page["next"]) is None:
            break
    assert sorted(seen) == list(range(min(seen), min(seen) + 9))


async def test_pages_of_runs(call: Call, ran: Ran) -> None:
    story, first = ran
    story.namespace["numbers"] = [1]
    second = story.run("other -i numbers", "1").uuid
    base = ("projects", story.project.uuid, "runs")
    page = await call(*base, params={"limit": "1"})
    assert [run["uuid"] for run in page.json["runs"]] == [second]
    page = await call(*base, params={"limit": "1", "before": str(page.json["next"])})
    assert [run["uuid"] for run in page.json["runs"]] == [first]
    for which in ("thumbs", str(page.json["runs"][0]["transform"])):
        answer = await call(*base, params={"transform": which})
        assert [run["uuid"] for run in answer.json["runs"]] == [first]
    assert (await call(*base, params={"transform": "nothing"})).status == 404


async def test_a_long_log_comes_with_its_end(call: Call, story: Story) -> None:
    story.namespace["numbers"] = [1]
    run = story.run("loud -i numbers", "print('x' * 200_000); print('the end')")
    base = ("projects", story.project.uuid)
    (row,) = (await call(*base, "runs", run.uuid, "datums")).json["datums"]
    log = (await call(*base, "datums", str(row["id"]), "log")).json
    assert log["text"].endswith("the end\n") and len(log["text"]) == 65_536
    assert log["cut"] is True and log["size"] == 200_009
    params = {"run": run.uuid, "attempt": "1"}
    assert (await call(*base, "datums", str(row["id"]), "log", params=params)).json == log
    for wrong in ({"run": run.uuid, "attempt": "7"}, {"run": "0" * 32}):
        assert (await call(*base, "datums", str(row["id"]), "log", params=wrong)).status == 404


async def test_what_is_not_there_is_not_found(call: Call, ran: Ran) -> None:
    story, run = ran
    project, nothing = story.project.uuid, "0" * 32
    for path in (
        ("projects", nothing, "runs"),
        ("projects", nothing, "runs", run),
        ("projects", project, "runs", nothing),
        ("projects", project, "runs", nothing, "groups"),
        ("projects", project, "runs", nothing, "workers"),
        ("projects", project, "runs", nothing, "datums"),
        ("projects", project, "runs", nothing, "positions", "0"),
        ("projects", project, "datums", "999"),
        ("projects", project, "datums", "999", "log"),
        ("projects", project, "requests", nothing),
        ("nothing", "at", "all"),
        ("projects", project.upper(), "runs"),
    ):
        answer = await call(*path)
        assert (answer.status, answer.json["code"]) == (404, "not-found"), path


async def test_workers_while_they_work(call: Call, story: Story) -> None:
    story.namespace["numbers"] = list(range(200))
    run = story.start("slow -i numbers --engine joblib --workers 2", "import time; time.sleep(.05)")
    story.until(run, lambda row: row.success > 3)
    base = ("projects", story.project.uuid, "runs", run)
    found = (await call(*base, "workers")).json["workers"]
    assert len(found) in (1, 2)
    assert set(found[0]) == {
        "worker", "pid", "host", "up", "position", "key", "since", "done", "state",
        "behind", "cause", "device", "memory", "gone",
        "slow",
    }  # fmt: skip
    assert (await call(*base)).json["status"] == "running"
    story.tell("cancel", run)
