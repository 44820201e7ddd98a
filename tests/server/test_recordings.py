"""Plans of transforms that no kernel has ever executed: the server starts one, nothing runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jupyter_server.auth.authorizer import AllowAllAuthorizer

from jupyter_datum.server import recordings
from jupyter_datum.server.handlers.base import RESOURCE
from tests.story import Story

from .conftest import Answer, Call
from .test_capture import CELL, LOAD, book, no_kernels

FED = "%%datum sums -i triple\nopen('ran', 'w')\ndatum.value + 1"


async def record(call: Call, transform: str = "triple") -> Answer:
    body = {"notebook": "book.ipynb", "transform": transform}
    return await call("recipes", method="POST", body=body)


async def ended(call: Call, project: str, upkeep: str) -> dict[str, Any]:
    """Look until it is done or refused; with all that was seen of ``cells``."""
    seen = []
    for _ in range(1200):
        told = (await call("projects", project, "upkeep", upkeep)).json
        seen.append(told["cells"])
        if told["state"] != "open":
            return {**told, "seen": seen}
        await asyncio.sleep(0.02)
    raise AssertionError(told)


async def recorded(call: Call, transform: str = "triple") -> dict[str, Any]:
    begun = await record(call, transform)
    assert begun.status == 202, begun
    return await ended(call, begun.json["project"], begun.json["upkeep"])


@pytest.fixture
def files(story: Story) -> Story:
    (story.folder / "in").mkdir()
    for i in range(4):
        (story.folder / "in" / f"{i}.txt").write_text(str(i))
    return story


async def test_a_notebook_that_never_ran_is_planned_with_no_kernel(
    call: Call, files: Story, jp_serverapp: Any
) -> None:
    noise = "print('x' * 50)\n" * 3 + "for i in range(3000): print(i, flush=True)"
    book(files.folder, LOAD, noise, ("1 / 0", {"tags": ["datum-skip"]}), CELL, FED, "1 / 0")
    begun = await record(call)
    project = begun.json["project"]
    told = await ended(call, project, begun.json["upkeep"])
    assert (told["verb"], told["state"]) == ("record", "done"), told
    assert told["cells"] == [3, 3] and [1, 3] in told["seen"], "what is skipped does not count"
    body = {"verb": "plan", "transform": "triple", "recipe": told["recipe"]}
    plan = await call("projects", project, "upkeep", method="POST", body=body)
    made = await ended(call, project, plan.json["upkeep"])
    assert (made["plan"]["would_run"], made["plan"]["reasons"]) == (4, {"new": 4})
    await no_kernels(jp_serverapp)
    with files.ledger() as conn:
        assert conn.execute("select count(*) from run").fetchone() == (0,)

    key = "a" * 32
    what = {"transform": "triple", "recipe": told["recipe"], "key": key}
    what["keys"] = made["plan"]["keys"]["new"][:1]
    await call("projects", project, "runs", method="POST", body=what)
    row = await asyncio.to_thread(files.end, key)
    assert row.success == 1, "what was planned can be run"


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ((LOAD, "1 / 0", CELL), "cell 2 of the notebook raised ZeroDivisionError"),
        ((LOAD, FED.replace("triple", "nobody"), "print(sums.results())", CELL), None),
        ((LOAD, FED.replace("sums", "triple").replace("-i triple", "-i nobody")), "has that name"),
    ],
)
async def test_what_goes_wrong_is_a_sentence(
    call: Call, files: Story, jp_serverapp: Any, cells: tuple[str, ...], says: str | None
) -> None:
    book(files.folder, *cells)
    told = await recorded(call)
    assert told["state"] == ("refused" if says else "done"), told
    assert not says or says in told["message"]
    assert not (files.folder / "ran").exists()
    await no_kernels(jp_serverapp)


async def test_it_is_given_up_when_asked_or_when_nobody_looks(
    call: Call, files: Story, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(files.folder, LOAD, "import time\nopen('at', 'w')\ntime.sleep(600)", CELL)
    begun = await record(call)
    path = ("projects", begun.json["project"], "upkeep", begun.json["upkeep"])
    while not (files.folder / "at").exists():
        await asyncio.sleep(0.05)
    assert (await call(*path)).json["cells"] == [2, 3]
    assert (await call(*path, method="DELETE")).status == 202
    told = await ended(call, begun.json["project"], begun.json["upkeep"])
    assert told["state"] == "refused" and "cancelled" in told["message"]
    await no_kernels(jp_serverapp)

    monkeypatch.setattr(recordings, "_UNSEEN", 0.0)
    told = await recorded(call)
    assert told["state"] == "refused" and "nobody waited" in told["message"]
    await no_kernels(jp_serverapp)


async def test_who_may_not_start_kernels_records_nothing(
    call: Call, files: Story, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(files.folder, LOAD, CELL)
    assert (await record(call, "nobody")).status == 409
    with monkeypatch.context() as patch:
        patch.setattr(
            AllowAllAuthorizer, "is_authorized", lambda *a: a[-1] != "kernels" or a[-2] == "read"
        )
        assert (await record(call)).status == 403
    hall = jp_serverapp.web_app.settings[RESOURCE]
    monkeypatch.setattr(hall.recordings, "_manager", None)
    answer = await record(call)
    assert (answer.status, answer.json["code"]) == (409, "refused")
    assert not jp_serverapp.kernel_manager.list_kernel_ids()
