"""Lineage, history and overview over HTTP; paths are confined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_datum.project import create
from tests.story import Story

from .conftest import Call

UP = "datum.out_file('.up').write_text(datum.rel)"


@pytest.fixture
def chained(story: Story) -> Story:
    (story.folder / "in").mkdir()
    for name in ("a", "b", "<img src=x onerror=alert(1)>"):
        (story.folder / f"in/{name}.txt").write_text(name)
    story.run('up -i "in/*.txt"', UP)
    story.run("low -i up", "datum.out_file('.low').write_text(datum.value and 'x')")
    return story


async def test_where_files_come_from_and_what_becomes_of_them(call: Call, chained: Story) -> None:
    base = ("projects", chained.project.uuid)
    made = await call(*base, "origin", params={"path": "out/low/a.low", "up": "5"})
    assert made.status == 200, made
    node = made.json["made"]
    assert (node["transform"], node["position"]) == ("low", 1)
    upper = node["up"]["first"][0]
    assert upper["inputs"]["first"][0]["path"] == "in/a.txt"
    again = await call(*base, "datums", str(node["id"]), "lineage", params={"up": "0"})
    assert again.json["made"]["up"]["first"] == []
    read = await call(*base, "origin", params={"path": "in/a.txt"})
    assert read.json["read"]["first"][0]["transform"] == "up"
    history = await call(*base, "datums", str(node["id"]), "history")
    assert [version["code"] for version in history.json["versions"]] == [1]
    graph = await call(*base, "graph")
    assert graph.json["edges"] == [{"from": "up", "to": "low", "input": "up"}]
    upper, lower = sorted(graph.json["transforms"], key=lambda one: one["name"], reverse=True)
    (source,) = upper["sources"]
    assert (source["name"], source["path"], source["files"]) == ("in", "in", 3)
    assert (upper["out"], lower["sources"]) == ({"name": "out/up", "path": "out/up"}, [])
    overview = await call(*base, "overview", params={"transform": "up"})
    assert overview.json["datums"] == 3
    (chained.folder / "out/up/b.up").write_text("mine")
    edited = await call(*base, "outputs", params={"transform": "up", "which": "edited"})
    assert [found["path"] for found in edited.json["outputs"]] == ["out/up/b.up"]


async def test_paths_never_leave_the_root(call: Call, chained: Story, tmp_path: Path) -> None:
    base = ("projects", chained.project.uuid)
    for path in ("../../../etc/passwd", "in/../../x", "/../x"):
        assert (await call(*base, "origin", params={"path": path})).status == 404, path
    for path in ("", "a" * 5000):
        assert (await call(*base, "origin", params={"path": path})).status == 400
    secret = tmp_path / "secret"
    secret.write_text("x")
    with chained.ledger() as conn:
        conn.execute("update output set path = ? where transform = 1", (bytes(secret),))
        (datum,) = conn.execute("select min(id) from datum where transform = 1").fetchone()
    told: Any = (await call(*base, "datums", str(datum), "lineage")).json
    (file,) = told["made"]["outputs"]["first"]
    assert (file["path"], file["now"]) == (None, ""), "neither where it is nor whether it is there"


async def test_what_is_not_there_is_not_found(call: Call, chained: Story) -> None:
    base = ("projects", chained.project.uuid)
    for path in (("datums", "999", "lineage"), ("datums", "999", "history")):
        assert (await call(*base, *path)).status == 404
    assert (await call(*base, "overview", params={"transform": "no"})).status == 404
    assert (await call(*base, "outputs", params={"which": "no"})).status == 400
    assert (await call(*base, "outputs", params={"after": "x"})).status == 400


async def test_which_datums_have_read_a_file_page_by_page(call: Call, chained: Story) -> None:
    chained.run("all -i whole(glob('in/*.txt'))", "len(datum.paths)")
    users = ("projects", chained.project.uuid, "users")
    told = (await call(*users, params={"path": "in/a.txt"})).json
    assert {(use["transform"], use["count"]) for use in told["transforms"]} == {
        ("up", 1), ("all", 1),
    }  # fmt: skip
    assert [node["transform"] for node in told["datums"]] == ["up", "all"]
    first = (await call(*users, params={"path": "in/a.txt", "limit": "1"})).json
    more = {"path": "in/a.txt", "limit": "1", "after": str(first["next"])}
    second = (await call(*users, params=more)).json
    assert [one["datums"][0]["transform"] for one in (first, second)] == ["up", "all"]
    assert second["transforms"] == [], "the first page has counted"
    last = (await call(*users, params={**more, "after": str(second["next"])})).json
    assert (last["datums"], last["next"]) == ([], None)
    only = {"path": "in/a.txt", "transform": "all"}
    assert [n["transform"] for n in (await call(*users, params=only)).json["datums"]] == ["all"]
    for path in ("../../etc/passwd", "in/../../x"):
        assert (await call(*users, params={"path": path})).status == 404


async def test_a_file_of_the_file_browser_leads_to_the_project_that_knows_it(
    call: Call, chained: Story
) -> None:
    async def whence(path: str) -> Any:
        answer = await call("whence", params={"path": path})
        assert answer.status == 200, answer
        return answer.json

    made = await whence("out/low/a.low")
    assert made["project"] == chained.project.uuid
    assert (made["made"]["transform"], made["made"]["key"]) == ("low", "a.txt")
    assert made["made"]["run"] == chained.latest("low")
    (use,) = (await whence("in/a.txt"))["users"]
    assert (use["transform"], use["run"], use["count"]) == ("up", chained.latest("up"), 1)
    hostile = "in/<img src=x onerror=alert(1)>.txt"
    assert (await whence(hostile))["users"][0]["count"] == 1
    (chained.folder / "other.txt").write_text("x")
    nobody = await whence("other.txt")
    assert (nobody["project"], nobody["message"]) == (
        None, "no run has made or read 'other.txt'",
    )  # fmt: skip
    (chained.folder / "out/low/a.low").unlink()
    assert (await whence("out/low/a.low"))["made"], "the ledger knows what was there"
    for path in ("../../etc/passwd", "in/../../x", ".datum/ledger.sqlite"):
        assert (await call("whence", params={"path": path})).status == 404, path
    assert (await call("whence")).status == 400


async def test_a_link_leads_to_the_file_that_it_names_below_the_root(
    call: Call, chained: Story, tmp_path: Path
) -> None:
    (chained.folder / "link.txt").symlink_to(chained.folder / "in/b.txt")
    told = (await call("whence", params={"path": "link.txt"})).json
    assert told["users"][0]["transform"] == "up"
    (tmp_path / "far.txt").write_text("x")
    (chained.folder / "out.txt").symlink_to(tmp_path / "far.txt")
    told = (await call("whence", params={"path": "out.txt"})).json
    assert told["message"] == "no run has made or read 'out.txt'"


async def test_a_project_beside_the_file_is_found_and_a_damaged_one_is_no_hindrance(
    call: Call, chained: Story
) -> None:
    with chained.ledger() as conn:
        below = chained.folder / "elsewhere"
        below.mkdir()
        (below / "x.txt").write_text("x")
        path = str(below / "x.txt").encode()
        conn.execute("update output set path = ?, folded = ? where datum = 1", (path, path))
    other = create(chained.folder / "elsewhere")
    other.ledger.write_bytes(b"this is no ledger" * 100)
    told = (await call("whence", params={"path": "elsewhere/x.txt"})).json
    assert told["project"] == chained.project.uuid
    assert told["made"]["transform"] == "up"
