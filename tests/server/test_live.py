"""What a datum prints while it is at work."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.story import Story

from .conftest import Call

CELL = """
import pathlib, time
print("this is", datum.value)
while datum.value == 2 and not pathlib.Path(GATE).exists():
    time.sleep(0.02)
"""


async def test_only_what_this_datum_prints(call: Call, story: Story) -> None:
    gate = story.folder / "gate"
    story.namespace.update(numbers=[0, 1, 2, 3], GATE=str(gate))
    run = story.start("talk -i numbers --workers 1 --no-probe", CELL)
    base = ("projects", story.project.uuid, "runs", run, "positions")
    try:
        found: dict[str, Any] = {}
        for _ in range(1200):
            answer = await call(*base, "2", "log")
            found = answer.json if answer.status == 200 else {}
            if found.get("text"):
                break
            await asyncio.sleep(0.05)
        assert found["text"] == "this is 2\n", found
        assert found["exact"] and not found["cut"] and found["worker"] and found["began"]
        assert (await call(*base, "3", "log")).json["text"] == ""
    finally:
        gate.touch()
    story.end(run)
    ended = (await call(*base, "2", "log")).json
    assert (ended["worker"], ended["text"]) == (None, ""), "its log is with its attempt now"
    assert (await call(*base, "4", "log")).status == 404
