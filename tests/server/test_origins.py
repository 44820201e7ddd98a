"""Lineage, history and overview over HTTP; paths are confined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.story import Story

from .conftest import Call

UP = "datum.out_file('.up').write_text(datum.rel)"


@pytest.fixture
def chained(story: Story) -> Story:
    (story.folder / "in").mkdir()
    for name in ("a", "b", "<img src=x onerror=alert(1)>"):
        (story.folder / f"in/{name}.txt").write_text(name)
    story.run('up -i "in/*.txt" --workers 1', UP)
    story.run("low -i up --workers 1", "datum.out_file('.low').write_text(datum.value and 'x')")
    return story


async def test_where_files_come_from_and_what_becomes_of_them(call: Call, chained: Story) -> None:
    base = ("projects", chained.project.uuid)
    made = await call(*base, "origin", params={"path": "out/low/a.low", "up": "5"})
    assert made.status == 200, made
    node = made.json["made"]
    assert node["transform"] == "low"
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
