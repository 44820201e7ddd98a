"""Runs of notebooks that no kernel has ever executed: the server starts one, and ends it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.restarter import KernelRestarter
from jupyter_server.auth.authorizer import AllowAllAuthorizer

from jupyter_datum.ledger import requests
from jupyter_datum.server.handlers.base import RESOURCE
from tests.story import Story

from .conftest import Answer, Call, Open

LOAD = "%load_ext jupyter_datum\nfrom pathlib import Path\nFACTOR = 3"
CELL = "%%datum triple -i in/*.txt --tries 1\nint(Path(datum.path).read_text()) * FACTOR"
Start = Callable[..., Awaitable[Answer]]


def book(folder: Path, *cells: str | tuple[str, dict[str, Any]], kernel: str = "python3") -> str:
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": kernel, "display_name": kernel}
    for cell in cells:
        source, metadata = (cell, {}) if isinstance(cell, str) else cell
        made.cells.append(nbformat.v4.new_code_cell(source, metadata=metadata))
    nbformat.write(made, folder / "book.ipynb")
    return "book.ipynb"


@pytest.fixture
def start(
    call: Call, story: Story, jp_serverapp: Any, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Start]:
    """Asks for a run; what is still being captured at a test's end is given up."""
    (story.folder / "in").mkdir()
    for i in range(4):
        (story.folder / "in" / f"{i}.txt").write_text(str(i))

    async def started(transform: str = "triple", **more: Any) -> Answer:
        body = {"notebook": "book.ipynb", "transform": transform, **more}
        return await call("runs", method="POST", body=body)

    yield started
    jp_serverapp.web_app.settings[RESOURCE].captures.close()
    # The server ends its kernels by itself, and trips over one that ends at that moment.
    jp_asyncio_loop.run_until_complete(no_kernels(jp_serverapp))


async def no_kernels(server: Any) -> None:
    """Wait until no kernel is left."""
    for _ in range(600):
        if not server.kernel_manager.list_kernel_ids():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"left: {server.kernel_manager.list_kernel_ids()}")


async def settled(call: Call, answer: Answer) -> dict[str, Any]:
    """Wait until a request is settled: the run has begun, or was refused."""
    path = ("projects", answer.json["project"], "requests", answer.json["run"])
    for _ in range(1200):
        told = await call(*path)
        if told.json["state"] in ("done", "refused"):
            return dict(told.json)
        await asyncio.sleep(0.05)
    raise AssertionError(f"not settled: {told}")


async def test_a_notebook_that_was_never_executed(
    call: Call, story: Story, start: Start, jp_serverapp: Any
) -> None:
    book(story.folder, LOAD, ("1 / 0", {"tags": ["datum-skip"]}), CELL, "1 / 0")
    answer = await start()
    assert (answer.status, answer.json["code"]) == (202, "capture")
    told = await settled(call, answer)
    assert told["state"] == "done", told
    row = await asyncio.to_thread(story.end, answer.json["run"])
    assert (row.status, row.success, row.origin) == ("success", 4, "capture")
    assert story.transform("triple").results() == [0, 3, 6, 9]
    await no_kernels(jp_serverapp)
    assert not list(story.project.dir.glob("capture-*"))

    (story.folder / "in" / "4.txt").write_text("4")
    again = await start()
    assert (again.status, again.json["code"]) == (202, "recorded"), "the cell is as it was"
    row = await asyncio.to_thread(story.end, again.json["run"])
    assert (row.success, row.skipped, row.origin) == (1, 4, "server")

    book(story.folder, LOAD, CELL.replace("FACTOR", "FACTOR + 1"))
    changed = await start(only=["new"], workers=1)
    assert changed.json["code"] == "capture"
    await settled(call, changed)
    row = await asyncio.to_thread(story.end, changed.json["run"])
    assert (row.success, row.skipped, row.workers) == (0, 5, 1), "--only new came along"


async def test_marked_by_metadata_and_fed_by_a_transform_above(
    call: Call, story: Story, start: Start
) -> None:
    mark = {"name": "sums", "input": {"glob": "out/triple/*.txt"}, "tries": 1}
    body = CELL.replace("--tries 1", "-o out/triple") + (
        "\nPath(datum.out_file()).write_text(str(FACTOR * int(Path(datum.path).read_text())))"
    )
    book(story.folder, LOAD, body, ("int(Path(datum.path).read_text()) + 1", {"datum": mark}))
    answer = await start("sums")
    assert answer.json["code"] == "capture"
    told = await settled(call, answer)
    assert told["state"] == "done", told
    row = await asyncio.to_thread(story.end, answer.json["run"])
    assert (row.name, row.success) == ("sums", 4)
    assert story.transform("sums").results() == [1, 4, 7, 10]
    again = await start("sums")
    assert again.json["code"] == "recorded"
    await asyncio.to_thread(story.end, again.json["run"])
    mark["timeout"] = 9
    book(story.folder, LOAD, body, ("int(Path(datum.path).read_text()) + 1", {"datum": mark}))
    assert (await start("sums")).json["code"] == "capture", "other options are another transform"


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ((LOAD, "1 / 0", CELL), "cell 2 of the notebook raised ZeroDivisionError"),
        ((LOAD, "import os\nos._exit(3)", CELL), "the kernel died while it executed cell 2"),
        (
            (LOAD, CELL.replace("in/*.txt", "nowhere_at_all")),
            "no object of the kernel has that name",
        ),
    ],
)
async def test_what_goes_wrong_in_the_kernel_is_a_sentence(
    call: Call, story: Story, start: Start, page: Open, cells: tuple[str, ...], says: str
) -> None:
    book(story.folder, *cells)
    answer = await start()
    assert answer.status == 202
    watching = await page()
    await watching.say(type="subscribe", project=answer.json["project"], run=answer.json["run"])
    told = await settled(call, answer)
    assert told["state"] == "refused" and says in told["answer"], told
    await watching.until(lambda: any(h["type"] == "error" for h, _ in watching.frames))


@pytest.mark.parametrize(
    ("cells", "kernel", "says"),
    [
        ((LOAD, "%%datum other -i numbers\n1"), "python3", "there are: other"),
        (((CELL, {}), ("1", {"datum": {"name": "triple", "x": 1}})), "python3", "no option 'x'"),
        ((CELL.replace("--tries", "--tires"),), "python3", "did you mean --tries"),
    ],
)
async def test_what_is_wrong_before_is_refused_at_once(
    story: Story, start: Start, cells: tuple[Any, ...], kernel: str, says: str
) -> None:
    book(story.folder, *cells, kernel=kernel)
    answer = await start()
    assert (answer.status, answer.json["code"]) == (409, "refused"), answer
    assert says in answer.json["message"]


async def test_a_kernel_that_dies_in_its_start_is_started_again(
    call: Call, story: Story, start: Start, clumsy_kernel: Path
) -> None:
    book(story.folder, LOAD, CELL, kernel="clumsy")
    answer = await start()
    told = await settled(call, answer)
    assert clumsy_kernel.exists()
    assert told["state"] == "done", told
    assert (await asyncio.to_thread(story.end, answer.json["run"])).success == 4


async def test_a_kernel_that_the_server_restarts_has_died(
    call: Call, story: Story, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks only now and then finds one alive, which never answers what another was asked."""
    monkeypatch.setattr(KernelRestarter.time_to_dead, "default_value", 0.1)
    book(story.folder, LOAD, "import os\nos._exit(3)", CELL)
    told = await settled(call, await start())
    assert told["state"] == "refused" and "the kernel died while it executed cell 2" in str(told)


async def test_an_unknown_kernel(call: Call, story: Story, start: Start) -> None:
    book(story.folder, LOAD, CELL, kernel="cobol")
    told = await settled(call, await start())
    assert told["state"] == "refused" and "'cobol', which is not installed" in told["answer"]


async def test_it_can_be_cancelled_and_clicked_twice(
    call: Call, story: Story, start: Start, jp_serverapp: Any
) -> None:
    book(story.folder, LOAD, "import time\nopen('at', 'w')\ntime.sleep(600)", CELL)
    key = "12" * 16
    answer = await start(key=key)
    assert (await start(key=key)).json == answer.json | {"code": "recorded"}
    while not (story.folder / "at").exists():
        await asyncio.sleep(0.05)
    path = ("projects", answer.json["project"], "runs", key, "requests")
    assert (await call(*path, method="POST", body={"kind": "cancel"})).status == 202
    told = await settled(call, answer)
    assert told["state"] == "refused" and "cancelled" in told["answer"]
    for _ in range(200):
        if not jp_serverapp.kernel_manager.list_kernel_ids():
            break
        await asyncio.sleep(0.05)
    assert not jp_serverapp.kernel_manager.list_kernel_ids()


async def test_a_capture_of_a_dead_server_is_refused(call: Call, story: Story) -> None:
    run = "34" * 16
    with story.ledger() as conn:
        assert requests.begin_capture(conn, run)
    told = await call("projects", story.project.uuid, "requests", run)
    assert told.json["state"] == "refused" and "start the run again" in told.json["answer"]


@pytest.mark.parametrize("denied", ["write", "execute"])
async def test_who_may_not_start_kernels_captures_nothing(
    story: Story, start: Start, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch, denied: str
) -> None:
    def allowed(self: Any, handler: Any, user: Any, action: str, resource: str) -> bool:
        return (action, resource) != (denied, "kernels")

    monkeypatch.setattr(AllowAllAuthorizer, "is_authorized", allowed)
    book(story.folder, LOAD, CELL)
    answer = await start()
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert not jp_serverapp.kernel_manager.list_kernel_ids()


async def test_no_path_leads_out_of_the_root(call: Call, story: Story, tmp_path: Path) -> None:
    book(tmp_path, LOAD, CELL)
    os.symlink(tmp_path / "book.ipynb", story.folder / "link.ipynb")
    for path in ("../book.ipynb", str(tmp_path / "book.ipynb"), "link.ipynb", "x\n", ".", "in"):
        body = json.dumps({"notebook": path, "transform": "triple"})
        answer = await call("runs", method="POST", body=body)
        assert (answer.status, answer.json["code"]) == (404, "not-found"), path


async def test_all_transforms_run_as_a_pipeline(
    call: Call, story: Story, start: Start, tmp_path: Path
) -> None:
    last = "%%datum total -i whole(double)\nsum(datum.value)"
    double = "%%datum double -i triple\n2 * datum.value"
    other = "%%datum other -i in/*.txt\n1"
    book(story.folder, LOAD, last, CELL, double, other)
    answer = await call("runs", method="POST", body={"notebook": "book.ipynb"})
    assert (answer.status, answer.json["code"]) == (202, "capture")
    told = await settled(call, answer)
    assert told["state"] == "done", told
    for name, n in (("triple", 4), ("double", 4), ("total", 1), ("other", 4)):
        row = await asyncio.to_thread(story.end, story.latest(name))
        assert (row.name, row.status, row.success) == (name, "success", n)
    assert story.transform("total").results() == [36]
    again = await start("double", needs=True)
    assert (again.status, again.json["code"]) == (202, "recorded")
    row = await asyncio.to_thread(story.end, again.json["run"])
    assert (row.name, row.skipped) == ("double", 4) and row.pipeline
    with story.ledger() as conn:
        (n,) = conn.execute(
            "select count(*) from run where pipeline = ?", (row.pipeline,)
        ).fetchone()
    assert n == 2, "triple too, and neither total nor other"

    book(story.folder, LOAD, other, "other.results()", CELL, double.replace("2 *", "3 *"))
    edited = await start("double", needs=True)
    assert edited.json["code"] == "capture"
    assert (await settled(call, edited))["state"] == "done", "who looks at other is left out"
    row = await asyncio.to_thread(story.end, edited.json["run"])
    assert (row.success, story.transform("double").results()) == (4, [0, 9, 18, 27])


async def test_a_circle_is_refused(call: Call, story: Story, start: Start) -> None:
    book(story.folder, LOAD, "%%datum a -i b\n1", "%%datum b -i a\n1")
    answer = await call("runs", method="POST", body={"notebook": "book.ipynb"})
    assert answer.status == 409 and "a <- b <- a" in answer.json["message"]
