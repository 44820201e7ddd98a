"""A notebook, its kernel and its project, as a page asks for them."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_datum import registry
from jupyter_datum.ledger.schema import VERSION
from jupyter_datum.project import create
from jupyter_datum.server.paths import uuid_at
from tests.older import make_older
from tests.story import Story

from .conftest import CELL, Call


def save(folder: Path, *cells: str, name: str = "book.ipynb", **metadata: Any) -> str:
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    if metadata:
        book.cells[-1].metadata.update(metadata)
    nbformat.write(book, folder / name)
    return name


async def test_nothing_has_run_yet(call: Call, jp_root_dir: Path) -> None:
    path = save(jp_root_dir, "1 + 1")
    answer = await call("context", params={"path": path})
    assert answer.status == 200
    assert (answer.json["state"], answer.json["project"]) == ("no-project", None)
    assert answer.json["kernel"] is None


async def test_a_notebook_in_a_project(call: Call, ran: tuple[Story, str]) -> None:
    story, _ = ran
    (story.folder / "sub").mkdir()
    path = "sub/" + save(story.folder / "sub", "1 + 1")
    answer = await call("context", params={"path": path})
    assert answer.json["state"] == "ok", answer
    assert answer.json["project"] == story.project.uuid
    assert answer.json["root"] == "."


async def test_transforms_of_a_saved_notebook(call: Call, ran: tuple[Story, str]) -> None:
    story, run = ran
    with story.ledger() as conn:
        (source,) = conn.execute("select source from version").fetchone()
    path = save(
        story.folder,
        "import os\nos.mkdir('executed')",
        "%%datum thumbs -i numbers --tries 1\n" + CELL,
        source,
        "%%datum other -i '*.jpg' --workers nonsense\nx",
        "print(datum.path)",
        datum={"name": "marked", "input": {"whole": {"transform": "thumbs"}}},
    )
    answer = await call("transforms", params={"path": path})
    found = answer.json["transforms"]
    assert [(t["name"], t["index"], t["marked"]) for t in found] == [
        ("thumbs", 1, "magic"),
        ("other", 3, "magic"),
        ("marked", 4, "metadata"),
    ]
    first = found[0]
    assert first["run"]["uuid"] == run and first["changed"] is True
    assert first["options"] == {"input": "numbers", "tries": 1}
    assert first["line"] == "thumbs -i numbers --tries 1"
    assert first["cell_id"] and first["source"].startswith("%%datum thumbs")
    assert found[1]["run"] is None and found[1]["changed"] is None
    assert found[2]["options"] == {"input": {"whole": {"transform": "thumbs"}}}
    assert [t["needs"] for t in found] == [[], [], ["thumbs"]]
    assert not (story.folder / "executed").exists()


async def test_a_file_that_is_no_notebook(call: Call, jp_root_dir: Path) -> None:
    (jp_root_dir / "bad.ipynb").write_bytes(b"\xff{")
    (jp_root_dir / "deep.ipynb").write_text("[" * 100_000)
    for name in ("bad.ipynb", "deep.ipynb"):
        answer = await call("transforms", params={"path": name})
        assert (answer.status, answer.json["code"]) == (409, "refused")


Kernel = Callable[[], Awaitable[Any]]


@pytest.fixture
def kernel(jp_serverapp: Any, jp_asyncio_loop: Any, story: Story) -> Iterator[Kernel]:
    manager = jp_serverapp.kernel_manager
    started: list[str] = []

    async def start() -> Any:
        started.append(await manager.start_kernel(cwd=str(story.folder)))
        client = manager.get_kernel(started[-1]).client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        client.name = started[-1]
        return client

    yield start
    for name in started:
        jp_asyncio_loop.run_until_complete(manager.shutdown_kernel(name, now=True))


async def run_cell(client: Any, code: str) -> None:
    reply = await client.execute_interactive(code, output_hook=lambda _: None, timeout=60)
    assert reply["content"]["status"] == "ok", reply["content"]


async def test_a_kernel_makes_itself_known(call: Call, kernel: Kernel, story: Story) -> None:
    path = save(story.folder, "1 + 1")
    client = await kernel()
    where = {"path": path, "kernel": client.name}
    before = await call("context", params=where)
    assert before.json["state"] == "kernel-without-extension"
    assert before.json["kernel"] is None
    await run_cell(client, "%load_ext jupyter_datum")
    loaded = await call("context", params=where)
    assert loaded.json["state"] == "no-project"
    assert loaded.json["kernel"]["protocol"] == 1
    await run_cell(client, "numbers = [1, 2]\n")
    await run_cell(client, "%%datum twice -i numbers --engine serial\ndatum.value * 2")
    ran = await call("context", params=where)
    assert (ran.json["state"], ran.json["project"]) == ("ok", story.project.uuid)
    kept = registry.kernel_file(client.name)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["project"] == story.project.uuid
    fields = registry.read_project(story.project.uuid)
    assert fields == {"project": story.project.uuid, "root": str(story.folder)}


async def test_a_notebook_of_another_drive_is_known_by_its_kernel(
    call: Call, kernel: Kernel, tmp_path: Path
) -> None:
    client = await kernel()
    where = {"path": "far:book.ipynb", "kernel": client.name}
    assert (await call("context", params=where)).status == 404
    await run_cell(client, f"%cd -q {tmp_path}")
    await run_cell(client, "%load_ext jupyter_datum")
    loaded = await call("context", params=where)
    assert (loaded.json["state"], loaded.json["project"]) == ("no-files", None)
    assert loaded.json["kernel"]["protocol"] == 1
    await run_cell(client, "%%datum one -i [1] --engine serial\ndatum.value")
    ran = await call("context", params=where)
    assert (ran.json["state"], ran.json["project"]) == ("ok", uuid_at(tmp_path))
    assert (await call("context", params={"path": "far:book.ipynb"})).status == 404


async def test_a_kernel_of_another_protocol(call: Call, kernel: Kernel, story: Story) -> None:
    client = await kernel()
    registry.write_kernel(client.name, story.project, story.folder, None, "9.9")
    file = registry.kernel_file(client.name)
    file.write_text(file.read_text().replace('"protocol": 1', '"protocol": 2'))
    answer = await call("context", params={"path": save(story.folder, "1"), "kernel": client.name})
    assert answer.json["state"] == "version-mismatch" and "9.9" in answer.json["message"]


async def test_a_registered_project_outside_the_root(
    call: Call, jp_environ: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    story = Story(folder)
    try:
        story.namespace["numbers"] = [1, 2]
        story.run("twice -i numbers", "datum.value * 2")
        base = ("projects", story.project.uuid, "runs")
        assert (await call(*base)).status == 404
        assert registry.write_project(story.project)
        assert (await call(*base)).json["runs"][0]["success"] == 2
    finally:
        story.close()


async def test_a_copy_of_a_project_is_not_taken_for_it(
    call: Call, ran: tuple[Story, str], jp_root_dir: Path
) -> None:
    story, _ = ran
    path = save(jp_root_dir, "1")
    assert (await call("context", params={"path": path})).json["state"] == "ok"
    copy = jp_root_dir / "copy"
    (copy / ".datum").mkdir(parents=True)
    (copy / ".datum" / "project.json").write_bytes(
        (story.project.dir / "project.json").read_bytes()
    )
    answer = await call("context", params={"path": "copy/" + save(copy, "1")})
    assert answer.json["state"] == "damaged" and "copy" in answer.json["message"]


@pytest.mark.parametrize(
    ("harm", "state"),
    [("fifo", "damaged"), ("bytes", "damaged"), ("newer", "newer"), ("link", "damaged")],
)
async def test_a_ledger_that_cannot_be_read(
    call: Call, jp_root_dir: Path, harm: str, state: str, tmp_path: Path
) -> None:
    project = create(jp_root_dir)
    if harm == "fifo":
        os.mkfifo(project.ledger)
    elif harm == "bytes":
        project.ledger.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    elif harm == "link":
        (tmp_path / "other").write_bytes(b"secret")
        project.ledger.symlink_to(tmp_path / "other")
    else:
        with sqlite3.connect(project.ledger) as conn:
            conn.execute("pragma user_version = 99")
    answer = await call("context", params={"path": save(jp_root_dir, "1")})
    assert answer.json["state"] == state, answer
    runs = await call("projects", project.uuid, "runs")
    assert (runs.status, runs.json["code"]) == (503, "ledger")
    assert "ledger" in runs.json["message"]
    marked = save(jp_root_dir, "%%datum thumbs -i numbers\n1")
    if state == "newer":
        await lists_without_runs(call, marked)
        project.ledger.unlink()
        await lists_without_runs(call, marked)
    else:
        told = await call("transforms", params={"path": marked})
        assert (told.status, told.json["code"]) == (503, "ledger")


async def test_a_project_file_that_is_damaged(call: Call, jp_root_dir: Path) -> None:
    project = create(jp_root_dir)
    (project.dir / "project.json").write_text("{")
    answer = await call("context", params={"path": save(jp_root_dir, "1")})
    assert answer.json["state"] == "damaged"
    assert (await call("projects", project.uuid, "runs")).status == 404


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
async def test_another_users_ledger_is_read_and_runs_nothing(
    call: Call, ran: tuple[Story, str]
) -> None:
    story, run = ran
    story.close()
    os.chown(story.project.ledger, 12345, 12345)
    answer = await call("context", params={"path": save(story.folder, "1")})
    assert answer.json["state"] == "foreign"
    base = ("projects", story.project.uuid, "runs")
    runs = await call(*base)
    assert runs.status == 200
    assert [one["retryable"] for one in runs.json["runs"]] == [
        "this ledger is another user's: nothing is run"
    ]
    for path, body in (
        (base, {"transform": "thumbs"}),
        ((*base, run, "retry"), {"what": "failed"}),
        ((*base, run, "requests"), {"kind": "cancel"}),
    ):
        answer = await call(*path, method="POST", body=body)
        assert (answer.status, answer.json["code"]) == (409, "foreign")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
async def test_another_users_folder_is_as_unknown_as_none(
    call: Call, ran: tuple[Story, str]
) -> None:
    story, _ = ran
    unknown = await call("projects", "0" * 32, "runs")
    os.chown(story.folder, 12345, 12345)
    theirs = await call("projects", story.project.uuid, "runs")
    os.chown(story.folder, 0, 0)
    assert (theirs.status, theirs.json) == (unknown.status, unknown.json)


class TestNoFiles:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        manager = "tests.server.nofiles.NoFiles"
        jp_server_config["ServerApp"]["contents_manager_class"] = manager
        return jp_server_config

    async def test_contents_without_files(self, call: Call) -> None:
        answer = await call("context", params={"path": "book.ipynb"})
        assert answer.json["state"] == "no-files"
        assert (await call("transforms", params={"path": "book.ipynb"})).status == 404


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Have another process hold a lock, as a runner does."""
    code = (
        "import sys; from pathlib import Path; from jupyter_datum.locks import try_lock\n"
        "print(try_lock(Path(sys.argv[1])) is not None, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline().strip() == b"True"
        yield
        holder.kill()


async def lists_without_runs(call: Call, path: str) -> None:
    """What the context tells of a ledger is no error of its notebook's transforms."""
    told = await call("transforms", params={"path": path})
    assert told.status == 200, told
    assert [(each["name"], each["run"]) for each in told.json["transforms"]] == [("thumbs", None)]


async def test_an_older_ledger_is_upgraded_when_asked_to(
    call: Call, ran: tuple[Story, str]
) -> None:
    story, run = ran
    project = story.project
    story.close()
    make_older(project.ledger, 3)
    path = save(story.folder, "%%datum thumbs -i numbers\n1")
    answer = await call("context", params={"path": path})
    assert (answer.json["state"], answer.json["project"]) == ("older", project.uuid), answer
    assert "schema version 3" in answer.json["message"]
    base = ("projects", project.uuid)
    assert (await call(*base, "runs")).status == 503
    await lists_without_runs(call, path)
    with locked(project.dir / "runner-0123.lock"):
        told = await call(*base, "upgrade", method="POST")
        assert (told.status, told.json["code"]) == (409, "refused"), "it might be at work"
    told = await call(*base, "upgrade", method="POST")
    assert (told.status, told.json) == (200, {"schema": VERSION}), told
    assert (await call("context", params={"path": path})).json["state"] == "ok"
    (row,) = (await call(*base, "runs")).json["runs"]
    assert (row["uuid"], row["failed"], row["expected"]) == (run, 3, 0)
    assert (await call(*base, "upgrade", method="POST")).json == {"schema": VERSION}
