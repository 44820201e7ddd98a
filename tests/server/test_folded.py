"""Old runs give their maps away, and nothing else that anybody needs."""

from __future__ import annotations

import asyncio

from tests.story import Story, eventually

from .conftest import Call

KEPT = 20


async def test_an_old_runs_map_goes_and_its_counts_stay(call: Call, story: Story) -> None:
    story.namespace["numbers"] = [3, 1, 2]
    first = story.run("job -i numbers --engine serial", "datum.value * 2")
    sampled = [
        story.run("job -i numbers --engine serial --sample 1", "datum.value * 2").uuid
        for _ in range(KEPT + 1)
    ]
    runs = story.project.run("x").parent
    gone = sampled[:1]
    assert await asyncio.to_thread(
        eventually, lambda: {p.name for p in runs.iterdir()} == {first.uuid, *sampled[1:]}
    ), "the newest run with a whole plan keeps it: results are read in its order"
    assert story.transform("job").results() == [6, 2, 4]
    assert story.findings() == []

    base = ("projects", story.project.uuid, "runs", gone[0])
    row = await call(*base)
    assert (row.json["status"], row.json["skipped"], row.json["total"]) == ("success", 3, 3)
    place = await call(*base, "positions", "0")
    assert (place.status, place.json["code"]) == (410, "folded")
    assert "put away" in place.json["message"]
