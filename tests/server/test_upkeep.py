"""Plans and decisions through the server: what the command line does, on real files."""

from __future__ import annotations

from tests.runner.test_reasons import BODY, LINE, write
from tests.story import Story

from .conftest import Call


async def test_a_plan_a_mark_and_a_pruning(call: Call, story: Story) -> None:
    (story.folder / "in").mkdir()
    for name in "abc":
        write(story.folder / "in" / f"{name}.txt", name)
    story.run(LINE, BODY)
    (story.folder / "in" / "a.txt").unlink()
    row = story.run(f"{LINE} --only new", f"{BODY} + '!'")
    path = ("projects", story.project.uuid, "runs", row.uuid, "upkeep")

    async def told(status: int = 200, **body: object) -> dict[str, object]:
        answer = await call(*path, method="POST", body=body)
        assert answer.status == status, answer
        found: dict[str, object] = answer.json
        return found

    plan = await told(what="plan")
    assert (plan["would_run"], plan["vanished"]) == (2, 1)
    assert plan["reasons"] == {"code changed": 2} and plan["parts"] == {"the cell": 2}
    assert (await told(what="equivalent"))["parts"] == ["the cell"]
    assert (await told(what="plan"))["reasons"] == {"unchanged": 2}
    assert (await told(what="equivalent", undo=True))["undone"] is True
    assert (await told(what="prune"))["files"] == 1
    assert not (story.folder / "out" / "a.len").exists()
    assert (await told(400, what="plan", all=True))["code"] == "bad-request"
    refused = await told(409, what="equivalent", undo=True)
    assert "not marked as equivalent" in str(refused["message"])
