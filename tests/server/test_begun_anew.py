"""A project is deleted, and another one begun in its place, while a page shows the first."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from jupyter_datum.server import projects
from tests.story import Story

from .conftest import Call, Open
from .test_context import save


async def test_the_page_is_told_and_acts_on_the_new_one(
    call: Call, ran: tuple[Story, str], page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It happens between two looks at where the project lies.
    monkeypatch.setattr(projects, "_CHECKED", 3600.0)
    story, run = ran
    old = story.project
    book = save(story.folder, "%%datum thumbs -i numbers\n1")
    seen = await page()
    await seen.say(type="watch", project=old.uuid)
    await seen.until(lambda: seen.runs)

    shutil.rmtree(old.dir)
    new = Story(story.folder)
    new.namespace["numbers"] = [1, 2, 3]
    row = await asyncio.to_thread(new.run, "thumbs -i numbers --tries 1", "1 / (datum.value - 3)")
    assert row.failed == 1 and new.project.uuid != old.uuid
    try:
        # The page has not heard of it yet: it must neither act on the new ledger, nor be told
        # that somebody else has recorded what it shows.
        for uuid in (run, row.uuid):
            path = ("projects", old.uuid, "runs", uuid, "retry")
            told = await call(*path, method="POST", body={"what": "failed"})
            assert (told.status, told.json["code"]) == (404, "not-found"), told
        await seen.until(lambda: any(each["code"] == "not-found" for each in seen.errors))
        context = (await call("context", params={"path": book})).json
        assert (context["state"], context["project"]) == ("ok", new.project.uuid)
        path = ("projects", new.project.uuid, "runs", row.uuid)
        assert (await call(*path)).json["retryable"] is None, "of the first one it knew otherwise"
        told = await call(*path, "retry", method="POST", body={"what": "failed"})
        assert told.status == 202, told
        again = await asyncio.to_thread(new.end, told.json["run"])
        assert again.failed == 1
    finally:
        new.close()
