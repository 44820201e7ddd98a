"""Plans, prune, move, mark as equivalent over HTTP, with no kernel."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from jupyter_datum.transform.recipe import write_recipe
from tests.story import Story

from .conftest import Call

CELL = "datum.out_file('.up').write_text(datum.rel * 2)"
LINE = 'up -i "in/*.txt"'


@pytest.fixture
def made(story: Story) -> Story:
    (story.folder / "in").mkdir()
    for name in ("a", "b", "c", "d", "e"):
        (story.folder / f"in/{name}.txt").write_text(name)
    assert story.run(LINE, CELL).success == 5
    return story


async def done(call: Call, story: Story, verb: str, **more: Any) -> dict[str, Any]:
    base = ("projects", story.project.uuid, "upkeep")
    told = await call(*base, method="POST", body={"verb": verb, "transform": "up", **more})
    assert told.status == 202, told
    for _ in range(600):
        found = (await call(*base, told.json["upkeep"])).json
        if found["state"] != "open":
            return dict(found)
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_a_plan_tells_what_would_run_and_why(call: Call, made: Story) -> None:
    (made.folder / "in/f.txt").write_text("new")
    (made.folder / "in/b.txt").unlink()
    plan = (await done(call, made, "plan"))["plan"]
    assert (plan["total"], plan["would_run"], plan["ended"]) == (5, 1, True)
    assert plan["reasons"] == {"unchanged": 4, "new": 1}
    assert plan["first"] == ["f.txt"]
    assert (plan["vanished"], plan["gone"]) == (
        1, [{"key": "b.txt", "files": 1, "first": ["b.up"]}]
    )  # fmt: skip
    assert (plan["marked"], plan["workers"]) == (False, 1)
    assert sum(made.executions().values()) == 5, "nothing has run"


async def test_an_edited_cell_is_planned_and_marked_by_its_recipe(call: Call, made: Story) -> None:
    prepared = made.prepare(LINE, CELL.replace("* 2", "* 3"))
    recipe = write_recipe(made.project, prepared.recipe)
    plan = (await done(call, made, "plan", recipe=recipe))["plan"]
    assert (plan["would_run"], plan["parts"]) == (5, {"the cell": 5})
    assert (await done(call, made, "plan", recipe=recipe, only=["new"]))["plan"]["would_run"] == 0
    said = await done(call, made, "equivalent", recipe=recipe)
    assert said["state"] == "done" and "counts as" in said["lines"][0]
    plan = (await done(call, made, "plan", recipe=recipe))["plan"]
    assert (plan["would_run"], plan["marked"]) == (0, True)
    assert (await done(call, made, "equivalent", recipe=recipe, undo=True))["state"] == "done"
    plan = (await done(call, made, "plan", recipe=recipe))["plan"]
    assert (plan["would_run"], plan["marked"]) == (5, False)


async def test_single_datums_of_a_plan_are_run_with_the_code_that_was_planned(
    call: Call, made: Story
) -> None:
    edited = CELL.replace("* 2", "* 3")
    recipe = write_recipe(made.project, made.prepare(LINE, edited).recipe)
    (made.folder / "in/f.txt").write_text("f")
    (made.folder / "in/g.txt").write_text("g")
    plan = (await done(call, made, "plan", recipe=recipe))["plan"]
    assert [bytes.fromhex(key) for key in plan["keys"]["new"]] == [b"f.txt", b"g.txt"]
    base = ("projects", made.project.uuid, "runs")
    key, chosen = "c" * 32, [plan["keys"]["code changed"][1], plan["keys"]["new"][0]]
    body = {"transform": "up", "recipe": recipe, "keys": chosen, "key": key}
    for _ in range(2):  # a click that is sent twice
        assert (await call(*base, method="POST", body=body)).json == {"run": key}
    row = made.end(key)
    assert (row.success, row.skipped) == (2, 5)
    out = made.folder / "out/up"
    made_with = {path.stem: path.read_text().count("txt") for path in out.glob("*.up")}
    assert made_with == {"a": 2, "b": 3, "c": 2, "d": 2, "e": 2, "f": 3}
    # The others of a reason beside one that is named by itself.
    more = {**body, "keys": chosen[:1], "only": ["added"], "key": "d" * 32}
    made.end((await call(*base, method="POST", body=more)).json["run"])
    assert (out / "g.up").exists() and (out / "c.up").read_text() == "c.txt" * 2
    wrong = await call(*base, method="POST", body={**body, "transform": "down", "key": "e" * 32})
    assert (wrong.status, wrong.json["code"]) == (409, "refused")


async def test_prune_removes_exactly_what_vanished(call: Call, made: Story) -> None:
    (made.folder / "in/b.txt").unlink()
    said = await done(call, made, "prune")
    assert said["lines"][0] == "up: 1 file of 1 vanished datum removed"
    assert sorted(os.listdir(made.folder / "out/up")) == ["a.up", "c.up", "d.up", "e.up"]


async def test_a_run_says_what_became_of_files(call: Call, made: Story) -> None:
    (made.folder / "in/b.txt").unlink()
    (made.folder / "out/up/c.up").write_text("by hand")
    base = ("projects", made.project.uuid, "runs")

    async def noted() -> dict[str, Any] | None:
        run = made.run(f"{LINE} --prune", CELL).uuid
        said = (await call(*base, run)).json
        assert said["noted"] == (await call(*base)).json["runs"][0]["noted"]
        found: dict[str, Any] | None = said["noted"]
        return found

    removed = {"files": 1, "edited": 0}
    assert await noted() == {"notes": [], "dirty": 0, "pruned": removed, "not_pruned": None}
    for name in ("a", "d", "e"):
        (made.folder / f"in/{name}.txt").unlink()
    said = await noted()
    assert said is not None and "more than half" in said["not_pruned"]
    assert len(os.listdir(made.folder / "out/up")) == 4


async def test_a_renamed_input_keeps_its_result(call: Call, made: Story) -> None:
    (made.folder / "in/b.txt").rename(made.folder / "in/z.txt")
    assert (await done(call, made, "plan"))["plan"]["reasons"]["renamed"] == 1
    assert (await done(call, made, "move"))["state"] == "done"
    assert (await done(call, made, "plan"))["plan"]["would_run"] == 0


async def test_what_cannot_be_is_one_sentence(call: Call, made: Story) -> None:
    said = await done(call, made, "equivalent")
    assert (said["state"], said["message"]) == (
        "refused", "no other version of the code has made results: nothing to mark"
    )  # fmt: skip
    assert (await done(call, made, "plan", recipe="0" * 64))["state"] == "refused"
    said = await done(call, made, "plan", transform="nobody")
    assert said["message"].startswith("nobody has not run")
    for name in ("a", "b", "c"):
        (made.folder / f"in/{name}.txt").unlink()
    said = await done(call, made, "prune")
    assert "more than half" in said["message"]
    assert len(os.listdir(made.folder / "out/up")) == 5
    base = ("projects", made.project.uuid, "upkeep")
    for body in (
        {"verb": "plan", "transform": "up", "all": True},
        {"verb": "prune", "transform": "up", "recipe": "0" * 64},
        {"verb": "plan", "transform": "up", "recipe": "../../x"},
        {"verb": "drop", "transform": "up"},
    ):
        assert (await call(*base, method="POST", body=body)).status == 400, body
    assert (await call(*base, "0" * 32)).status == 404
