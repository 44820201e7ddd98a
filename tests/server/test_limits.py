"""What a run that a page has asked for may open, unpack, and suffer (S14, S16, S20)."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_server.auth.authorizer import AllowAllAuthorizer
from tornado.httpclient import HTTPClientError

import jupyter_datum
from tests.story import Story

from .conftest import Call

#: Names of things that unpack archives.
UNPACK = {"zipfile", "tarfile", "unpack_archive", "extractall"}

ARCHIVES = """
import io, pathlib, tarfile, zipfile
kind, name = datum.value
made = io.BytesIO()
if kind == "zip":
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, "slipped")
    zipfile.ZipFile(made).extractall(datum.out)
elif kind == "tar":
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = 7
        archive.addfile(info, io.BytesIO(b"slipped"))
    made.seek(0)
    tarfile.open(fileobj=made).extractall(datum.out, filter="data")
else:
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, name
        archive.addfile(info)
    made.seek(0)
    tarfile.open(fileobj=made).extractall(datum.out, filter="fully_trusted")
"""


@pytest.mark.parametrize("engine", ["joblib", "dask", "ipyparallel"])
async def test_s14_what_a_run_opens_is_open_to_this_machine_only(
    call: Call, story: Story, engine: str
) -> None:
    story.namespace["numbers"] = list(range(400))
    before = {c.laddr for c in psutil.net_connections("inet") if c.status == "LISTEN"}
    line = f"t -i numbers --engine {engine} --workers 2"
    first = story.run(line, "1").uuid
    base = ("projects", story.project.uuid, "runs")
    told = await call(*base, method="POST", body={"transform": "t", "force": True})
    run = told.json["run"]
    assert first != run
    story.end(run)
    family = psutil.Process(story.runner_pid())
    assert family.children(recursive=True), "its workers wait for the next run"
    pids = {family.pid, *(child.pid for child in family.children(recursive=True))}
    opened = {
        c.laddr
        for c in psutil.net_connections("inet")
        if c.status == "LISTEN" and c.pid in pids and c.laddr not in before
    }
    assert bool(opened) == (engine != "joblib")
    assert {address.ip for address in opened} <= {"127.0.0.1", "::1"}


def test_s16_no_archive_is_unpacked_by_us() -> None:
    """Whoever adds it has to come by here, and to think of names that lead out, and of bombs.

    What is kept of memory:// is written as an archive, and read a file at a time by its name.
    """
    found = set()
    for path in Path(jupyter_datum.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module, *(alias.name for alias in node.names)}
            elif isinstance(node, ast.Attribute):
                names = {node.attr}
            found |= {(path.name, name) for name in names & UNPACK}
    assert found == {("kept.py", "zipfile")}


async def test_s16_what_a_cell_unpacks_stays_in_its_folder(
    call: Call, story: Story, jp_root_dir: Path
) -> None:
    """Names that lead out are the library's to refuse; a link out of an archive is ours."""
    secret = jp_root_dir.parent / "secret"
    secret.write_text("canary")
    story.namespace["cases"] = [
        ("zip", "../../../slipped"), ("zip", "/slipped-too"), ("tar", "../../../slipped"),
        ("link", str(secret)), ("link", "../../../secret"),
    ]  # fmt: skip
    run = story.run("t -i cases -o out --workers 1 --tries 1", ARCHIVES)
    assert (run.success, run.failed) == (2, 3)
    published = {path.name for path in (story.folder / "out").iterdir() if path.name[0] != "."}
    assert published == {"slipped", "slipped-too"}
    outside = [path for path in jp_root_dir.parent.rglob("slipped*") if "out" not in path.parts]
    assert outside == []
    base = ("projects", story.project.uuid)
    rows = (await call(*base, "runs", run.uuid, "datums", params={"state": "failed"})).json
    assert len(rows["datums"]) == 3
    for row in rows["datums"]:
        detail = (await call(*base, "datums", str(row["id"]))).json
        assert detail["outputs"] == [] and "canary" not in str(detail)


async def test_s20_who_may_not_execute_stops_nothing(
    call: Call, story: Story, jp_fetch: Any, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the kernel through the server's routes, nor the run through ours."""
    kernel = await jp_serverapp.kernel_manager.start_kernel()
    try:
        manager = jp_serverapp.kernel_manager.get_kernel(kernel)
        pid = manager.provisioner.pid
        story.namespace["numbers"] = list(range(500))
        run = story.start("slow -i numbers --workers 1", "import time\ntime.sleep(0.02)")
        story.until(run, lambda row: row.success > 0)

        allowed = {"read"}  # for a kernel the server asks to "write", we to "execute"

        def is_authorized(self: Any, handler: Any, user: Any, action: str, what: str) -> bool:
            return action in allowed

        monkeypatch.setattr(AllowAllAuthorizer, "is_authorized", is_authorized)
        for act in ("interrupt", "restart"):
            with pytest.raises(HTTPClientError) as told:
                await jp_fetch("api", "kernels", kernel, act, method="POST", body="")
            assert told.value.code == 403
        base = ("projects", story.project.uuid, "runs")
        for kind in ("cancel", "pause", "detach"):
            answer = await call(*base, run, "requests", method="POST", body={"kind": kind})
            assert answer.status == 403
        assert (await call(*base, run)).json["status"] == "running"
        assert manager.provisioner.pid == pid and await manager.is_alive()
        allowed |= {"execute"}
        answer = await call(*base, run, "requests", method="POST", body={"kind": "cancel"})
        assert answer.status == 202
        assert story.end(run).status == "cancelled"
    finally:
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel, now=True)
